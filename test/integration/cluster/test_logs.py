"""`troupe logs`: what back ends print and what nodes log, from anywhere in the cluster, and still after they have gone."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Iterator, List

import pytest
from http_client import Http
from polling import wait_until
from python_models import deploy, infer, start_model, write_model
from troupe_cluster import BINARY, Cluster, deployment

FAILED, USAGE = 1, 2

TALKS = """
    import os, sys

    print("loading the table")

    @troupe.model
    def talks(batch):
        for x in batch["x"]:
            print("asked for", x.item())
            if x < 0:
                raise ArithmeticError("boom")
            if x == 13:
                os._exit(3)
            if x == 77:
                os.write(1, b"bad \\xff\\x1b[31m bytes\\n" + b"long" * 40000 + b"\\n")
        return batch["x"]
"""


@pytest.fixture(scope="module")
def talking(shared: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """Two nodes, a replica on each."""
    shared.start_head(cpus=2)
    shared.start("worker-1", cpus=2)
    start_model(shared, tmp_path_factory.mktemp("talks"), TALKS, "served:talks", "--replicas", 2, "--cpus", 1.5)
    return shared


def replica_on(cluster: Cluster, name: str, node: str) -> str:
    return next(id for id, replica in cluster.replicas(name).items() if replica["node"] == node)


def lines(cluster: Cluster, *arguments: object) -> List[str]:
    return cluster.run("logs", *arguments).out.splitlines()


class Followed:
    """`troupe logs -f`, read line by line."""

    def __init__(self, cluster: Cluster, *arguments: str):
        self.process = subprocess.Popen(
            [str(BINARY), "logs", "-f", *arguments],
            env=cluster.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read_until(self, part: str) -> List[str]:
        """Blocks; the suite's time limit ends a test whose line never comes."""
        seen: List[str] = []
        for line in self.process.stdout:
            seen.append(line.rstrip("\n"))
            if part in line:
                return seen
        raise AssertionError(f"it ended without a line with {part!r}: {seen} {self.process.stderr.read()}")

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def follow(talking: Cluster) -> Iterator:
    begun: List[Followed] = []

    def begin(*arguments: str) -> Followed:
        begun.append(Followed(talking, *arguments))
        return begun[-1]

    yield begin
    for one in begun:
        one.process.kill()
        one.process.wait()


# --- What runs


def test_what_replicas_print_is_shown_with_whose_it_is(talking: Cluster):
    on_head, on_worker = replica_on(talking, "talks", "head"), replica_on(talking, "talks", "worker-1")

    for name in ("talks", "talks@1"):
        shown = lines(talking, name)
        assert f"[head {on_head}] loading the table" in shown, shown
        assert f"[worker-1 {on_worker}] loading the table" in shown, shown


def test_the_log_of_one_replica_of_another_node_stands_alone(talking: Cluster):
    on_worker = replica_on(talking, "talks", "worker-1")

    assert "loading the table" in lines(talking, on_worker)
    assert "loading the table" in lines(talking, "talks", "--node", "worker-1")
    other = talking.cli("logs", on_worker, "--node", "head")
    assert other.code == FAILED and "runs on head or has left a log" in other.err, other


def test_tail_since_times_and_json(talking: Cluster):
    for value in (1, 2, 3):
        assert infer(talking, "talks", [value]).status == 200
    id = replica_on(talking, "talks", "head")

    everything = lines(talking, id, "--tail", "all")
    assert lines(talking, id, "--tail", 1) == everything[-1:]
    assert lines(talking, id, "--tail", 0) == []
    assert lines(talking, id, "--since", "1h") == everything
    assert lines(talking, id, "--since", "1h", "--tail", 1) == everything[-1:]
    stamped = lines(talking, id, "--tail", 1, "--timestamps")[0]
    time, text = stamped.split(" ", 1)
    assert text == everything[-1] and time.endswith("Z")
    row = json.loads(lines(talking, id, "--tail", 1, "--json")[0])
    assert row == {
        "node": "head",
        "replica": id,
        "deployment": "talks",
        "model": "talks@1",
        "time": time,
        "text": everything[-1],
    }


def test_bytes_that_are_no_text_and_lines_without_end_are_shown(talking: Cluster):
    assert infer(talking, "talks", [77]).status == 200

    shown = wait_until(lambda: [one for one in lines(talking, "talks", "--tail", "all") if "long" in one], "it is logged")

    assert shown[0].endswith("] " + "long" * 40000)
    bad = next(one for one in lines(talking, "talks", "--tail", "all") if "bytes" in one)
    assert bad.endswith("] bad \N{REPLACEMENT CHARACTER}\\x1b[31m bytes")


def test_follow_shows_what_comes_until_it_is_interrupted(talking: Cluster, follow):
    followed = follow("talks", "--tail", "1")
    followed.read_until("]")

    assert infer(talking, "talks", [4242]).status == 200

    assert "asked for 4242.0" in followed.read_until("4242")[-1]
    assert followed.interrupt() == 0


