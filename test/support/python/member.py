"""A member of a cluster that says what it likes: the key, the id and the address are a real node's, the words are not."""

from __future__ import annotations

import secrets
import struct
import time
from typing import Any, List, Tuple

import msgpack
import zmq
from troupe import wire
from troupe.messages import ErrorBody
from troupe.wire import Envelope, Kind
from troupe_cluster import Node

LEAVE, KEY_SET = 37, 60


class Member:
    """Speaks as `node`, which must not run (any more), to `to`, on the control lane. In a `with` block, or close() it."""

    def __init__(self, node: Node, to: Node):
        assert not node.is_running()
        self.id = int(node.file["id"], 16)
        self.incarnation = time.time_ns() // 1000
        secret = (node.folder / "node.key").read_bytes().strip()
        server = zmq.curve_public((to.folder / "node.key").read_bytes().strip())
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.curve_secretkey = secret
        self._socket.curve_publickey = zmq.curve_public(secret)
        self._socket.curve_serverkey = server
        self._socket.routing_id = struct.pack(">QQ", self.id, self.incarnation) + secrets.token_bytes(16)
        self._socket.connect(to.url("control"))

    def say(self, kind: Kind, message_type: int, path: str, fields: List[Any]) -> None:
        envelope = Envelope(
            kind=kind,
            message_type=message_type,
            correlation_id=1 if kind == Kind.REQUEST else 0,
            source_node=self.id,
            source_incarnation=self.incarnation,
            target_path=path,
        )
        self._socket.send_multipart([wire.encode_envelope(envelope), msgpack.packb(fields)])

    def ask(self, message_type: int, path: str, fields: List[Any]) -> Tuple[Envelope, str]:
        """The answer's envelope, and what it says if it is an error."""
        self.say(Kind.REQUEST, message_type, path, fields)
        while True:
            assert self._socket.poll(20_000), "no answer"
            frames = self._socket.recv_multipart()
            envelope = wire.decode_envelope(frames[0])
            if envelope.correlation_id == 1:
                is_error = envelope.kind == Kind.ERROR
                return envelope, wire.decode_body(ErrorBody, frames[1]).message if is_error else ""

    def close(self) -> None:
        self._socket.close()
        self._context.term()

    def __enter__(self) -> Member:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()
