"""Back ends in child processes: they crash, hang, and go with their node."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Iterator, List

import pytest
from backends import children, is_running, two_replicas
from http_client import Http
from load import Load
from polling import wait_until
from troupe_cluster import Cluster, deployment


def test_a_killed_back_end_costs_no_request_and_is_started_again(cluster: Cluster):
    node = two_replicas(cluster)

    with Load(cluster.gateway.url("http"), clients=8) as load:
        for _ in range(2):
            seen = len(load.outcomes())
            wait_until(lambda: len(load.outcomes()) > seen + 100, "requests are answered")
            replica, pid = sorted(children(node).items())[0]
            os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            wait_until(lambda: children(node).get(replica, pid) != pid, "another process runs", 10)
            wait_until(lambda: cluster.ready_nodes("clerk-2") == ["head"] * 2, "both replicas are ready", 10)
            print(f"\nready again after {time.monotonic() - killed:.2f} s, the longest {load.longest():.3f} s")

    assert load.problems() == []
    assert node.is_running()


def test_a_stopped_back_end_is_noticed_within_three_seconds_and_replaced(cluster: Cluster):
    node = two_replicas(cluster)
    replica, pid = sorted(children(node).items())[0]

    with Load(cluster.gateway.url("http"), clients=4) as load:
        wait_until(lambda: load.answered_since(0) > 50, "requests are answered")
        os.kill(pid, signal.SIGSTOP)
        stopped = time.monotonic()
        wait_until(lambda: cluster.replicas("clerk-2")[replica]["state"] != "ready", "it is not ready", 10)
        noticed = time.monotonic()
        wait_until(lambda: cluster.ready_nodes("clerk-2") == ["head"] * 2, "both replicas are ready again", 10)

    late = [one for one in load.outcomes() if one.begun > noticed and one.ended - one.begun > 1.0]
    print(f"\nnoticed after {noticed - stopped:.2f} s, {len(load.outcomes())} requests, longest {load.longest():.2f} s")
    assert noticed - stopped < 3.0
    assert load.problems() == [] and late == []
    assert not is_running(pid), "a stopped process is killed, not left"


def test_a_device_that_fails_for_good_costs_no_request_and_its_process_is_replaced(cluster: Cluster):
    cluster.environment["TROUPE_BACKEND_FAULT"] = "device_lost:300"  # Of each process, the later ones too.
    node = two_replicas(cluster)
    before = children(node)

    with Load(cluster.gateway.url("http"), clients=4) as load:
        wait_until(lambda: children(node).keys() == before.keys() and not before.items() & children(node).items(),
                   "both processes are replaced", 60)  # fmt: skip
        lost = time.monotonic()
        wait_until(lambda: load.answered_since(lost) > 50, "requests are answered")

    replicas = cluster.replicas("clerk-2").values()
    assert load.problems() == []
    assert all(1 <= replica["restarts"] <= 4 for replica in replicas), replicas
    assert "the device failed for good" in node.tail()
    assert not any(map(is_running, before.values()))


@pytest.mark.parametrize("seconds", [3, pytest.param(600, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
def test_a_back_end_at_its_limit_is_not_taken_for_one_that_hangs(cluster: Cluster, seconds: int):
    node = two_replicas(cluster)
    before = children(node)

    bench = cluster.run(
        "bench", "clerk", "--concurrency", 64, "--warm-up", "1s", "--duration", f"{seconds}s", "--json", timeout=seconds + 60
    )
    report = bench.json()

    print(f"\n{seconds} s: {report['answered']} answered, p99 {report['latency']['p99_ms']:.0f} ms")
    assert report["answered"] > 0 and report["errors"] == {}
    assert children(node) == before
    assert [replica["restarts"] for replica in cluster.replicas("clerk-2").values()] == [0, 0]


def test_back_ends_end_with_a_node_that_is_killed(cluster: Cluster):
    node = two_replicas(cluster)
    pids = list(children(node).values())
    os.kill(pids[0], signal.SIGSTOP)  # A stopped one dies too.

    node.kill()

    wait_until(lambda: not any(map(is_running, pids)), "its back ends are gone", 1.0)


def test_back_ends_end_with_a_node_that_stops(cluster: Cluster):
    node = two_replicas(cluster)
    pids = list(children(node).values())

    assert node.terminate() == 0

    assert not any(map(is_running, pids))


def test_a_back_end_that_always_dies_ends_failed_with_its_reason(cluster: Cluster):
    cluster.start_head()
    cluster.apply(deployment("echo", "echo@1", backend="echo"))
    cluster.wait_for_traffic("echo")
    node = cluster.head

    def has_failed() -> bool:
        for pid in children(node).values():
            os.kill(pid, signal.SIGKILL)
        return [r["state"] for r in cluster.replicas("echo").values()] == ["failed"]

    wait_until(has_failed, "the replica is given up", 30)

    (replica,) = cluster.replicas("echo").values()
    assert replica["reason"] == "the back end's process was killed by signal 9 (SIGKILL)"
    assert replica["restarts"] == 5
    assert "SIGKILL" in cluster.run("get", "deployments", "echo").out
    assert children(node) == {}


def test_two_clusters_on_one_machine_leave_each_other_alone(cluster: Cluster, tmp_path: Path):
    node = two_replicas(cluster)
    other = Cluster(tmp_path / "other")
    other.root.mkdir()
    try:
        second = two_replicas(other)
        pids = list(children(second).values())
        with Load(cluster.gateway.url("http")) as load:
            wait_until(lambda: load.answered_since(0) > 50, "requests are answered")
            second.kill()
            wait_until(lambda: not any(map(is_running, pids)), "the other's back ends are gone", 5)
            after = time.monotonic()
            wait_until(lambda: load.answered_since(after) > 50, "requests are answered")
    finally:
        other.close()

    assert load.problems() == []
    assert len(children(node)) == 2
    assert all(one["restarts"] == 0 for one in cluster.replicas("clerk-2").values())


def test_an_echo_of_known_capacity_answers_as_many_as_it_says(cluster: Cluster):
    """8 slots x 20 ms, and the same on a thread."""
    cluster.start_head()
    settings = {"backend": "echo", "echo": {"slots": 8, "delay": "20ms"}}
    cluster.apply(
        deployment("process", "process@1", **settings) + deployment("thread", "thread@1", isolation="thread", **settings)
    )
    cluster.wait_for_traffic("process", "thread")

    assert len(children(cluster.head)) == 1, "only one of the two has a process"
    for model in ("process", "thread"):
        rate = sum(answer_rates(cluster, model, clients=16, seconds=1.0))
        print(f"\n{model}: {rate:.0f}/s")
        assert rate < 440, "never above its capacity, but for what the last second began with"


def answer_rates(cluster: Cluster, model: str, clients: int, seconds: float) -> Iterator[float]:
    """Answers a second of each client, in a closed loop."""
    ends = time.monotonic() + seconds
    counts: List[int] = [0] * clients

    def ask(number: int) -> None:
        with Http(cluster.gateway.url("http")) as door:
            while time.monotonic() < ends:
                answer = door.post("/v1/completions", {"model": model, "prompt": "to be"})
                assert answer.status == 200 and answer.json()["choices"][0]["text"] == "to be", answer
                counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (count / seconds for count in counts)
