"""Who did what: each admin act leaves one record, whatever happens to the head, and strangers cannot flood the log."""

from __future__ import annotations

import hashlib
import http.client
import random
import threading
import time
from pathlib import Path
from typing import Any, Dict, List

from admin import Admin
from http_client import Http
from join_token import forged_token
from polling import wait_until
from troupe_cluster import CLERK, Cluster, deployment

FAILED = 1
BURST = 20  # Refused acts of strangers that get a record each.


def audit(cluster: Cluster, *flags: object) -> Dict[str, Any]:
    return cluster.run("audit", "--json", "--limit", 5000, *flags).json()


def records(cluster: Cluster) -> List[Dict[str, Any]]:
    return audit(cluster)["records"]


def admin_key(cluster: Cluster) -> str:
    return (cluster.head.folder / "admin.key").read_text().strip()


def who(cluster: Cluster) -> str:
    return "admin key " + hashlib.sha256(admin_key(cluster).encode()).hexdigest()[:12]


def echo(replicas: int) -> str:
    return deployment("echo", "echo@1", backend="echo", replicas=replicas)


def test_each_admin_act_leaves_one_record_of_who_did_what_from_where(cluster: Cluster, tmp_path: Path):
    cluster.start_head()
    cluster.start("worker-1")
    secrets = [admin_key(cluster), (cluster.head.folder / "join-token").read_text().strip()]

    cluster.apply(echo(1), wait=False)
    cluster.apply(echo(1), wait=False)  # Changes nothing.
    cluster.apply(echo(2), wait=False)
    cluster.run("model", "add", "clerk@2", CLERK / "2")
    cluster.run("model", "remove", "clerk@2")
    key = cluster.run("key", "create", "--name", "alice", "--rate", "10/s", "--json").json()
    cluster.run("key", "revoke", key["id"])
    token = cluster.run("token", "create", "--ttl", "1h", "--json").json()
    cluster.run("token", "revoke", token["id"])
    cluster.run("backup", "create", tmp_path / "backup")
    cluster.run("node", "rotate", "worker-1")
    cluster.run("node", "revoke", "worker-1")
    cluster.run("delete", "deployment", "echo")

    found = records(cluster)
    assert [(row["action"], row["object"].split()[0]) for row in found] == [
        ("start head", "Cluster"),
        ("create token", "Token"),
        ("join", "Node"),
        ("apply", "Deployment"),
        ("apply", "Deployment"),
        ("add model", "clerk@2"),
        ("delete model", "clerk@2"),
        ("create key", "Key"),
        ("revoke key", "Key"),
        ("create token", "Token"),
        ("revoke token", "Token"),
        ("create backup", str(tmp_path / "backup")),
        ("list next key", "Node"),
        ("rotate node", "Node"),
        ("revoke node", "Node"),
        ("delete deployment", "echo"),
    ]
    assert [row["sequence"] for row in found] == list(range(1, len(found) + 1))
    assert {row["outcome"] for row in found} == {"done"}
    for row in found[3:]:
        assert row["who"] == who(cluster) and row["from"].startswith("127.0.0.1:"), row
    assert found[0]["who"] == found[1]["who"] == "head"
    assert found[2]["who"].startswith("join token ") and "worker-1" in found[2]["object"]
    assert found[3]["change"] == "created: echo@1 x1, weight 1" and found[4]["change"] == "x1 -> x2"
    assert key["id"] in found[7]["object"] and "alice" in found[7]["object"] and "10/s" in found[7]["change"]
    assert token["id"] in found[10]["object"]
    text = str(found) + cluster.run("audit").out
    for secret in [*secrets, key["key"], token["token"]]:
        assert secret not in text
    verified = cluster.run("audit", "verify").out
    assert f"records 1 to {len(found)}" in verified and found[-1]["hash"] in verified


def test_what_was_refused_or_failed_is_recorded_with_its_reason(cluster: Cluster, tmp_path: Path):
    cluster.start_head()
    with Http(cluster.head.url("admin")) as door:
        assert door.call("DELETE", "/api/v1/deployments/x", None, {}).status == 401
        assert door.post("/api/v1/keys", {}, {"authorization": "Bearer " + "0" * 64}).status == 401
        allowed = {"authorization": f"Bearer {admin_key(cluster)}"}
        assert door.post("/api/v1/tokens", {}, {**allowed, "origin": "http://evil.example"}).status == 403
        assert door.post("/api/v1/tokens", {"ttl": "soon"}, allowed).status == 400
        assert door.call("DELETE", "/api/v1/deployments/ghost", None, allowed).status == 404
    stranger = cluster.cli(
        "start", "--address", cluster.head.bus, "--name", "stranger", "--data-dir", tmp_path, "--metrics-port", 0,
        "--token", forged_token((cluster.head.folder / "join-token").read_text().strip(), secret=b"x" * 32),
    )  # fmt: skip
    assert stranger.code != 0

    def found() -> List[Dict[str, Any]]:
        return [row for row in records(cluster) if row["outcome"] != "done"]

    wait_until(lambda: len(found()) >= 6, "all are recorded")
    rows = found()
    assert [(row["outcome"], row["who"].split()[0], row["action"]) for row in rows[:6]] == [
        ("refused", "unknown", "DELETE"),
        ("refused", "unknown", "POST"),
        ("refused", "unknown", "POST"),
        ("failed", "admin", "create token"),
        ("failed", "admin", "delete deployment"),
        ("refused", "node", "join"),
    ]
    assert "no deployment named ghost" in rows[4]["error"]
    assert "stranger" in rows[5]["object"] and "token is wrong" in rows[5]["error"]
    assert "0" * 64 not in str(rows)
    assert cluster.cli("audit", "--key-file", "/dev/null").code != 0
    cluster.run("audit", "verify")


