"""Experiments as the Python client sees them: requests that say whose they are, outcomes over ZeroMQ, and variants that a
program works out for itself."""

from __future__ import annotations

import threading
from typing import Dict, List

import numpy as np
import pytest
import troupe
import troupe.experiments
from http_client import Http
from polling import wait_until
from troupe_cluster import Cluster, deployment

EXPERIMENT = """\
---
kind: Experiment
name: by-{kind}
model: {kind}
unit: {kind}
layer: {kind}
variants:
  - {{name: control, version: 1, weight: 0.5, price: {{request: 0.002}}}}
  - {{name: treatment, version: 2, weight: 0.5, price: {{request: 0.0005, prompt_token: 1e-6}}}}
metrics:
  - {{name: liked, role: goal}}
  - {{name: clicks, kind: count}}
  - {{name: cost, kind: sum, direction: decrease}}
overrides: {{tester: treatment}}
window: 10m
rule: {{minimum_units: 100000, maximum_duration: 1h}}
"""

#: What the client calls each kind of unit.
ARGUMENTS = {"user": "unit", "session": "session", "request": "request_id"}
X = np.ones(1, np.float32)


@pytest.fixture
def served(cluster: Cluster) -> Cluster:
    """Three processes, and for each kind of unit a model of two versions."""
    cluster.start_head(roles="head")
    cluster.start("gateway", roles="gateway")
    cluster.start("worker")
    versions = [(kind, version) for kind in ARGUMENTS for version in "12"]
    cluster.apply("".join(deployment(f"{kind}-{v}", f"{kind}@{v}", backend="echo") for kind, v in versions))
    cluster.wait_for_traffic(*(f"{kind}@{version}" for kind, version in versions))
    return cluster


def start(cluster: Cluster, kind: str) -> dict:
    """The experiment as it is shown once it runs."""
    cluster.apply(EXPERIMENT.format(kind=kind))
    assert cluster.api(f"experiments/by-{kind}")["assignment"] is None
    cluster.run("experiment", "start", f"by-{kind}")
    return cluster.api(f"experiments/by-{kind}")


def numbers(cluster: Cluster, kind: str) -> Dict[str, Dict[str, List[float]]]:
    """By metric and variant: units, and how much of it there was in all."""
    analysis = cluster.api(f"experiments/by-{kind}")["analysis"] or {"comparisons": []}
    return {
        one["metric"]: {
            variant: [one[side]["units"], round(one[side]["units"] * one[side]["value"], 3)]
            for variant, side in (("control", "control"), ("treatment", "treated"))
        }
        for one in analysis["comparisons"]
    }


def post(door: Http, events: List[dict]) -> None:
    answer = door.post("/v1/events", {"events": events})
    assert answer.status == 200, answer


def raw_events(cluster: Cluster, kind: str) -> Dict[str, List[dict]]:
    """What the experiment exports, by way of Parquet; by kind of event."""
    source, target = cluster.root / f"{kind}.csv", cluster.root / f"{kind}.parquet"
    cluster.run("experiment", "export", f"by-{kind}", "-o", source)
    count = troupe.experiments.to_parquet(source, target)
    rows = pytest.importorskip("pyarrow.parquet").read_table(target).to_pylist()
    assert len(rows) == count
    return {wanted: [row for row in rows if row["kind"] == wanted] for wanted in ("exposure", "attempt", "outcome")}


