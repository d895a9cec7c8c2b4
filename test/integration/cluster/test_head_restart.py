"""The head dies under load: traffic does not notice, and the new head finds what the old one knew."""

from __future__ import annotations

import time

from load import Load
from polling import wait_until
from troupe_cluster import Cluster, deployment

ALIVE = {"head": "alive", "gate": "alive", "worker-1": "alive", "worker-2": "alive"}


def replica_ids(cluster: Cluster) -> set:
    return set(cluster.replicas("clerk-2"))


def what_is_kept(cluster: Cluster) -> dict:
    """What must be the same after a restart."""
    deployments = [
        {key: row[key] for key in ("name", "model", "weight", "replicas", "resources", "created")}
        for row in cluster.api("deployments")
    ]
    return {"deployments": deployments, "models": cluster.api("models"), "cluster": cluster.api("status")["cluster"]}


def test_a_killed_head_costs_no_request_and_comes_back_with_all_it_knew(cluster: Cluster):
    cluster.start_head(roles="head")
    cluster.start("gate", roles="gateway")
    cluster.start("worker-1")
    cluster.start("worker-2")
    cluster.add_clerk("1", "2")
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2))
    cluster.wait_for_traffic("clerk@2")
    kept, replicas = what_is_kept(cluster), replica_ids(cluster)

    with Load(cluster.gateway.url("http")) as load:
        wait_until(lambda: load.answered_since(0) > 50, "requests are answered")
        cluster.head.kill()
        killed = time.monotonic()
        wait_until(lambda: load.answered_since(killed) > 200, "requests are answered without a head")
        cluster.start_again("head")
        wait_until(lambda: cluster.node_states() == ALIVE, "all nodes have joined again")
        wait_until(lambda: len(cluster.ready_nodes("clerk-2")) == 2, "the head knows of the replicas again")
        rejoined = time.monotonic()
        wait_until(lambda: load.answered_since(rejoined) > 200, "requests are answered with the new head")

        assert what_is_kept(cluster) == kept
        assert replica_ids(cluster) == replicas
        cluster.apply(deployment("clerk-1", "clerk@1"))
        cluster.wait_for_traffic("clerk@1")
        assert cluster.ask("47 + 58 =", "clerk@1").status == 200

    print(f"\n{len(load.outcomes())} requests, the longest {load.longest() * 1000:.0f} ms")
    assert load.problems() == []


def test_a_weight_changed_before_the_head_restarts_replaces_no_replica(cluster: Cluster):
    cluster.start_head(roles="head,gateway")
    cluster.start("worker-1")
    cluster.add_clerk("2")
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2))
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2, weight=5))
    replicas = replica_ids(cluster)

    cluster.head.kill()
    cluster.start_again("head")
    wait_until(lambda: len(cluster.ready_nodes("clerk-2")) == 2, "the head knows of the replicas again")
    # What would be replaced is, before the next deployment is served.
    cluster.apply(deployment("echo", "echo@1", backend="echo"))

    assert replica_ids(cluster) == replicas
    assert not any(replica.get("outdated") for replica in cluster.replicas("clerk-2").values())


def test_a_cluster_stopped_as_a_whole_serves_again_without_a_command(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("1", "2")
    cluster.apply(deployment("clerk-2", "clerk@2", weight=3) + deployment("clerk-1", "clerk@1", weight=1))
    cluster.wait_for_traffic("clerk@2")
    kept = what_is_kept(cluster)

    assert cluster.head.terminate() == 0
    cluster.start_again("head")
    cluster.wait_for_traffic("clerk@1", "clerk@2")

    assert what_is_kept(cluster) == kept
    cluster.check_answers()


def test_a_stopping_gateway_finishes_what_it_has_begun(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("2")
    cluster.apply(deployment("clerk-2", "clerk@2"))
    cluster.wait_for_traffic("clerk@2")
    refused = ("503", "ConnectionRefused", "RemoteDisconnected", "ConnectionReset", "BrokenPipe")

    with Load(cluster.gateway.url("http")) as load:
        wait_until(lambda: load.answered_since(0) > 50, "requests are answered")
        code = cluster.head.terminate()

    assert code == 0
    # What came too late is refused; nothing is answered wrongly or left hanging.
    assert [one for one in load.problems() if not any(word in one.problem for word in refused)] == []
    assert load.longest() < 10
