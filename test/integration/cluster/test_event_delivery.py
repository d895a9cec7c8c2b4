"""Events that nobody loses: a client tells a gateway what it measured and asks for exposures, gateway and head (with the
store of events) die by kill -9 again and again, and in the end everything that was acknowledged is counted, once."""

from __future__ import annotations

import csv
import http.client
import os
import random
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import Dict, List

import pytest
from http_client import Http
from polling import wait_until
from troupe_cluster import Cluster, deployment

EXPERIMENT = """---
kind: Experiment
name: delivery
model: echo
unit: user
variants:
  - {name: control, version: 1, weight: 0.5}
  - {name: treatment, version: 2, weight: 0.5}
metrics:
  - {name: bought, role: goal}
  - {name: clicks, kind: count}
  - {name: spent, kind: sum}
window: 1h
overrides: {tester: treatment}
rule: {minimum_units: 1000000, maximum_duration: 1d}
"""

CATCH_UP_S = 60.0


@pytest.fixture
def counted(cluster: Cluster) -> Cluster:
    """Head, gateway and a worker that nobody kills; an experiment that runs."""
    cluster.start_head(roles="head")
    cluster.start("gateway", roles="gateway")
    cluster.start("worker")
    cluster.apply(
        deployment("echo-1", "echo@1", backend="echo") + deployment("echo-2", "echo@2", backend="echo", weight=0)
    )
    cluster.wait_for_traffic("echo@1", "echo@2")
    cluster.apply(EXPERIMENT)
    cluster.run("experiment", "start", "delivery")
    wait_until(lambda: is_assigned(cluster), "the gateway knows of the experiment")
    return cluster


def is_assigned(cluster: Cluster) -> bool:
    """The tester gets the version that has no weight."""
    with cluster.http() as door:
        answer = door.post("/v1/completions", {"model": "echo", "prompt": "x", "max_tokens": 1, "user": "tester"})
    return answer.headers.get("x-troupe-version") == "2"


@dataclass
class Totals:
    """What the experiment has to come to."""

    units: int = 0
    bought: int = 0
    clicks: int = 0
    spent: int = 0


@dataclass
class Client:
    """Asks and tells until it is told that all is well, under the same names; keeps count of what was acknowledged."""

    cluster: Cluster
    seed: int
    totals: Totals = field(default_factory=Totals)
    units: List[str] = field(default_factory=list)
    retries: int = 0
    done: int = 0  # Calls that were acknowledged.
    events: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.stop = threading.Event()
        self.failure: List[BaseException] = []
        # A gateway that starts again has the ports that it had.
        self.url = self.cluster.nodes["gateway"].url("http")

    def ask(self, unit: str) -> None:
        body = {"model": "echo", "prompt": "x", "max_tokens": 1, "user": unit}
        self._until_it_is_done("/v1/completions", body)
        self.units.append(unit)
        self.totals.units += 1

    def tell(self, events: List[Dict[str, object]]) -> None:
        for number, event in enumerate(events):
            event["id"] = f"{self.seed}-{self.events + number}"
        self.events += len(events)
        self._until_it_is_done("/v1/events", {"events": events})

    def visit(self, count: int) -> None:
        """New units, and what they do."""
        events: List[Dict[str, object]] = []
        for _ in range(count):
            unit = f"user-{self.seed}-{len(self.units)}"
            self.ask(unit)
            spent = [self.random.randrange(1, 100) for _ in range(self.random.randrange(3))]
            clicks = self.random.randrange(4)
            events += [{"unit": unit, "name": "spent", "value": value} for value in spent]
            events += [{"unit": unit, "name": "clicks"} for _ in range(clicks)]
            if spent:
                events.append({"unit": unit, "name": "bought"})
            self.totals.spent += sum(spent)
            self.totals.clicks += clicks
            self.totals.bought += bool(spent)
        if events:
            self.tell(events)

    def click_everywhere(self) -> None:
        """An event in each of the slots that events fall into: what was on its way before has come when it has."""
        for begin in range(0, len(self.units), 1000):
            self.tell([{"unit": unit, "name": "clicks"} for unit in self.units[begin : begin + 1000]])
        self.totals.clicks += len(self.units)

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self.visit(self.random.randrange(1, 30))
        except BaseException as error:  # Told by the test's own thread.
            self.failure.append(error)

    def _until_it_is_done(self, path: str, body: object) -> None:
        deadline = time.monotonic() + CATCH_UP_S
        while True:
            try:
                with Http(self.url, 5) as door:
                    answer = door.post(path, body)
                if answer.status == 200:
                    self.done += 1
                    return
                assert answer.status in (429, 500, 502, 503, 504), answer
                said = str(answer)
            except (OSError, http.client.HTTPException) as error:
                said = repr(error)
            assert time.monotonic() < deadline, f"no gateway took {path} in {CATCH_UP_S} s: {said}"
            self.retries += 1
            time.sleep(0.02)


