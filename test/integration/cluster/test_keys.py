"""API keys: from `troupe key create` to every gateway's doors, and away again."""

from __future__ import annotations

import numpy as np
import pytest
import troupe
from http_client import Answer
from polling import wait_until
from troupe_cluster import Cluster, deployment

TENSOR = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]}


def ask(cluster: Cluster, model: str, key: str | None = None) -> Answer:
    with cluster.http() as door:
        return door.post(f"/v2/models/{model}/infer", TENSOR, {"authorization": f"Bearer {key}"} if key else {})


def listed(cluster: Cluster, key: str) -> Answer:
    with cluster.http() as door:
        return door.get("/v1/models", {"x-api-key": key})


@pytest.fixture
def served(cluster: Cluster) -> Cluster:
    cluster.start_head()
    cluster.apply(deployment("echo", "echo@1", backend="echo") + deployment("parrot", "parrot@1", backend="echo"))
    wait_until(lambda: ask(cluster, "echo").status == 200, "echo answers without a key")
    return cluster


def test_keys_are_asked_for_from_the_first_one_on_at_both_doors(served: Cluster):
    made = served.run("key", "create", "--name", "alice", "--models", "echo", "--json").json()
    key = made["key"]

    wait_until(lambda: ask(served, "echo").status == 401, "the gateway asks for keys")
    assert ask(served, "echo", key).status == 200
    assert ask(served, "echo", key + "0").status == 401
    assert ask(served, "parrot", key).status == 403
    models = {row["id"] for row in listed(served, key).json()["data"]}
    assert models == {"echo", "echo@1"}
    address = served.gateway.url("zmq")
    with troupe.Client(address, timeout=10) as nobody, pytest.raises(troupe.TroupeError, match="API key"):
        nobody.infer("echo", {"x": np.ones(1)})
    with troupe.Client(address, api_key=key, timeout=10) as alice:
        assert alice.infer("echo", {"x": np.ones(1)})["x"] == [1]
    assert served.cli("infer", "echo", "--tensor", "x=f32:1:1").code != 0
    served.run("infer", "echo", "--tensor", "x=f32:1:1", "--api-key", key)
    rows = served.run("key", "list", "--json").json()
    assert [(row["name"], row["state"], row["models"]) for row in rows] == [("alice", "valid", ["echo"])]
    assert key not in served.run("key", "list").out and key not in served.logs()


def test_a_revoked_key_is_refused_and_its_going_opens_nothing(served: Cluster):
    made = served.run("key", "create", "--json").json()
    wait_until(lambda: ask(served, "echo").status == 401, "the gateway asks for keys")

    served.run("key", "revoke", made["id"])

    wait_until(lambda: ask(served, "echo", made["key"]).status == 401, "the key is refused", timeout=2)
    assert ask(served, "echo").status == 401
    assert served.run("key", "list", "--json").json()[0]["state"] == "revoked"


def test_quota_and_lifetime_are_kept(served: Cluster):
    slow = served.run("key", "create", "--rate", "1/h", "--json").json()["key"]
    brief = served.run("key", "create", "--ttl", "1s", "--json").json()["key"]
    wait_until(lambda: ask(served, "parrot", slow).status == 429, "the quota of one is used up")

    refused = ask(served, "parrot", slow)

    assert refused.status == 429 and int(refused.headers["retry-after"]) > 3000
    wait_until(lambda: b"expired" in ask(served, "echo", brief).body, "the key has expired")


def test_keys_outlive_the_head_and_hold_at_gateways_of_their_own(cluster: Cluster):
    cluster.start_head("head")
    cluster.start("door", "gateway")
    cluster.start("worker-1")
    cluster.apply(deployment("echo", "echo@1", backend="echo"))
    key = cluster.run("key", "create", "--json").json()["key"]
    wait_until(lambda: ask(cluster, "echo", key).status == 200, "the key opens")

    cluster.head.kill()
    assert ask(cluster, "echo", key).status == 200 and ask(cluster, "echo").status == 401
    cluster.start_again("head")

    wait_until(lambda: ask(cluster, "echo", key).status == 200, "the key still opens")
    assert ask(cluster, "echo").status == 401
