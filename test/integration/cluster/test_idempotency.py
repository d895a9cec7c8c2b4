"""`Idempotency-Key`: one answer across a client's retries, whatever dies in between."""

from __future__ import annotations

import json
import re
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import troupe
from http_client import Answer, Http
from polling import wait_until
from python_models import start_model
from troupe_cluster import Cluster, Node, deployment

TENSOR = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]}

# Notes each execution, waits for the gate, and never answers twice alike.
DIARY = """
    import os, time, uuid

    @troupe.model(batch=False, longest_step=60)
    def diary(text):
        folder = {folder!r}
        with open(os.path.join(folder, "runs"), "a") as runs:
            runs.write(str(text) + "\\n")
        yield "a "
        while not os.path.exists(os.path.join(folder, "gate")):
            time.sleep(0.01)
        if os.path.exists(os.path.join(folder, "broken")):
            raise troupe.ItemError("broken", field="prompt")
        yield uuid.uuid4().hex
        yield " z"
"""


class Diary:
    """A cluster whose model `diary` writes down when it runs; its gate is open unless a test shuts it."""

    def __init__(self, cluster: Cluster, folder: Path):
        self.cluster = cluster
        self.folder = folder
        self.gate = folder / "gate"
        self.broken = folder / "broken"
        self.gate.touch()
        self.threads = ThreadPoolExecutor(8)

    def ask(self, key: str, prompt: str = "hi", door: str = "", timeout: float = 30.0, **settings: Any) -> Answer:
        node = self.cluster.nodes[door] if door else self.cluster.gateway
        with Http(node.url("http"), timeout) as connection:
            body = {"model": "diary", "prompt": prompt, **settings}
            return connection.post("/v1/completions", body, {"Idempotency-Key": key})

    def begin(self, key: str, **settings: Any) -> Future[Answer]:
        return self.threads.submit(self.ask, key, **settings)

    def runs(self, prompt: str) -> int:
        runs = self.folder / "runs"
        return runs.read_text().splitlines().count(prompt) if runs.exists() else 0


def outcomes(node: Node) -> Dict[str, int]:
    """Of the requests with a key that this gateway had."""
    url = node.url("metrics")
    with Http(url) as door:
        page = door.get("/metrics").body.decode()
    return {name: int(float(n)) for name, n in re.findall(r'^troupe_idempotent_requests_total{outcome="(\w+)"} (\S+)', page, re.M)}


def text(answer: Answer) -> str:
    assert answer.status == 200, answer
    if "text/event-stream" not in answer.headers["content-type"]:
        return answer.json()["choices"][0]["text"]
    events = [line[6:] for line in answer.body.decode().splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]", answer
    return "".join(json.loads(event)["choices"][0]["text"] for event in events[:-1])


def is_replay(answer: Answer) -> bool:
    return answer.headers.get("idempotency-replayed") == "true"


def serve_diary(cluster: Cluster, tmp_path: Path) -> Diary:
    start_model(cluster, tmp_path, DIARY.format(folder=str(tmp_path)), "served:diary", "--max-batch-size", 8)
    return Diary(cluster, tmp_path)


@pytest.fixture(scope="module")
def diary(shared: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Diary]:
    """Everything on one node."""
    shared.start_head()
    shared.apply(deployment("echo", "echo@1", backend="echo"))
    made = serve_diary(shared, tmp_path_factory.mktemp("diary"))
    yield made
    made.gate.touch()
    made.threads.shutdown()


@pytest.fixture
def shut(diary: Diary) -> Iterator[Diary]:
    """Its gate is shut until the test opens it."""
    diary.gate.unlink()
    yield diary
    diary.gate.touch()


def test_a_finished_answer_is_given_again_in_whatever_form_it_is_asked_for(diary: Diary):
    first = diary.ask("k-1", "one")
    again = diary.ask("k-1", "one")
    streamed = diary.ask("k-1", "one", stream=True)

    assert text(first) == text(again) == text(streamed)
    assert (is_replay(first), is_replay(again), is_replay(streamed)) == (False, True, True)
    assert again.headers["x-troupe-version"] == first.headers["x-troupe-version"]
    assert diary.runs("one") == 1
    assert text(diary.ask("k-2", "one")) != text(first)


def test_a_stream_is_given_again_as_a_stream_or_whole(diary: Diary):
    first = diary.ask("k-s", "stream", stream=True)

    assert text(diary.ask("k-s", "stream", stream=True)) == text(first)
    assert text(diary.ask("k-s", "stream")) == text(first)
    assert diary.runs("stream") == 1


def test_duplicates_at_the_same_time_join_the_first(shut: Diary):
    before = outcomes(shut.cluster.head).get("joined", 0)
    asked: List[Future[Answer]] = [shut.begin("k-p", prompt="many", stream=i % 2 == 0) for i in range(6)]
    wait_until(lambda: outcomes(shut.cluster.head).get("joined", 0) == before + 5, "five have joined")

    shut.gate.touch()

    answers = [one.result(30) for one in asked]
    assert len({text(answer) for answer in answers}) == 1
    assert not any(is_replay(answer) for answer in answers)
    assert shut.runs("many") == 1


