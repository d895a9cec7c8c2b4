"""Models in Python for tests: written into a folder, deployed, asked."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any, List

from http_client import Answer
from troupe_cluster import CliResult, Cluster


def write_model(folder: Path, code: str, module: str = "served") -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{module}.py").write_text("import numpy as np\nimport troupe\n" + textwrap.dedent(code))


def deploy(cluster: Cluster, folder: Path, entry: str, *flags: object, python: str = sys.executable) -> CliResult:
    """With the tests' own interpreter, which has all that is needed; "" = the node makes an environment."""
    chosen = ["--python", python] if python else []
    return cluster.cli("deploy", entry, "--wait-timeout", "60s", *chosen, *flags, cwd=folder)


def start_model(cluster: Cluster, folder: Path, code: str, entry: str, *flags: object) -> None:
    """Writes, deploys and waits until it can be asked by the name that `--name` says or the entry's last word."""
    write_model(folder, code)
    deployed = deploy(cluster, folder, entry, *flags)
    assert deployed.code == 0, deployed
    names = [flags[i + 1] for i, flag in enumerate(flags) if flag == "--name"]
    cluster.wait_for_traffic(str(names[0]) if names else entry.split(":")[1].lower())


def infer(cluster: Cluster, model: str, values: List[float], timeout: float = 30.0, **headers: str) -> Answer:
    """Input "x" of FP64 over the Open Inference Protocol."""
    tensor = {"name": "x", "datatype": "FP64", "shape": [len(values)], "data": values}
    with cluster.http(timeout) as door:
        return door.post(f"/v2/models/{model}/infer", {"inputs": [tensor]}, headers)


def outputs(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer
    return {one["name"]: one["data"] for one in answer.json()["outputs"]}
