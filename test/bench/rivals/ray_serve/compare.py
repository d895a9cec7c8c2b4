"""Loads the same work on Troupe and on Ray Serve in turn, with wrk, and prints medians and ratios."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
sys.path.insert(0, str(ROOT / "test/support/python"))
os.environ.setdefault("TROUPE_BINARY", str(ROOT / "build/release/bin/troupe"))
from troupe_cluster import Cluster  # noqa: E402

BODY = json.dumps({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1.0, 2.0, 3.0, 4.0]}]})
DOUBLED = [2.0, 4.0, 6.0, 8.0]
READY_S = 120
WARM_UP_S = 2
TICKS = os.sysconf("SC_CLK_TCK")

# wrk tells what it saw as one line of JSON.
LUA = """
wrk.method = "POST"
wrk.body = %s
wrk.headers["content-type"] = "application/json"
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests": %%d, "us": %%d, "errors": %%d, "p50": %%f, "p99": %%f}\\n', summary.requests,
    summary.duration, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass
class Server:
    """One system that serves the work at `url`; its processes carry `mark` in their environment."""

    name: str
    url: str
    mark: str


@dataclass
class Sample:
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # Of the server's processes, a request.


def processes(mark: str) -> List[int]:
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            environment = Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"RIVAL_MARK={mark}".encode() in environment:
            found.append(int(entry))
    return found


def cpu_seconds(mark: str) -> float:
    ticks = 0
    for pid in processes(mark):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def post(url: str) -> Dict:
    request = urllib.request.Request(url, BODY.encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def wait_until_right(server: Server, expected: List[float]) -> None:
    """Both must do the work: the answer is compared, not its status alone."""
    until = time.monotonic() + READY_S
    while True:
        try:
            data = post(server.url)["outputs"][0]["data"]
            break
        except OSError as error:
            if time.monotonic() > until:
                raise SystemExit(f"{server.name} did not answer at {server.url} in {READY_S} s: {error}")
            time.sleep(0.2)
    if data != expected:
        raise SystemExit(f"{server.name} answered {data} in place of {expected}")


def measure(server: Server, open_requests: int, seconds: int) -> Sample:
    load(server, open_requests, WARM_UP_S)
    return load(server, open_requests, seconds)


def load(server: Server, open_requests: int, seconds: int) -> Sample:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % json.dumps(BODY))
        script.flush()
        before = cpu_seconds(server.mark)
        ran = subprocess.run(
            ["wrk", "-t1", f"-c{open_requests}", f"-d{seconds}s", "--timeout", "10s", "-s", script.name, server.url],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        cpu = cpu_seconds(server.mark) - before
    result = json.loads(re.search(r"RESULT (\{.*\})", ran.stdout).group(1))
    if result["errors"]:
        raise SystemExit(f"{server.name} failed {result['errors']} of {result['requests']} requests")
    return Sample(result["requests"] / result["us"] * 1e6, result["p50"] / 1e3, result["p99"] / 1e3,
                  cpu / max(1, result["requests"]) * 1e6)  # fmt: skip


def start_troupe(folder: Path) -> tuple[Cluster, List[Server]]:
    mark = uuid.uuid4().hex
    cluster = Cluster(folder / "troupe")
    cluster.root.mkdir()
    cluster.environment["RIVAL_MARK"] = mark
    head = cluster.start_head()
    python = ROOT / ".venv/bin/python"
    for command in (["doubled:Doubled", "--python", python], ["echo@1", "--backend", "echo"]):
        done = cluster.cli("deploy", *command, "--wait-timeout", "60s", cwd=HERE)
        if done.code != 0:
            cluster.close()
            raise SystemExit(f"troupe deploy failed: {done.err}")
    models = f"{head.url('http')}/v2/models"
    return cluster, [Server("troupe, Python", f"{models}/doubled/infer", mark),
                     Server("troupe, echo", f"{models}/echo/infer", mark)]  # fmt: skip


def start_ray(folder: Path, mode: str, http_port: int) -> tuple[Callable[[], None], Server]:
    """mode: default or fastest, which is Ray's throughput mode with HAProxy in front."""
    mark = uuid.uuid4().hex
    environment = {**os.environ, "RIVAL_MARK": mark, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(HERE)}
    if mode == "fastest":
        environment |= {"RAY_SERVE_THROUGHPUT_OPTIMIZED": "1", "RAY_SERVE_ENABLE_HA_PROXY": "1"}
    log = (folder / f"ray-{mode}.log").open("wb")
    code = (
        "import ray, time; from ray import serve; from ray_app import app; "
        f"ray.init(include_dashboard=False, _temp_dir='{folder}/r'); "
        f"serve.start(http_options={{'host': '127.0.0.1', 'port': {http_port}}}); serve.run(app); time.sleep(86400)"
    )
    driver = subprocess.Popen([ROOT / "build/rivals/ray/bin/python", "-c", code], env=environment, cwd=HERE, stdout=log, stderr=log)

    def stop() -> None:
        driver.send_signal(signal.SIGINT)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in processes(mark):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            until = time.monotonic() + 8
            while processes(mark) and time.monotonic() < until:
                time.sleep(0.2)
        driver.wait()

    return stop, Server(f"ray serve, {mode}", f"http://127.0.0.1:{http_port}/", mark)


def median(samples: List[Sample]) -> Sample:
    return Sample(*(statistics.median(getattr(s, field) for s in samples) for field in Sample.__annotations__))


def report(open_requests: int, results: Dict[str, List[Sample]]) -> None:
    base = median(results["troupe, Python"])
    for name, samples in results.items():
        one = median(samples)
        rates = [s.rate for s in samples]
        print(f"| {open_requests} | {name} | {one.rate:,.0f} [{min(rates):,.0f}–{max(rates):,.0f}] | {one.p50_ms:.2f} | "
              f"{one.p99_ms:.2f} | {one.cpu_us:.0f} | {base.rate / one.rate:.2f} | {one.cpu_us / base.cpu_us:.2f} |")  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--open", default="1,16,64", help="open requests, by commas")
    options.add_argument("--port", type=int, default=18011, help="of Ray Serve")
    chosen = options.parse_args()
    levels = [int(level) for level in chosen.open.split(",")]
    results: Dict[int, Dict[str, List[Sample]]] = {level: {} for level in levels}

    with tempfile.TemporaryDirectory(prefix="rivals-") as name:
        folder = Path(name)
        for _ in range(chosen.rounds):
            cluster, servers = start_troupe(Path(tempfile.mkdtemp(dir=folder)))
            try:
                for server in servers:
                    wait_until_right(server, DOUBLED if "Python" in server.name else [1.0, 2.0, 3.0, 4.0])
                    for level in levels:
                        results[level].setdefault(server.name, []).append(measure(server, level, chosen.seconds))
            finally:
                cluster.close()
            for mode in ("default", "fastest"):
                stop, server = start_ray(folder, mode, chosen.port)
                try:
                    wait_until_right(server, DOUBLED)
                    for level in levels:
                        results[level].setdefault(server.name, []).append(measure(server, level, chosen.seconds))
                finally:
                    stop()

    print("| open | server | requests/s [min–max] | p50 ms | p99 ms | server CPU-µs a request | Troupe's rate is × | its CPU is × |")
    print("|---|---|---|---|---|---|---|---|")
    for level in levels:
        report(level, results[level])


if __name__ == "__main__":
    main()