def test_what_is_told_over_zeromq_and_http_counts_alike_and_once(served: Cluster):
    pytest.importorskip("xxhash")
    pytest.importorskip("pyarrow")
    for kind, argument in ARGUMENTS.items():
        shown = start(served, kind)
        units = [f"{kind}-{i}" for i in range(120)]
        given = {unit: troupe.experiments.variant_of(shown, unit) for unit in units}
        liked = [{"unit": unit, "kind": kind, "name": "liked"} for unit in units]
        clicks = [{"unit": unit, "kind": kind, "name": "clicks", "value": 2, "id": "click-" + unit} for unit in units]

        with served.http() as door, troupe.Client(served.gateway.url("zmq"), timeout=30) as client:
            wait_until(lambda: served.api(f"experiments/by-{kind}")["state"] == "running", "it runs")
            for unit in [*units, "tester"]:
                client.infer(kind, {"x": X}, **{argument: unit})
            client.record_many(liked[0::4])
            post(door, liked[1::4])
            client.record_many(clicks[0::3])
            client.record(units[0], "clicks", 2, kind=kind, id="click-" + units[0])
            post(door, clicks[0::3])

        counted = {name: [unit for unit in units if given[unit] == name] for name in ("control", "treatment")}
        in_all = {
            "liked": {name: [len(of), sum(int(u.rpartition("-")[2]) % 4 < 2 for u in of)] for name, of in counted.items()},
            "clicks": {name: [len(of), sum(int(u.rpartition("-")[2]) % 3 == 0 for u in of)] for name, of in counted.items()},
        }
        thousandths = {"control": 2.0, "treatment": 0.5}
        in_all["cost"] = {name: [len(of), len(of) * thousandths[name]] for name, of in counted.items()}
        wait_until(lambda: numbers(served, kind) == in_all, f"the experiment by {kind} counts {in_all}", timeout=30)
        raw = raw_events(served, kind)
        assert {row["unit"]: row["variant"] for row in raw["exposure"]} == given
        assert all(row["served"] is True and row["latency_ms"] > 0 for row in raw["attempt"]) and len(raw["attempt"]) == 120
        assert all(row["cost"] == pytest.approx(thousandths[row["variant"]], abs=1e-6) for row in raw["attempt"])
        assert {row["value"] for row in raw["outcome"] if row["name"] == "clicks"} == {2.0}
        assert len({row["id"] for row in raw["outcome"]}) == len(liked[0::4]) + len(liked[1::4]) + len(clicks[0::3])


def test_a_program_works_out_the_variants_that_gateways_give(served: Cluster):
    pytest.importorskip("xxhash")
    shown = start(served, "user")
    served.run("experiment", "weights", "by-user", "0.8", "0.2")
    moved = served.cli("experiment", "status", "by-user", "--json").out
    units = [f"user-{i}" for i in range(60)] + ["tester", "ünit-✓"]
    versions = {"control": "1", "treatment": "2"}

    def version_of(door: Http, unit: str) -> str:
        body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]}
        answer = door.post("/v2/models/user/infer", body, {"x-unit-id": unit.encode().decode("latin-1")})
        assert answer.status == 200, answer
        return answer.headers["x-troupe-version"]

    expected = {unit: versions[troupe.experiments.variant_of(moved, unit)] for unit in units}
    assert expected != {unit: versions[troupe.experiments.variant_of(shown, unit)] for unit in units}
    with served.http() as door:
        wait_until(
            lambda: {unit: version_of(door, unit) for unit in units} == expected, "the gateway has heard of the weights"
        )


LINEAR = """\
---
kind: Experiment
name: plans
model: user
variants:
  - {name: control, version: 1, weight: 0.5}
  - {name: treatment, version: 2, weight: 0.5}
metrics: [{name: liked, role: goal}]
segments: [{feature: header.x-plan, values: [free, pro]}]
bandit: {policy: linear, every: 2s, floor: 0.1}
window: 10m
rule: {minimum_units: 100000, maximum_duration: 10m}
"""


def test_a_linear_bandit_gives_each_plan_the_version_that_suits_it(served: Cluster):
    pytest.importorskip("xxhash")
    liked_by = {"free": "1", "pro": "2"}
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]}

    def version_of(door: Http, unit: str, plan: str) -> str:
        answer = door.post("/v2/models/user/infer", body, {"x-unit-id": unit, "x-plan": plan})
        assert answer.status == 200, answer
        return answer.headers["x-troupe-version"]

    def last_weights() -> Dict[str, List[float]]:
        return {one["segment"]: one["weights"] for one in served.api("experiments/plans")["revisions"]}

    served.apply(LINEAR)
    served.run("experiment", "start", "plans")
    assert list(last_weights()) == ["header.x-plan=free", "header.x-plan=pro", "header.x-plan=(others)"]
    suited = {"header.x-plan=free": [0.9, 0.1], "header.x-plan=pro": [0.1, 0.9]}
    asked = 0
    with served.http() as door, troupe.Client(served.gateway.url("zmq"), timeout=30) as client:

        def is_learnt() -> bool:
            nonlocal asked
            for plan, version in liked_by.items():
                units = [f"{plan}-{i}" for i in range(asked, asked + 30)]
                liked = [unit for unit in units if version_of(door, unit, plan) == version]
                client.record_many([{"unit": unit, "name": "liked"} for unit in liked])
            asked += 30
            weights = last_weights()
            return all(weights[segment] == pytest.approx(wanted) for segment, wanted in suited.items())

        wait_until(is_learnt, "each plan has its version", timeout=60)
        shown = served.cli("experiment", "status", "plans", "--json").out
        versions = {"control": "1", "treatment": "2"}
        given = {
            (unit, plan): versions[troupe.experiments.variant_of(shown, unit, {"header.x-plan": plan})]
            for unit in ("anna", "bert", "carl", "dora")
            for plan in ("free", "pro", "team")
        }
        wait_until(
            lambda: {key: version_of(door, *key) for key in given} == given, "the gateway gives what a program works out"
        )
    assert "header.x-plan=pro" in served.run("experiment", "status", "plans").out
    assert served.api("experiments/plans")["analysis"]["healthy"]


