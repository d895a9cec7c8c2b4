"""The processes of a node's back ends."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

from troupe_cluster import Cluster, Node, deployment


def child_pids(parent: int) -> List[int]:
    pids = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        try:
            pids += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            pass  # The thread has ended; what it had started ends with it.
    return pids


def children(node: Node) -> Dict[str, int]:
    """Process ids of a node's back ends, by replica."""
    pids = child_pids(node.process.pid)
    started: Dict[str, int] = {}
    for line in (node.folder.parent.parent / f"{node.name}.log").read_text().splitlines():
        if "back end's process started" in line:
            fields = dict(pair.split(":", 1) for pair in line.strip("{}").replace('"', "").split(",") if ":" in pair)
            started[fields["replica"]] = int(fields["pid"])
    return {replica: pid for replica, pid in started.items() if pid in pids}


def is_running(pid: int) -> bool:
    """A zombie that nobody has reaped yet runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def two_replicas(cluster: Cluster) -> Node:
    """clerk@2 twice on one node, each in a process."""
    node = cluster.start_head()
    cluster.add_clerk("2")
    cluster.apply(deployment("clerk-2", "clerk@2", replicas=2))
    cluster.wait_for_traffic("clerk@2")
    assert len(children(node)) == 2
    return node
