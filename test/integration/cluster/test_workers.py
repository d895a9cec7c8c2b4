"""Workers die and join under load."""

from __future__ import annotations

import os
import signal
import time

from load import Load
from polling import wait_until
from troupe_cluster import Cluster, deployment


def start_workers(cluster: Cluster, count: int, cpus: float = 16) -> None:
    cluster.start_head(roles="head,gateway")
    for number in range(1, count + 1):
        cluster.start(f"worker-{number}", cpus=cpus)
    cluster.add_clerk("2")


def test_a_killed_worker_costs_no_request_and_its_replica_starts_elsewhere(cluster: Cluster):
    start_workers(cluster, 2)
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2))
    cluster.wait_for_traffic("clerk@2")
    assert cluster.ready_nodes("clerk-2") == ["worker-1", "worker-2"]

    with Load(cluster.gateway.url("http"), clients=8) as load:
        wait_until(lambda: load.answered_since(0) > 100, "requests are answered")
        killed = time.monotonic()
        cluster.nodes["worker-1"].kill()
        wait_until(lambda: load.answered_since(killed) > 100, "requests are answered without the worker", 10)
        wait_until(lambda: cluster.ready_nodes("clerk-2") == ["worker-2"] * 2, "both replicas run on the other one")
        moved = time.monotonic()
        wait_until(lambda: load.answered_since(moved) > 100, "requests are answered by both")

    print(
        f"\n{len(load.outcomes())} requests, {len(load.problems())} failed, the longest {load.longest() * 1000:.0f} ms; "
        f"the replica ran elsewhere after {moved - killed:.2f} s"
    )
    assert load.problems() == []
    assert cluster.node_states()["worker-1"] == "down"


def test_a_worker_that_stood_still_serves_again_in_a_new_life_and_costs_no_request(cluster: Cluster):
    start_workers(cluster, 2, cpus=1)
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2, resources={"cpus": 1}))
    cluster.wait_for_traffic("clerk@2")
    frozen = cluster.nodes["worker-1"].process.pid

    def incarnation() -> int:
        return next(row["incarnation"] for row in cluster.api("nodes") if row["name"] == "worker-1")

    def replica() -> dict:
        return next((r for r in cluster.replicas("clerk-2").values() if r["node"] == "worker-1"), {})

    loaded = replica()["id"]
    # So many that what was asked of it before it stood still is read after the connections broke.
    with Load(cluster.gateway.url("http"), clients=32) as load:
        wait_until(lambda: load.answered_since(0) > 100, "requests are answered")
        for _ in range(3):
            life = incarnation()
            os.kill(frozen, signal.SIGSTOP)
            try:
                wait_until(lambda: cluster.node_states()["worker-1"] == "down", "the head has given it up")
                down = time.monotonic()
                wait_until(lambda: load.answered_since(down) > 100, "requests are answered without it")
            finally:
                os.kill(frozen, signal.SIGCONT)
            wait_until(lambda: cluster.node_states()["worker-1"] == "alive", "it is a member again")
            wait_until(lambda: replica().get("state") == "ready", "its replica is ready again")
            answered = replica()["requests"]
            wait_until(lambda: replica()["requests"] > answered, "its replica answers requests again")
            assert incarnation() > life
            assert replica()["id"] == loaded

    print(f"\n{len(load.outcomes())} requests, the longest {load.longest():.2f} s")
    assert load.problems() == []


def test_a_worker_that_comes_back_under_its_name_is_taken(cluster: Cluster):
    start_workers(cluster, 1)
    cluster.apply(deployment("clerk-2", "clerk@2"))
    cluster.wait_for_traffic("clerk@2")

    cluster.nodes["worker-1"].kill()
    cluster.start_again("worker-1")

    wait_until(lambda: cluster.ready_nodes("clerk-2") == ["worker-1"], "the replica runs again")
    cluster.wait_for_traffic("clerk@2")
    cluster.check_answers()


def test_a_replica_without_a_place_says_why_and_a_worker_that_joins_takes_it_and_traffic(cluster: Cluster):
    start_workers(cluster, 1, cpus=1)
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2, resources={"cpus": 1}), wait=False)
    wait_until(lambda: cluster.ready_nodes("clerk-2") == ["worker-1"], "the one with a place runs")
    cluster.wait_for_traffic("clerk@2")

    status = cluster.run("status", "--json").json()
    assert not status["healthy"]
    assert (status["replicas_wished"], status["replicas_ready"]) == (2, 1)
    reason = status["deployments"][0]["reason"]
    assert "CPU" in reason and "1" in reason, reason
    assert reason in cluster.run("status").out

    with Load(cluster.gateway.url("http")) as load:
        cluster.start("worker-2", cpus=1)

        def second() -> dict:
            rows = cluster.replicas("clerk-2").values()
            return next((r for r in rows if r["node"] == "worker-2" and r["state"] == "ready"), {})

        wait_until(second, "the other replica runs on the new worker")
        ready = time.monotonic()
        wait_until(lambda: second().get("requests", 0) > 0, "the new worker answers requests")
        first_answer = time.monotonic() - ready

    print(f"\nthe new replica answered {first_answer:.2f} s after it was ready, as its node reports")
    assert first_answer < 5
    assert load.problems() == []
    status = cluster.run("status", "--json").json()
    assert status["healthy"]
    assert status["deployments"][0]["reason"] == ""


def test_a_worker_that_is_told_to_stop_costs_no_request(cluster: Cluster):
    start_workers(cluster, 2)
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2))
    cluster.wait_for_traffic("clerk@2")

    with Load(cluster.gateway.url("http")) as load:
        wait_until(lambda: load.answered_since(0) > 50, "requests are answered")
        assert cluster.nodes["worker-1"].terminate() == 0
        wait_until(lambda: cluster.ready_nodes("clerk-2") == ["worker-2"] * 2, "both replicas run on the other one")

    assert load.problems() == []
    assert cluster.node_states()["worker-1"] == "left"
