"""The head is killed at every step of a write, and at random: what it acknowledged is there, the rest whole or absent."""

from __future__ import annotations

import http.client
import random
import re
import threading
import time
from pathlib import Path
from typing import Callable, Dict, Optional, Set

import pytest
from admin import Admin
from http_client import Answer
from troupe_cluster import Cluster, Node

FILES = {"weights.bin": b"w" * 70_000, "config.json": b"{}", "sub/vocab.txt": b"a\nb\n"}
LOST = (OSError, http.client.HTTPException)


def make_source(folder: Path) -> Path:
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def check_model_files(cluster: Cluster, listed: Set[str]) -> None:
    """Every listed version has all its files, and nothing else is in the store."""
    store = cluster.data / "head/models"
    found = {f"{version.parent.name}@{version.name}" for version in store.glob("[!.]*/*")}
    assert found == listed
    for name, _, version in (one.partition("@") for one in listed):
        for path, content in FILES.items():
            assert (store / name / version / path).read_bytes() == content
    assert list((store / ".incoming").iterdir()) == []


def start_head(cluster: Cluster, crash_at: str = "") -> Node:
    """On the folder of the one before."""
    if crash_at:
        cluster.environment["TROUPE_CRASH_AT"] = crash_at
    try:
        return cluster.start_head(roles="head")
    finally:
        cluster.environment.pop("TROUPE_CRASH_AT", None)


def dies_in(head: Node, write: Callable[[Admin], Answer]) -> None:
    with Admin(head) as admin, pytest.raises(LOST):
        write(admin)
    assert head.process.wait(10) == -9


def test_a_head_killed_at_any_step_of_a_control_write_keeps_it_whole_or_not_at_all(cluster: Cluster):
    # The first commit of a head is its epoch.
    points = {"control.before_commit:2": False, "control.after_commit:2": True, "head.before_answer": True}
    with Admin(start_head(cluster)) as admin:
        for name in ("changed", "deleted"):
            assert admin.set_echo(name, 1).status == 200
    cluster.head.kill()

    for round_, (point, is_kept) in enumerate(points.items()):
        new = f"new-{round_}"
        dies_in(start_head(cluster, point), lambda admin: admin.set_echo(new, 3))
        with Admin(start_head(cluster)) as admin:
            assert admin.replicas_wished(new) == (3 if is_kept else None), point
            before = admin.replicas_wished("changed")
        cluster.head.kill()

        dies_in(start_head(cluster, point), lambda admin: admin.set_echo("changed", before + 1))
        dies_in(start_head(cluster, point), lambda admin: admin.delete("deployments/deleted"))
        with Admin(start_head(cluster)) as admin:
            assert admin.replicas_wished("changed") == (before + 1 if is_kept else before), point
            assert (admin.replicas_wished("deleted") is None) == is_kept, point
            # What was not done can be done now, on the revision that the store is at.
            assert admin.set_echo(new, 4).status == 200
            assert admin.set_echo("changed", 7).status == 200
            assert admin.set_echo("deleted", 1).status == 200
        cluster.head.kill()


@pytest.mark.parametrize("point", ["control.before_commit", "control.after_commit"])
def test_a_head_killed_while_it_begins_its_epoch_starts_again(cluster: Cluster, point: str):
    with pytest.raises(AssertionError, match="ended with -9"):
        start_head(cluster, point)

    with Admin(start_head(cluster)) as admin:
        first = admin.get("status")["epoch"]
    cluster.head.kill()
    with Admin(start_head(cluster)) as admin:
        assert admin.get("status")["epoch"] > first


def test_a_head_killed_at_any_step_of_a_model_write_has_the_version_whole_or_not_at_all(cluster: Cluster):
    source = make_source(cluster.root / "source")
    adds = {
        "model.before_files": False,
        "model.after_file:2": False,
        "model.before_manifest": False,
        "model.before_rename": False,
        "model.after_rename": True,
        "head.before_answer": True,
    }
    removes = {"model.before_remove": True, "model.after_remove": False, "head.before_answer": False}
    for version, (point, is_kept) in enumerate(adds.items()):
        dies_in(start_head(cluster, point), lambda admin: admin.add_model("m", version, source))
        with Admin(start_head(cluster)) as admin:
            assert (f"m@{version}" in admin.models()) == is_kept, point
            check_model_files(cluster, admin.models())
            # Again: done now, or found to be done.
            assert admin.add_model("m", version, source).status == 201
            check_model_files(cluster, admin.models())
        cluster.head.kill()

    for version, (point, is_kept) in enumerate(removes.items()):
        dies_in(start_head(cluster, point), lambda admin: admin.delete(f"models/m@{version}"))
        with Admin(start_head(cluster)) as admin:
            assert (f"m@{version}" in admin.models()) == is_kept, point
            check_model_files(cluster, admin.models())
        cluster.head.kill()


def test_a_crash_point_that_does_not_exist_is_refused(cluster: Cluster):
    cluster.environment["TROUPE_CRASH_AT"] = "control.after_comit"

    refused = cluster.cli("start", "--head", "--block")

    assert refused.code == 2
    assert "did you mean control.after_commit?" in refused.err