def counts(cluster: Cluster) -> Totals:
    analysis = cluster.api("experiments/delivery")["analysis"] or {"comparisons": [], "variants": []}
    sums = {
        one["metric"]: sum(round(one[arm]["value"] * one[arm]["units"]) for arm in ("control", "treated"))
        for one in analysis["comparisons"]
    }
    return Totals(sum(variant["units"] for variant in analysis["variants"]), **sums)


def check_counted(cluster: Cluster, client: Client) -> None:
    def wait() -> None:
        deadline = time.monotonic() + CATCH_UP_S
        while counts(cluster) != client.totals and time.monotonic() < deadline:
            time.sleep(0.05)
        assert counts(cluster) == client.totals

    wait()
    client.click_everywhere()
    wait()
    print(f"\n{client.totals}, {client.events} events told, {client.retries} retries")


def kill_and_start_again(cluster: Cluster, names: List[str], away_s: float) -> None:
    for name in names:
        cluster.nodes[name].kill()
    time.sleep(away_s)
    for name in names:
        start_again(cluster, name)


def start_again(cluster: Cluster, name: str) -> None:
    """While it was away its ports were free: somebody's connection may have taken one for a moment."""
    before = cluster.nodes[name]
    deadline = time.monotonic() + CATCH_UP_S
    while True:
        try:
            cluster.start_again(name)
            return
        except AssertionError:
            is_taken = "Address already in use" in cluster.nodes[name].tail()
            if not is_taken or time.monotonic() > deadline:
                raise
            cluster.nodes[name] = before


def survive(cluster: Cluster, rounds: int) -> None:
    seed = int(os.environ.get("TROUPE_CHAOS_SEED", random.randrange(1 << 32)))
    print(f"\nTROUPE_CHAOS_SEED={seed}")
    chance = random.Random(seed)
    client = Client(cluster, seed)
    thread = threading.Thread(target=client.run)
    thread.start()
    try:
        for number in range(rounds):
            # Some kills come before a start is over; but all come to rest now and then.
            if number % 3 == 0:
                before = client.done
                wait_until(lambda: client.done > before or client.failure, "something is acknowledged", CATCH_UP_S)
            time.sleep(chance.uniform(0.05, 0.8))
            victims = chance.choice([["gateway"], ["head"], ["head", "gateway"]])
            kill_and_start_again(cluster, victims, chance.uniform(0, 0.3))
    finally:
        client.stop.set()
        thread.join()
    assert client.failure == []
    check_counted(cluster, client)


def test_kills_of_gateway_and_head_lose_no_event_and_count_none_twice(counted: Cluster):
    survive(counted, 8)


@pytest.mark.long
def test_a_hundred_kills_lose_no_event_and_count_none_twice(counted: Cluster):
    survive(counted, 100)


