"""Which version answers: weights, units, pins."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from polling import wait_until
from troupe_cluster import Cluster, completion, deployment

PROMPT = "1 + 1 ="


@pytest.fixture(scope="module")
def split(shared: Cluster) -> Cluster:
    """A quarter of clerk's traffic goes to version 1."""
    shared.start_head()
    shared.add_clerk("1", "2")
    shared.apply(weights(1, 3))
    shared.wait_for_traffic("clerk@1", "clerk@2")
    return shared


def weights(one: float, two: float) -> str:
    return deployment("clerk-1", "clerk@1", weight=one) + deployment("clerk-2", "clerk@2", weight=two)


def versions(cluster: Cluster, units: range, model: str = "clerk") -> dict[int, str]:
    """Which version answered each unit."""
    answered = {}
    with cluster.http() as door:
        for unit in units:
            headers = {"x-unit-id": f"user-{unit}"}
            answer = door.post("/v1/completions", completion(PROMPT, model, max_tokens=1), headers)
            assert answer.status == 200, answer
            answered[unit] = answer.headers["x-troupe-version"]
    return answered


def test_traffic_is_shared_by_weight(split: Cluster):
    count = 1200
    share = 0.75

    seen = Counter(versions(split, range(count)).values())

    five_sigma = 5 * math.sqrt(count * share * (1 - share))
    print(f"\nversion 2 answered {seen['2']} of {count}")
    assert abs(seen["2"] - share * count) < five_sigma
    assert seen["1"] + seen["2"] == count


def test_a_unit_always_gets_the_same_version(split: Cluster):
    first = versions(split, range(150))

    assert versions(split, range(150)) == first
    assert set(first.values()) == {"1", "2"}


def test_a_pin_overrides_the_weights(split: Cluster):
    assert set(versions(split, range(40), "clerk@1").values()) == {"1"}
    assert set(versions(split, range(40), "clerk@2").values()) == {"2"}


def test_new_weights_hold_without_a_restart_of_replicas(split: Cluster):
    before = set(split.replicas("clerk-1")) | set(split.replicas("clerk-2"))

    split.apply(weights(0, 1))
    wait_until(lambda: set(versions(split, range(40)).values()) == {"2"}, "version 1 gets nothing any more")
    split.apply(weights(1, 3))
    wait_until(lambda: set(versions(split, range(40)).values()) == {"1", "2"}, "version 1 gets its share again")

    assert set(split.replicas("clerk-1")) | set(split.replicas("clerk-2")) == before


def test_a_later_version_gets_no_traffic_until_somebody_says_so(cluster: Cluster):
    cluster.start_head()
    cluster.apply(deployment("echo-1", "echo@1", backend="echo"))
    cluster.apply(deployment("echo-2", "echo@2", backend="echo"))

    shares = {row["name"]: row["weight"] for row in cluster.api("deployments")}

    assert shares == {"echo-1": 1, "echo-2": 0}


def test_an_apply_says_what_it_changed(split: Cluster):
    again = split.run("apply", "-f", "-", "--json", stdin=weights(1, 3)).json()
    changed = split.run("apply", "-f", "-", "--json", stdin=weights(2, 6)).json()
    split.run("apply", "-f", "-", stdin=weights(1, 3))

    assert [change["change"] for change in again["changes"]] == ["unchanged", "unchanged"]
    assert [change["change"] for change in changed["changes"]] == ["updated", "updated"]
