"""A ROUTER socket that answers like a gateway's ZeroMQ door."""

import queue
import threading

import zmq

from troupe import wire
from troupe.messages import (
    ErrorBody,
    KeyedRequest,
    MessageType,
    OutcomesRecorded,
    RecordOutcomes,
    ResultPart,
    ServeRequest,
)


class Request:
    """What a client sent, and the ways to answer it. For the door's thread only."""

    def __init__(self, door, client, envelope, message, idempotency_key=None):
        self._door = door
        self._client = client
        self._parts = 0
        self.envelope = envelope
        self.message = message
        self.idempotency_key = idempotency_key

    def part(self, content, last=True, load=None, index=None):
        position = wire.PartPosition(self._parts if index is None else index, last)
        self._parts += 1
        self._send(wire.Kind.PART, MessageType.RESULT_PART, ResultPart(content, "2", load), position)

    def recorded(self):
        answer = OutcomesRecorded(len(self.message.events))
        self._send(wire.Kind.PART, MessageType.OUTCOMES_RECORDED, answer, wire.PartPosition(0, True))

    def fail(self, code, message, field="", retry_after_ms=0):
        self._send(wire.Kind.ERROR, MessageType.ERROR, ErrorBody(code, message, field, retry_after_ms), None)

    def _send(self, kind, message_type, message, position):
        envelope = wire.Envelope(
            kind=kind, message_type=message_type, correlation_id=self.envelope.correlation_id, part=position
        )
        body, attachments = wire.encode_body(message)
        self._door.send([self._client, wire.encode_envelope(envelope), body, *attachments])


class FakeDoor:
    """Calls `handle(request)` for every request on its own thread; `cancels` gets the ids of cancelled ones."""

    def __init__(self, handle, secret_key=None, port=0):
        self._handle = handle
        self._stop = threading.Event()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.rcvtimeo = 20
        if secret_key is not None:
            self._socket.curve_secretkey = secret_key
            self._socket.curve_server = True
        self._socket.bind(f"tcp://127.0.0.1:{port or '*'}")
        self.address = self._socket.last_endpoint.decode()
        self.port = int(self.address.rpartition(":")[2])
        self.cancels = queue.Queue()
        self.problems = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._stop.set()
        self._thread.join()
        self._socket.close()
        self._context.term()
        if self.problems:
            raise self.problems[0]

    def send(self, frames):
        self._socket.send_multipart(frames)

    def _run(self):
        while not self._stop.is_set():
            try:
                client, head, *rest = self._socket.recv_multipart()
            except zmq.Again:
                continue
            try:
                self._take(client, wire.decode_envelope(head), rest)
            except Exception as problem:  # a failed assertion of the test must not end as a timeout
                self.problems.append(problem)

    def _take(self, client, envelope, frames):
        if envelope.kind == wire.Kind.CANCEL:
            self.cancels.put(envelope.correlation_id)
            return
        if envelope.message_type == MessageType.KEYED_REQUEST:
            keyed = wire.decode_body(KeyedRequest, frames[0], frames[1:])
            self._handle(Request(self, client, envelope, keyed.request, keyed.idempotency_key))
            return
        is_record = envelope.message_type == MessageType.RECORD_OUTCOMES
        message = wire.decode_body(RecordOutcomes if is_record else ServeRequest, frames[0], frames[1:])
        self._handle(Request(self, client, envelope, message))