def test_what_is_told_twice_counts_once(counted: Cluster):
    client = Client(counted, 1)
    client.visit(20)
    again = [{"unit": client.units[0], "name": "spent", "value": 5, "id": "the same"} for _ in range(3)]
    for events in (again, again[:1]):
        with counted.http() as door:
            assert door.post("/v1/events", {"events": events}).status == 200
    client.totals.spent += 5
    bought_before = client.totals.bought

    check_counted(counted, client)
    assert client.totals.bought == bought_before


def test_a_gateway_that_lost_its_log_begins_another_and_what_was_sent_stays(counted: Cluster):
    client = Client(counted, 2)
    client.visit(100)
    check_counted(counted, client)

    counted.nodes["gateway"].kill()
    shutil.rmtree(counted.nodes["gateway"].folder / "events")
    counted.start_again("gateway")
    client.visit(100)

    check_counted(counted, client)


def test_a_store_that_was_lost_is_filled_again_by_the_gateways_without_a_new_event(counted: Cluster):
    client = Client(counted, 3)
    client.visit(200)
    check_counted(counted, client)

    counted.head.kill()
    shutil.rmtree(counted.head.folder / "experiments")
    counted.start_again("head")

    wait_until(lambda: counts(counted) == client.totals, "all is counted again", CATCH_UP_S)
    check_counted(counted, client)


def test_a_store_that_was_lost_while_the_gateway_was_down_too_is_filled_again(counted: Cluster):
    client = Client(counted, 4)
    client.visit(200)
    check_counted(counted, client)

    counted.nodes["gateway"].kill()
    counted.head.kill()
    shutil.rmtree(counted.head.folder / "experiments")
    counted.start_again("head")
    counted.start_again("gateway")

    wait_until(lambda: counts(counted) == client.totals, "all is counted again", CATCH_UP_S)
    check_counted(counted, client)


def test_raw_events_are_exported_and_come_to_the_sums(counted: Cluster):
    client = Client(counted, 5)
    client.visit(50)
    odd = 'Ünit, with "quotes"\r\nand =1+1'
    client.ask(odd)
    client.tell([{"unit": odd, "name": "spent", "value": 0.5}, {"unit": odd, "name": "spent", "value": 0.5}])
    client.tell([{"unit": odd, "name": "of no metric"}])
    client.totals.spent += 1
    check_counted(counted, client)

    file = counted.root / "events.csv"
    counted.run("experiment", "export", "delivery", "-o", file)

    assert counted.run("experiment", "export", "delivery").out == file.read_text()
    with file.open(newline="") as text:
        events = list(csv.DictReader(text))
    of_kind = {kind: [e for e in events if e["kind"] == kind] for kind in ("exposure", "attempt", "outcome")}
    assert sorted(e["unit"] for e in of_kind["exposure"]) == sorted(client.units)
    assert {e["variant"] for e in of_kind["exposure"]} == {"control", "treatment"}
    assert len(of_kind["attempt"]) == len(client.units)
    assert all(e["served"] == "true" and e["cause"] == "" and float(e["latency_ms"]) > 0 for e in of_kind["attempt"])
    assert sum(float(e["value"]) for e in of_kind["outcome"] if e["name"] == "spent") == client.totals.spent
    assert len([e for e in of_kind["outcome"] if e["name"] == "clicks"]) == client.totals.clicks
    assert len({e["id"] for e in of_kind["outcome"]}) == client.events - 1, "what no metric uses is left out"
    said = counted.run("experiment", "recount", "delivery")
    assert f"{len(events)} events counted again" in said.out and "equal to the last bit" in said.out
    with Http(counted.head.url("admin")) as door:
        assert door.get("/api/v1/experiments/delivery/events").status == 401, "it says who did what"
        refused = door.get("/api/v1/experiments/delivery/recount?slot=64")
        assert refused.status == 400 and "from 0 to 63" in refused.json()["error"]["message"]
        assert door.get("/api/v1/experiments/delivery/disk").json()["raw_bytes_of_all"] > 0
