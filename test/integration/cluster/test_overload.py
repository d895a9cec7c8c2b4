"""Ten times what a replica can do, in an open loop: what is too much is refused at once, the rest is served, and nothing
grows."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import Any, Dict, List

import pytest
from troupe_cluster import BINARY, Cluster, Node, deployment

CAPACITY = 400  # Requests a second: 8 slots x 20 ms.
MAX_QUEUE = 64


def rss_mib(node: Node) -> float:
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


class Watch:
    """Reads the replica's queue and the node's memory until it is left."""

    def __init__(self, cluster: Cluster, node: Node, every_s: float):
        self.depths: List[int] = []
        self.rss: List[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(cluster, node, every_s))

    def _run(self, cluster: Cluster, node: Node, every_s: float) -> None:
        while not self._over.wait(every_s):
            (replica,) = cluster.replicas("narrow").values()
            self.depths.append(replica["waiting"])
            self.rss.append(rss_mib(node))

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._over.set()
        self._thread.join()


def flood(cluster: Cluster, door: str, seconds: int) -> Dict[str, Any]:
    command = [BINARY, "bench", "narrow", "--door", door, "--rate", 10 * CAPACITY, "--duration", f"{seconds}s"]
    command += ["--warm-up", "2s", "--tensor-bytes", "64", "--timeout", "10s", "--json"]
    ran = subprocess.run(list(map(str, command)), env=cluster.environment, capture_output=True, text=True, timeout=seconds + 60)
    assert ran.returncode == 0, ran
    return json.loads(ran.stdout)


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
@pytest.mark.parametrize("door", ["http", "zmq"])
def test_ten_times_its_capacity_costs_a_replica_nothing_but_refusals(cluster: Cluster, door: str, seconds: int):
    node = cluster.start_head()
    cluster.apply(
        deployment("narrow", "narrow@1", backend="echo", echo={"slots": 8, "delay": "20ms"}, batching={"max_queue": MAX_QUEUE})
    )
    cluster.wait_for_traffic("narrow")

    with Watch(cluster, node, every_s=0.5) as watch:
        report = flood(cluster, door, seconds)

    goodput = report["answered"] / report["seconds"]
    rejection = report["rejection"]
    print(
        f"\n{door}, {seconds} s at {10 * CAPACITY}/s: {goodput:.0f} answered a second, p99 {report['latency']['p99_ms']:.1f} ms; "
        f"{report['rejected']} rejected, p50 {rejection['p50_ms']:.2f}, p99 {rejection['p99_ms']:.2f} ms; at most "
        f"{max(watch.depths)} waited; RSS {watch.rss[0]:.1f} to {watch.rss[-1]:.1f} MiB"
    )
    assert set(report["errors"]) <= {"overloaded"}, report["errors"]
    assert report["rejected"] > 0 and report["rejected_without_time"] == 0
    assert max(watch.depths) <= MAX_QUEUE
    assert goodput > CAPACITY / 2, "it serves on under the flood"
    assert watch.rss[-1] < watch.rss[len(watch.rss) // 3] * 1.25 + 8, "nothing piles up"
