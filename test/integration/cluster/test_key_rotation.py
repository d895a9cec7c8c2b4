"""Nodes exchange their keys while they serve: no request is lost, and whoever dies on the way comes in again."""

from __future__ import annotations

import time
from typing import Dict, List

import pytest
from load import Load
from polling import wait_until
from troupe_cluster import Cluster, deployment

FAILED = 1
KILLED = -9


def keys(cluster: Cluster) -> Dict[str, List[str]]:
    """On the head's list, by node."""
    return {row["name"]: row["keys"] for row in cluster.run("node", "list", "--json").json()}


def stored_key(cluster: Cluster, name: str) -> str:
    return (cluster.data / name / "node.key").read_text()


def ready_again(cluster: Cluster, name: str) -> None:
    wait_until(lambda: cluster.node_states().get(name) == "alive", f"{name} has joined again")


def test_all_keys_are_exchanged_under_load_and_no_request_fails(cluster: Cluster):
    cluster.start_head()
    cluster.start("gateway-1", roles="gateway")
    cluster.start("worker-1")
    cluster.start("worker-2")
    cluster.add_clerk("2")
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=3))
    cluster.wait_for_traffic("clerk@2")
    before = keys(cluster)
    secrets = {name: stored_key(cluster, name) for name in before}
    assert set(before) == {"gateway-1", "worker-1", "worker-2"}

    gateway = cluster.nodes["gateway-1"].url("http")
    with Load(cluster.gateway.url("http"), clients=2) as by_head, Load(gateway, clients=2) as by_gateway:
        wait_until(lambda: by_head.answered_since(0) > 20 and by_gateway.answered_since(0) > 20, "requests are answered")
        for _ in range(2):
            done = cluster.run("node", "rotate", "--all", timeout=180)
            assert sorted(done.out.split("\n")[:-1]) == [f"{name} uses another key" for name in sorted(before)]
        rotated = time.monotonic()
        wait_until(
            lambda: by_head.answered_since(rotated) > 20 and by_gateway.answered_since(rotated) > 20, "they still are"
        )

    assert by_head.problems() == [] and by_gateway.problems() == []
    after = keys(cluster)
    for name, old in before.items():
        assert len(after[name]) == 1 and after[name] != old
        assert stored_key(cluster, name) != secrets[name]
        assert not (cluster.data / name / "node.key.next").exists()

    # New connections, both ways, are made by the new keys alone.
    cluster.head.kill()
    cluster.start_again("head")
    for name in before:
        ready_again(cluster, name)
    cluster.wait_for_traffic("clerk@2")
    cluster.check_answers()


def test_a_node_that_starts_with_a_key_of_before_is_refused(cluster: Cluster):
    cluster.start_head(roles="head")
    worker = cluster.start("worker-1")
    old = stored_key(cluster, "worker-1")
    cluster.run("node", "rotate", "worker-1")
    worker.kill()
    new = stored_key(cluster, "worker-1")
    (worker.folder / "node.key").write_text(old)

    with pytest.raises(AssertionError, match="instead of starting"):
        cluster.start_again("worker-1")
    cluster.nodes["worker-1"] = worker
    (worker.folder / "node.key").write_text(new)
    cluster.start_again("worker-1")
    ready_again(cluster, "worker-1")


@pytest.mark.parametrize("point", ["key.after_next", "key.before_adopt", "key.after_adopt"])
def test_a_node_killed_at_any_step_comes_in_again_and_can_be_rotated(cluster: Cluster, point: str):
    cluster.start_head(roles="head")
    cluster.environment["TROUPE_CRASH_AT"] = point
    worker = cluster.start("worker-1")
    del cluster.environment["TROUPE_CRASH_AT"]
    before = keys(cluster)["worker-1"]

    failed = cluster.cli("node", "rotate", "worker-1", timeout=90)

    assert failed.code == FAILED and "it can be tried again" in failed.err, failed
    assert worker.process.wait(10) == KILLED
    cluster.start_again("worker-1")
    ready_again(cluster, "worker-1")
    cluster.run("node", "rotate", "worker-1")
    assert len(keys(cluster)["worker-1"]) == 1 and keys(cluster)["worker-1"] != before


@pytest.mark.parametrize("commit", ["before_commit:1", "after_commit:1", "before_commit:2", "after_commit:2"])
def test_a_head_killed_at_any_step_keeps_a_key_that_the_node_has(cluster: Cluster, commit: str):
    cluster.start_head(roles="head")
    worker = cluster.start("worker-1")
    cluster.head.kill()
    # Its first commit is its epoch; the next are those of the exchange.
    step, count = commit.split(":")
    cluster.environment["TROUPE_CRASH_AT"] = f"control.{step}:{int(count) + 1}"
    cluster.start_again("head")
    del cluster.environment["TROUPE_CRASH_AT"]
    ready_again(cluster, "worker-1")

    assert cluster.cli("node", "rotate", "worker-1", timeout=90).code != 0
    assert cluster.head.process.wait(10) == KILLED
    cluster.start_again("head")

    ready_again(cluster, "worker-1")
    worker.kill()
    cluster.start_again("worker-1")
    ready_again(cluster, "worker-1")
    cluster.run("node", "rotate", "worker-1")
    wait_until(lambda: len(keys(cluster)["worker-1"]) == 1, "the last key is off the list")


def test_what_cannot_be_rotated_is_said(cluster: Cluster):
    cluster.start_head(roles="head")
    cluster.start("worker-1").kill()
    wait_until(lambda: cluster.node_states()["worker-1"] == "down", "it is down")

    head = cluster.cli("node", "rotate", "head")
    down = cluster.cli("node", "rotate", "worker-1")
    unknown = cluster.cli("node", "rotate", "worker-2")

    assert head.code == FAILED and "is the head, whose key every node has pinned" in head.err, head
    assert down.code == FAILED and "its key is exchanged while it runs" in down.err, down
    assert unknown.code == FAILED and "did you mean worker-1?" in unknown.err, unknown
    assert cluster.cli("node", "rotate").code == 2
    assert cluster.run("node", "rotate", "--all").out == ""
