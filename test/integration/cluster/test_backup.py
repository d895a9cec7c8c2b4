"""Backups: taken while the cluster serves and is written to, verified, and restored over a wrecked head."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from admin import Admin
from http_client import Http
from load import Load
from polling import wait_until
from troupe_cluster import Cluster, deployment


class Changes:
    """A thread that raises the replicas wished of one deployment, over and over."""

    def __init__(self, cluster: Cluster, name: str):
        self._stopping = threading.Event()
        self.acknowledged = 0
        self._thread = threading.Thread(target=self._run, args=(cluster, name))
        self._thread.start()

    def _run(self, cluster: Cluster, name: str) -> None:
        with Admin(cluster.head) as admin:
            while not self._stopping.is_set():
                assert admin.set_echo(name, self.acknowledged + 1).status == 200
                self.acknowledged += 1

    def __enter__(self) -> Changes:
        return self

    def __exit__(self, *unused: object) -> None:
        self._stopping.set()
        self._thread.join()


def wreck(cluster: Cluster) -> Path:
    """Moves the dead head's folder away, all of it."""
    folder = cluster.data / "head"
    assert not cluster.head.is_running() and cluster.root in folder.parents
    away = cluster.root / "wrecked"
    os.rename(folder, away)
    return away


def test_a_backup_taken_under_load_and_writes_brings_a_wrecked_head_back(cluster: Cluster):
    backup = cluster.root / "backup"
    cluster.start_head(roles="head")
    cluster.start("gate", roles="gateway")
    cluster.start("worker-1")
    cluster.add_clerk("1", "2")
    cluster.apply(deployment("clerk-2", "clerk@2"))
    cluster.wait_for_traffic("clerk@2")
    status, models = cluster.api("status"), cluster.api("models")

    with Load(cluster.gateway.url("http"), clients=2) as load:
        with Changes(cluster, "busy") as changes:
            wait_until(lambda: changes.acknowledged > 3, "writes go on")
            before = changes.acknowledged
            made = cluster.run("backup", "create", backup, "--json").json()
            after = changes.acknowledged
            wait_until(lambda: changes.acknowledged > after, "writes go on after it")
        assert cluster.run("backup", "verify", backup).out.startswith("whole: ")
        cluster.head.kill()
        wreck(cluster)
        cluster.run("backup", "restore", backup)
        cluster.start_again("head")
        alive = {"head": "alive", "gate": "alive", "worker-1": "alive"}
        wait_until(lambda: cluster.node_states() == alive, "all nodes have joined the restored head")
        wait_until(lambda: cluster.ready_nodes("clerk-2") == ["worker-1"], "its replica is known again")

    assert load.problems() == []
    assert before <= cluster.deployment("busy")["replicas"] <= after + 1
    assert cluster.api("models") == models
    assert cluster.api("status")["cluster"] == status["cluster"] == made["cluster"]
    assert cluster.api("status")["epoch"] > status["epoch"] == made["epoch"]
    cluster.run("delete", "deployment", "busy")  # By now it may hold every CPU that is free.
    cluster.apply(deployment("clerk-1", "clerk@1"))
    cluster.wait_for_traffic("clerk@1")


def test_a_damaged_or_truncated_backup_is_refused_and_nothing_is_overwritten(cluster: Cluster):
    backup = cluster.root / "backup"
    cluster.start_head(roles="head")
    cluster.add_clerk("2")
    cluster.run("backup", "create", backup)

    again = cluster.cli("backup", "create", backup)
    assert again.code == 1 and "exists" in again.err
    onto = cluster.cli("backup", "restore", backup)
    assert onto.code == 1 and "is not empty" in onto.err

    weights = max((backup / "models/clerk/2").iterdir(), key=lambda file: file.stat().st_size)
    whole = weights.read_bytes()
    os.chmod(weights, 0o600)
    for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        weights.write_bytes(damaged)
        found = cluster.cli("backup", "verify", backup)
        assert found.code == 1 and str(weights) in found.err
        refused = cluster.cli("backup", "restore", backup, "--name", "other")
        assert refused.code == 1 and str(weights) in refused.err
        assert not (cluster.data / "other").exists()


def test_only_the_admin_key_makes_backups_and_only_of_a_right_request(cluster: Cluster):
    head = cluster.start_head(roles="head")
    with Http(head.url("admin")) as door:
        assert door.post("/api/v1/backups", {"directory": str(cluster.root / "b")}).status == 401
    with Admin(head) as admin:
        assert admin.post("backups", {"directory": "b"}).status == 400
        assert admin.post("backups", {"folder": "/b"}).json()["error"]["field"] == "folder"
        assert admin.post("backups", {"directory": str(head.folder / "b")}).status == 400
        assert admin.post("backups", {"directory": str(cluster.root / "b")}).status == 201


@pytest.mark.parametrize("point", ["backup.after_file", "backup.before_manifest", "backup.before_rename"])
def test_a_head_killed_while_it_makes_a_backup_leaves_none(cluster: Cluster, point: str):
    backup = cluster.root / "backup"
    cluster.environment["TROUPE_CRASH_AT"] = point
    head = cluster.start_head(roles="head")
    del cluster.environment["TROUPE_CRASH_AT"]

    assert cluster.cli("backup", "create", backup).code != 0
    assert head.process.wait(10) == -9
    assert not backup.exists()
    cluster.start_again("head")

    left = cluster.cli("backup", "create", backup)
    assert left.code == 1 and ".backup.partial" in left.err
    cluster.run("backup", "create", cluster.root / "another")


def test_a_restore_killed_before_its_end_leaves_no_head_folder(cluster: Cluster):
    backup = cluster.root / "backup"
    cluster.start_head(roles="head")
    cluster.run("backup", "create", backup)
    for number, point in enumerate(("restore.after_file", "restore.before_rename")):
        cluster.environment["TROUPE_CRASH_AT"] = point

        assert cluster.cli("backup", "restore", backup, "--name", f"new-{number}").code == -9

        del cluster.environment["TROUPE_CRASH_AT"]
        assert not (cluster.data / f"new-{number}").exists()