def test_a_client_that_goes_away_finds_its_answer_when_it_comes_back(shut: Diary):
    with Http(shut.cluster.gateway.url("http")) as door, pytest.raises(OSError):
        door._connection.timeout = 0.5
        door.post("/v1/completions", {"model": "diary", "prompt": "gone"}, {"Idempotency-Key": "k-g"})
    wait_until(lambda: shut.runs("gone") == 1, "it runs")

    back = shut.begin("k-g", prompt="gone")
    shut.gate.touch()

    assert text(back.result(30)).endswith(" z")
    assert shut.runs("gone") == 1


def test_a_key_stands_for_one_request(diary: Diary):
    diary.ask("k-r", "this")

    other = diary.ask("k-r", "that")

    assert other.status == 422
    error = other.json()["error"]
    assert (error["code"], error["param"]) == ("idempotency_key_reused", "idempotency-key")
    assert diary.runs("that") == 0


def test_an_error_is_no_answer(diary: Diary):
    diary.broken.touch()
    failed = diary.ask("k-e", "error")
    diary.broken.unlink()

    assert failed.status == 400
    assert text(diary.ask("k-e", "error")).endswith(" z")
    assert diary.runs("error") == 2


@pytest.mark.parametrize("key", ["", "k" * 256, "a b"])
def test_a_key_that_is_none_is_refused_by_name(diary: Diary, key: str):
    refused = diary.ask(key)

    assert refused.status == 400
    assert refused.json()["error"]["param"] == "idempotency-key"


def test_the_command_line_asks_under_a_key_too(diary: Diary):
    key = f"cli-{uuid.uuid4()}"
    ask = ("infer", "diary", "from a shell", "--idempotency-key", key, "--json")

    first, again = diary.cluster.cli(*ask), diary.cluster.cli(*ask)

    assert (first.code, again.code) == (0, 0), (first, again)
    assert first.json()["text"] == again.json()["text"]
    assert (first.json()["replayed"], again.json()["replayed"]) == (False, True)
    assert diary.runs("from a shell") == 1


def test_tensors_are_given_again_too(diary: Diary):
    def ask(body: Dict[str, Any]) -> Answer:
        with diary.cluster.http() as door:
            return door.post("/v2/models/echo/infer", body, {"idempotency-key": "k-t"})

    first, again = ask(TENSOR), ask({"id": "2", **TENSOR})

    assert first.status == again.status == 200
    assert first.json()["outputs"] == again.json()["outputs"]
    assert (is_replay(first), is_replay(again)) == (False, True)


def test_keys_of_different_api_keys_have_nothing_in_common(cluster: Cluster, tmp_path: Path):
    cluster.start_head()
    cluster.apply(deployment("echo", "echo@1", backend="echo"))
    made = [cluster.run("key", "create", "--json").json()["key"] for _ in range(2)]

    def ask(key: str) -> Answer:
        with cluster.http() as door:
            headers = {"authorization": f"Bearer {key}", "idempotency-key": "same"}
            return door.post("/v2/models/echo/infer", TENSOR, headers)

    wait_until(lambda: ask(made[0]).status == 200, "the gateway knows the keys")

    assert is_replay(ask(made[0]))
    assert not is_replay(ask(made[1]))
    assert is_replay(ask(made[1]))


def test_a_killed_gateway_gives_its_answers_again_and_runs_again_what_it_had_not_answered(
    cluster: Cluster, tmp_path: Path
):
    cluster.start_head("head")
    cluster.start("door", "gateway")
    cluster.start("worker-1")
    diary = serve_diary(cluster, tmp_path)
    first = diary.ask("k-1", "one")
    diary.gate.unlink()
    cut = diary.begin("k-2", prompt="two", stream=True)
    wait_until(lambda: diary.runs("two") == 1, "it runs")

    cluster.nodes["door"].kill()
    with pytest.raises(Exception):
        cut.result(30)
    diary.gate.touch()
    cluster.start_again("door")
    cluster.wait_for_traffic("diary")

    again = diary.ask("k-1", "one")
    assert (text(again), is_replay(again)) == (text(first), True)
    assert diary.ask("k-2", "other").status == 422
    assert text(diary.ask("k-2", "two")).endswith(" z")
    assert (diary.runs("one"), diary.runs("two")) == (1, 2)
    assert outcomes(cluster.nodes["door"]) == {"replayed": 1, "conflict": 1, "again": 1}
    diary.threads.shutdown()


def test_with_damaged_answers_only_requests_with_keys_are_refused(cluster: Cluster, tmp_path: Path):
    head = cluster.start_head()
    cluster.apply(deployment("echo", "echo@1", backend="echo"))
    cluster.wait_for_traffic("echo")
    head.kill()
    (head.folder / "answers" / "CURRENT").unlink()
    cluster.start_again("head")
    cluster.wait_for_traffic("echo")

    with cluster.http() as door:
        keyed = door.post("/v2/models/echo/infer", TENSOR, {"idempotency-key": "k"})
        other = door.post("/v2/models/echo/infer", TENSOR)

    assert keyed.status == 503 and b"Move the folder away" in keyed.body
    assert other.status == 200


