"""Nodes prove who they are: tokens let them in once, keys ever after, until they are revoked. Others notice nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Dict

import pytest
from join_token import forged_token
from load import Load
from member import KEY_SET, LEAVE, Member
from polling import wait_until
from troupe.wire import Kind
from troupe_cluster import CliResult, Cluster, completion, deployment

FAILED, USAGE = 1, 2


def serve(cluster: Cluster, workers: int) -> None:
    cluster.start_head(roles="head,gateway")
    for number in range(1, workers + 1):
        cluster.start(f"worker-{number}")
    cluster.add_clerk("2")
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2))
    cluster.wait_for_traffic("clerk@2")


def try_to_join(cluster: Cluster, folder: Path, name: str, *token: str) -> CliResult:
    """From a folder that knows nothing of the cluster."""
    return cluster.cli("start", "--address", cluster.head.bus, "--name", name, "--data-dir", folder, "--metrics-port", 0, *token)


def create_token(cluster: Cluster, *flags: str) -> Dict[str, str]:
    return cluster.run("token", "create", "--json", *flags).json()


def token_state(cluster: Cluster, id: str) -> str:
    return next(token["state"] for token in cluster.run("token", "list", "--json").json() if token["id"] == id)


def test_who_has_no_good_token_is_told_why_and_nobody_else_notices(cluster: Cluster, tmp_path: Path):
    serve(cluster, 2)
    expiring = create_token(cluster, "--ttl", "1s")
    revoked = create_token(cluster)
    cluster.run("token", "revoke", revoked["id"])
    once = create_token(cluster, "--uses", "1")
    wait_until(lambda: token_state(cluster, expiring["id"]) == "expired", "the token is expired")

    with Load(cluster.gateway.url("http"), clients=2) as load:
        wait_until(lambda: load.answered_since(0) > 20, "requests are answered")
        none = try_to_join(cluster, tmp_path, "none")
        damaged = try_to_join(cluster, tmp_path, "damaged", "--token", once["token"][:-3])
        wrong = try_to_join(cluster, tmp_path, "wrong", "--token", forged_token(once["token"], secret=b"x" * 32))
        late = try_to_join(cluster, tmp_path, "late", "--token", expiring["token"])
        out = try_to_join(cluster, tmp_path, "out", "--token", revoked["token"])
        first = try_to_join(cluster, tmp_path, "first", "--token", once["token"])
        second = try_to_join(cluster, tmp_path, "second", "--token", once["token"])
        elsewhere = try_to_join(cluster, tmp_path, "lost", "--token", forged_token(once["token"], head_key="0" * 40))
    cluster.run("stop", "--data-dir", tmp_path)

    assert first.code == 0, first
    for result, code, words in [
        (none, FAILED, "no join token"),
        (damaged, USAGE, "damaged"),
        (wrong, FAILED, "wrong"),
        (late, FAILED, "expired"),
        (out, FAILED, "revoked"),
        (second, FAILED, "as many as it may"),
        (elsewhere, FAILED, "does not prove the key"),
    ]:
        assert result.code == code and words in result.err, (words, result)
    log = cluster.head.log.read_text()
    for name in ("wrong", "late", "out", "second"):
        assert any("node refused" in line and f'"{name}"' in line for line in log.splitlines()), name
    for secret in (once["token"], expiring["token"], revoked["token"]):
        assert secret not in log
    assert load.problems() == []


def test_a_node_that_has_joined_comes_back_without_a_token(cluster: Cluster):
    cluster.start_head()
    cluster.start("worker-1")
    cluster.nodes["worker-1"].kill()
    for token in cluster.run("token", "list", "--json").json():
        cluster.run("token", "revoke", token["id"])

    cluster.start_again("worker-1")

    members = cluster.run("node", "list", "--json").json()
    assert [(row["name"], row["trust"], row["state"]) for row in members] == [("worker-1", "member", "alive")]


def test_a_restarted_head_is_the_same_to_its_nodes_and_its_tokens_stay_good(cluster: Cluster, tmp_path: Path):
    cluster.start_head()
    cluster.start("worker-1")
    token = create_token(cluster)["token"]
    cluster.head.kill()
    cluster.start_again("head")

    wait_until(lambda: cluster.node_states().get("worker-1") == "alive", "the worker has joined again")
    assert try_to_join(cluster, tmp_path, "late", "--token", token).code == 0
    cluster.run("stop", "--data-dir", tmp_path)


def test_a_revoked_node_is_cut_off_at_once_and_costs_no_request(cluster: Cluster):
    serve(cluster, 2)
    revoked = cluster.nodes["worker-2"]

    with Load(cluster.gateway.url("http"), clients=4) as load:
        wait_until(lambda: load.answered_since(0) > 100, "requests are answered")
        done = cluster.run("node", "revoke", "worker-2", "--json").json()
        moved = time.monotonic()
        wait_until(lambda: cluster.ready_nodes("clerk-2") == ["worker-1"] * 2, "both replicas run on the other one")
        wait_until(lambda: load.answered_since(moved) > 100, "requests are answered by both")

    assert done["revoked"] == "worker-2"
    assert load.problems() == []
    assert revoked.process.wait(20) == FAILED
    assert "revoked" in revoked.tail()
    with pytest.raises(AssertionError, match="ended with 1"):
        cluster.start_again("worker-2")
    assert "was revoked" in cluster.nodes["worker-2"].tail()
    trust = {row["name"]: row["trust"] for row in cluster.run("node", "list", "--json").json()}
    assert trust == {"worker-1": "member", "worker-2": "revoked"}


def test_a_member_can_neither_leave_for_another_nor_speak_as_the_head(cluster: Cluster):
    cluster.start_head(roles="head")
    gate = cluster.start("gate", roles="gateway")
    other = cluster.start("other")
    liar = cluster.start("liar")
    cluster.apply(deployment("echo", "echo@1", backend="echo"))
    cluster.wait_for_traffic("echo")
    liar.kill()
    incarnation = next(row["incarnation"] for row in cluster.api("nodes") if row["name"] == "other")

    with Member(liar, cluster.head) as member:
        answer, why = member.ask(LEAVE, "head", [int(other.file["id"], 16), incarnation])
        assert answer.kind == Kind.ERROR and "for itself alone" in why
        member.say(Kind.EVENT, LEAVE, "head", [int(other.file["id"], 16), incarnation])
        # One behind the other: who is answered now has been heard before.
        member.ask(LEAVE, "head", [1, 1])
    with Member(liar, gate) as member:
        # Keys are needed from now on, and there is none.
        member.say(Kind.REQUEST, KEY_SET, "gateway", [2**62, 2**62, True, []])
        wait_until(lambda: "only the head may say" in gate.log.read_text(), "the gateway has dropped it")

    assert cluster.node_states()["other"] == "alive"
    with cluster.http() as door:
        assert door.post("/v1/completions", completion("to all", model="echo")).status == 200


def test_what_is_not_there_cannot_be_revoked(cluster: Cluster):
    cluster.start_head()

    assert "no node named ghost" in cluster.cli("node", "revoke", "ghost").err
    assert "no join token 12" in cluster.cli("token", "revoke", "12").err
