"""One ZeroMQ socket, the thread that owns it, and the calls that wait for answers on it."""

from __future__ import annotations

import itertools
import queue
import re
import socket
import threading
import time
from collections import deque
from typing import Dict, List, Optional, Tuple, Union

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
from .messages import ErrorBody, KeyedRequest, MessageType, ResultPart, ServeRequest
from .wire import Buffer, Envelope, Kind, decode_body, decode_envelope, encode_body, encode_envelope

_LINGER_MS = 200  # for the last cancels when a client is closed
_ON_THIS_MACHINE = re.compile(r"(?!tcp://)|tcp://(127\.|localhost:|\[::1\]:)")
_WHERE_KEYS_ARE = "`troupe get nodes --json` has it as zmq_key"
# Values of a failed handshake's event: https://libzmq.readthedocs.io/en/latest/zmq_socket_monitor.html
_MECHANISM_MISMATCH = 0x11000002


class Call:
    """One request's answer. For one thread at a time."""

    def __init__(self, connection: "Connection", correlation_id: int, timeout: Optional[float]):
        self._connection = connection
        self._correlation_id = correlation_id
        self._timeout = timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        # Holds what has come and was not taken yet; the answer's own length bounds it.
        self._inbox: "queue.SimpleQueue[Union[TroupeError, Tuple[Envelope, List[Buffer]]]]" = queue.SimpleQueue()
        self._parts = 0
        self._ended = False

    def next_part(self) -> Tuple[ResultPart, bool]:
        """Waits for the next part; also says whether it is the last one. Raises the error that ends the answer."""
        try:
            part, last = self._take()
        except BaseException:
            self.cancel()
            raise
        self._ended = last
        return part, last

    def cancel(self) -> None:
        """Wants no more. Does nothing once the answer has ended."""
        if not self._ended:
            self._ended = True
            self._connection.cancel(self._correlation_id)

    def deliver(self, item: Union[TroupeError, Tuple[Envelope, List[Buffer]]]) -> None:
        self._inbox.put(item)

    def remaining(self) -> Optional[float]:
        """Seconds until the deadline."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _take(self) -> Tuple[ResultPart, bool]:
        try:
            item = self._inbox.get(timeout=self.remaining())
        except queue.Empty:
            address = self._connection.address
            raise DeadlineExceeded(f"no answer from {address} within {self._timeout:g} seconds") from None
        if isinstance(item, TroupeError):
            self._ended = True
            raise item
        envelope, (body, *attachments) = item
        if envelope.kind == Kind.ERROR:
            self._ended = True
            error = decode_body(ErrorBody, body, attachments)
            raise error_from(error.code, error.message, error.field, error.retry_after_ms)
        if envelope.part.index != self._parts:
            raise CorruptData(f"expected part {self._parts} of the answer, found part {envelope.part.index}")
        self._parts += 1
        return decode_body(ResultPart, body, attachments), envelope.part.last


class Connection:
    """Thread-safe. Requests of all threads share one DEALER socket; answers find their call by correlation id.

    Malformed frames, and answers that nobody waits for, are dropped.
    """

    def __init__(self, address: str, api_key: Optional[str], server_key: Optional[str] = None):
        if server_key is None and not _ON_THIS_MACHINE.match(address):
            raise InvalidArgument(
                f"{address} is on another machine, so its door encrypts: its public key is needed; {_WHERE_KEYS_ARE}",
                "server_key",
            )
        self.address = address
        self._server_key = server_key
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._calls: Dict[int, Call] = {}
        self._outgoing: "deque[Tuple[int, List[Buffer]]]" = deque()
        self._closed = False
        self._refusal: Optional[TroupeError] = None  # why there will never be a connection
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = _LINGER_MS
        self._target = "gateway" if api_key is None else f"gateway#{api_key}"
        try:
            if server_key is not None:
                self._socket.curve_publickey, self._socket.curve_secretkey = zmq.curve_keypair()
                self._set_server_key(server_key)
            self._monitor = self._socket.get_monitor_socket(
                zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
            )
            self._socket.connect(address)
        except TroupeError:
            self._context.destroy(linger=0)
            raise
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise Unavailable(f"cannot connect to {address}: {error}") from None
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="troupe-client", daemon=True)
        self._thread.start()

    def request(
        self, message: ServeRequest, timeout: Optional[float], idempotency_key: Optional[str] = None
    ) -> Call:
        """Sends `message`; `timeout` in seconds, None = none."""
        call = Call(self, next(self._ids), timeout)
        remaining = call.remaining()
        envelope = Envelope(
            kind=Kind.REQUEST,
            message_type=MessageType.SERVE_REQUEST if idempotency_key is None else MessageType.KEYED_REQUEST,
            correlation_id=call._correlation_id,
            target_path=self._target,
            remaining_us=None if remaining is None else int(remaining * 1e6),
            trace=message.request_id,
        )
        body, attachments = encode_body(
            message if idempotency_key is None else KeyedRequest(message, idempotency_key)
        )
        with self._lock:
            if self._closed:
                raise Cancelled("the client is closed")
            if self._refusal is not None:
                raise self._refusal
            self._calls[call._correlation_id] = call
        self._post(call._correlation_id, [encode_envelope(envelope), body, *attachments])
        return call

    def cancel(self, correlation_id: int) -> None:
        with self._lock:
            known = self._calls.pop(correlation_id, None)
            if known is None or self._closed:
                return
        self._post(0, self._cancel_of(correlation_id))

    def _cancel_of(self, correlation_id: int) -> List[Buffer]:
        return [encode_envelope(Envelope(kind=Kind.CANCEL, correlation_id=correlation_id, target_path="gateway"))]

    def close(self) -> None:
        """Ends the thread; calls under way raise Cancelled. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._wake()
        self._thread.join()
        self._wake_in.close()
        self._wake_out.close()
        self._context.term()

    def _post(self, correlation_id: int, frames: List[Buffer]) -> None:
        self._outgoing.append((correlation_id, frames))
        self._wake()

    def _wake(self) -> None:
        try:
            self._wake_out.send(b"\0")
        except (BlockingIOError, OSError):
            pass  # full: the thread is about to wake anyway; closed: nobody is left to wake

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake_in, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)
        while not self._closed:
            poller.poll()
            self._drain_wakes()
            self._watch_handshakes()
            self._send()
            self._receive()
        self._send()
        self._socket.disable_monitor()
        self._monitor.close(linger=0)  # Else the context waits for it for ever.
        self._socket.close()
        with self._lock:
            orphans, self._calls = self._calls, {}
        for call in orphans.values():
            call.deliver(Cancelled("the client was closed"))

    def _drain_wakes(self) -> None:
        try:
            while self._wake_in.recv(4096):
                pass
        except BlockingIOError:
            pass

    def _send(self) -> None:
        while self._outgoing:
            correlation_id, frames = self._outgoing.popleft()
            try:
                self._socket.send_multipart(frames, zmq.NOBLOCK, copy=False)
            except zmq.Again:
                self._watch_handshakes()  # ZeroMQ has dropped a connection that it will not try again.
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

    def _watch_handshakes(self) -> None:
        """Ends what waits where the keys do not fit. ZeroMQ tries again only if it was the door that hung up.

        Which of the two a client meets is a race: a door that sees the mismatch first tells nothing.
        """
        while self._monitor.poll(0):
            message = recv_monitor_message(self._monitor)
            error = self._unfit(is_plain=message["value"] == _MECHANISM_MISMATCH)
            with self._lock:
                if message["event"] == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                    self._refusal = error
                waiting = list(self._calls)
            for correlation_id in waiting:
                self._end(correlation_id, error)
                self._post(0, self._cancel_of(correlation_id))  # It stays queued for a door that fits.

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
