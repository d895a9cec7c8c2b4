"""The WebSocket door, by a common client."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional

import pytest
from http_client import Http
from polling import wait_until
from troupe_cluster import Cluster, Node, deployment
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

TENSOR = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [1.5, -2.0]}]}
PROMPT = {"model": "clerk", "prompt": "words 7342 =", "max_tokens": 64, "temperature": 0}
WORDS = " seven thousand three hundred forty-two"


@contextmanager
def opened(node: Node, **settings: Any) -> Iterator[ClientConnection]:
    url = node.url("http").replace("http", "ws", 1) + "/v1/ws"
    with connect(url, max_size=None, open_timeout=10, **settings) as door:
        yield door


@pytest.fixture
def ws(serving: Cluster) -> Iterator[ClientConnection]:
    with opened(serving.gateway) as door:
        yield door


def ask(door: ClientConnection, id: str, path: str, body: Any, **more: Any) -> None:
    door.send(json.dumps({"id": id, "path": path, "body": body, **more}))


def hear(door: ClientConnection) -> Dict[str, Any]:
    return json.loads(door.recv(timeout=20))


def hear_all(door: ClientConnection, *ids: str) -> Dict[str, List[Dict[str, Any]]]:
    """Frames by id, until each of `ids` has ended."""
    frames: Dict[str, List[Dict[str, Any]]] = {id: [] for id in ids}
    open_ids = set(ids)
    while open_ids:
        frame = hear(door)
        frames[frame["id"]].append(frame)
        if frame["event"] in ("answer", "end", "error"):
            open_ids.remove(frame["id"])
    return frames


def text_of(frames: List[Dict[str, Any]]) -> str:
    parts = [frame["body"] for frame in frames if frame["event"] == "part"]
    return "".join(choice["text"] for part in parts for choice in part["choices"])


# --- Requests


def test_a_request_is_answered_as_a_post_would_be(ws, http):
    ask(ws, "1", "/v1/completions", PROMPT, headers={"x-request-id": "mine"})
    frame = hear(ws)
    answer = http.post("/v1/completions", PROMPT, {"x-request-id": "mine"})

    assert frame["id"] == "1" and frame["event"] == "answer" and frame["status"] == 200
    assert frame["headers"]["x-request-id"] == "mine" and frame["headers"]["x-troupe-version"] == "2"
    assert frame["body"]["choices"] == answer.json()["choices"]
    assert frame["body"]["choices"][0]["text"] == WORDS


def test_tensors_and_tensorflow_servings_rows_go_the_same_way(ws):
    ask(ws, "oip", "/v2/models/echo/infer", TENSOR)
    ask(ws, "tf", "/v1/models/echo:predict", {"instances": [[1, 2], [3, 4]]})

    frames = hear_all(ws, "oip", "tf")

    assert frames["oip"][0]["body"]["outputs"] == TENSOR["inputs"]
    assert frames["tf"][0]["body"] == {"predictions": [[1, 2], [3, 4]]}


def test_a_stream_comes_in_parts_between_a_begin_and_an_end(ws):
    ask(ws, "s", "/v1/completions", {**PROMPT, "stream": True})

    frames = hear_all(ws, "s")["s"]

    assert frames[0]["event"] == "begin" and frames[0]["status"] == 200
    assert [frame["event"] for frame in frames[1:]] == ["part"] * (len(frames) - 2) + ["end"]
    assert len(frames) > 12
    assert text_of(frames) == WORDS


def test_many_requests_are_under_way_at_once_each_with_its_own_answer(ws):
    ids = [f"s{i}" for i in range(8)]
    for i, id in enumerate(ids):
        ask(ws, id, "/v1/completions", {**PROMPT, "prompt": f"words {7000 + i} =", "stream": i % 2 == 0})
    ask(ws, "t", "/v2/models/echo/infer", TENSOR)

    frames = hear_all(ws, *ids, "t")

    digits = ["", " one", " two", " three", " four", " five", " six", " seven"]
    for i, id in enumerate(ids):
        text = text_of(frames[id]) if i % 2 == 0 else frames[id][0]["body"]["choices"][0]["text"]
        assert text == " seven thousand" + digits[i]
    assert frames["t"][0]["body"]["outputs"] == TENSOR["inputs"]


def test_an_id_may_be_used_again_once_its_request_has_ended(ws):
    for _ in range(2):
        ask(ws, "again", "/v2/models/echo/infer", TENSOR)
        assert hear(ws)["event"] == "answer"


def test_a_large_message_goes_and_comes_back(ws):
    values = list(range(300_000))
    tensor = {"name": "x", "datatype": "INT32", "shape": [len(values)], "data": values}

    ask(ws, "big", "/v2/models/echo/infer", {"inputs": [tensor]})

    assert hear(ws)["body"]["outputs"][0]["data"] == values


# --- What goes wrong


def test_errors_are_frames_and_the_connection_goes_on(ws):
    ask(ws, "1", "/v1/completions", {**PROMPT, "model": "clark"})
    ask(ws, "2", "/v1/completions", {**PROMPT, "temperature": 5})
    ask(ws, "3", "/v2/models/nobody/infer", TENSOR)
    ask(ws, "4", "/v1/no/such/path", {})
    ask(ws, "5", "/v1/ws", {})
    ask(ws, "6", "/v1/completions", PROMPT, headers={"cookie": "x"})

    frames = {id: frames[0] for id, frames in hear_all(ws, *"123456").items()}

    assert {id: (frame["event"], frame["status"]) for id, frame in frames.items()} == {
        "1": ("error", 404),
        "2": ("error", 400),
        "3": ("error", 404),
        "4": ("error", 404),
        "5": ("error", 405),
        "6": ("error", 400),
    }
    assert frames["1"]["body"]["error"]["code"] == "model_not_found"
    assert frames["2"]["body"]["error"]["param"] == "temperature"
    assert frames["3"]["body"].keys() == {"error"}
    assert "headers.cookie" in frames["6"]["body"]["error"]["message"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"op": "dance"}', '{"id": "a"}', '{"op": "cancel"}'])
def test_frames_that_are_none_are_answered_and_the_connection_goes_on(ws, text):
    ws.send(text)
    assert hear(ws)["event"] == "error"

    ask(ws, "1", "/v2/models/echo/infer", TENSOR)
    assert hear(ws)["event"] == "answer"


def test_binary_messages_end_the_connection_with_a_reason(ws):
    ws.send(b"\x00\x01")

    with pytest.raises(ConnectionClosed) as caught:
        ws.recv(timeout=10)
    assert caught.value.rcvd.code == 1003 and "text" in caught.value.rcvd.reason


def test_binary_data_is_refused_and_told_why(ws):
    ask(ws, "1", "/v2/models/echo/infer", {**TENSOR, "parameters": {"binary_data_output": True}})

    frame = hear(ws)
    assert frame["event"] == "error" and frame["status"] == 400
    assert "JSON" in frame["body"]["error"]["message"]


def test_a_cancelled_request_ends_at_once_and_frees_its_place(ws, serving):
    """The model would take ten seconds."""
    ask(ws, "slow", "/v2/models/slow/infer", TENSOR)
    ask(ws, "slow", "/v2/models/slow/infer", TENSOR)
    twice = hear(ws)
    ws.send(json.dumps({"op": "cancel", "id": "slow"}))
    cancelled = hear(ws)
    ws.send(json.dumps({"op": "cancel", "id": "slow"}))
    ask(ws, "next", "/v2/models/echo/infer", TENSOR)

    assert "id" not in twice and "under way already" in twice["body"]["error"]["message"]
    assert cancelled["id"] == "slow" and cancelled["status"] == 499
    assert hear(ws)["id"] == "next"

    def running() -> int:
        with Http(serving.gateway.url("metrics").removesuffix("/metrics")) as metrics:
            lines = metrics.get("/metrics").body.decode().splitlines()
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith('troupe_requests_running{model="slow"'))

    wait_until(lambda: running() == 0, "the gateway has none of it left")


def test_more_requests_than_may_be_under_way_are_refused(ws):
    for i in range(33):
        ask(ws, f"slow{i}", "/v2/models/slow/infer", TENSOR)

    refused = hear(ws)
    assert refused["status"] == 429 and refused["id"] in {"slow32", *(f"slow{i}" for i in range(33))}
    assert int(refused["headers"]["retry-after"]) >= 1


# --- The connection


def test_pings_are_answered(ws):
    assert ws.ping().wait(timeout=10)


def test_who_asks_for_no_websocket_is_told_how(http):
    answer = http.get("/v1/ws")

    assert answer.status == 426
    assert answer.headers["upgrade"] == "websocket" and answer.headers["sec-websocket-version"] == "13"


def test_a_reader_that_stops_costs_bounded_memory_and_others_nothing(serving):
    """It asks for more than it reads, for ever: the door stops reading from it."""
    with opened(serving.gateway, max_queue=1) as greedy, opened(serving.gateway) as other:
        raw: socket.socket = greedy.socket
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        text = "x" * 100_000
        body = {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1], "data": [text]}]}
        raw.settimeout(2)
        with pytest.raises((TimeoutError, OSError, ConnectionClosed)):
            for i in range(2000):
                ask(greedy, f"g{i}", "/v2/models/echo/infer", body)
        ask(other, "1", "/v2/models/echo/infer", TENSOR)
        assert hear(other)["event"] == "answer"


def test_a_draining_gateway_finishes_what_is_under_way_and_says_goodbye(cluster):
    cluster.start_head()
    cluster.apply(deployment("echo", "echo@1", backend="echo", echo={"delay": "2s"}))
    cluster.wait_for_traffic("echo")
    with opened(cluster.gateway) as door:
        ask(door, "1", "/v2/models/echo/infer", TENSOR)
        with opened(cluster.gateway) as idle:
            cluster.head.process.terminate()
            assert hear(door)["event"] == "answer"
            for one in (door, idle):
                with pytest.raises(ConnectionClosed) as caught:
                    one.recv(timeout=20)
                assert caught.value.rcvd.code == 1001


# --- Who may ask


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    cluster = Cluster(tmp_path_factory.mktemp("keyed"))
    try:
        cluster.start_head(extra=["--cors-origin", "https://app.example"])
        cluster.run("deploy", "echo@1", "--backend", "echo")
        cluster.wait_for_traffic("echo")
        key = cluster.run("key", "create", "--name", "tests", "--json").json()["key"]
        with cluster.http() as door:
            wait_until(lambda: door.get("/v1/models").status == 401, "the gateway asks for keys")
        yield cluster, key
    finally:
        cluster.close()


def status_of(keyed: tuple, headers: Dict[str, str], origin: Optional[str] = None) -> int:
    cluster, _ = keyed
    try:
        with opened(cluster.gateway, additional_headers=headers, origin=origin) as door:
            ask(door, "1", "/v2/models/echo/infer", TENSOR)
            return hear(door)["status"]
    except InvalidStatus as refused:
        return refused.response.status_code


def test_a_key_comes_with_the_handshake(keyed):
    _, key = keyed

    assert status_of(keyed, {"authorization": f"Bearer {key}"}) == 200
    assert status_of(keyed, {"x-api-key": key}) == 200
    assert status_of(keyed, {"x-api-key": "wrong"}) == 401


def test_a_key_may_come_in_a_frame(keyed):
    cluster, key = keyed
    with opened(cluster.gateway) as door:
        ask(door, "1", "/v2/models/echo/infer", TENSOR)
        assert hear(door)["status"] == 401
        door.send(json.dumps({"op": "authenticate", "key": "wrong"}))
        assert hear(door)["status"] == 401
        door.send(json.dumps({"op": "authenticate", "key": key}))
        assert hear(door) == {"event": "authenticated"}
        ask(door, "2", "/v2/models/echo/infer", TENSOR)
        assert hear(door)["status"] == 200


def test_pages_of_other_origins_are_refused_unless_they_are_named(keyed):
    cluster, key = keyed
    headers = {"x-api-key": key}

    assert status_of(keyed, headers, origin="https://app.example") == 200
    assert status_of(keyed, headers, origin=cluster.gateway.url("http")) == 200
    assert status_of(keyed, headers, origin="https://evil.example") == 403
