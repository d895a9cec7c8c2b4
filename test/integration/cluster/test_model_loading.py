"""Deployments that load on demand: by clients with a key that may, by administrators, and by nobody else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tritonclient.grpc
import tritonclient.http
from http_client import Answer
from polling import wait_until
from tritonclient.utils import InferenceServerException
from troupe_cluster import CLERK, Cluster, deployment

FAILED, USAGE = 1, 2


def call(cluster: Cluster, what: str, key: str | None = None, body: object = None) -> Answer:
    with cluster.http() as door:
        return door.post(f"/v2/repository/models/{what}", body or {}, {"authorization": f"Bearer {key}"} if key else {})


def index(cluster: Cluster, key: str, method: str = "GET") -> dict:
    with cluster.http() as door:
        body = b"{}" if method == "POST" else None
        answer = door.call(method, "/v2/repository/index", body, {"authorization": f"Bearer {key}"})
    assert answer.status == 200, answer
    return {f"{row['name']}@{row['version']}": (row["state"], row["reason"]) for row in answer.json()}


def make_key(cluster: Cluster, *flags: str) -> str:
    key = cluster.run("key", "create", *flags, "--json").json()["key"]

    def is_known() -> bool:
        with cluster.http() as door:
            return door.get("/v1/models", {"authorization": f"Bearer {key}"}).status == 200

    wait_until(is_known, "the gateway knows the key")
    return key


def test_a_client_with_leave_loads_asks_and_unloads_and_everybody_else_is_refused(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("1", "2")
    cluster.apply(deployment("clerk-2", "clerk@2", load="on_demand") + deployment("echo", "echo@1", backend="echo"))
    # Also where requests need no key.
    assert call(cluster, "clerk/load").status == 401
    loader = make_key(cluster, "--may-load", "--models", "clerk,echo")
    plain = make_key(cluster)
    other = make_key(cluster, "--may-load", "--models", "judge")
    assert index(cluster, loader)["clerk@2"] == ("UNAVAILABLE", "unloaded")
    assert [call(cluster, "clerk/load", key).status for key in (None, "wrong", plain, other)] == [401, 401, 403, 403]
    assert cluster.replicas("clerk-2") == {}

    loaded = call(cluster, "clerk/load", loader)

    assert loaded.status == 200, loaded
    assert index(cluster, loader, "POST")["clerk@2"] == ("READY", "")
    with cluster.http() as door:
        body = {"model": "clerk", "prompt": "47 + 58 =", "max_tokens": 64, "temperature": 0}
        answer = door.post("/v1/completions", body, {"authorization": f"Bearer {plain}"})
        assert answer.json()["choices"][0]["text"] == " 105"
    assert call(cluster, "clerk@2/load", loader).status == 200  # Once more changes nothing.
    assert cluster.run("status", "--json").json()["healthy"]

    assert call(cluster, "clerk/unload", loader, {"parameters": {"unload_dependents": False}}).status == 200
    assert cluster.replicas("clerk-2") == {}
    assert index(cluster, loader)["clerk@2"] == ("UNAVAILABLE", "unloaded")
    with cluster.http() as door:
        refused = door.post("/v1/completions", body, {"authorization": f"Bearer {plain}"})
        assert refused.status == 503 and b"not loaded" in refused.body
    acts = [(r["who"], r["action"], r["outcome"]) for r in cluster.run("audit", "--json").json()["records"]]
    key_id = next(row["id"] for row in cluster.run("key", "list", "--json").json() if row["models"] == ["clerk", "echo"])
    assert (f"API key {key_id}", "load model", "done") in acts and (f"API key {key_id}", "unload model", "done") in acts


def test_what_makes_no_sense_is_refused_by_name(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("1", "2")
    cluster.apply(
        deployment("clerk-1", "clerk@1", load="on_demand")
        + deployment("clerk-2", "clerk@2", load="on_demand")
        + deployment("echo", "echo@1", backend="echo")
    )
    loader = make_key(cluster, "--may-load")

    def refusal(what: str, body: object = None) -> tuple:
        answer = call(cluster, what, loader, body)
        return answer.status, answer.json()["error"]

    assert refusal("echo/unload")[0] == 409 and "load: on_demand" in refusal("echo/unload")[1]
    assert refusal("clerk/load")[0] == 400 and "clerk@1, clerk@2" in refusal("clerk/load")[1]
    assert refusal("absent/load")[0] == 404
    configured = refusal("clerk@1/load", {"parameters": {"config": "{}"}})
    assert configured[0] == 400 and "deployment" in configured[1]
    none = cluster.cli("apply", "-f", "-", stdin=deployment("zero", "zero@1", backend="echo", load="on_demand", replicas=0))
    assert none.code == USAGE and "at least 1" in none.err


def test_whether_it_is_loaded_outlives_the_head_and_changes_of_the_deployment(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("2")
    cluster.run("deploy", "clerk@2", "--on-demand")
    assert "unloaded" in cluster.run("get", "deployments").out

    loaded = cluster.run("model", "load", "clerk", "--json").json()
    assert loaded == {"model": "clerk", "version": "2", "deployment": "clerk-2", "loaded": True}
    cluster.apply(deployment("clerk-2", "clerk@2", load="on_demand", replicas=2))
    assert len(cluster.ready_nodes("clerk-2")) == 2
    cluster.head.kill()
    cluster.start_again("head")
    wait_until(lambda: len(cluster.ready_nodes("clerk-2")) == 2, "both replicas are there again")

    cluster.run("model", "unload", "clerk@2")
    cluster.head.kill()
    cluster.start_again("head")
    assert cluster.deployment("clerk-2")["loaded"] is False and cluster.replicas("clerk-2") == {}


def test_a_model_that_cannot_be_loaded_says_why(cluster: Cluster, tmp_path: Path):
    cluster.start_head()
    broken = tmp_path / "broken"
    shutil.copytree(CLERK / "2", broken)
    (broken / "config.json").write_text("{}")
    cluster.run("model", "add", "clerk@3", broken)
    cluster.run("deploy", "clerk@3", "--on-demand")
    cluster.apply(deployment("huge", "huge@1", backend="echo", load="on_demand", resources={"memory": "64GiB"}))

    too_big = cluster.cli("model", "load", "huge")
    assert too_big.code == FAILED and "64GiB of memory" in too_big.err
    assert cluster.deployment("huge")["loaded"] is False
    failed = cluster.cli("model", "load", "clerk", timeout=120)
    assert failed.code == FAILED and "does not load" in failed.err and "config.json" in failed.err


@pytest.mark.parametrize("kind", ["http", "grpc"])
def test_tritons_client_swaps_models_that_do_not_fit_together(cluster: Cluster, kind: str):
    cluster.start_head()
    large = {"backend": "echo", "load": "on_demand", "resources": {"memory": "5GiB"}}
    cluster.apply(deployment("one", "one@1", **large) + deployment("two", "two@1", **large))
    headers = {"authorization": f"Bearer {make_key(cluster, '--may-load')}"}
    triton = {"http": tritonclient.http, "grpc": tritonclient.grpc}[kind]

    with triton.InferenceServerClient(cluster.gateway.url(kind).split("//")[1]) as client:
        client.load_model("one", headers=headers)
        assert client.is_model_ready("one", headers=headers) and not client.is_model_ready("two", headers=headers)
        with pytest.raises(InferenceServerException, match="memory"):
            client.load_model("two", headers=headers)
        client.unload_model("one", headers=headers)
        client.load_model("two", headers=headers)

    assert index(cluster, headers["authorization"].split()[1]) == {
        "one@1": ("UNAVAILABLE", "unloaded"),
        "two@1": ("READY", ""),
    }


def test_memory_is_stated_before_a_load_and_measured_after_it(cluster: Cluster, tmp_path: Path):
    cluster.start_head()
    cluster.add_clerk("2")
    folder = tmp_path / "ballast"
    shutil.copytree(CLERK / "2", folder)
    with (folder / "zz-ballast.bin").open("wb") as out:
        out.truncate(200 << 20)
    cluster.run("model", "add", "clerk@3", folder)

    stated = {f"{row['name']}@{row['version']}": row["memory_bytes"] >> 20 for row in cluster.api("models")}
    assert stated["clerk@2"] == 256 and 328 <= stated["clerk@3"] <= 345
    cluster.run("deploy", "clerk@2")
    cluster.run("deploy", "clerk@3", "--on-demand")

    assert cluster.deployment("clerk-3")["resources"]["memory_bytes"] >> 20 == stated["clerk@3"]
    (replica,) = cluster.replicas("clerk-2").values()
    assert 5 << 20 < replica["memory_bytes"] < 1 << 30
    assert "MEMORY" in cluster.run("get", "replicas").out
    assert json.loads(cluster.run("get", "models", "--json").out)[0]["memory_bytes"] == 256 << 20


def test_a_replica_answers_its_warm_up_requests_before_it_is_ready(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("2")
    tensors = [{"inputs": [{"name": "x", "datatype": "INT32", "shape": [2], "data": [1, 2]}]}]
    slow = {"backend": "echo", "echo": {"slots": 1, "delay": "2s"}}

    cluster.apply(
        deployment("clerk-2", "clerk@2", warm_up=[{"prompt": "1 + 1 =", "max_tokens": 4}])
        + deployment("slow", "slow@1", warm_up=tensors, **slow),
        wait=False,
    )

    wait_until(
        lambda: any(replica["state"] == "warming" for replica in cluster.replicas("slow").values()), "the echo warms up"
    )
    wait_until(lambda: cluster.ready_nodes("slow") == ["head"], "it is ready")
    cluster.wait_for_traffic("clerk@2")
    cluster.check_answers()
    # A request that the model cannot answer is the replica's reason.
    cluster.apply(deployment("wrong", "clerk@2", warm_up=tensors).replace("name: wrong", "name: clerk-2"), wait=False)
    wait_until(
        lambda: any("warm-up request 1 of 1 failed" in r.get("reason", "") for r in cluster.replicas("clerk-2").values()),
        "the replica says which request failed",
    )
    cluster.check_answers()
