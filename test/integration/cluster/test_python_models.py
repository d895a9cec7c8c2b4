"""Models in Python: what `troupe deploy my_module:Class` makes of a file, and what becomes of it when it misbehaves."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest
import troupe
from polling import wait_until
from python_models import deploy, infer, outputs, start_model, write_model
from troupe_cluster import Cluster

FAILED = 1


@pytest.fixture(scope="module")
def node(shared: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """A cluster whose `python3` for environments is a stand-in: it says what pip would, and names the tests' own."""
    python = tmp_path_factory.mktemp("stand-in") / "python"
    python.write_text(
        f"""#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" = --requirements ] && file=$2; shift; done
echo "Collecting $(cat "$file")"
grep -q nosuch "$file" && echo "ERROR: No matching distribution found for nosuch" && exit 1
echo {sys.executable}
"""
    )
    python.chmod(0o755)
    shared.environment["TROUPE_PYTHON"] = str(python)
    shared.start_head()
    # Gives up after five restarts, which takes as long as the tests before the one that looks.
    folder = tmp_path_factory.mktemp("broken")
    write_model(folder, "from math import no_such_name\n\n@troupe.model\ndef broken(batch):\n    return batch\n")
    assert deploy(shared, folder, "served:broken", "--no-wait").code == 0
    return shared


def replica(node: Cluster, name: str) -> Dict[str, Any]:
    """The only one of a deployment."""
    return next(iter(node.replicas(name).values()), {})


# --- Answers


def test_a_numpy_function_answers_at_every_door(node: Cluster, tmp_path: Path):
    code = """
        @troupe.model
        def double(batch):
            print("doubling", batch.size)
            return {"y": batch["x"] * 2}
    """
    start_model(node, tmp_path, code, "served:double", "--max-batch-size", 8)

    assert outputs(infer(node, "double", [1, 2.5]))["y"] == [2, 5]
    with troupe.Client(node.gateway.url("zmq"), timeout=20) as client:
        large = np.random.default_rng(1).random((512, 256))
        np.testing.assert_array_equal(client.infer("double", {"x": large})["y"], large * 2)


