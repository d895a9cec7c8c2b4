"""Disks that are full, and files that are damaged: what is refused, what is said, and what goes on."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import List

import pytest
from admin import Admin
from http_client import Http
from polling import wait_until
from troupe_cluster import BINARY, CLERK, Cluster, Node, deployment

DISK = "24m"
DATA = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [1, 2]}]}


class SmallDisk:
    """A head with everything whose data lies on a small disk of its own, in a mount namespace that ends with it."""

    def __init__(self, cluster: Cluster):
        folder = cluster.data
        folder.mkdir()
        mount = f'mount -t tmpfs -o size={DISK},mode=700 tmpfs "{folder}"'
        tried = subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True, text=True)
        if tried.returncode != 0:
            pytest.skip(f"this user may not mount a small disk: {tried.stderr.strip()}")
        ports = [f"--{door}-port=0" for door in ("http", "zmq", "metrics", "admin")]
        self.node = Node(
            "head",
            folder / "head",
            ["start", "--head", "--block", "--name", "head", "--port=0", *ports, "--num-cpus", "4", "--memory", "1GiB"],
            cluster.environment,
            cluster.root / "head.log",
            prefix=["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"],
        )
        cluster.nodes["head"] = self.node
        # The namespace as others see it; unshare and sh have become the node, under one pid.
        self.folder = Path(f"/proc/{self.node.process.pid}/root{folder}")
        self.node.folder = self.folder / "head"
        self.node.wait_until_ready()

    def fill(self) -> None:
        block = b"x" * (1 << 16)
        with (self.folder / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(block)
            except OSError:
                pass

    def empty(self) -> None:
        (self.folder / "filler").unlink()


def check_serving(node: Node, model: str) -> None:
    with Http(node.url("http")) as door:
        assert door.post(f"/v2/models/{model}/infer", DATA).status == 200


def test_a_full_disk_refuses_writes_and_nothing_else_and_takes_them_when_there_is_room(cluster: Cluster):
    disk = SmallDisk(cluster)
    head = disk.node
    with Admin(head) as admin, Http(head.url("http")) as door:
        assert admin.set_echo("kept", 1).status == 200
        wait_until(lambda: door.get("/v2/models/kept/ready").status == 200, "it serves")
        epoch = admin.get("status")["epoch"]

        disk.fill()
        # Small records may still find room in the log's last block; what finds none is refused from then on.
        refused = wait_until(
            lambda: next((a for a in (admin.set_echo("kept", n) for n in (2, 1)) if a.status != 200), None),
            "the disk is full for the head too",
        )
        wished = admin.replicas_wished("kept")
        for answer in (refused, admin.set_echo("new", 1), admin.delete("deployments/kept")):
            assert answer.status == 503, answer
            assert int(answer.headers["retry-after"]) >= 1
            error = answer.json()["error"]
            assert error["code"] == "resource_exhausted"
            assert "No space left on device" in error["message"] and "/head/control" in error["message"]
        answer = admin.add_model("clerk", "2", CLERK / "2")
        assert answer.status == 503, answer
        assert "No space left on device" in answer.json()["error"]["message"]
        assert "/head/models" in answer.json()["error"]["message"]
        said = cluster.cli(
            "apply", "-f", "-", "--address", head.url("admin"), "--key-file", head.folder / "admin.key",
            stdin=deployment("new", "new@1", backend="echo"),
        )  # fmt: skip
        assert said.code == 1 and "No space left on device" in said.err

        assert admin.replicas_wished("new") is None
        assert admin.replicas_wished("kept") == wished
        assert admin.get("models") == []
        check_serving(head, "kept")

        disk.empty()
        assert admin.set_echo("new", 1).status == 200
        assert admin.add_model("clerk", "2", CLERK / "2").status == 201
        assert admin.delete("deployments/kept").status == 200
        wait_until(lambda: door.get("/v2/models/new/ready").status == 200, "the new one serves")
        check_serving(head, "new")
        assert admin.get("status")["epoch"] == epoch


def test_a_head_on_a_full_disk_does_not_start_and_says_why(cluster: Cluster):
    disk = SmallDisk(cluster)
    disk.fill()
    # In the head's namespace, where its disk is.
    started = subprocess.run(
        ["nsenter", "-t", str(disk.node.process.pid), "-m", str(BINARY.resolve()), "start", "--head",
         "--block", "--name", "second", "--port=0", "--http-port=0", "--grpc-port=0", "--zmq-port=0", "--metrics-port=0",
         "--admin-port=0"],
        env=cluster.environment, capture_output=True, text=True, timeout=30,
    )  # fmt: skip

    assert started.returncode == 1, started
    assert "No space left on device" in started.stderr


def test_a_head_on_a_read_only_disk_does_not_start_and_says_why(cluster: Cluster):
    folder = cluster.data
    folder.mkdir()
    mount = f'mount -t tmpfs -o mode=700 tmpfs "{folder}" && mount -o remount,ro "{folder}"'
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a disk")
    ports = [f"--{door}-port=0" for door in ("http", "zmq", "metrics", "admin")]
    started = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", str(BINARY.resolve()), "start", "--head", "--block",
         "--name", "head", "--port=0", *ports],
        env=cluster.environment, capture_output=True, text=True, timeout=30,
    )  # fmt: skip

    assert started.returncode == 1, started
    assert "Read-only file system" in started.stderr and str(folder) in started.stderr


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    mode = file.stat().st_mode
    os.chmod(file, 0o600)
    file.write_bytes(content)
    os.chmod(file, mode)


def files_of(folder: Path, pattern: str) -> List[Path]:
    return [file for file in folder.glob(pattern) if file.stat().st_size > 0]


def test_a_head_with_a_damaged_control_database_refuses_to_start_and_says_what_to_do(cluster: Cluster):
    with Admin(cluster.start_head(roles="head")) as admin:
        for number in range(5):
            assert admin.set_echo(f"echo-{number}", 1).status == 200
    cluster.head.kill()
    control = cluster.data / "head/control"
    for file in files_of(control, "*.log") + files_of(control, "MANIFEST-*"):
        whole = file.read_bytes()
        flip_a_byte(file)

        refused = cluster.cli(*cluster.head.arguments)

        assert refused.code == 1, refused
        assert str(file) in refused.err and "troupe backup restore" in refused.err
        file.write_bytes(whole)

    with Admin(cluster.start_head(roles="head")) as admin:
        assert len(admin.get("deployments")) == 5


def test_a_damaged_model_fails_with_its_reason_and_others_serve(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("1", "2")
    store = cluster.data / "head/models/clerk"
    weights = max((store / "1").iterdir(), key=lambda file: file.stat().st_size)
    flip_a_byte(weights)

    cluster.apply(deployment("clerk-2", "clerk@2") + deployment("clerk-1", "clerk@1"), wait=False)

    def reason() -> str:
        return " ".join(replica.get("reason", "") for replica in cluster.replicas("clerk-1").values())

    wait_until(lambda: str(weights) in reason(), "the replica's reason names the damaged file")
    cluster.wait_for_traffic("clerk@2")
    cluster.check_answers()


def test_a_damaged_manifest_hides_its_version_and_no_other(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("1", "2")
    cluster.apply(deployment("clerk-2", "clerk@2"))
    cluster.head.kill()
    manifest = cluster.data / "head/models/clerk/1/troupe-manifest.json"
    os.chmod(manifest, 0o600)
    manifest.write_text(manifest.read_text()[:100])

    cluster.start_again("head")

    assert [f"{row['name']}@{row['version']}" for row in cluster.api("models")] == ["clerk@2"]
    assert str(manifest) in cluster.head.tail()
    cluster.wait_for_traffic("clerk@2")
    cluster.check_answers()
    assert json.loads((cluster.data / "head/models/clerk/2/troupe-manifest.json").read_text())["version"] == "2"
