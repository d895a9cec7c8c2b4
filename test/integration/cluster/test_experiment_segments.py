"""A treatment that helps the users of one plan alone, told apart by a header: seen in that segment, while the experiment runs
and after its head has been killed."""

from __future__ import annotations

import csv
import io
from typing import Dict

import pytest
from http_client import Http
from polling import wait_until
from troupe_cluster import Cluster, deployment

EXPERIMENT = """---
kind: Experiment
name: plans
model: echo
unit: request
variants:
  - {name: control, version: 1, weight: 0.5}
  - {name: treatment, version: 2, weight: 0.5}
metrics:
  - {name: liked, role: goal}
segments:
  - {feature: header.x-plan, values: [free, pro]}
overrides: {probe: treatment}
window: 1s
rule: {minimum_units: 100000, maximum_duration: 10m}
"""

#: Of a hundred requests of each plan, how many are liked: by version.
LIKED = {"pro": {"1": 20, "2": 80}, "free": {"1": 50, "2": 50}, "": {"1": 50, "2": 50}}
REQUESTS = 720


@pytest.fixture
def served(cluster: Cluster) -> Cluster:
    """Three processes: head, gateway, worker."""
    cluster.start_head(roles="head")
    cluster.start("gateway", roles="gateway")
    cluster.start("worker")
    cluster.apply("".join(deployment(f"echo-{v}", f"echo@{v}", backend="echo") for v in "12"))
    cluster.wait_for_traffic("echo@1", "echo@2")
    return cluster


def ask(door: Http, unit: str, plan: str = "") -> str:
    """The version that answers."""
    headers = {"x-request-id": unit, **({"x-plan": plan} if plan else {})}
    answer = door.post("/v1/completions", {"model": "echo", "prompt": "a b", "max_tokens": 2}, headers)
    assert answer.status == 200, answer
    return answer.headers["x-troupe-version"]


def start(cluster: Cluster) -> None:
    """Returns when the gateway assigns: the probe's version, which is not counted, gets no other traffic."""
    cluster.run("experiment", "start", "plans")
    with cluster.http() as door:
        wait_until(lambda: ask(door, "probe") == "2", "the gateway assigns")


def send_all(cluster: Cluster) -> None:
    """Of each plan and version, likes come evenly: nothing is left to chance but who gets which version."""
    asked: Dict[tuple, int] = {}
    with cluster.http() as door:
        for i in range(REQUESTS):
            plan = ("free", "pro", "")[i % 3]
            version = ask(door, f"r{i}", plan)
            before = asked.get((plan, version), 0)
            asked[plan, version] = before + 1
            if (before + 1) * LIKED[plan][version] // 100 > before * LIKED[plan][version] // 100:
                event = {"unit": f"r{i}", "kind": "request", "name": "liked", "id": f"r{i}"}
                assert door.post("/v1/events", event).status == 200


def segments(cluster: Cluster) -> Dict[str, dict]:
    """What the parts say of the goal, by the plan's name."""
    told = cluster.api("experiments/plans/segments")
    parts = told["segmentations"][0]["parts"]
    return {part["value"] or "": part["comparisons"][0] for part in parts}


def units(cluster: Cluster) -> int:
    parts = cluster.api("experiments/plans/segments")["segmentations"][0]["parts"]
    return sum(variant["units"] for part in parts for variant in part["variants"])


def test_a_treatment_that_helps_one_plan_is_seen_there_alone_also_after_a_restart(served: Cluster):
    served.apply(EXPERIMENT)
    assert "draft" in served.cli("experiment", "status", "plans", "--segments").err
    start(served)
    send_all(served)
    wait_until(lambda: units(served) == REQUESTS, "all is counted")
    wait_until(lambda: segments(served)["pro"]["significant"], "what pro users like is sure")

    parts = segments(served)

    for plan, part in parts.items():
        assert part["control"]["value"] == pytest.approx(LIKED[plan]["1"] / 100, abs=0.02), parts
        assert part["treated"]["value"] == pytest.approx(LIKED[plan]["2"] / 100, abs=0.02), parts
    assert not parts["free"]["significant"] and not parts[""]["significant"], parts
    told = served.api("experiments/plans/segments")
    assert told["units_in_no_part"] == 0
    differ = told["segmentations"][0]["heterogeneity"][0]
    assert differ["parts"] == 3 and differ["adjusted_p"] < 1e-4, differ
    assert any(line.startswith("In header.x-plan pro treatment is better: liked") for line in told["findings"]), told

    status = served.run("experiment", "status", "plans", "--segments").out
    assert "By header.x-plan" in status and "(others)" in status and "Cochran's Q" in status, status
    print("\n" + status)
    assert served.cli("experiment", "status", "plans", "--segments", "--json").json()["segments"]["segmentations"]
    assert "<h2>Segments</h2>" in served.run("experiment", "report", "plans").out
    served.run("experiment", "recount", "plans")

    served.head.kill()
    served.start_again("head")
    wait_until(lambda: served.cli("experiment", "list").code == 0, "the head is back")
    wait_until(lambda: segments(served)["pro"]["significant"], "what is sure is found again")
    for plan, part in segments(served).items():
        assert all(part[what] == parts[plan][what] for what in ("control", "treated", "significant")), (part, parts[plan])


def test_exported_exposures_say_their_segment_and_experiments_without_any_have_none(served: Cluster):
    served.apply(EXPERIMENT)
    served.apply(EXPERIMENT.replace("plans", "whole").replace("segments:\n  - {feature: header.x-plan, values: [free, pro]}\n", ""))
    start(served)
    refused = served.cli("experiment", "status", "whole", "--segments")
    assert refused.code != 0 and "no `segments`" in refused.err, refused.err
    with served.http() as door:
        ask(door, "e0", "pro")
        ask(door, "e1", "enterprise")
    wait_until(lambda: units(served) == 2, "both are counted")

    rows = list(csv.DictReader(io.StringIO(served.run("experiment", "export", "plans").out)))

    named = {row["unit"]: row["segment"] for row in rows if row["kind"] == "exposure"}
    assert named == {"e0": "header.x-plan=pro", "e1": "header.x-plan=(others)"}, rows
    assert all(row["segment"] == "" for row in rows if row["kind"] != "exposure")
