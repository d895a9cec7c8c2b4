"""Workers with a data root of their own get the files of models over the bus."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

from far_worker import start_far_worker
from load import Load
from polling import wait_until
from troupe_cluster import CLERK, Cluster, Node, deployment

MIB = 1 << 20


def clerk_with_ballast(folder: Path, mib: int, files: int = 1) -> Path:
    """Clerk, and so many more bytes that nothing compresses."""
    shutil.copytree(CLERK / "2", folder)
    for number in range(files):
        with (folder / f"zz-ballast-{number}.bin").open("wb") as out:
            for _ in range(mib // files):
                out.write(os.urandom(MIB))
    return folder


def cached(worker: Node, version: str = "2") -> Path:
    return worker.folder / "models/clerk" / version


def digests(folder: Path) -> dict:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def the_replica(cluster: Cluster, name: str = "clerk-2") -> dict:
    return next(iter(cluster.replicas(name).values()), {})


def test_a_worker_on_another_disk_fetches_a_version_once_and_serves_it(cluster: Cluster):
    cluster.start_head(roles="head,gateway")
    worker = start_far_worker(cluster, "worker-1")
    cluster.add_clerk("2")

    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2))
    cluster.wait_for_traffic("clerk@2")

    cluster.check_answers()
    assert digests(cached(worker)) == digests(cluster.head.folder / "models/clerk/2")
    log = worker.log.read_text()
    assert log.count("model is fetched") == 1 and log.count("model is here") == 1
    assert not list((worker.folder / "models/.incoming").iterdir())


def test_a_worker_that_shares_the_heads_data_root_reads_its_folder_in_place(cluster: Cluster):
    cluster.start_head(roles="head,gateway")
    worker = cluster.start("worker-1")
    cluster.add_clerk("2")

    cluster.apply(deployment("clerk-2", "clerk@2"))
    cluster.wait_for_traffic("clerk@2")

    cluster.check_answers()
    assert not cached(worker).exists()


def test_progress_is_seen_and_a_killed_worker_goes_on_where_it_was(cluster: Cluster):
    cluster.start_head(roles="head,gateway")
    worker = start_far_worker(cluster, "worker-1", environment={"TROUPE_CRASH_AT": "intake.after_chunk:40"})
    cluster.run("model", "add", "clerk@2", clerk_with_ballast(cluster.root / "big", 64))

    cluster.apply(deployment("clerk-2", "clerk@2"), wait=False)
    wait_until(lambda: not worker.is_running(), "it died in the middle of the fetch", 30)

    incoming = worker.folder / "models/.incoming/clerk@2"
    here = (incoming / "zz-ballast-0.bin").stat().st_size
    assert 0 < here < 64 * MIB
    seen = []
    started = time.time()
    cluster.start_again("worker-1")

    def is_ready() -> bool:
        replica = the_replica(cluster)
        seen.append((replica.get("state"), replica.get("reason", "")))
        return replica.get("state") == "ready"

    wait_until(is_ready, "its replica is ready", 60)
    cluster.wait_for_traffic("clerk@2")
    cluster.check_answers()
    assert digests(cached(cluster.nodes["worker-1"])) == digests(cluster.head.folder / "models/clerk/2")
    # What had come was not written again.
    first = min(path.stat().st_mtime for path in cached(worker).iterdir() if path.name == "config.json")
    assert first < started
    shown = {(state, reason.partition(" % of ")[1]) for state, reason in seen if state == "fetching"}
    assert shown <= {("fetching", " % of "), ("fetching", "")}


def test_a_head_that_dies_in_the_middle_delays_a_fetch_and_no_more(cluster: Cluster):
    cluster.start_head(roles="head,gateway")
    worker = start_far_worker(cluster, "worker-1")
    cluster.run("model", "add", "clerk@2", clerk_with_ballast(cluster.root / "big", 128))
    cluster.apply(deployment("clerk-2", "clerk@2"), wait=False)
    ballast = worker.folder / "models/.incoming/clerk@2/zz-ballast-0.bin"
    wait_until(lambda: ballast.exists() and ballast.stat().st_size > 4 * MIB, "the fetch is under way", 30)

    cluster.head.kill()
    assert not cached(worker).exists()
    cluster.start_again("head")

    wait_until(lambda: the_replica(cluster).get("state") == "ready", "its replica is ready", 60)
    cluster.wait_for_traffic("clerk@2")
    cluster.check_answers()
    assert digests(cached(worker)) == digests(cluster.head.folder / "models/clerk/2")


def test_a_wrong_byte_is_found_out_said_and_fetched_anew(cluster: Cluster):
    cluster.start_head(roles="head,gateway")
    worker = start_far_worker(cluster, "worker-1")
    cluster.run("model", "add", "clerk@2", clerk_with_ballast(cluster.root / "big", 3))
    ballast = cluster.head.folder / "models/clerk/2/zz-ballast-0.bin"
    right = ballast.read_bytes()
    ballast.chmod(0o600)
    ballast.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))

    cluster.apply(deployment("clerk-2", "clerk@2"), wait=False)
    wait_until(lambda: "zz-ballast-0.bin came with the sha256" in the_replica(cluster).get("reason", ""), "it is said", 30)
    assert the_replica(cluster)["state"] in ("backing_off", "failed")
    assert not cached(worker).exists()

    ballast.write_bytes(right)
    wait_until(lambda: the_replica(cluster).get("state") == "ready", "its replica is ready", 60)
    assert digests(cached(worker)) == digests(cluster.head.folder / "models/clerk/2")


def test_two_versions_come_at_once_and_a_second_worker_gets_them_from_the_first_too(cluster: Cluster):
    cluster.start_head(roles="head,gateway")
    first = start_far_worker(cluster, "worker-1", cpus=1)
    cluster.run("model", "add", "clerk@2", clerk_with_ballast(cluster.root / "big-2", 16))
    cluster.run("model", "add", "clerk@3", clerk_with_ballast(cluster.root / "big-3", 16))
    both = deployment("clerk-2", "clerk@2", resources={"cpus": 0.5}) + deployment(
        "clerk-3", "clerk@3", resources={"cpus": 0.5}
    )
    cluster.apply(both)
    assert cached(first, "2").exists() and cached(first, "3").exists()

    # The store's own copy goes bad: only who has it from before can give it.
    ballast = cluster.head.folder / "models/clerk/3/zz-ballast-0.bin"
    ballast.chmod(0o600)
    ballast.write_bytes(b"\0" * ballast.stat().st_size)
    second = start_far_worker(cluster, "worker-2", cpus=1)
    cluster.apply(deployment("clerk-3", "clerk@3", replicas=2, resources={"cpus": 0.5}))
    assert digests(cached(second, "3")) == digests(cached(first, "3"))


def test_the_cache_lets_go_of_what_no_replica_uses_and_never_of_what_one_does(cluster: Cluster):
    cluster.start_head(roles="head,gateway")
    worker = start_far_worker(cluster, "worker-1", extra=["--model-cache", "50MiB"])
    for version in ("2", "3", "4"):
        cluster.run("model", "add", f"clerk@{version}", clerk_with_ballast(cluster.root / f"big-{version}", 14))
    cluster.apply(deployment("clerk-2", "clerk@2"))
    cluster.apply(deployment("clerk-3", "clerk@3"))
    cluster.apply(deployment("clerk-4", "clerk@4"), wait=False)
    wait_until(lambda: "raise --model-cache" in the_replica(cluster, "clerk-4").get("reason", ""), "the cache is full")

    cluster.run("delete", "deployment", "clerk-2")

    wait_until(lambda: the_replica(cluster, "clerk-4").get("state") == "ready", "there is room for the third", 60)
    assert not cached(worker, "2").exists()
    assert cached(worker, "3").exists() and cached(worker, "4").exists()


def test_requests_and_heartbeats_go_on_while_much_moves(cluster: Cluster):
    cluster.start_head(roles="head,gateway")
    start_far_worker(cluster, "worker-1", cpus=1)
    cluster.add_clerk("2")
    cluster.apply(deployment("clerk-2", "clerk@2", resources={"cpus": 0.5}))
    cluster.wait_for_traffic("clerk@2")
    cluster.run("model", "add", "clerk@3", clerk_with_ballast(cluster.root / "big", 200), timeout=120)
    second = start_far_worker(cluster, "worker-2", cpus=1)

    with Load(cluster.gateway.url("http"), clients=2) as load:
        wait_until(lambda: load.answered_since(0) > 50, "requests are answered")
        begun = time.monotonic()
        cluster.apply(deployment("clerk-3", "clerk@3", weight=0, resources={"cpus": 1}), wait=False)
        wait_until(lambda: cached(second, "3").exists(), "it has come", 120)
        moved = time.monotonic()
    print(
        f"\n200 MiB in {moved - begun:.1f} s; {len(load.outcomes())} requests, the longest {load.longest() * 1000:.0f} ms"
    )
    assert load.problems() == []
    log = cluster.head.log.read_text()
    assert "node is down" not in log