def test_a_flood_of_refused_writes_is_counted_and_leaves_the_log_to_others(cluster: Cluster):
    cluster.start_head(roles="head")
    cluster.apply(echo(1), wait=False)
    asked = 0
    begun = time.monotonic()
    with Http(cluster.head.url("admin")) as door:
        for _ in range(3000):
            assert door.call("DELETE", "/api/v1/deployments/echo", None, {}).status == 401
            asked += 1
    assert time.monotonic() - begun < 300, "else a record more may be due, one in ten minutes"

    def counted() -> int:
        page = audit(cluster)
        rows = [row for row in page["records"] if row["outcome"] == "refused"]
        assert 1 <= len(rows) <= BURST
        return len(rows) + sum(row["left_out"] for row in page["records"]) + page["left_out"]

    wait_until(lambda: counted() == asked, "each was recorded or counted")
    cluster.apply(echo(2), wait=False)
    page = audit(cluster)
    last = page["records"][-1]
    assert last["action"] == "apply" and page["left_out"] == 0
    assert sum(row["left_out"] for row in page["records"]) >= asked - BURST
    assert f"({last['left_out']} refused before, not recorded)" in cluster.run("audit").out
    cluster.run("audit", "verify")


def test_each_acknowledged_act_has_its_record_after_kill_9(cluster: Cluster):
    rng = random.Random(time.monotonic_ns())
    acknowledged: List[str] = []

    def write(name: str) -> None:
        replicas = 0
        try:
            with Admin(cluster.head) as admin:
                while True:
                    replicas += 1
                    assert admin.set_echo(name, replicas).status == 200
                    acknowledged.append(f"Deployment {name} x{replicas}")
        except (OSError, http.client.HTTPException):
            return

    cluster.start_head(roles="head")
    for round_ in range(5):
        threads = [threading.Thread(target=write, args=(f"w-{round_}-{n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.05, 0.3))
        cluster.head.kill()
        for thread in threads:
            thread.join()
        cluster.start_head(roles="head")
        cluster.run("audit", "verify")

    rows = [row for row in records(cluster) if row["action"] == "apply"]
    recorded = [f"{row['object']} {row['change'].removesuffix(', weight 1').split()[-1]}" for row in rows]
    assert len(acknowledged) > 20
    assert len(recorded) == len(set(recorded))
    assert set(acknowledged) <= set(recorded)
    # And none says what was not done: the last of each is what there is.
    with Admin(cluster.head) as admin:
        there = {f"Deployment {row['name']} x{row['replicas']}" for row in admin.get("deployments")}
    assert there == {row for row in recorded if int(row.rpartition("x")[2]) == _last(recorded, row)}


def _last(recorded: List[str], row: str) -> int:
    name = row.split()[1]
    return max(int(other.rpartition("x")[2]) for other in recorded if other.split()[1] == name)


def test_the_log_is_read_in_pages_and_checked_against_what_was_known(cluster: Cluster):
    cluster.start_head(roles="head")
    for replicas in range(1, 9):
        cluster.apply(echo(replicas), wait=False)
    all_of_it = records(cluster)

    assert cluster.run("audit", "--json", "--since", 3, "--limit", 2).json()["records"] == all_of_it[2:4]
    assert cluster.run("audit", "--json", "--limit", 2).json()["records"] == all_of_it[-2:]
    assert cluster.run("audit", "--json", "--since", 99).json()["records"] == []
    assert cluster.cli("audit", "--since", "x").code == 2
    known = f"{all_of_it[4]['sequence']}:{all_of_it[4]['hash']}"
    assert cluster.run("audit", "verify", "--record", known, "--json").json()["whole"] is True
    other = cluster.cli("audit", "verify", "--record", f"5:{'0' * 64}")
    assert other.code == FAILED and "broken at record 5" in other.out
    gone = cluster.cli("audit", "verify", "--record", f"99:{'0' * 64}")
    assert gone.code == FAILED and "broken at record 99" in gone.out
    assert cluster.cli("audit", "verify", "--record", "5").code == 2


def test_a_backup_takes_the_log_along(cluster: Cluster, tmp_path: Path):
    cluster.start_head(roles="head")
    cluster.apply(echo(1), wait=False)
    before = records(cluster)
    cluster.run("backup", "create", tmp_path / "backup")
    elsewhere = Cluster(tmp_path / "second")
    elsewhere.root.mkdir()
    elsewhere.run("backup", "restore", tmp_path / "backup")

    try:
        elsewhere.start_head(roles="head")
        assert records(elsewhere)[: len(before)] == before
        elsewhere.run("audit", "verify", "--record", f"{before[-1]['sequence']}:{before[-1]['hash']}")
    finally:
        elsewhere.close()
