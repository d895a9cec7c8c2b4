"""Nonsense through every door: it is refused with words that help, and the cluster serves on."""

from __future__ import annotations

import random
import shutil
import socket
from pathlib import Path
from typing import Iterator
from urllib.parse import urlsplit

import numpy as np
import pytest
import troupe
import zmq
from http_client import Http
from polling import wait_until
from troupe_cluster import CLERK, Cluster, completion, deployment

FAILED, USAGE, TIMED_OUT = 1, 2, 124


@pytest.fixture(scope="module")
def cluster_under_fire(shared: Cluster) -> Cluster:
    shared.start_head()
    shared.add_clerk("2")
    shared.apply(deployment("clerk-2", "clerk@2"))
    shared.wait_for_traffic("clerk@2")
    return shared


@pytest.fixture
def target(cluster_under_fire: Cluster) -> Iterator[Cluster]:
    """The module's cluster; after each test it must be the same process and still be right."""
    pid = cluster_under_fire.head.process.pid
    yield cluster_under_fire
    assert cluster_under_fire.head.is_running() and cluster_under_fire.head.process.pid == pid
    cluster_under_fire.check_answers()


# --- YAML


@pytest.mark.parametrize(
    ("yaml", "line", "words"),
    [
        ("kind: Deployment\nname: a: b\n", 2, []),
        ("kind: Deployment\nname: x\nmodel: clerk@2\nreplica: 2\n", 4, ["replica", "replicas"]),
        ("kind: Deployment\nname: x\nmodel: clerk@2\nreplicas: many\n", 4, ["replicas", "many"]),
        ("kind: Deployment\nname: x\nmodel: clerk\n", 3, ["NAME@VERSION"]),
        ("kind: Deployment\nname: x\nmodel: clerk@2\nbatching:\n  max_size: 0\n", 5, ["max_size"]),
        ("kind: Deploymnt\nname: x\n", 1, ["Deploymnt", "Deployment"]),
    ],
)
def test_a_wrong_document_is_refused_with_file_line_and_what_is_right(
    target: Cluster, tmp_path: Path, yaml: str, line: int, words: list
):
    before = target.api("deployments")
    file = tmp_path / "wish.yaml"
    file.write_text(yaml)

    result = target.cli("apply", "-f", file)

    assert result.code == USAGE, result
    assert f"wish.yaml:{line}" in result.err, result.err
    assert all(word in result.err for word in words), result.err
    assert [row["name"] for row in target.api("deployments")] == [row["name"] for row in before]


def test_one_wrong_document_keeps_the_whole_file_from_being_applied(target: Cluster):
    yaml = deployment("fine", "echo@1", backend="echo") + deployment("wrong", "echo@2", backend="ecko")

    result = target.cli("apply", "-f", "-", stdin=yaml)

    assert result.code == USAGE
    assert "ecko" in result.err and "echo" in result.err
    assert "fine" not in {row["name"] for row in target.api("deployments")}


def test_a_model_that_is_not_in_the_store_is_not_deployed(target: Cluster):
    result = target.cli("deploy", "clerk@9")

    assert result.code == FAILED
    assert "clerk@9" in result.err and "model add" in result.err


# --- Requests


def test_an_unknown_model_is_not_found_at_every_door(target: Cluster):
    tensor = {"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}
    with target.http() as door:
        openai = door.post("/v1/completions", completion("x", "nobody"))
        chat = door.post("/v1/chat/completions", {"model": "nobody", "messages": [{"role": "user", "content": "x"}]})
        kserve = door.post("/v2/models/nobody/infer", {"inputs": [tensor]})
    with troupe.Client(target.gateway.url("zmq"), timeout=10) as client:
        with pytest.raises(troupe.NotFound, match="nobody"):
            client.infer("nobody", {"x": np.ones(1)})
        with pytest.raises(troupe.NotFound, match="clerk"):
            client.generate("clerk", "x", version="9")
    cli = target.cli("infer", "nobody", "x")

    assert (openai.status, chat.status, kserve.status) == (404, 404, 404)
    assert openai.json()["error"]["code"] == "model_not_found"
    assert isinstance(kserve.json()["error"], str) and "nobody" in kserve.json()["error"]
    assert cli.code == FAILED and "nobody" in cli.err


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'{"model":"clerk"}', b'{"model":"clerk","prompt":7}', b"\xff\xfe", b'{"a":' * 2000],
)
def test_a_body_that_is_no_request_is_a_bad_request(target: Cluster, body: bytes):
    with target.http() as door:
        answer = door.post("/v1/completions", body)

    assert answer.status == 400, answer
    assert answer.json()["error"]["message"]


def test_an_oversized_body_is_too_large(target: Cluster):
    with target.http() as door:
        try:
            status = door.post("/v1/completions", b" " * (17 << 20)).status
        except (BrokenPipeError, ConnectionResetError):
            status = 413  # Refused before it was all sent.

    assert status == 413


