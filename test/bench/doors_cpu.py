"""CPU that a node spends on each request, by door: the same tensor over HTTP, over gRPC and in a gRPC stream, asked by
Triton's clients one at a time (the stream: as fast as they go). The back end is an echo on a thread of the node.

    TROUPE_BINARY=build/release/bin/troupe .venv/bin/python test/bench/doors_cpu.py
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support/python"))

import numpy as np
import tritonclient.grpc as over_grpc
import tritonclient.http as over_http
from troupe_cluster import Cluster, Node, deployment

SIZES = {16: 4000, 16 << 10: 4000, 1 << 20: 400}  # Bytes: requests.


def cpu_us(node: Node) -> float:
    fields = Path(f"/proc/{node.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def ask(module, address: str, array: np.ndarray, count: int) -> None:
    with module.InferenceServerClient(address) as client:
        tensor = module.InferInput("x", [array.size], "FP32")
        tensor.set_data_from_numpy(array)
        for _ in range(count):
            client.infer("echo", [tensor])


def stream(address: str, array: np.ndarray, count: int) -> None:
    answered = threading.Semaphore(0)
    with over_grpc.InferenceServerClient(address) as client:
        tensor = over_grpc.InferInput("x", [array.size], "FP32")
        tensor.set_data_from_numpy(array)
        client.start_stream(lambda result, error: answered.release())
        for _ in range(count):
            client.async_stream_infer("echo", [tensor])
        for _ in range(count):
            answered.acquire()
        client.stop_stream()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        try:
            node = cluster.start_head()
            cluster.apply(deployment("echo", "echo@1", backend="echo", isolation="thread"))
            cluster.wait_for_traffic("echo")
            http, grpc = (node.url(door).partition("://")[2] for door in ("http", "grpc"))
            for size, count in SIZES.items():
                array = np.zeros(size // 4, dtype=np.float32)
                doors: dict[str, Callable[[int], None]] = {
                    "http": lambda n: ask(over_http, http, array, n),
                    "grpc": lambda n: ask(over_grpc, grpc, array, n),
                    "grpc stream": lambda n: stream(grpc, array, n),
                }
                for door, run in doors.items():
                    run(50)
                    before = cpu_us(node)
                    run(count)
                    print(f"{size:8d} bytes, {door:12s} {(cpu_us(node) - before) / count:8.1f} CPU-us a request")
        finally:
            cluster.close()


if __name__ == "__main__":
    main()
