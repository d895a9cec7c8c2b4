"""A plain HTTP client for tests: one kept connection, JSON in and out, headers as they came."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any, Mapping, Optional
from urllib.parse import urlsplit


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]  # Names in lower case.
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Http:
    """Not thread-safe: one a thread. A connection that the server has closed is made again by the next call."""

    def __init__(self, url: str, timeout: float = 30.0):
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def get(self, path: str, headers: Optional[Mapping[str, str]] = None) -> Answer:
        return self.call("GET", path, None, headers)

    def post(self, path: str, body: Any, headers: Optional[Mapping[str, str]] = None) -> Answer:
        """`body`: bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.call("POST", path, data, {"content-type": "application/json", **(headers or {})})

    def walk_away(self, path: str, body: Any) -> bytes:
        """Asks, reads the first bytes of the answer, and closes the connection."""
        self._connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        response = self._connection.getresponse()
        assert response.status == 200, response.read()
        begun = response.read1(64)
        self._connection.close()
        return begun

    def call(
        self, method: str, path: str, body: Optional[bytes] = None, headers: Optional[Mapping[str, str]] = None
    ) -> Answer:
        try:
            self._connection.request(method, path, body, dict(headers or {}))
            response = self._connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()