def test_follow_loses_nothing_while_the_log_rotates(talking: Cluster, follow, tmp_path: Path):
    code = """
        @troupe.model
        def counts(batch):
            for number in range(5000):
                print("number", int(batch["x"].item()) * 5000 + number, "." * 50)
            return batch["x"]
    """
    start_model(talking, tmp_path, code, "served:counts", "--cpus", 0.1)
    followed = follow("counts", "--tail", "all")

    # Each time less than the log holds, all together several times that.
    for turn in range(8):
        assert infer(talking, "counts", [turn]).status == 200
        seen = followed.read_until(f"number {turn * 5000 + 4999} ")
        assert [int(line.split()[1]) for line in seen] == list(range(turn * 5000, turn * 5000 + 5000))
    talking.run("delete", "deployment", "counts")


# --- What has failed or gone


def test_why_a_model_does_not_start_can_be_read_and_still_after_it_was_replaced(talking: Cluster, tmp_path: Path):
    write_model(tmp_path, 'raise RuntimeError("no table " + "here")\n\n@troupe.model\ndef broken(batch):\n    return batch\n')
    assert deploy(talking, tmp_path, "served:broken", "--no-wait", "--cpus", 0.1).code == 0
    wait_until(lambda: "RuntimeError" in talking.cli("logs", "broken").out, "the traceback is logged")
    shown = lines(talking, "broken")
    assert "Traceback (most recent call last):" in shown
    assert "RuntimeError: no table here" in shown
    before = set(talking.replicas("broken"))

    start_model(
        talking, tmp_path, '@troupe.model\ndef broken(batch):\n    print("whole")\n    return batch["x"]\n', "served:broken",
        "--cpus", 0.1,
    )
    wait_until(lambda: not before & set(talking.replicas("broken")), "the broken one is replaced")

    assert not any("RuntimeError" in line for line in lines(talking, "broken@2"))
    assert "RuntimeError: no table here" in lines(talking, "broken@1", "--previous")
    assert "RuntimeError: no table here" in lines(talking, before.pop())
    talking.run("delete", "deployment", "broken")


def test_processes_of_a_replica_write_one_behind_the_other(talking: Cluster):
    assert infer(talking, "talks", [-1]).status >= 500
    infer(talking, "talks", [13], timeout=20)

    def crashed() -> str:
        return next((id for id, one in talking.replicas("talks").items() if one["restarts"] > 0), "")

    id = wait_until(crashed, "a process has ended")
    wait_until(lambda: lines(talking, id, "--tail", "all").count("loading the table") >= 2, "and another one has begun")
    everything = lines(talking, "talks", "--tail", "all")
    assert any("ArithmeticError: boom" in line for line in everything)


def test_a_replica_on_a_thread_is_said_to_have_no_log(talking: Cluster):
    talking.apply(deployment("threaded", "threaded@1", backend="echo", isolation="thread"))

    result = talking.run("logs", "threaded")

    assert result.out == "" and "has written nothing" in result.err and "whose own log" in result.err, result


def test_who_asks_for_what_is_not_there_is_told(talking: Cluster):
    unknown = talking.cli("logs", "talk")
    assert unknown.code == FAILED and "did you mean talks?" in unknown.err, unknown
    no_node = talking.cli("logs", "talks", "--node", "worker-2")
    assert no_node.code == FAILED and "did you mean worker-1?" in no_node.err, no_node
    none_ended = talking.cli("logs", "threaded", "--previous")
    assert none_ended.code == FAILED, none_ended
    assert talking.cli("logs").code == USAGE
    assert talking.cli("logs", "talks", "--tail", "some").code != 0


def test_logs_need_the_admin_key_and_take_no_path(talking: Cluster):
    key = {"authorization": "Bearer " + (talking.head.folder / "admin.key").read_text().strip()}
    with Http(talking.head.url("admin")) as door:
        assert door.get("/api/v1/logs?of=talks").status == 401
        assert door.get("/api/v1/logs/head?tail=1").status == 401
        for path in ("..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "00000000000000a1.0.log"):
            answer = door.get(f"/api/v1/logs/head/{path}", key)
            assert answer.status == 400 and "is no replica's id" in answer.json()["error"]["message"], answer
        assert door.get("/api/v1/logs/head/00000000000000a1", key).status == 404


def test_the_log_of_a_node_is_shown_whatever_it_was_started_with(talking: Cluster, follow):
    rows = [json.loads(line) for line in lines(talking, "--node", "worker-1", "--tail", "all")]
    assert any(row["msg"] == "joined the cluster" for row in rows), rows
    followed = follow("--node", "head", "--tail", "1")
    followed.read_until("ts")

    talking.run("token", "create")

    followed.read_until("create token")
    assert followed.interrupt() == 0


def test_a_node_that_has_gone_is_named(talking: Cluster):
    talking.nodes["worker-1"].kill()
    wait_until(lambda: talking.node_states()["worker-1"] == "down", "it is down")

    of_node = talking.cli("logs", "--node", "worker-1")
    of_both = talking.run("logs", "talks")

    assert of_node.code == FAILED and "worker-1: it is down; its logs are in its data folder" in of_node.err, of_node
    assert "loading the table" in of_both.out and "worker-1: it is down" in of_both.err, of_both
