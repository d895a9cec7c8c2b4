"""What a user types, against a real cluster."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import subprocess
from typing import Iterator

import pytest
from http_client import Http
from join_token import made_token
from polling import wait_until
from troupe_cluster import BINARY, Cluster

OK, FAILED, USAGE, UNREACHABLE, UNHEALTHY = 0, 1, 2, 3, 4
ANY_PORTS = ("--port", 0, "--http-port", 0, "--grpc-port", 0, "--zmq-port", 0, "--metrics-port", 0, "--admin-port", 0)


@pytest.fixture
def background(cluster: Cluster) -> Iterator[Cluster]:
    """For nodes that the CLI starts in the background; stops them."""
    yield cluster
    cluster.cli("stop", "--force", "--timeout", "10s")


# --- Views


def test_status_tells_of_nodes_deployments_and_replicas(serving: Cluster):
    status = serving.run("status", "--json").json()

    assert status["healthy"] is True
    assert [node["name"] for node in status["nodes"]] == ["head"]
    assert {row["name"]: row["ready"] for row in status["deployments"]} == {"clerk-1": 1, "clerk-2": 1, "echo": 1, "slow": 1}
    text = serving.run("status").out
    assert "healthy" in text and "clerk-2" in text and "NOT" not in text


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        (("nodes",), {"head"}),
        (("get", "nodes"), {"head"}),
        (("get", "deployments"), {"clerk-1", "clerk-2", "echo", "slow"}),
        (("get", "deployment", "clerk-2"), {"clerk-2"}),
        (("model", "list"), {"clerk"}),
        (("get", "models"), {"clerk"}),
    ],
)
def test_lists_say_the_same_as_text_and_as_json(serving: Cluster, verb: tuple, names: set):
    rows = serving.run(*verb, "--json").json()
    text = serving.run(*verb).out

    assert {row["name"] for row in rows} == names
    assert all(name in text for name in names)


def test_actors_are_those_of_the_request_path(serving: Cluster):
    paths = {row["path"] for row in serving.run("actors", "--json").json()}

    assert {"head", "agent", "gateway", "balancer/clerk", "balancer/echo", "cache/0"} <= paths
    assert sum(bool(re.fullmatch("replica/[0-9a-f]{16}/batcher", path)) for path in paths) == 4
    assert "balancer/clerk" in serving.run("actors").out


def test_the_actor_tree_has_the_back_ends_under_their_workers(serving: Cluster):
    rows = serving.run("actors", "--json").json()
    text = serving.run("actors", "--tree").out

    by_path = {row["path"]: row for row in rows}
    back_ends = [row for row in rows if row["kind"] == "back_end"]
    assert len(back_ends) == 4 and all(row["pid"] > 0 and row["progress_age_ms"] >= 0 for row in back_ends)
    for row in back_ends:
        line = [row["path"]]
        while line[-1] != "node":
            line.append(by_path[line[-1]]["parent"])
        assert [path.split("/")[0] for path in line] == ["replica", "replica", "replica", "model", "plane", "node"]
    assert "└─ worker" in text and "└─ back-end" in text


def test_a_watch_prints_whole_snapshots_and_ends_at_ctrl_c(serving: Cluster):
    address = serving.head.url("admin")
    watch = subprocess.Popen(
        [BINARY, "actors", "--tree", "--watch", "--address", address],
        stdout=subprocess.PIPE,
        text=True,
    )
    heads = 0
    while heads < 2:
        heads += watch.stdout.readline().startswith("NODE, ACTOR")
    watch.send_signal(signal.SIGINT)

    assert watch.stdout.read().endswith("\n")
    assert watch.wait(10) == OK


def test_version_is_told(serving: Cluster):
    assert re.match(r"troupe \d+\.\d+\.\d+", serving.run("--version").out)
    assert serving.run("version").out


def test_doctor_finds_a_healthy_cluster_healthy(serving: Cluster):
    findings = serving.run("doctor", "--json").json()

    assert findings["healthy"] is True
    assert any("head answers" in finding["what"] for finding in findings["findings"])
    assert "ok" in serving.run("doctor").out


# --- infer and bench


def test_infer_answers_a_prompt(serving: Cluster):
    assert serving.run("infer", "clerk", "47 + 58 =").out.strip() == "105"
    assert serving.run("infer", "clerk@2", "--chat", "47 + 58").out.strip() == "105"
    assert serving.run("infer", "clerk", "--stream", "roman 1984 =").out.strip() == "MCMLXXXIV"


def test_infer_as_json_says_version_and_usage(serving: Cluster):
    answer = serving.run("infer", "clerk", "words 7342 =", "--max-tokens", 6, "--json").json()

    assert answer["text"] == " seven"
    assert answer["finish_reason"] == "length"
    assert answer["version"] == "2"
    assert answer["usage"]["completion_tokens"] == 6


def test_infer_takes_tensors(serving: Cluster):
    answer = serving.run("infer", "echo", "--tensor", "x=f32:2x2:1,2,3,4.5", "--json").json()

    assert answer["outputs"] == [{"name": "x", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, 4.5]}]


@pytest.mark.parametrize("door", ["zmq", "http"])
def test_bench_measures_without_errors(serving: Cluster, door: str):
    report = serving.run(
        "bench", "clerk", "--door", door, "-c", 4, "-n", 60, "--warm-up", "0s", "--max-tokens", 4, "--json"
    ).json()

    assert report["answered"] == 60
    assert not report["errors"]
    assert report["requests_per_second"] > 0
    assert 0 < report["latency"]["p50_ms"] <= report["latency"]["p99_ms"]
    assert report["node_processes"] == 1


def test_bench_sends_tensors(serving: Cluster):
    result = serving.run("bench", "echo", "--tensor-bytes", 65536, "-c", 2, "-n", 40, "--warm-up", "0s")

    assert "40 answered" in result.out


# --- Exit codes


def test_an_unknown_model_is_a_failure_that_names_it(serving: Cluster):
    result = serving.cli("infer", "clrk", "47 + 58 =")

    assert result.code == FAILED
    assert "clrk" in result.err and "clerk" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("stat",),
        ("status", "--jsn"),
        ("deploy", "clerk"),
        ("deploy", "clerk@2", "--replicas", "many"),
        ("infer", "clerk"),
        ("infer", "clerk", "x", "--timeout", "5 parsecs"),
        ("start",),
        ("start", "--head", "--roles", "boss"),
        ("start", "--head", "--host", "0.0.0.0"),
        ("model", "add", "clerk", "/tmp"),
    ],
)
def test_wrong_use_is_exit_code_2_and_says_what_is_right(serving: Cluster, arguments: tuple):
    result = serving.cli(*arguments)

    assert result.code == USAGE, result
    assert result.err.strip()


def test_nobody_at_the_address_is_exit_code_3(serving: Cluster):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"

        result = serving.cli("status", "--address", address)

    assert result.code == UNREACHABLE, result
    assert address in result.err


def test_a_write_without_the_key_is_refused(serving: Cluster, tmp_path):
    key = tmp_path / "key"
    key.write_text("0" * 64)

    result = serving.cli("delete", "deployment", "echo", "--key-file", key)

    assert result.code == FAILED
    assert "key" in result.err
    assert serving.deployment("echo")["ready"] == 1


def test_a_deployment_that_is_not_there_cannot_be_deleted(serving: Cluster):
    result = serving.cli("delete", "deployment", "ecko")

    assert result.code == FAILED
    assert "ecko" in result.err and "echo" in result.err


def test_a_model_in_use_cannot_be_removed(serving: Cluster):
    result = serving.cli("model", "remove", "clerk@2")

    assert result.code == FAILED
    assert "clerk-2" in result.err


# --- Nodes in the background


def test_the_walk_of_a_first_day(background: Cluster):
    started = background.run("start", "--head", *ANY_PORTS, "--roles", "head,gateway")
    join = re.search(r"troupe (start --address=\S+ --token=\S+)", started.out)
    dashboard = re.search(r"Dashboard\s+(http://\S+)", started.out)
    assert join and dashboard, started.out

    joined = background.run(*shlex.split(join[1]), "--name", "helper", "--metrics-port", 0, "--num-cpus", 4)
    assert "helper is ready" in joined.out
    nodes = {node["name"]: node for node in background.run("nodes", "--json").json()}
    assert nodes.keys() == {"head", "helper"}
    assert nodes["helper"]["roles"] == ["worker"]

    deployed = background.run("deploy", "echo@1", "--backend", "echo", "--replicas", 2)
    assert "created" in deployed.out
    answer = background.run("infer", "echo", "--tensor", "x=i64:3:1,2,3").out
    assert "1" in answer and "3" in answer
    background.run("delete", "deployment", "echo-1")
    wait_until(lambda: background.run("get", "deployments", "--json").json() == [], "the deployment is gone")

    stopped = background.run("stop")
    assert "2 nodes stopped" in stopped.out
    assert background.cli("status", "--address", dashboard[1], "--timeout", "2s").code == UNREACHABLE
    assert "no node runs" in background.run("stop").out


def test_a_second_node_of_the_same_name_is_refused(background: Cluster):
    background.run("start", "--head", *ANY_PORTS)

    again = background.cli("start", "--head", *ANY_PORTS)
    blocking = background.cli("start", "--head", "--block", *ANY_PORTS)

    assert again.code == blocking.code == FAILED
    assert "runs already" in again.err and "runs already" in blocking.err
    assert background.run("status", "--json").json()["nodes_alive"] == 1


def test_a_node_that_finds_no_head_says_so(background: Cluster):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"

        result = background.cli("start", "--address", address, "--token", made_token(), "--metrics-port", 0, timeout=60)

    assert result.code == UNREACHABLE
    assert address in result.err


def test_start_returns_when_the_doors_are_open(background: Cluster):
    background.run("start", "--head", *ANY_PORTS)

    url = background.run("nodes", "--json").json()[0]["addresses"]["http"]
    with Http(url) as door:
        assert door.get("/livez").status == 200
        wait_until(lambda: door.get("/ready").status == 200, "the gateway has heard from the head", 5)
