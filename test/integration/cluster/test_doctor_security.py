"""`troupe doctor --security`: what is open, and that what is not is called safe."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from addresses import other_address
from troupe_cluster import Cluster

UNHEALTHY = 4


def doctor(cluster: Cluster) -> Dict[str, Any]:
    result = cluster.cli("doctor", "--security", "--json")
    assert result.code in (0, UNHEALTHY), result
    assert (result.code == 0) == result.json()["safe"]
    return result.json()


def rows_of(found: Dict[str, Any], level: str) -> List[str]:
    return [row["what"] for row in found["rows"] if row["level"] == level]


def test_the_doctor_finds_nothing_open_in_a_cluster_on_loopback(cluster: Cluster):
    cluster.start_head()
    cluster.start("worker-1")

    found = doctor(cluster)

    assert found["safe"], found
    ok = "\n".join(rows_of(found, "ok"))
    for door in ("bus", "HTTP", "ZeroMQ", "metrics", "dashboard and admin API"):
        assert f"head: {door} at " in ok, door
    assert "worker-1: bus at" in ok and "other machines" not in ok
    assert any("lets in any number of nodes" in note for note in rows_of(found, "note"))
    assert f"{cluster.head.folder} is its owner's alone" in ok


@pytest.fixture
def host() -> str:
    """One that others might reach; only this machine asks."""
    address = other_address()
    if address is None:
        pytest.skip("this machine has no address but loopback")
    return address


def test_the_doctor_names_what_is_open(cluster: Cluster, host: str):
    cluster.start_head(extra=["--host", host, "--insecure"])
    (cluster.head.folder / "admin.key").chmod(0o644)

    found = doctor(cluster)

    assert not found["safe"]
    opened = rows_of(found, "open")
    for what in (f"head: HTTP at http://{host}:", "head: metrics at", "head: ZeroMQ at", "head: dashboard and admin"):
        assert any(row.startswith(what) for row in opened), (what, found)
    assert "head was started with --insecure" in opened
    assert any("admin.key has mode 0644" in row for row in opened)
    text = cluster.cli("doctor", "--security")
    assert text.code == UNHEALTHY and "open  head: HTTP at" in text.out


def test_the_doctor_finds_a_public_cluster_with_tls_and_keys_safe(cluster: Cluster, host: str):
    cluster.start_head(extra=["--host", host, "--tls-self-signed"])

    found = doctor(cluster)

    assert found["safe"], found
    ok = "\n".join(rows_of(found, "ok"))
    assert "other machines reach it, encrypted, a key is needed" in ok
    assert "tls.crt is good until" in ok