class Writer:
    """One thread of admin writes on names of its own, with a journal: what was acknowledged last, and what was asked
    since and may have been done."""

    def __init__(self, number: int, source: Path):
        self._random = random.Random(number)
        self._source = source
        self._names = [f"w{number}-{i}" for i in range(3)]
        self.deployments: Dict[str, Set[Optional[int]]] = {name: {None} for name in self._names}
        # Of other names than the deployments, which would forbid to remove them.
        self.models: Dict[str, Set[bool]] = {f"model-{name}@1": {False} for name in self._names}
        self.acknowledged = 0
        self.problem: Optional[AssertionError] = None

    def run(self, head: Node) -> None:
        """Until the head is gone."""
        try:
            with Admin(head) as admin:
                while True:
                    self._write(admin)
        except LOST:
            return
        except AssertionError as problem:
            self.problem = problem

    def _write(self, admin: Admin) -> None:
        name = self._random.choice(self._names)
        kind = self._random.random()
        if kind < 0.5:
            self._ask(self.deployments[name], self._random.randrange(1, 1000), lambda r: admin.set_echo(name, r))
        elif kind < 0.7:
            self._ask(self.deployments[name], None, lambda _: admin.delete(f"deployments/{name}"))
        elif kind < 0.9:
            self._ask(self.models[f"model-{name}@1"], True, lambda _: admin.add_model(f"model-{name}", 1, self._source))
        else:
            self._ask(self.models[f"model-{name}@1"], False, lambda _: admin.delete(f"models/model-{name}@1"))

    def _ask(self, possible: set, wish: object, write: Callable) -> None:
        possible.add(wish)
        answer = write(wish)
        assert answer.status in (200, 201, 404), answer
        possible.clear()
        possible.add(wish)
        self.acknowledged += 1

    def check(self, deployments: Dict[str, int], models: Set[str]) -> None:
        """And takes what is as what was acknowledged."""
        assert self.problem is None, self.problem
        for name, possible in self.deployments.items():
            assert deployments.get(name) in possible, f"{name} is {deployments.get(name)}, not one of {possible}"
            self.deployments[name] = {deployments.get(name)}
        for ref, possible in self.models.items():
            assert (ref in models) in possible, f"{ref} is {'' if ref in models else 'not '}there"
            self.models[ref] = {ref in models}


def check_audit(admin: Admin, deployments: Dict[str, int]) -> None:
    """The log is whole, and what it says last of each deployment is how the deployment is."""
    verdict = admin.get("audit/verify")
    assert verdict["whole"], verdict
    last: Dict[str, Optional[int]] = {}
    for row in admin.get("audit?limit=1000")["records"]:
        if row["outcome"] != "done":
            continue
        if row["action"] == "apply":
            last[row["object"].removeprefix("Deployment ")] = int(re.findall(r"\bx(\d+)", row["change"])[-1])
        elif row["action"] == "delete deployment":
            last[row["object"]] = None
    assert {name: deployments.get(name) for name in last} == last


def check_all(cluster: Cluster, writers: list) -> None:
    with Admin(cluster.head) as admin:
        deployments = {row["name"]: row["replicas"] for row in admin.get("deployments")}
        models = admin.models()
        check_audit(admin, deployments)
    check_model_files(cluster, models)
    for writer in writers:
        writer.check(deployments, models)


def kill_while_starting(cluster: Cluster, after_s: float) -> None:
    head = Node("head", cluster.data / "head", cluster.head.arguments, cluster.environment, cluster.head.log)
    try:
        time.sleep(after_s)
    finally:
        head.kill()


def kill_rounds(cluster: Cluster, rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    source = make_source(cluster.root / "source")
    writers = [Writer(number, source) for number in range(3)]
    begun = time.monotonic()
    slowest = 0.0
    start_head(cluster)
    for round_ in range(rounds):
        threads = [threading.Thread(target=writer.run, args=(cluster.head,)) for writer in writers]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0, 0.25))
        cluster.head.kill()
        for thread in threads:
            thread.join()
        if round_ % 4 == 3:
            kill_while_starting(cluster, rng.uniform(0, 0.1))
        started = time.monotonic()
        start_head(cluster)
        slowest = max(slowest, time.monotonic() - started)
        check_all(cluster, writers)
    acknowledged = sum(writer.acknowledged for writer in writers)
    print(
        f"\nseed {seed}: {rounds} rounds in {time.monotonic() - begun:.1f} s, {acknowledged} acknowledged writes, "
        f"slowest start {slowest * 1000:.0f} ms"
    )
    assert acknowledged > rounds


def test_a_head_killed_at_random_under_admin_writes_loses_nothing_acknowledged(cluster: Cluster):
    kill_rounds(cluster, 5, seed=random.randrange(1 << 32))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_hundred_kills_at_random_lose_nothing_acknowledged(cluster: Cluster):
    kill_rounds(cluster, 100, seed=random.randrange(1 << 32))
