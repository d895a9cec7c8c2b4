"""A worker that shares no disk with the head."""

from __future__ import annotations

from typing import List, Optional

from troupe_cluster import Cluster, Node


def start_far_worker(
    cluster: Cluster, name: str, cpus: float = 16, extra: List[str] = [], environment: Optional[dict] = None
) -> Node:
    """One that does not see the head's folder."""
    token = (cluster.head.folder / "join-token").read_text().strip()
    root = cluster.root / f"far-{name}"
    before = dict(cluster.environment)
    cluster.environment.update(environment or {})
    data, cluster.data = cluster.data, root
    try:
        return cluster.start(name, cpus=cpus, extra=["--data-dir", str(root), "--token", token, *extra])
    finally:
        cluster.data = data
        cluster.environment = before