def test_a_header_that_announces_too_much_is_refused_at_once(target: Cluster):
    url = urlsplit(target.gateway.url("http"))
    with socket.create_connection((url.hostname, url.port), timeout=10) as raw:
        raw.sendall(b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n")
        assert b" 413 " in raw.recv(4096).split(b"\r\n")[0] + b" "


def test_unknown_paths_and_methods_are_said_to_be(target: Cluster):
    with target.http() as door:
        assert door.get("/v1/nothing").status == 404
        assert door.get("/v1/completions").status == 405


def test_the_admin_api_takes_no_foreign_host_and_no_write_without_a_key(target: Cluster):
    with Http(target.head.url("admin")) as door:
        assert door.get("/api/v1/status", {"host": "evil.example"}).status == 403
        assert door.post("/api/v1/apply", b"kind: Deployment\n").status == 401
        assert door.get("/api/v1/deployments/nobody").status == 404


# --- Bytes


def garbage(seed: int) -> list[bytes]:
    """Frames of noise of many sizes, among them some that begin like MessagePack."""
    rng = random.Random(seed)
    frames = [rng.randbytes(rng.choice([0, 1, 7, 64, 1000])) for _ in range(rng.randrange(1, 6))]
    if seed % 3 == 0:
        frames[0] = bytes([0x99]) + rng.randbytes(30)
    if seed % 5 == 0:
        frames[-1] = b"\xdd\xff\xff\xff\xff"
    return frames


@pytest.mark.parametrize("door", ["zmq", "control", "request"])
def test_frames_of_noise_are_dropped(target: Cluster, door: str):
    context = zmq.Context()
    try:
        sender = context.socket(zmq.DEALER)
        sender.linger = 1000
        sender.connect(target.head.url(door))
        try:
            for seed in range(300):
                sender.send_multipart(garbage(seed), zmq.NOBLOCK)
        except zmq.Again:
            assert door != "zmq"  # Lanes between nodes are encrypted: they hang up at once, and nothing is left to send to.
        sender.close()
    finally:
        context.destroy(linger=1000)

    target.check_answers()
    with troupe.Client(target.gateway.url("zmq"), timeout=10) as client:
        assert client.generate("clerk", "47 + 58 =", temperature=0).text == " 105"


@pytest.mark.parametrize("door", ["http", "admin", "metrics", "zmq", "control", "request"])
def test_bytes_of_noise_are_no_harm(target: Cluster, door: str):
    url = urlsplit(target.head.url(door))
    rng = random.Random(door)
    for size in (1, 10, 100, 5000, 100_000):
        with socket.create_connection((url.hostname, url.port), timeout=10) as raw:
            try:
                raw.sendall(rng.randbytes(size))
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(65536):
                    pass
            except OSError:
                pass  # Cut off, as it should be.

    target.check_answers()


# --- Models


def test_a_truncated_model_fails_with_the_reason_and_others_serve_on(target: Cluster, tmp_path: Path):
    folder = tmp_path / "broken"
    shutil.copytree(CLERK / "2", folder)
    weights = folder / "model.safetensors"
    with weights.open("r+b") as file:
        file.truncate(weights.stat().st_size // 2)
    target.run("model", "add", "broken@1", folder)

    deployed = target.cli("deploy", "broken@1", "--wait-timeout", "3s")

    assert deployed.code in (FAILED, TIMED_OUT)
    assert "model.safetensors" in deployed.err

    def replica() -> dict:
        return next(iter(target.replicas("broken-1").values()), {})

    wait_until(lambda: replica().get("state") in ("backing_off", "failed"), "the replica is said to fail")
    reason = replica()["reason"]
    print(f"\n{reason}")
    assert "model.safetensors" in reason
    assert any(character.isdigit() for character in reason)
    assert not target.run("status", "--json").json()["healthy"]
    assert reason in target.run("status").out
    answer = target.ask("x", "broken")
    assert answer.status == 503 and "retry-after" in answer.headers
    target.check_answers()
    target.run("delete", "deployment", "broken-1")
    wait_until(lambda: target.api("status")["healthy"], "it is gone")


def test_a_folder_that_is_no_model_is_refused_or_fails_with_the_reason(target: Cluster, tmp_path: Path):
    missing = target.cli("model", "add", "absent@1", tmp_path / "absent")
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = target.cli("model", "add", "empty@1", empty)

    assert missing.code in (FAILED, USAGE) and "absent" in missing.err
    assert nothing.code in (FAILED, USAGE) and "empty" in nothing.err


# --- Ports


@pytest.mark.parametrize(
    ("option", "door"),
    [
        ("--port", "control"),
        ("--http-port", "http"),
        ("--grpc-port", "grpc"),
        ("--zmq-port", "zmq"),
        ("--admin-port", "admin"),
    ],
)
def test_a_busy_port_is_named_with_its_option(target: Cluster, tmp_path: Path, option: str, door: str):
    port = target.head.url(door).rpartition(":")[2]
    ports = {
        "--port": "0",
        "--http-port": "0",
        "--grpc-port": "0",
        "--zmq-port": "0",
        "--metrics-port": "0",
        "--admin-port": "0",
        option: port,
    }
    arguments = [text for pair in ports.items() for text in pair]

    result = target.cli("start", "--head", "--block", "--data-dir", tmp_path, *arguments)

    assert result.code == FAILED, result
    assert port in result.err and option in result.err, result.err
