"""One ZeroMQ socket and the calls that wait for answers on it. Nothing here blocks: what turns it, a thread or an event
loop, is in threads.py and loops.py."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections import deque
from typing import Any, Dict, Generic, List, Optional, Tuple, TypeVar, Union

import zmq
from zmq.utils.monitor import recv_monitor_message

from .errors import (
    Cancelled,
    CorruptData,
    DeadlineExceeded,
    InvalidArgument,
    TroupeError,
    Unavailable,
    error_from,
)
from .messages import (
    ErrorBody,
    KeyedRequest,
    MessageType,
    OutcomesRecorded,
    RecordOutcomes,
    ResultPart,
    ServeRequest,
)
from .wire import Buffer, Envelope, Kind, decode_body, decode_envelope, encode_body, encode_envelope

_LINGER_MS = 200  # for the last cancels when a client is closed
_ON_THIS_MACHINE = re.compile(r"(?!tcp://)|tcp://(127\.|localhost:|\[::1\]:)")
_WHERE_KEYS_ARE = "`troupe get nodes --json` has it as zmq_key"
# Values of a failed handshake's event: https://libzmq.readthedocs.io/en/latest/zmq_socket_monitor.html
_MECHANISM_MISMATCH = 0x11000002
_EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_DISCONNECTED
)

#: What ends a call or is a piece of its answer.
Delivered = Union[TroupeError, Tuple[Envelope, List[Buffer]]]


class Call:
    """One request's answer. For one thread or task at a time."""

    def __init__(self, connection: "Connection", correlation_id: int, timeout: Optional[float]):
        self.correlation_id = correlation_id
        self.is_sent = False
        self.answer: type = ResultPart  # what its parts are
        self.repeat: Optional[List[Buffer]] = None  # what is sent again where the connection breaks
        self._connection = connection
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._parts = 0
        self._ended = False

    def deliver(self, item: Delivered) -> None:
        """Hands `item` to who waits. By what turns the connection."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Wants no more. Does nothing once the answer has ended."""
        if not self._ended:
            self._ended = True
            self._connection.cancel(self.correlation_id)

    def remaining(self) -> Optional[float]:
        """Seconds until the deadline."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def late(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"no answer from {self._connection.address} within {self._timeout:g} seconds")

    def open(self, item: Delivered) -> Tuple[Any, bool]:
        """The next part, and whether it is the last one. Raises the error that ends the answer."""
        if isinstance(item, TroupeError):
            raise item
        envelope, (body, *attachments) = item
        if envelope.kind == Kind.ERROR:
            error = decode_body(ErrorBody, body, attachments)
            raise error_from(error.code, error.message, error.field, error.retry_after_ms)
        if envelope.part.index != self._parts:
            raise CorruptData(f"expected part {self._parts} of the answer, found part {envelope.part.index}")
        self._parts += 1
        part = decode_body(self.answer, body, attachments)
        self._ended = envelope.part.last
        return part, self._ended


AnyCall = TypeVar("AnyCall", bound=Call)


class Connection(Generic[AnyCall]):
    """Requests share one DEALER socket; answers find their call by correlation id. ZeroMQ reconnects by itself; calls that
    were sent over a connection that broke end as Unavailable, but for outcomes, which are sent again.

    request(), record() and cancel() may be called by any thread. They call wake(), after which turn() must be called soon,
    as after anything that the file descriptors tell. Malformed frames, and answers that nobody waits for, are dropped.
    """

    def __init__(self, address: str, api_key: Optional[str], server_key: Optional[str] = None):
        if server_key is None and not _ON_THIS_MACHINE.match(address):
            raise InvalidArgument(
                f"{address} is on another machine, so its door encrypts: its public key is needed; {_WHERE_KEYS_ARE}",
                "server_key",
            )
        self.address = address
        self._server_key = server_key
        self._target = "gateway" if api_key is None else f"gateway#{api_key}"
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._calls: Dict[int, AnyCall] = {}
        self._outgoing: "deque[Tuple[int, List[Buffer]]]" = deque()
        self._closed = False
        self._is_connected = False
        self._refusal: Optional[TroupeError] = None  # why there will never be a connection
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = _LINGER_MS
        try:
            if server_key is not None:
                self._socket.curve_publickey, self._socket.curve_secretkey = zmq.curve_keypair()
                self._set_server_key(server_key)
            self._monitor = self._socket.get_monitor_socket(_EVENTS)
            self._socket.connect(address)
        except TroupeError:
            self._context.destroy(linger=0)
            raise
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise Unavailable(f"cannot connect to {address}: {error}") from None

    def new_call(self, correlation_id: int, timeout: Optional[float]) -> AnyCall:
        raise NotImplementedError

    def wake(self) -> None:
        """Sees to it that turn() is called. By any thread; never raises."""
        raise NotImplementedError

    def request(
        self, message: ServeRequest, timeout: Optional[float], idempotency_key: Optional[str] = None
    ) -> AnyCall:
        """Sends `message`; `timeout` in seconds, None = none."""
        call = self.new_call(next(self._ids), timeout)
        if idempotency_key is None:
            frames = self._frames_of(call, MessageType.SERVE_REQUEST, message, message.request_id)
        else:
            keyed = KeyedRequest(message, idempotency_key)
            frames = self._frames_of(call, MessageType.KEYED_REQUEST, keyed, message.request_id)
        self._begin(call, frames)
        return call

    def record(self, outcomes: RecordOutcomes, timeout: Optional[float]) -> AnyCall:
        """Sends `outcomes`, each of which has an id: where the connection breaks they are sent again over the next."""
        call = self.new_call(next(self._ids), timeout)
        call.answer = OutcomesRecorded
        call.repeat = self._frames_of(call, MessageType.RECORD_OUTCOMES, outcomes, "")
        self._begin(call, call.repeat)
        return call

    def cancel(self, correlation_id: int) -> None:
        with self._lock:
            known = self._calls.pop(correlation_id, None)
            if known is None or self._closed:
                return
        self._post(0, self._cancel_of(correlation_id))

    def turn(self) -> None:
        """Sends what waits, and hands over what has come."""
        self._watch()
        self._send()
        self._receive()

    def mark_closed(self) -> bool:
        """False: it was before."""
        with self._lock:
            was_closed, self._closed = self._closed, True
        return not was_closed

    def hang_up(self) -> None:
        """Sends the last cancels, and ends all calls. turn() must not be called any more."""
        self._send()
        self._socket.disable_monitor()
        self._monitor.close(linger=0)  # Else the context waits for it for ever.
        self._socket.close()
        with self._lock:
            orphans, self._calls = self._calls, {}
        for call in orphans.values():
            call.deliver(Cancelled("the client was closed"))

    def _frames_of(self, call: AnyCall, message_type: MessageType, message: Any, trace: str) -> List[Buffer]:
        remaining = call.remaining()
        envelope = Envelope(
            kind=Kind.REQUEST,
            message_type=message_type,
            correlation_id=call.correlation_id,
            target_path=self._target,
            remaining_us=None if remaining is None else int(remaining * 1e6),
            trace=trace,
        )
        body, attachments = encode_body(message)
        return [encode_envelope(envelope), body, *attachments]

    def _begin(self, call: AnyCall, frames: List[Buffer]) -> None:
        with self._lock:
            if self._closed:
                raise Cancelled("the client is closed")
            if self._refusal is not None:
                raise self._refusal
            self._calls[call.correlation_id] = call
        self._post(call.correlation_id, frames)

    def _post(self, correlation_id: int, frames: List[Buffer]) -> None:
        self._outgoing.append((correlation_id, frames))
        self.wake()

    def _cancel_of(self, correlation_id: int) -> List[Buffer]:
        return [encode_envelope(Envelope(kind=Kind.CANCEL, correlation_id=correlation_id, target_path="gateway"))]

    def _send(self) -> None:
        while self._outgoing:
            correlation_id, frames = self._outgoing.popleft()
            call = self._calls.get(correlation_id)
            try:
                self._socket.send_multipart(frames, zmq.NOBLOCK, copy=False)
                if call is not None:
                    call.is_sent = True
            except zmq.Again:
                self._watch()  # ZeroMQ has dropped a connection that it will not try again.
                full = Unavailable(f"the queue to {self.address} is full; is it reachable?")
                self._end(correlation_id, self._refusal or full)

    def _receive(self) -> None:
        while True:
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._dispatch([frame.buffer for frame in frames])

    def _set_server_key(self, key: str) -> None:
        try:
            self._socket.curve_serverkey = key.encode()
        except (ValueError, zmq.ZMQError):
            raise InvalidArgument(
                f"{key!r} is no public key: one is 40 characters of Z85; {_WHERE_KEYS_ARE}", "server_key"
            ) from None

    def _watch(self) -> None:
        """Heeds what the socket's monitor tells of the connection."""
        while True:
            try:
                message = recv_monitor_message(self._monitor, zmq.NOBLOCK)
            except zmq.Again:
                return
            if message["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._is_connected = True
            elif message["event"] != zmq.EVENT_DISCONNECTED:
                self._refuse(message)
            elif self._is_connected:
                self._is_connected = False
                self._lose()

    def _lose(self) -> None:
        """Ends what was sent: whoever had it has gone with its answers. What may be repeated is."""
        self._receive()  # What came before the end still counts.
        broken = Unavailable(f"the connection to {self.address} broke", "address")
        with self._lock:
            sent = [call for call in self._calls.values() if call.is_sent]
        for call in sent:
            if call.repeat is None:
                self._end(call.correlation_id, broken)
            # ZeroMQ may still have it for whoever is there next.
            self._post(0, self._cancel_of(call.correlation_id))
            if call.repeat is not None:
                call.is_sent = False
                self._post(call.correlation_id, call.repeat)

    def _refuse(self, message: Dict[str, int]) -> None:
        """Ends what waits where the keys do not fit. ZeroMQ tries again only if it was the door that hung up.

        Which of the two a client meets is a race: a door that sees the mismatch first tells nothing.
        """
        error = self._unfit(is_plain=message["value"] == _MECHANISM_MISMATCH)
        with self._lock:
            if message["event"] == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                self._refusal = error
            ended = list(self._calls)
        for correlation_id in ended:
            self._end(correlation_id, error)
            self._post(0, self._cancel_of(correlation_id))  # ZeroMQ may still have it for whoever is there next.

    def _unfit(self, is_plain: bool) -> TroupeError:
        if self._server_key is None:
            why = f"is it a ZeroMQ door that encrypts? Then its public key is needed; {_WHERE_KEYS_ARE}"
        elif is_plain:
            why = "it does not encrypt, though its key was given; is it the right address?"
        else:
            why = "is it a gateway's ZeroMQ door, and is this still its public key?"
        return Unavailable(f"what listens at {self.address} ends the handshake: {why}", "address")

    def _dispatch(self, frames: List[Buffer]) -> None:
        try:
            envelope = decode_envelope(frames[0])
        except TroupeError:
            return
        if len(frames) < 2 or envelope.kind not in (Kind.PART, Kind.ERROR):
            return
        ends = envelope.kind == Kind.ERROR or envelope.part.last
        with self._lock:
            get = self._calls.pop if ends else self._calls.get
            call = get(envelope.correlation_id, None)
        if call is not None:
            call.deliver((envelope, frames[1:]))

    def _end(self, correlation_id: int, error: TroupeError) -> None:
        with self._lock:
            call = self._calls.pop(correlation_id, None)
        if call is not None:
            call.deliver(error)
