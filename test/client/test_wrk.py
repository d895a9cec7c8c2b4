"""wrk: many connections that never rest. Nothing is refused, wrong or cut off; how fast it is benchmarks say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from troupe_cluster import Cluster

SUMS = Path(__file__).parent / "sums.lua"
NOTHING_WRONG = {"refused": 0, "wrong": 0, "connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0}


@pytest.mark.parametrize("headers", [[], ["-H", "connection: close"]], ids=["kept", "one_each"])
def test_every_sum_is_answered_and_right(serving: Cluster, headers: list):
    url = serving.gateway.url("http") + "/v1/completions"
    command = ["wrk", "-t", "2", "-c", "24", "-d", "3s", "--timeout", "20s", "-s", SUMS, *headers, url]

    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert ran.returncode == 0, ran
    counted = json.loads(ran.stdout.splitlines()[-1])
    assert counted.pop("answered") > 24, ran
    assert counted == NOTHING_WRONG, ran
