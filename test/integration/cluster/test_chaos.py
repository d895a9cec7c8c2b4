"""Processes die under a mixed load: unary and streaming, by HTTP and ZeroMQ, short and long requests. No request that
entered by a gateway that lives may fail; of streams only those may that had begun on what died, and they say so."""

from __future__ import annotations

import os
import signal
import time
from typing import FrozenSet, Iterator, List

import pytest
from backends import child_pids
from mixed_load import Ended, MixedLoad, summary
from polling import wait_until
from troupe_cluster import Cluster, deployment

MODELS = ["short", "long"]
RATE = 250.0  # Requests a second at each gateway.


@pytest.fixture
def chaos(cluster: Cluster) -> Iterator[Cluster]:
    """A head, two gateways and four workers; two models that wait 20 and 500 ms, with a replica on each worker."""
    cluster.start_head(roles="head")
    for name in ("gate-1", "gate-2"):
        cluster.start(name, roles="gateway")
    for number in range(1, 5):
        cluster.start(f"worker-{number}", cpus=4)
    cluster.apply(
        deployment("short", "short@1", backend="echo", replicas=4, echo={"slots": 64, "delay": "20ms"})
        + deployment("long", "long@1", backend="echo", replicas=4, echo={"slots": 256, "delay": "500ms"})
    )
    yield cluster


def failures(ended: List[Ended], allowed_in_streams: FrozenSet[str] = frozenset()) -> List[str]:
    wrong = []
    for one in ended:
        allowed = allowed_in_streams if one.kind.is_stream else frozenset()
        bad = {code: count for code, count in one.errors.items() if code not in allowed}
        if bad or one.report["answered"] == 0:
            wrong.append(f"{one.kind}: {one.report['answered']} answered, {bad}: {one.report.get('first_error', '')}")
    return wrong


def are_whole(cluster: Cluster) -> bool:
    return all(len(cluster.ready_nodes(model)) == 4 for model in MODELS)


def test_what_dies_one_after_the_other_and_two_at_once_costs_no_request(chaos: Cluster):
    with MixedLoad(chaos, [chaos.nodes["gate-1"], chaos.nodes["gate-2"]], MODELS, RATE, 20) as load:
        load.wait_until_begun()
        begun = time.monotonic()

        def at(seconds: float) -> None:
            time.sleep(max(0.0, begun + seconds - time.monotonic()))

        at(2)
        chaos.nodes["worker-1"].kill()
        at(5)
        os.kill(child_pids(chaos.nodes["worker-2"].process.pid)[0], signal.SIGKILL)
        at(8)
        chaos.nodes["gate-2"].kill()
        at(10)
        chaos.head.kill()
        at(12)
        chaos.start_again("head")
        chaos.start_again("worker-1")
        at(15)
        chaos.nodes["worker-3"].kill()
        chaos.head.kill()
        at(17)
        chaos.start_again("head")
        chaos.start_again("worker-3")
        ended = load.wait(["gate-1"])

    print("\n" + summary(ended))
    assert failures(ended, frozenset({"lost"})) == []
    wait_until(lambda: are_whole(chaos), "all replicas are back")


def test_a_restart_of_every_process_costs_no_request_and_cuts_no_stream(chaos: Cluster):
    begun = time.monotonic()
    gates = chaos.nodes["gate-1"], chaos.nodes["gate-2"]
    # A balancer in front of gate-2 sees that it drains and sends to the other one: here, by the end of its load.
    with MixedLoad(chaos, gates[:1], MODELS, RATE, 20) as load, MixedLoad(chaos, gates[1:], MODELS, RATE, 3) as leaving:
        load.wait_until_begun()
        leaving.wait_until_begun()
        time.sleep(1)
        assert chaos.nodes["gate-2"].terminate() == 0
        at_gate_2 = leaving.wait(["gate-2"])
        chaos.start_again("gate-2")
        for name in ("worker-1", "worker-2", "worker-3", "worker-4", "head"):
            assert chaos.nodes[name].terminate() == 0
            chaos.start_again(name)
        took = time.monotonic() - begun
        ended = load.wait(["gate-1"])

    print(f"\nall restarted after {took:.1f} s\n" + summary(at_gate_2 + ended))
    assert failures(at_gate_2 + ended) == []
    wait_until(lambda: are_whole(chaos), "all replicas are back")