def test_a_bandit_whose_allocations_are_used_up_says_that_its_weights_stay(served: Cluster):
    countries = [f"c{i:02}" for i in range(49)]  # Each, and all others, with an allocation at every change: 40 of 2,000.
    served.apply(
        LINEAR.replace("plans", "countries")
        .replace("[free, pro]", "[" + ", ".join(countries) + "]")
        .replace("maximum_duration: 10m", "maximum_duration: 400s")
        .replace("every: 2s", "every: 10s")
    )
    served.run("experiment", "start", "countries")
    for i in range(39):
        served.run("experiment", "weights", "countries", *([0.6, 0.4] if i % 2 else [0.4, 0.6]))
    refused = served.cli("experiment", "weights", "countries", 0.5, 0.5)
    assert refused.code == 1 and "has had 2000 allocations, and at most 2000 are kept" in refused.err
    with troupe.Client(served.gateway.url("zmq"), timeout=30) as client:
        for i in range(60):
            client.infer("user", {"x": X}, unit=f"u{i}")
        client.record_many([{"unit": f"u{i}", "name": "liked"} for i in range(0, 60, 3)])

    def reason() -> str:
        return served.api("experiments/countries")["reason"]

    wait_until(lambda: "do not follow what variants earn" in reason(), "it says that they stay", timeout=40)
    assert "has had 2000 allocations" in reason()
    assert reason() in served.run("experiment", "status", "countries").out


def test_an_event_outlives_the_gateway_that_was_to_take_it(served: Cluster):
    start(served, "session")
    with troupe.Client(served.gateway.url("zmq"), timeout=60) as client:
        for i in range(30):  # So many that no variant is without any.
            client.infer("session", {"x": X}, session=f"s{i}")
        served.nodes["gateway"].kill()
        told = threading.Thread(target=client.record, args=("s1", "clicks", 3), kwargs={"kind": "session"})
        told.start()
        served.start_again("gateway")
        told.join(60)
        assert not told.is_alive()

    def clicks() -> float:
        return sum(total for _, total in numbers(served, "session").get("clicks", {}).values())

    wait_until(lambda: clicks() == 1, "the click is counted", timeout=30)


def test_bad_events_are_refused_in_the_words_of_http(served: Cluster):
    bad = [
        [{"unit": "", "name": "x"}],
        [{"unit": "a", "name": "x"}, {"unit": "a"}],
        [{"unit": "a", "name": "n" * 65}],
        [{"unit": "a", "name": "x", "value": 1e12}],
        [{"unit": "a", "name": "x", "time": 1}],
        [{"unit": "a", "name": "x", "id": "i" * 129}],
        [{"unit": "a", "name": "x", "kind": "users"}],
        [],
        [{"unit": "a", "name": "x"}] * 10_001,
    ]
    with served.http() as door, troupe.Client(served.gateway.url("zmq"), timeout=30) as client:
        for events in bad:
            answer = door.post("/v1/events", {"events": events})
            with pytest.raises(troupe.InvalidArgument) as refused:
                client.record_many(events)

            error = answer.json()["error"]
            assert answer.status == 400
            assert (refused.value.message, refused.value.field) == (error["message"], error["param"])
        client.record_many([{"unit": "a", "name": "x"}] * 10_000)
