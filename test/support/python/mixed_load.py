"""MixedLoad: an open loop of unary and streaming requests by HTTP and ZeroMQ at several gateways, and what became of
them. The requests are made by `troupe bench`, one process a kind, so that they cost little beside the cluster."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List

from polling import wait_until
from troupe_cluster import BINARY, Cluster, Node


@dataclass
class Kind:
    """One process: what it asks, where, and how it went."""

    gateway: str
    door: str
    model: str
    is_stream: bool
    process: subprocess.Popen

    def __str__(self) -> str:
        return f"{self.model} by {self.door}{', streamed' if self.is_stream else ''}, at {self.gateway}"


@dataclass
class Ended:
    kind: Kind
    report: Dict

    @property
    def errors(self) -> Dict[str, int]:
        return self.report["errors"]


def is_connected(pid: int) -> bool:
    """Whether a process of this network namespace has an open TCP connection."""
    sockets = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            sockets.add(os.readlink(fd))
        except FileNotFoundError:  # Closed meanwhile.
            pass
    established = "01"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(row[3] == established and f"socket:[{row[9]}]" in sockets for row in rows)


class MixedLoad:
    """`rate` requests a second at each of `gateways`, in equal parts of every model, door and way to answer, for
    `seconds`. The models answer text."""

    def __init__(self, cluster: Cluster, gateways: Iterable[Node], models: Iterable[str], rate: float, seconds: float):
        kinds = [(door, model, stream) for door in ("http", "zmq") for model in models for stream in (False, True)]
        self._cluster = cluster
        self.kinds: List[Kind] = [
            self._start(gateway, door, model, stream, rate / len(kinds), seconds)
            for gateway in gateways
            for door, model, stream in kinds
        ]
        self._seconds = seconds

    def _start(self, gateway: Node, door: str, model: str, stream: bool, rate: float, seconds: float) -> Kind:
        arguments = [BINARY, "bench", model, "--door", door, f"--{door}", gateway.url(door), "--rate", f"{rate:g}"]
        arguments += ["--duration", f"{seconds:g}s", "--warm-up", "0s", "--concurrency", "256", "--timeout", "20s"]
        arguments += ["--prompt", "one two three four five", "--json", *(["--stream"] if stream else [])]
        process = subprocess.Popen(
            list(map(str, arguments)), env=self._cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return Kind(gateway.name, door, model, stream, process)

    def wait_until_begun(self) -> None:
        """Until each process is connected to its door."""
        wait_until(lambda: all(is_connected(kind.process.pid) for kind in self.kinds), "the load has begun")

    def wait(self, gateways: Iterable[str]) -> List[Ended]:
        """Until the time is over and every request has ended that went to these."""
        ended = []
        for kind in self.kinds:
            if kind.gateway not in gateways:
                continue
            out, err = kind.process.communicate(timeout=self._seconds + 40)
            assert out, f"{kind}: {err}"
            ended.append(Ended(kind, json.loads(out)))
        return ended

    def stop(self) -> None:
        """Ends what still runs."""
        for kind in self.kinds:
            if kind.process.poll() is None:
                kind.process.kill()
                kind.process.communicate()

    def __enter__(self) -> MixedLoad:
        return self

    def __exit__(self, *unused: object) -> None:
        self.stop()


def summary(ended: Iterable[Ended]) -> str:
    """A line a kind: how many were answered, and latencies in ms."""
    lines = []
    for one in ended:
        latency = one.report["latency"]
        times = ", ".join(f"{key} {value}" for key, value in latency.items())
        lines.append(f"{one.kind}: {one.report['answered']} answered, errors {one.errors or 'none'}, {times}")
    return "\n".join(lines)
