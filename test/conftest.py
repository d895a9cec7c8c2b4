"""Fixtures of the tests that drive real clusters."""

from __future__ import annotations

from typing import Callable, Iterator, List

import pytest
from http_client import Http
from troupe_cluster import BINARY, Cluster, deployment


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    if report.failed:
        for cluster in {id(v): v for v in item.funcargs.values() if isinstance(v, Cluster)}.values():
            report.sections.append(("logs of the cluster", cluster.logs()))
    return report


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    if items and not BINARY.is_file():
        pytest.exit(f"there is no {BINARY}; build troupe, or name it with TROUPE_BINARY", 2)


def _cluster(factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(factory.mktemp("cluster"))
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of the test's own, without nodes yet."""
    yield from _cluster(tmp_path_factory)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of the module's own, without nodes yet."""
    yield from _cluster(tmp_path_factory)


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One node with everything, that no test kills or changes: clerk@2 takes clerk's traffic, clerk@1 none; an
    echo, and one that takes ten seconds."""
    for cluster in _cluster(tmp_path_factory):
        cluster.start_head()
        cluster.add_clerk("1", "2")
        cluster.apply(
            deployment("clerk-2", "clerk@2", engine={"max_sequences": 32})
            + deployment("clerk-1", "clerk@1", weight=0)
            + deployment("echo", "echo@1", backend="echo")
            + deployment("slow", "slow@1", backend="echo", echo={"slots": 8, "delay": "10s"})
        )
        cluster.wait_for_traffic("clerk@1", "clerk@2", "echo")
        yield cluster


@pytest.fixture
def http(serving: Cluster) -> Iterator[Http]:
    """The serving cluster's HTTP door."""
    with serving.http() as door:
        yield door
