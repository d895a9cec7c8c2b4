"""The head is away: a gateway goes by its weights for a while, then by the stable versions alone, until it is back."""

from __future__ import annotations

from typing import Set

from polling import wait_until
from troupe_cluster import Cluster, completion, deployment

LEASE_S = 2


def answering(cluster: Cluster, model: str = "echo") -> Set[str]:
    """The versions that answer many units."""
    found = set()
    with cluster.http() as door:
        for unit in range(60):
            answer = door.post("/v1/completions", completion("hello", model), {"x-unit-id": f"user-{unit}"})
            assert answer.status == 200, answer
            found.add(answer.headers["x-troupe-version"])
    return found


def readiness(cluster: Cluster) -> dict:
    with cluster.http() as door:
        return door.get("/ready").json()


def test_without_its_head_a_gateway_sends_only_the_stable_version_what_is_not_pinned(cluster: Cluster):
    cluster.start_head(roles="head")
    gate = cluster.start("gate", roles="gateway", extra=["--weight-lease", f"{LEASE_S}s"])
    cluster.start("worker-1")
    cluster.apply(
        deployment("first", "echo@1", backend="echo", weight=3) + deployment("second", "echo@2", backend="echo", weight=1)
    )
    cluster.wait_for_traffic("echo@1", "echo@2")
    wait_until(lambda: answering(cluster) == {"1", "2"}, "both versions get their shares")
    assert {row["name"]: row["stable"] for row in cluster.api("deployments")} == {"first": True, "second": False}
    assert readiness(cluster) == {"status": "ready"}

    cluster.head.kill()
    wait_until(lambda: answering(cluster) == {"1"}, "the stable version alone answers", LEASE_S + 10)
    assert answering(cluster, "echo@2") == {"2"}
    wait_until(lambda: readiness(cluster) == {"status": "ready", "weights": "stable_only"}, "the gateway says so")
    assert "has not confirmed the weights" in gate.log.read_text()

    cluster.start_again("head")
    wait_until(lambda: answering(cluster) == {"1", "2"}, "both versions get their shares again")
    wait_until(lambda: readiness(cluster) == {"status": "ready"}, "the gateway says so")