# --- Several gateways


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Diary]:
    """Two gateways, "door-1" and "door-2", apart from the head and the worker; they know of each other."""
    cluster = Cluster(tmp_path_factory.mktemp("doors"))
    try:
        cluster.start_head(roles="head,worker")
        for name in ("door-1", "door-2"):
            cluster.start(name, "gateway")
        made = serve_diary(cluster, tmp_path_factory.mktemp("diary"))
        wait_until(lambda: ask_both(made) >= {"door-1", "door-2"}, "each gateway keeps keys")
        yield made
        made.gate.touch()
        made.threads.shutdown()
    finally:
        cluster.close()


def ran(diary: Diary) -> Dict[str, int]:
    return {name: outcomes(diary.cluster.nodes[name]).get("first", 0) for name in ("door-1", "door-2")}


def ask_both(diary: Diary) -> set[str]:
    """Asks with new keys through door-1; which gateways have run any yet."""
    for _ in range(4):
        answer = diary.ask(f"warm-{uuid.uuid4()}", "warm", "door-1")
        if answer.status != 200:
            return set()
    return {name for name, count in ran(diary).items() if count > 0}


def keys_of(diary: Diary, door: str, prompt: str, count: int) -> List[str]:
    """Keys that `door` keeps, each asked once."""
    keys: List[str] = []
    while len(keys) < count:
        before = ran(diary)
        key = str(uuid.uuid4())
        assert diary.ask(key, prompt, "door-1").status == 200
        if ran(diary)[door] > before[door]:
            keys.append(key)
    return keys


def test_gateways_agree_whichever_is_asked(doors: Diary):
    for i in range(8):
        prompt = f"agree-{i}"
        first, second = ("door-1", "door-2") if i % 2 else ("door-2", "door-1")
        one = doors.ask(f"agree-{i}", prompt, first)
        two = doors.ask(f"agree-{i}", prompt, second, stream=True)
        assert text(one) == text(two)
        assert (is_replay(one), is_replay(two)) == (False, True)
        assert doors.ask(f"agree-{i}", "other", second).status == 422
        assert doors.runs(prompt) == 1


def test_duplicates_join_across_gateways_and_doors(doors: Diary):
    doors.gate.unlink()
    before = sum(outcomes(doors.cluster.nodes[name]).get("joined", 0) for name in ("door-1", "door-2"))
    http = [doors.begin("across", prompt="across", door=door) for door in ("door-1", "door-2", "door-1")]

    def over_zmq(door: str) -> str:
        with troupe.Client(doors.cluster.nodes[door].url("zmq"), timeout=30) as client:
            return client.generate("diary", "across", idempotency_key="across").text

    zmq = [doors.threads.submit(over_zmq, door) for door in ("door-1", "door-2")]
    wait_until(
        lambda: sum(outcomes(doors.cluster.nodes[n]).get("joined", 0) for n in ("door-1", "door-2")) == before + 4,
        "four have joined",
    )

    doors.gate.touch()

    assert len({text(answer.result(30)) for answer in http} | {answer.result(30) for answer in zmq}) == 1
    assert doors.runs("across") == 1


def test_while_a_keys_gateway_is_down_nobody_else_answers_and_back_it_replays(doors: Diary):
    cluster = doors.cluster
    (theirs,) = keys_of(doors, "door-2", "down", 1)
    answer = text(doors.ask(theirs, "down", "door-1"))
    runs = doors.runs("down")

    cluster.nodes["door-2"].kill()
    refused = doors.ask(theirs, "down", "door-1")
    wait_until(lambda: cluster.node_states()["door-2"] == "down", "the head has noticed")
    still = doors.ask(theirs, "down", "door-1")

    for one in (refused, still):
        assert one.status == 503, one
        assert one.json()["error"]["param"] == "idempotency-key"
        assert int(one.headers["retry-after"]) >= 1
    assert doors.ask("none", "without", "door-1").status in (200, 503)
    assert doors.runs("down") == runs

    cluster.start_again("door-2")
    back = wait_until(lambda: (a := doors.ask(theirs, "down", "door-1")).status == 200 and a, "it is back")
    assert (text(back), is_replay(back)) == (answer, True)
    assert doors.runs("down") == runs


def test_a_gateway_that_comes_finds_the_answers_of_those_that_were_there(doors: Diary):
    keys = [str(uuid.uuid4()) for _ in range(12)]
    answers = {key: text(doors.ask(key, "before", "door-1")) for key in keys}
    runs = doors.runs("before")

    doors.cluster.start("door-3", "gateway")

    def all_the_same(door: str) -> bool:
        given = {key: doors.ask(key, "before", door) for key in keys}
        if any(answer.status == 503 for answer in given.values()):
            return False  # Not every gateway has heard yet.
        assert {key: text(answer) for key, answer in given.items()} == answers
        return True

    for door in ("door-3", "door-1", "door-2"):
        wait_until(lambda: all_the_same(door), f"{door} gives the answers that were given")
    assert doors.runs("before") == runs
