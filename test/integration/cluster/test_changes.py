"""Changes under load, and failures that come together."""

from __future__ import annotations

import signal
import time

from load import Load
from polling import wait_until
from troupe_cluster import Cluster, deployment


def start(cluster: Cluster, **settings) -> None:
    """A head with a gateway, two workers, and clerk@2 as two replicas."""
    cluster.start_head(roles="head,gateway")
    cluster.start("worker-1")
    cluster.start("worker-2")
    cluster.add_clerk("2")
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2, **settings))
    cluster.wait_for_traffic("clerk@2")


def test_new_settings_replace_the_replicas_without_a_failed_request(cluster: Cluster):
    start(cluster)
    before = set(cluster.replicas("clerk-2"))

    with Load(cluster.gateway.url("http")) as load:
        wait_until(lambda: load.answered_since(0) > 50, "requests are answered")
        cluster.apply(deployment("clerk-2", "clerk@2", replicas=2, engine={"max_sequences": 8}))
        wait_until(
            lambda: len(cluster.replicas("clerk-2")) == 2 and not before & set(cluster.replicas("clerk-2")),
            "both replicas are new ones",
        )
        replaced = time.monotonic()
        wait_until(lambda: load.answered_since(replaced) > 50, "the new ones answer")

    assert load.problems() == []


def test_fewer_and_more_replicas_cost_no_request(cluster: Cluster):
    start(cluster)

    with Load(cluster.gateway.url("http")) as load:
        for count in (1, 4, 2):
            cluster.apply(deployment("clerk-2", "clerk@2", replicas=count))
            wait_until(lambda: len(cluster.replicas("clerk-2")) == count, f"there are {count} replicas")
            changed = time.monotonic()
            wait_until(lambda: load.answered_since(changed) > 50, "requests are answered")

    assert load.problems() == []


def test_a_deleted_deployment_leaves_its_model_unknown_and_others_served(cluster: Cluster):
    start(cluster)
    cluster.apply(deployment("echo", "echo@1", backend="echo"))

    cluster.run("delete", "deployment", "echo")

    with cluster.http() as door:
        wait_until(lambda: door.get("/v2/models/echo").status == 404, "the gateway knows it no more")
    cluster.check_answers()


def test_a_head_and_a_worker_killed_together_are_made_good(cluster: Cluster):
    cluster.start_head(roles="head")
    cluster.start("gate", roles="gateway")
    cluster.start("worker-1")
    cluster.start("worker-2")
    cluster.add_clerk("2")
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2))
    cluster.wait_for_traffic("clerk@2")

    with Load(cluster.gateway.url("http")) as load:
        wait_until(lambda: load.answered_since(0) > 50, "requests are answered")
        cluster.head.kill()
        cluster.nodes["worker-1"].kill()
        killed = time.monotonic()
        wait_until(lambda: load.answered_since(killed) > 100, "the worker that is left answers", 15)
        cluster.start_again("head")
        wait_until(lambda: cluster.ready_nodes("clerk-2") == ["worker-2"] * 2, "both replicas run on it")

    print(f"\n{len(load.outcomes())} requests, the longest {load.longest() * 1000:.0f} ms")
    assert load.problems() == []


def test_a_frozen_worker_is_passed_over_and_taken_back(cluster: Cluster):
    start(cluster)
    frozen = cluster.nodes["worker-1"]

    with Load(cluster.gateway.url("http"), clients=8) as load:
        wait_until(lambda: load.answered_since(0) > 50, "requests are answered")
        frozen.process.send_signal(signal.SIGSTOP)
        try:
            stopped = time.monotonic()
            wait_until(lambda: cluster.node_states()["worker-1"] == "down", "it is declared down")
            down = time.monotonic() - stopped
            wait_until(lambda: cluster.ready_nodes("clerk-2") == ["worker-2"] * 2, "both replicas run on the other one")
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        wait_until(lambda: cluster.node_states()["worker-1"] == "alive", "it has joined again")
        back = time.monotonic()
        wait_until(lambda: load.answered_since(back) > 50, "requests are answered")

    print(
        f"\ndown after {down:.2f} s; {len(load.outcomes())} requests, {len(load.problems())} failed, "
        f"the longest {load.longest() * 1000:.0f} ms"
    )
    assert load.problems() == []
    assert cluster.ready_nodes("clerk-2") == ["worker-2"] * 2
