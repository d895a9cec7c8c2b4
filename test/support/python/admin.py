"""The head's admin API as a program uses it: writes with the key, and what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from http_client import Answer, Http
from troupe_cluster import Node, deployment


class Admin:
    """Not thread-safe: one a thread. In a `with` block."""

    def __init__(self, head: Node, timeout: float = 30.0):
        self._door = Http(head.url("admin"), timeout)
        key = (head.folder / "admin.key").read_text().strip()
        self._headers = {"authorization": f"Bearer {key}"}

    def apply(self, yaml: str) -> Answer:
        return self._door.call("POST", "/api/v1/apply", yaml.encode(), self._headers)

    def set_echo(self, name: str, replicas: int) -> Answer:
        """A deployment that needs no model; `replicas` tells one state of it from another."""
        return self.apply(deployment(name, f"{name}@1", backend="echo", replicas=replicas))

    def delete(self, what: str) -> Answer:
        """what: "deployments/NAME" or "models/NAME@VERSION"."""
        return self._door.call("DELETE", f"/api/v1/{what}", None, self._headers)

    def post(self, what: str, body: Any) -> Answer:
        return self._door.post(f"/api/v1/{what}", body, self._headers)

    def put(self, what: str, body: bytes) -> Answer:
        return self._door.call("PUT", f"/api/v1/{what}", body, self._headers)

    def add_model(self, name: str, version: object, source: Path) -> Answer:
        return self.post("models", {"name": name, "version": str(version), "source": str(source)})

    def get(self, what: str) -> Any:
        answer = self._door.get(f"/api/v1/{what}", self._headers)
        assert answer.status == 200, answer
        return answer.json()

    def replicas_wished(self, name: str) -> Optional[int]:
        """Of a deployment; none where there is none."""
        return next((row["replicas"] for row in self.get("deployments") if row["name"] == name), None)

    def models(self) -> set:
        """NAME@VERSION"""
        return {f"{row['name']}@{row['version']}" for row in self.get("models")}

    def __enter__(self) -> Admin:
        return self

    def __exit__(self, *unused: object) -> None:
        self._door.close()