def test_requests_that_wait_are_answered_in_one_call(node: Cluster, tmp_path: Path):
    code = """
        import time

        @troupe.model
        def together(batch):
            time.sleep(0.3)
            return {"size": np.full(batch.size, batch.size), "x": batch["x"]}
    """
    start_model(node, tmp_path, code, "served:together", "--max-batch-size", 8)
    answers: Dict[int, Any] = {}

    def ask(value: int) -> None:
        answers[value] = outputs(infer(node, "together", [value]))

    threads = [threading.Thread(target=ask, args=(value,)) for value in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {value: one["x"] for value, one in answers.items()} == {value: [value] for value in range(9)}
    assert max(one["size"][0] for one in answers.values()) >= 4


def test_a_text_model_streams_its_pieces(node: Cluster, tmp_path: Path):
    code = """
        @troupe.model(batch=False)
        def spell(prompt):
            for letter in str(prompt)[: prompt.request.sampling.max_tokens]:
                yield letter
            return troupe.Text("", "length", len(prompt), 3)
    """
    start_model(node, tmp_path, code, "served:spell")
    ask = {"model": "spell", "prompt": "words", "max_tokens": 3}

    with node.http() as door:
        whole = door.post("/v1/completions", ask)
        stream = door.post("/v1/completions", {**ask, "stream": True})

    assert whole.status == 200, whole
    choice = whole.json()["choices"][0]
    assert (choice["text"], choice["finish_reason"]) == ("wor", "length")
    assert whole.json()["usage"]["prompt_tokens"] == 5
    events = [line[6:] for line in stream.body.decode().splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    texts = [json.loads(event)["choices"][0]["text"] for event in events[:-1]]
    assert [text for text in texts if text] == ["w", "o", "r"]


def test_errors_reach_those_they_are_of(node: Cluster, tmp_path: Path):
    code = """
        @troupe.model
        class Root:
            def infer(self, batch):
                if np.isnan(batch["x"]).any():
                    raise ArithmeticError("not a number")
                bad = troupe.ItemError("x is negative", field="x")
                return [bad if (x < 0).any() else {"y": np.sqrt(x)} for x in batch["x"]]
    """
    start_model(node, tmp_path, code, "served:Root")

    negative = infer(node, "root", [-1])
    with troupe.Client(node.gateway.url("zmq"), timeout=20) as client:
        with pytest.raises(troupe.InternalError, match="ArithmeticError: not a number"):
            client.infer("root", {"x": np.array([np.nan])})
        with pytest.raises(troupe.Unimplemented, match="does not serve text"):
            client.generate("root", "hello")

    assert negative.status == 400 and "x is negative" in negative.json()["error"]
    assert outputs(infer(node, "root", [4]))["y"] == [2]


# --- Versions


def test_an_answer_that_no_request_can_have_fails_it_alone(node: Cluster, tmp_path: Path):
    code = """
        from troupe.worker.channel import Channel

        sound = Channel.part

        def part(self, work_id, index, last, part):
            if "nowhere" in part.content.text:
                part.content.choice = 2**32 - 1
            sound(self, work_id, index, last, part)

        Channel.part = part

        @troupe.model
        def astray(batch):
            return list(batch)
    """
    start_model(node, tmp_path, code, "served:astray")

    with node.http() as door:
        for stream in (False, True):
            body = {"model": "astray", "prompt": "nowhere", "stream": stream}
            assert "choice 4294967295; a request has 128 at most" in door.post("/v1/completions", body).body.decode()
        said = door.post("/v1/completions", {"model": "astray", "prompt": "here"})
    assert said.status == 200 and said.json()["choices"][0]["text"] == "here"
    assert replica(node, "astray")["restarts"] == 0


def test_deploying_again_stores_what_changed_as_the_next_version(node: Cluster, tmp_path: Path):
    code = "@troupe.model\ndef versioned(batch):\n    return batch['x'] + ADD\n"
    start_model(node, tmp_path, "ADD = 1\n" + code, "served:versioned")
    assert outputs(infer(node, "versioned", [1]))["output"] == [2]

    same = deploy(node, tmp_path, "served:versioned")
    write_model(tmp_path, "ADD = 2\n" + code)
    changed = deploy(node, tmp_path, "served:versioned")

    assert same.code == changed.code == 0
    assert "versioned@1" in same.err and "unchanged" in same.out
    assert "versioned@2" in changed.err and "updated" in changed.out
    wait_until(lambda: outputs(infer(node, "versioned", [1]))["output"] == [3], "the new version answers")


def test_settings_and_stored_files_reach_the_model(node: Cluster, tmp_path: Path):
    code = """
        @troupe.model
        class Biased:
            def __init__(self, factor="1"):
                self.factor = float(factor)
            def load(self, folder):
                self.bias = np.load(folder / "weights" / "bias.npy")
            def __call__(self, batch):
                return {"y": batch["x"] * self.factor + self.bias}
    """
    (tmp_path / "weights").mkdir()
    np.save(tmp_path / "weights" / "bias.npy", np.array(10.0))

    start_model(node, tmp_path, code, "served:Biased", "--file", "weights", "--set", "factor=3", "--name", "third")

    assert outputs(infer(node, "third", [1]))["y"] == [13]


def test_a_module_that_is_not_here_is_named(node: Cluster, tmp_path: Path):
    result = deploy(node, tmp_path, "nowhere:Model")

    assert result.code == FAILED and "nowhere.py" in result.err


# --- Misfortunes


def test_a_process_that_exits_is_replaced(node: Cluster, tmp_path: Path):
    code = """
        import os

        @troupe.model
        def exits(batch):
            if (batch["x"] < 0).any():
                os._exit(3)
            return batch["x"] + os.getpid() * 0
    """
    start_model(node, tmp_path, code, "served:exits")

    lost = infer(node, "exits", [-1], timeout=20)
    begun = time.monotonic()
    wait_until(lambda: infer(node, "exits", [1]).status == 200, "it answers again", 20)
    print(f"\nanswers again after {time.monotonic() - begun:.2f} s")

    assert lost.status >= 500, lost
    assert replica(node, "exits")["restarts"] >= 1


def test_a_deadlock_is_seen_within_three_seconds_and_the_process_replaced(node: Cluster, tmp_path: Path):
    code = """
        import os, threading
        lock = threading.Lock()

        @troupe.model
        def deadlocks(batch):
            if (batch["x"] < 0).any():
                lock.acquire()
                lock.acquire()
            return batch["x"]
    """
    start_model(node, tmp_path, code, "served:deadlocks")
    begun = time.monotonic()
    asking = threading.Thread(target=lambda: infer(node, "deadlocks", [-1], timeout=20))
    asking.start()

    wait_until(lambda: replica(node, "deadlocks").get("state") != "ready", "it is not ready any more", 20)
    seen = time.monotonic() - begun
    asking.join()
    wait_until(lambda: infer(node, "deadlocks", [1]).status == 200, "it answers again", 20)
    print(f"\nseen after {seen:.2f} s")

    assert seen < 4  # 3 s, and what a busy machine and the head's knowing take.
    assert replica(node, "deadlocks")["restarts"] >= 1


def test_an_environment_is_made_of_the_requirements_and_its_failure_told(node: Cluster, tmp_path: Path):
    code = "@troupe.model\ndef needy(batch):\n    return batch['x']\n"
    write_model(tmp_path, code)
    (tmp_path / "requirements.txt").write_text("nosuch==1\n")
    bad = deploy(node, tmp_path, "served:needy", "--no-wait", python="")
    wait_until(lambda: "nosuch" in replica(node, "needy").get("reason", ""), "the reason is told")
    reason = replica(node, "needy")["reason"]

    (tmp_path / "requirements.txt").write_text("good==1\n")
    good = deploy(node, tmp_path, "served:needy", python="")

    assert bad.code == 0 and "No matching distribution found" in reason
    assert good.code == 0, good
    node.wait_for_traffic("needy@2")
    assert outputs(infer(node, "needy", [7]))["output"] == [7]


def test_a_model_that_never_loads_fails_with_the_last_line_of_its_traceback(node: Cluster):
    wait_until(lambda: replica(node, "broken").get("state") == "failed", "it is given up", 60)

    reason = replica(node, "broken")["reason"]
    assert "ImportError: cannot import name 'no_such_name' from 'math'" in reason
    assert reason in node.run("status").out


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_real_environment_has_what_was_required(cluster: Cluster, tmp_path: Path):
    code = """
        import sys
        import packaging

        @troupe.model
        def real(batch):
            return [[sys.prefix]] * batch.size
    """
    cluster.start_head()
    write_model(tmp_path, code)
    (tmp_path / "requirements.txt").write_text("packaging\n")

    first = cluster.cli("deploy", "served:real", "--wait-timeout", "900s", cwd=tmp_path, timeout=920)
    begun = time.monotonic()
    second = cluster.cli("deploy", "served:real", "--name", "again", "--wait-timeout", "60s", cwd=tmp_path, timeout=80)

    assert first.code == second.code == 0, (first, second)
    print(f"\nthe second one took {time.monotonic() - begun:.1f} s")
    cluster.wait_for_traffic("real", "again")
    prefixes = {outputs(infer(cluster, name, [1]))["output"][0] for name in ("real", "again")}
    assert len(prefixes) == 1
    assert prefixes.pop().startswith(str(cluster.data / "head" / "venvs"))
