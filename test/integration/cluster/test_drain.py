"""SIGTERM: what a node still does, what it refuses, and how it is cut short."""

from __future__ import annotations

import json
import signal
import socket
import time
from typing import List

import pytest
from http_client import Http
from polling import wait_until
from troupe_cluster import Cluster, completion, deployment

WORDS = "one two three four five six"


@pytest.fixture
def slow(cluster: Cluster) -> Cluster:
    """A head with everything, and an echo that takes three seconds for a stream of six words."""
    cluster.start_head()
    cluster.apply(deployment("slow", "slow@1", backend="echo", echo={"slots": 4, "delay": "3s"}))
    cluster.wait_for_traffic("slow")
    return cluster


class Stream:
    """A streamed completion that has begun."""

    def __init__(self, cluster: Cluster):
        host, port = cluster.gateway.url("http").removeprefix("http://").rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        body = json.dumps(completion(WORDS, model="slow", stream=True)).encode()
        head = b"POST /v1/completions HTTP/1.1\r\nHost: test\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.socket.sendall(head % len(body) + body)
        self.received = b""
        while b"data: {" not in self.received:
            self.received += self.socket.recv(1 << 16)

    def text(self) -> str:
        """All of it, once it has ended."""
        while got := self.socket.recv(1 << 16):
            self.received += got
        self.socket.close()
        events: List[bytes] = [line[6:] for line in self.received.split(b"\n") if line.startswith(b"data: {")]
        assert b"data: [DONE]" in self.received
        return "".join(json.loads(event)["choices"][0]["text"] for event in events)


def test_a_draining_node_is_alive_not_ready_and_finishes_its_streams(slow: Cluster):
    node = slow.gateway
    with Http(node.url("http")) as door:
        assert door.get("/ready").status == 200
        stream = Stream(slow)

        node.process.send_signal(signal.SIGTERM)
        wait_until(lambda: door.get("/ready").status == 503, "it says that it is not ready")
        assert door.get("/health").status == 200

    assert stream.text() == WORDS
    assert node.process.wait(30) == 0


def test_a_second_signal_ends_a_node_at_once(slow: Cluster):
    node = slow.gateway
    stream = Stream(slow)
    with Http(node.url("http")) as door:
        node.process.send_signal(signal.SIGTERM)
        wait_until(lambda: door.get("/ready").status == 503, "it drains")

    node.process.send_signal(signal.SIGTERM)
    told = time.monotonic()

    assert node.process.wait(10) == 1
    print(f"\nended {(time.monotonic() - told) * 1000:.0f} ms after the second signal")
    assert "second signal" in node.tail()
    stream.socket.close()
