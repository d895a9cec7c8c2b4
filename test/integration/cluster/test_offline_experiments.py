"""`troupe experiment` before and without a cluster: power, simulate, analyze, and create --dry-run."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Optional

import pytest

ROOT = Path(__file__).parents[3]
TABLES = ROOT / "test/data/experiment_table"
USAGE, INCONCLUSIVE = 2, 5

SUMS = """kind: Experiment
name: sums
model: clerk
variants:
  - {name: control, version: 1, weight: 0.5}
  - {name: treatment, version: 2, weight: 0.5}
metrics:
  - {name: correct, role: goal}
  - {name: p95, kind: quantile, of: latency_ms, quantile: 0.95, role: guardrail, direction: decrease}
window: 1s
rule: {minimum_units: 200, minimum_effect: 0.1, maximum_duration: 20m}
"""


class Ended:
    def __init__(self, done: subprocess.CompletedProcess):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr


def troupe(*arguments: object, stdin: Optional[str] = None) -> Ended:
    binary = os.environ.get("TROUPE_BINARY", str(ROOT / "build/dev/bin/troupe"))
    command = [binary, "experiment", *map(str, arguments)]
    return Ended(subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60))


def answer(*arguments: object, stdin: Optional[str] = None) -> dict:
    ended = troupe(*arguments, "--json", stdin=stdin)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    path = tmp_path / "sums.yaml"
    path.write_text(SUMS)
    return path


def test_a_dry_run_says_whether_a_file_is_right(definition: Path):
    right = troupe("create", "--dry-run", definition)
    assert right.code == 0 and right.out == "Experiment sums is well defined\n"
    wrong = troupe("create", "--dry-run", "-", stdin=SUMS.replace("kind: quantile", "kind: quantil"))
    assert wrong.code == USAGE and "stdin:9" in wrong.err and "did you mean quantile?" in wrong.err
    other = troupe("create", "--dry-run", "-", stdin="kind: Deployment\nname: a\nmodel: a@1\n")
    assert other.code == USAGE and "'Deployment' is not a kind" in other.err


def test_power_answers_whichever_is_not_given(definition: Path):
    size = answer("power", "--rate", 0.10, "--effect", 0.05, "--units-per-day", 20000)
    assert size["asked"] == "units" and size["units"] == 115526 and size["days"] == 6
    power = answer("power", "--rate", 0.10, "--effect", 0.05, "--units", 115526)
    assert power["asked"] == "power" and abs(power["power"] - 0.8) < 1e-3
    effect = answer("power", "--rate", 0.10, "--mde", "--units", 115526)
    assert effect["asked"] == "effect" and abs(effect["relative"] - 0.05) < 1e-4
    mean = answer("power", "--mean", 12, "--sd", 30, "--effect", 0.05)
    assert mean["units"] == 2 * 39246
    down = answer("power", "--rate", 0.3, "--effect", -0.02, "--absolute", "--split", "0.8,0.1,0.1", "--variants", 3)
    assert down["comparisons"] == 2 and down["treated"] == pytest.approx(0.28)

    told = answer("power", "-f", definition, "--rate", 0.5)
    assert told["relative"] == pytest.approx(0.1) and [v["name"] for v in told["variants"]] == ["control", "treatment"]
    assert "57763" in troupe("power", "--rate", 0.10, "--effect", 0.05).out

    for arguments, words in (
        (("--effect", 0.05), "what the control does is missing"),
        (("--rate", 0.1), "give the effect"),
        (("--rate", 0.1, "--mde"), "--mde needs --units"),
        (("--rate", 0.9, "--effect", 0.5), "must lie between 0 and 1"),
    ):
        refused = troupe("power", *arguments)
        assert refused.code == USAGE and words in refused.err, refused.err


def test_simulate_runs_the_definition_on_drawn_traffic(definition: Path):
    flags = ("simulate", "-f", definition, "--units-per-second", 20, "--runs", 12)
    better = answer(*flags, "--rates", "0.3,0.5")
    assert better["wins"]["treatment"] >= 11 and better["units"]["median"] < 2500
    assert better["not_drawn"] == ["p95"]
    assert better == answer(*flags, "--rates", "correct=0.3,0.5", "--threads", 2)
    assert better != answer(*flags, "--rates", "0.3,0.5", "--seed", 2)
    alike = answer(*flags, "--rates", "0.3,0.3")
    assert alike["false_alarms"]["found"] <= alike["false_alarms"]["most"]
    refused = troupe(*flags, "--rates", "0.3")
    assert refused.code == USAGE and "1 values for 2 variants" in refused.err
    for arguments, words in (
        (("--means", "p95=1,1"), "--means of metric p95: its --sds are missing"),
        (("--rates", "p95=0.1,0.1"), "--rates of metric p95: such a metric is told by --means"),
        (("--means", "correct=1,1"), "--means of metric correct: such a metric is told by --rates"),
        (("--sds", "p95=1,1"), "--sds of metric p95: its --means are missing"),
        (("--rates", "0.3,0.3"), "has no goal that has such numbers"),
        (("--rates", "corect=0.3,0.3"), "did you mean correct?"),
    ):
        refused = troupe(*flags, "--rates", "0.3,0.5", *arguments)
        assert refused.code == USAGE and words in refused.err, refused.err


def test_simulate_draws_requests_of_the_example():
    flags = ("simulate", "-f", ROOT / "examples/experiments/clerk.yaml", "--units-per-second", 20, "--runs", 12,
             "--requests", 5, "--correlation", 0.1, "--rates", "errors=0.01,0.01", "--sds", "p95_latency=10,10")
    better = answer(*flags, "--rates", "0.8,0.9", "--means", "p95_latency=20,20")
    assert better["wins"]["treatment"] >= 11 and better["not_drawn"] == []
    slower = answer(*flags, "--rates", "0.8,0.9", "--means", "p95_latency=20,120")
    assert slower["wins"]["control"] >= 11, "it has lost by its guardrail"
    alike = answer(*flags, "--rates", "0.8,0.8", "--means", "p95_latency=20,20")
    assert alike["false_alarms"]["found"] <= alike["false_alarms"]["most"]
    refused = troupe(*flags, "--rates", "0.8,0.8")
    assert refused.code == USAGE and "--sds of metric p95_latency: its --means are missing" in refused.err


def test_analyze_reads_a_table_of_units():
    flags = ("analyze", "--csv", TABLES / "units.csv")
    expected = json.loads((TABLES / "expected.json").read_text())["cases"][0]["rows"]
    analysis = answer(*flags, "--metric", "revenue:mean", "--metric", "bought:conversion", "--method", "bought=fisher")
    for row, ours in zip(expected, analysis["comparisons"]):
        assert ours["variant"] == row["variant"]
        assert ours["p_value"] == pytest.approx(row["p_value"], rel=1e-9)
        assert ours["interval"] == pytest.approx(row["interval"], rel=1e-9)
    assert [one["method"] for one in analysis["comparisons"]][2:] == ["Fisher's exact"] * 2
    table = troupe(*flags, "--metric", "revenue:mean", "--segment", "country", "--covariate", "before").out
    assert "SEGMENT" in table and "CUPED" in table and "less variance" in table

    uneven = troupe(*flags, "--metric", "revenue:mean", "--weights", "control=0.8,blue=0.1,green, deep=0.1")
    assert uneven.code == USAGE  # The name has a comma.
    uneven = troupe("analyze", "--csv", TABLES / "lifetimes.csv", "--metric", "days:event=churned", "--weights",
                    "control=0.8,treatment=0.2")
    assert uneven.code == INCONCLUSIVE and "Sick" in uneven.out


def test_analyze_tells_the_effects_of_factors():
    flags = ("analyze", "--csv", TABLES / "factors.csv", "--factor", "prompt", "--factor", "temperature=high",
             "--metric", "score:mean", "--metric", "solved:conversion")
    analysis = answer(*flags)
    assert analysis["factors"][1] == {"name": "temperature", "levels": ["high", "low", "mid"]}
    assert [one["factors"] for one in analysis["effects"]] == 2 * [["prompt"], ["temperature"], ["prompt", "temperature"]]
    expected = json.loads((TABLES / "expected.json").read_text())["factor_cases"][0]["metrics"]["score:mean"]
    prompt = analysis["effects"][0]
    assert prompt["p_value"] == pytest.approx(expected[0]["p_value"], rel=1e-9)
    assert prompt["differences"][0]["levels"] == {"prompt": "long"}
    table = troupe(*flags).out
    assert "prompt × temperature" in table and "linear probability model" in table and "ADJUSTED P" in table

    both = troupe(*flags, "--variant", "model")
    assert both.code == USAGE and "excludes" in both.err, both.err
    refused = troupe("analyze", "--csv", TABLES / "factors.csv", "--factor", "prompt", "--metric", "score:p95")
    assert refused.code == USAGE and "metric score:p95: factors are told of means" in refused.err, refused.err


def test_analyze_refuses_a_table_by_line_and_column():
    for rows, metric, words in (
        ("variant,x\ncontrol,1\ntreatment,abc\n", "x:mean", "stdin:3: column x: 'abc' is no number"),
        ("variant,x\ncontrol,\n", "x:mean", "stdin:2: column x: it is empty"),
        ("variant,x\ncontrol,1\n", "y:mean", "there is no column 'y'"),
        ("variant,x\ncontrol,1,2\n", "x:mean", "stdin:2: the record has 3 fields"),
        ("variant,x\ncontrol,1\n", "x:means", "did you mean mean?"),
    ):
        refused = troupe("analyze", "--csv", "-", "--metric", metric, stdin=rows)
        assert refused.code == USAGE and words in refused.err, refused.err
