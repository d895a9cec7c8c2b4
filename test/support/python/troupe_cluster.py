"""A cluster of real `troupe` processes on loopback, with free ports and a folder of its own.

The binary is TROUPE_BINARY, else build/dev/bin/troupe. Nodes run with --block, so that each is a child of the test;
nothing but those children is ever signalled.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from http_client import Answer, Http
from polling import wait_until

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("TROUPE_BINARY", ROOT / "build/dev/bin/troupe")).absolute()
CLERK = ROOT / "examples/models/clerk"

START_TIMEOUT_S = 30.0
LOG_TAIL_BYTES = 6000


@dataclass
class CliResult:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class Node:
    """One `troupe start --block`. `file` is what node.json said when it was ready."""

    def __init__(
        self,
        name: str,
        folder: Path,
        arguments: Sequence[str],
        environment: Dict[str, str],
        log: Path,
        prefix: Sequence[str] = (),  # A command that becomes the program it is given.
    ):
        self.name = name
        self.folder = folder
        self.arguments = list(arguments)
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*prefix, str(BINARY), *self.arguments], env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.file: Dict[str, Any] = {}

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            code = self.process.poll()
            assert code is None, f"{self.name} ended with {code} instead of starting:\n{self.tail()}"
            try:
                file = json.loads((self.folder / "node.json").read_text())
            except (OSError, ValueError):
                return False
            # One that a killed process left behind has another pid.
            if file["pid"] != self.process.pid:
                return False
            self.file = file
            return True

        wait_until(is_ready, f"{self.name} is ready (log: {self.log})", START_TIMEOUT_S)

    def url(self, door: str) -> str:
        """door: http, grpc, admin, zmq, control, metrics."""
        return self.file["addresses"][door]

    @property
    def bus(self) -> str:
        """HOST:PORT of the bus."""
        return self.url("control").removeprefix("tcp://")

    def is_running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """kill -9"""
        self.process.kill()
        self.process.wait()

    def terminate(self, timeout: float = 30.0) -> int:
        """SIGTERM, then its exit code."""
        self.process.terminate()
        return self.process.wait(timeout)

    def tail(self) -> str:
        if not self.log.exists():
            return ""
        text = self.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        return f"--- {self.name} ({self.log})\n{text}"


class Cluster:
    """Nodes that share a data folder. Make it with the `cluster` fixture, which ends it."""

    def __init__(self, root: Path):
        self.root = root
        self.data = root / "data"
        self.nodes: Dict[str, Node] = {}
        # HOME too, so that no default reaches the user's own cluster.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TROUPE_")}
        self.environment = {**inherited, "HOME": str(root), "TROUPE_DATA_DIR": str(self.data)}

    # --- Nodes

    def start_head(self, roles: str = "head,gateway,worker", cpus: float = 16, extra: Sequence[str] = ()) -> Node:
        return self._start("head", ["--head", "--roles", roles, *extra], cpus)

    def start(self, name: str, roles: str = "worker", cpus: float = 16, extra: Sequence[str] = ()) -> Node:
        """Joins the head of this cluster."""
        return self._start(name, ["--address", self.head.bus, "--roles", roles, *extra], cpus)

    def start_again(self, name: str) -> Node:
        """With the folder and the ports it had, as an operator's unit file would."""
        before = self.nodes[name]
        assert not before.is_running()
        ports = {door: before.file["addresses"][key].rpartition(":")[2] for door, key in _port_keys(before.file)}
        arguments = list(before.arguments)
        for door, port in ports.items():
            arguments[arguments.index(f"--{door}") + 1] = port
        return self._run(name, arguments, before.folder)

    def _start(self, name: str, arguments: List[str], cpus: float) -> Node:
        doors = ("port", "http-port", "grpc-port", "zmq-port", "metrics-port", "admin-port")
        ports = [word for door in doors for word in (f"--{door}", "0")]
        room = ["--num-cpus", str(cpus), "--memory", "8GiB", "--drain-timeout", "10s"]
        return self._run(name, ["start", "--block", "--name", name, *arguments, *ports, *room])

    def _run(self, name: str, arguments: List[str], folder: Optional[Path] = None) -> Node:
        node = Node(name, folder or self.data / name, arguments, self.environment, self.root / f"{name}.log")
        self.nodes[name] = node
        node.wait_until_ready()
        return node

    @property
    def head(self) -> Node:
        return self.nodes["head"]

    @property
    def gateway(self) -> Node:
        """The one with an HTTP door; the head if it has one."""
        return next(node for node in self.nodes.values() if node.file["addresses"]["http"] and node.is_running())

    def http(self, timeout: float = 30.0) -> Http:
        return Http(self.gateway.url("http"), timeout)

    def close(self) -> None:
        """Kills what still runs."""
        for node in self.nodes.values():
            if node.is_running():
                node.kill()

    def logs(self) -> str:
        return "\n".join(node.tail() for node in self.nodes.values())

    # --- The CLI

    def cli(
        self, *arguments: object, timeout: float = 60.0, stdin: Optional[str] = None, cwd: Optional[Path] = None
    ) -> CliResult:
        ran = subprocess.run(
            [str(BINARY), *map(str, arguments)],
            env=self.environment,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=cwd,
        )
        return CliResult(ran.returncode, ran.stdout, ran.stderr)

    def run(
        self, *arguments: object, timeout: float = 60.0, stdin: Optional[str] = None, cwd: Optional[Path] = None
    ) -> CliResult:
        """cli() of what must succeed."""
        result = self.cli(*arguments, timeout=timeout, stdin=stdin, cwd=cwd)
        assert result.code == 0, f"troupe {' '.join(map(str, arguments))}: {result}"
        return result

    def apply(self, yaml: str, wait: bool = True) -> CliResult:
        return self.run("apply", "-f", "-", *(["--wait", "--wait-timeout", "60s"] if wait else []), stdin=yaml)

    def add_clerk(self, *versions: str) -> None:
        for version in versions:
            self.run("model", "add", f"clerk@{version}", CLERK / version)

    # --- Traffic

    def wait_for_traffic(self, *models: str) -> None:
        """Until the gateway has heard that these can be asked: it is told a moment after the head knows."""
        with self.http() as door:
            for model in models:
                name, _, version = model.partition("@")
                path = f"/v2/models/{name}" + (f"/versions/{version}" if version else "") + "/ready"
                wait_until(lambda: door.get(path).status == 200, f"{model} can be asked")

    def ask(self, prompt: str, model: str = "clerk@2", **settings: Any) -> Answer:
        """A greedy completion over HTTP, whatever its status."""
        with self.http() as door:
            return door.post("/v1/completions", completion(prompt, model, **settings))

    def check_answers(self) -> None:
        """That it still serves, and rightly."""
        answer = self.ask("47 + 58 =")
        assert answer.status == 200, answer
        assert answer.json()["choices"][0]["text"] == " 105"

    # --- What the head knows

    def api(self, what: str) -> Any:
        """GET /api/v1/WHAT"""
        with Http(self.head.url("admin")) as door:
            answer = door.get(f"/api/v1/{what}")
        assert answer.status == 200, answer
        return answer.json()

    def deployment(self, name: str) -> Dict[str, Any]:
        return self.api(f"deployments/{name}")

    def replicas(self, deployment: str) -> Dict[str, Dict[str, Any]]:
        """By id."""
        return {replica["id"]: replica for replica in self.deployment(deployment)["running"]}

    def ready_nodes(self, deployment: str) -> List[str]:
        """Names of the nodes of its ready replicas, sorted."""
        return sorted(r["node"] for r in self.replicas(deployment).values() if r["state"] == "ready")

    def node_states(self) -> Dict[str, str]:
        return {node["name"]: node["state"] for node in self.api("nodes")}


def _port_keys(file: Dict[str, Any]) -> List[tuple]:
    keys = [
        ("port", "control"),
        ("http-port", "http"),
        ("grpc-port", "grpc"),
        ("zmq-port", "zmq"),
        ("admin-port", "admin"),
    ]
    return [(option, key) for option, key in keys if file["addresses"][key]]


def completion(prompt: str, model: str = "clerk@2", **settings: Any) -> Dict[str, Any]:
    """The body of a greedy completion."""
    return {"model": model, "prompt": prompt, "max_tokens": 64, "temperature": 0, **settings}


def deployment(name: str, model: str, **settings: Any) -> str:
    """A YAML document; settings may be nested mappings (JSON is YAML)."""
    lines = ["---", "kind: Deployment", f"name: {name}", f"model: {model}"]
    lines += [f"{key}: {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"
