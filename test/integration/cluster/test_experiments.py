"""An experiment on live traffic from its definition to its verdict: clerk@1 against clerk@2, judged by a program."""

from __future__ import annotations

import random
import time
from typing import Dict

import pytest
from polling import wait_until
from troupe_cluster import Cluster, deployment

USAGE = 2

EXPERIMENT = """---
kind: Experiment
name: {name}
model: clerk
unit: request
variants:
  - {{name: control, version: {control}, weight: 0.5}}
  - {{name: treatment, version: {treatment}, weight: 0.5}}
metrics:
  - {{name: correct, role: goal}}
  - {{name: errors, kind: ratio, per: requests, role: guardrail, direction: decrease, margin: 0.5}}
window: 1s
rule: {{minimum_units: 100, maximum_duration: {duration}}}
"""


def document(name: str, control: str, treatment: str, duration: str = "10m") -> str:
    return EXPERIMENT.format(name=name, control=control, treatment=treatment, duration=duration)


@pytest.fixture
def served(cluster: Cluster) -> Cluster:
    """Three processes: head, gateway, worker."""
    cluster.start_head(roles="head")
    cluster.start("gateway", roles="gateway")
    cluster.start("worker")
    cluster.add_clerk("1", "2")
    cluster.apply(deployment("clerk-1", "clerk@1") + deployment("clerk-2", "clerk@2"))
    cluster.wait_for_traffic("clerk@1", "clerk@2")
    return cluster


class Traffic:
    """Sums asked of clerk; whether each answer was right is told to the experiment."""

    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        self.random = random.Random(5)
        self.asked = 0
        self.right: Dict[str, int] = {"1": 0, "2": 0}
        self.units: Dict[str, int] = {"1": 0, "2": 0}

    def send(self, count: int) -> None:
        events = []
        with self.cluster.http() as door:
            for _ in range(count):
                self.asked += 1
                a, b = self.random.randrange(10, 100), self.random.randrange(10, 100)
                unit = f"sum-{self.asked}"
                body = {"model": "clerk", "prompt": f"{a} + {b} =", "max_tokens": 8, "temperature": 0, "stop": ["\n"]}
                answer = door.post("/v1/completions", body, {"x-request-id": unit})
                assert answer.status == 200, answer
                version = answer.headers["x-troupe-version"]
                is_right = answer.json()["choices"][0]["text"].strip() == str(a + b)
                self.units[version] += 1
                self.right[version] += is_right
                if is_right:
                    events.append({"unit": unit, "kind": "request", "name": "correct", "id": unit})
            if events:
                recorded = door.post("/v1/events", {"events": events})
                assert recorded.status == 200 and recorded.json() == {"recorded": len(events)}, recorded


def status(cluster: Cluster, name: str) -> dict:
    return cluster.cli("experiment", "status", name, "--json").json()


def run(cluster: Cluster, name: str, traffic: Traffic, seconds: float = 60) -> dict:
    until = time.monotonic() + seconds
    while status(cluster, name)["state"] == "running" and time.monotonic() < until:
        traffic.send(60)
    return status(cluster, name)


def test_the_better_version_wins_with_the_right_numbers_and_swapped_the_same(served: Cluster):
    for name, control, treatment, winner in (("better", "1", "2", "treatment"), ("swapped", "2", "1", "control")):
        served.apply(document(name, control, treatment))
        served.run("experiment", "start", name)
        traffic = Traffic(served)
        wait_until(lambda: served.api("experiments/" + name)["state"] == "running", "it runs")

        ended = run(served, name, traffic)

        assert ended["state"] == "decided", ended
        analysis = ended["analysis"]
        assert analysis["winner"] == winner, analysis["sentence"]
        assert analysis["healthy"], analysis["health"]
        correct = next(one for one in analysis["comparisons"] if one["metric"] == "correct")
        for side, version in (("control", control), ("treated", treatment)):
            # What came while the verdict was written is not in it.
            assert correct[side]["units"] <= traffic.units[version]
            share = traffic.right[version] / traffic.units[version]
            assert abs(correct[side]["value"] - share) < 0.15, (correct, traffic.right, traffic.units)
        print("\n" + served.run("experiment", "status", name).out)
        served.run("experiment", "delete", name)


def test_what_makes_no_sense_is_refused_in_words(served: Cluster):
    wrong = served.cli("apply", "-f", "-", stdin=document("a", "1", "2").replace("role: goal", "rol: goal"))
    assert wrong.code == USAGE and "did you mean role?" in wrong.err
    served.apply(document("a", "1", "3"))
    refused = served.cli("experiment", "start", "a")
    assert refused.code != 0 and "no deployment serves clerk@3" in refused.err
    with served.http() as door:
        for body, words in (
            ({"unit": "u"}, "name is missing"),
            ({"unit": "u", "name": "x", "value": "many"}, "value"),
            ({"unit": "u", "nam": "x"}, "did you mean name?"),
            ({"events": []}, "1 to 10000"),
        ):
            answer = door.post("/v1/events", body)
            assert answer.status == 400 and words in answer.json()["error"]["message"], answer
