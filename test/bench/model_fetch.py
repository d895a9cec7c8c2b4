"""How fast a worker fetches a version over the bus, beside a plain copy and a plain socket, and what requests feel of it.

    .venv/bin/python test/bench/model_fetch.py 500

One head with a gateway and two workers with data roots of their own, all on this machine; clerk answers sums on the first
while the second fetches so many MiB.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / path) for path in ("test/support/python", "runtime/client/python/src", "examples/models/clerk")]

from load import Load, Outcome  # noqa: E402
from polling import wait_until  # noqa: E402
from troupe_cluster import CLERK, Cluster, Node, deployment  # noqa: E402

MIB = 1 << 20
BLOCK = MIB


def start_far_worker(cluster: Cluster, name: str) -> Node:
    token = (cluster.head.folder / "join-token").read_text().strip()
    data, cluster.data = cluster.data, cluster.root / f"far-{name}"
    try:
        return cluster.start(name, cpus=1, extra=["--data-dir", str(cluster.data), "--token", token])
    finally:
        cluster.data = data


def copied(source: Path, target: Path) -> float:
    """Seconds of `cp` and a sync."""
    begun = time.monotonic()
    shutil.copyfile(source, target)
    synced(target)
    return time.monotonic() - begun


def sent(source: Path, target: Path) -> float:
    """Seconds of a socket over loopback, neither encrypted nor hashed, and a sync."""
    door = socket.create_server(("127.0.0.1", 0))

    def send() -> None:
        with door.accept()[0] as connection, source.open("rb") as file:
            connection.sendfile(file)

    thread = threading.Thread(target=send)
    begun = time.monotonic()
    thread.start()
    with socket.create_connection(door.getsockname()) as connection, target.open("wb") as file:
        while block := connection.recv(BLOCK):
            file.write(block)
    synced(target)
    thread.join()
    door.close()
    return time.monotonic() - begun


def synced(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def fetched(worker: Node) -> float:
    """Seconds between the log's lines."""
    times = {}
    for line in worker.log.read_text().splitlines():
        if line.startswith("{") and (entry := json.loads(line)).get("component") == "fetcher":
            times[entry["msg"]] = datetime.fromisoformat(entry["ts"].replace("Z", "+00:00")).timestamp()
    return times["model is here"] - times["model is fetched"]


def quantiles(outcomes: List[Outcome], begun: float, ended: float) -> str:
    took = sorted(one.ended - one.begun for one in outcomes if begun <= one.begun < ended)
    if not took:
        return "no requests"
    at = lambda share: took[min(len(took) - 1, int(len(took) * share))] * 1000  # noqa: E731
    return f"{len(took)} requests, p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, longest {took[-1] * 1000:.1f} ms"


def main(mib: int) -> None:
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as root:
        cluster = Cluster(Path(root))
        try:
            measure(cluster, mib)
        finally:
            cluster.close()


def measure(cluster: Cluster, mib: int) -> None:
    cluster.start_head(roles="head,gateway")
    start_far_worker(cluster, "worker-1")
    cluster.add_clerk("2")
    cluster.apply(deployment("clerk-2", "clerk@2", resources={"cpus": 0.5}))
    cluster.wait_for_traffic("clerk@2")
    folder = cluster.root / "big"
    shutil.copytree(CLERK / "2", folder)
    ballast = folder / "ballast.bin"
    with ballast.open("wb") as out:
        for _ in range(mib):
            out.write(os.urandom(MIB))
    plain = copied(ballast, cluster.root / "copy.bin")
    wire = sent(ballast, cluster.root / "sent.bin")
    cluster.run("model", "add", "clerk@3", folder, timeout=600)
    worker = start_far_worker(cluster, "worker-2")
    target = worker.folder / "models/clerk/3"
    with Load(cluster.gateway.url("http"), clients=2) as load:
        wait_until(lambda: load.answered_since(0) > 20, "requests are answered")
        quiet = time.monotonic()
        time.sleep(5)
        begun = time.monotonic()
        cluster.apply(deployment("clerk-3", "clerk@3", weight=0, resources={"cpus": 1}), wait=False)
        wait_until(target.exists, "it has come", 600)
        ended = time.monotonic()
    seconds = fetched(worker)
    print(f"copy and sync    {mib / plain:7.0f} MiB/s")
    print(f"socket and sync  {mib / wire:7.0f} MiB/s")
    print(f"fetch            {mib / seconds:7.0f} MiB/s, encrypted, hashed, synced; requests beside it")
    print(f"before: {quantiles(load.outcomes(), quiet, begun)}")
    print(f"during: {quantiles(load.outcomes(), begun, ended)}")
    print(f"failed: {len(load.problems())}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
