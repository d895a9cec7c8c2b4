"""The socket to the node, and the thread that owns it. It computes nothing, so that it can say how the step of the
thread that computes is doing; where that one keeps the interpreter lock, it can say nothing, and the node sees that."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import traceback
from collections import deque
from typing import Any, Deque, List, Optional

import zmq

from ..errors import TooLarge, TroupeError, number_of
from ..messages import (
    BODIES,
    BackendLoaded,
    BackendWarm,
    ErrorBody,
    Execute,
    LoadBackend,
    MessageType,
    ModelInterface,
    Progress,
    ResultPart,
    WorkerHello,
    ExecuteItem,
)
from ..wire import (
    ATTACHMENT_BYTES_MAX,
    BODY_BYTES_MAX,
    PROTOCOL,
    Buffer,
    Envelope,
    Kind,
    PartPosition,
    decode_body,
    decode_envelope,
    encode_body,
    encode_envelope,
)
from .work import Inbox, Steps

PROGRESS_INTERVAL_S = 0.2
_OUTGOING_MAX = 1024  # messages; a step that makes more waits for the node to read
_FLUSH_MS = 1000
_UNLOAD_PATIENCE_S = 1.0  # for the step that runs
_OVERDUE_S = 0.5  # past its longest step a call's stack is printed

_TYPES = {cls: number for number, cls in BODIES.items()}


class Channel:
    """send() and its relatives may be called from any one thread. `lifeline`: descriptor of a pipe's read end; when
    the node is gone it reads end of file, and this process ends at once."""

    def __init__(self, address: str, lifeline: Optional[int], inbox: Inbox, steps: Steps, software: str):
        self._inbox = inbox
        self._steps = steps
        self._lifeline = lifeline
        self._software = software
        self._room = threading.Condition()
        self._outgoing: Deque[List[Buffer]] = deque()
        self._closing = False
        self._exit_at: Optional[float] = None
        self._longest_step: Optional[float] = None
        self._shown_step = -1
        self._compute_thread = threading.get_ident()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PAIR)
        self._socket.linger = _FLUSH_MS
        self._socket.connect(address)
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="troupe-io", daemon=True)

    def start(self) -> None:
        self._post(_frames(Kind.HELLO, WorkerHello(PROTOCOL, os.getpid(), self._software)))
        self._thread.start()

    def loaded(self) -> None:
        self._post(_frames(Kind.EVENT, BackendLoaded()))

    def warm(self, slots: int, longest_step: float, name: str, interface: ModelInterface) -> None:
        self._longest_step = longest_step
        self._post(_frames(Kind.EVENT, BackendWarm(slots, int(longest_step * 1e6), name, interface)))

    def part(self, work_id: int, index: int, last: bool, part: ResultPart) -> None:
        """Raises TooLarge."""
        frames = _frames(Kind.PART, part, work_id, PartPosition(index, last))
        attached = sum(memoryview(frame).nbytes for frame in frames[2:])
        if len(frames[1]) > BODY_BYTES_MAX or attached > ATTACHMENT_BYTES_MAX:
            raise TooLarge(
                f"an answer may have {ATTACHMENT_BYTES_MAX >> 20} MiB of tensors and {BODY_BYTES_MAX >> 20} MiB of "
                f"other content, found {attached} and {len(frames[1])} bytes"
            )
        self._post(frames)

    def fail(self, work_id: int, error: TroupeError) -> None:
        """work_id 0: the model as a whole."""
        body = ErrorBody(number_of(error.code), error.message, error.field, int((error.retry_after or 0) * 1000))
        self._post(_frames(Kind.ERROR, body, work_id))

    def close(self) -> None:
        """What was sent is flushed for at most a second."""
        self._closing = True
        self._wake()
        self._thread.join()
        self._context.term()

    def _post(self, frames: List[Buffer]) -> None:
        with self._room:
            if threading.get_ident() != self._thread.ident:
                self._room.wait_for(lambda: len(self._outgoing) < _OUTGOING_MAX)
            was_empty = not self._outgoing
            self._outgoing.append(frames)
        if was_empty:  # Else the thread is at it.
            self._wake()

    def _wake(self) -> None:
        try:
            self._wake_out.send(b"\0")
        except BlockingIOError:
            pass  # Full: the thread is about to wake anyway.

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake_in, zmq.POLLIN)
        if self._lifeline is not None:
            poller.register(self._lifeline, zmq.POLLIN)
        due = time.monotonic()
        while not self._closing:
            now = time.monotonic()
            if now >= due:
                due = now + PROGRESS_INTERVAL_S
                self._report(now)
            self._flush()
            poller.register(self._socket, zmq.POLLIN | zmq.POLLOUT if self._outgoing else zmq.POLLIN)
            ready = dict(poller.poll(max(0.0, due - time.monotonic()) * 1000))
            if self._lifeline in ready and os.read(self._lifeline, 1) == b"":
                os._exit(1)
            self._drain_wakes()
            self._receive()
        self._flush()
        self._socket.close()

    def _drain_wakes(self) -> None:
        try:
            while self._wake_in.recv(4096):
                pass
        except BlockingIOError:
            pass

    def _flush(self) -> None:
        while self._outgoing:
            try:
                self._socket.send_multipart(self._outgoing[0], zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return  # The node does not read; the next turn tries again.
            with self._room:
                self._outgoing.popleft()
                self._room.notify()

    def _report(self, now: float) -> None:
        """What the running step does; nothing is reported where the queue to the node is full."""
        if self._exit_at is not None and now >= self._exit_at:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        age = self._steps.age
        self._show_overdue(age)
        if len(self._outgoing) < _OUTGOING_MAX:
            self._post(_frames(Kind.EVENT, Progress(self._steps.finished, int(age * 1e6))))

    def _show_overdue(self, age: float) -> None:
        """Where a call that takes too long is at, once a call: the node is about to end this process."""
        if self._longest_step is None or age < self._longest_step + _OVERDUE_S:
            return
        if self._shown_step == self._steps.finished:
            return
        self._shown_step = self._steps.finished
        frame = sys._current_frames().get(self._compute_thread)
        stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
        print(
            f"troupe: a step has run for {age:.1f} s, longest_step is {self._longest_step:g} s; it is at\n{stack}",
            file=sys.stderr,
            end="",
            flush=True,
        )

    def _receive(self) -> None:
        while not self._closing:
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            try:
                self._take([frame.buffer for frame in frames])
            except TroupeError as error:
                print(f"troupe: dropped a message of the node: {error}", file=sys.stderr, flush=True)

    def _take(self, frames: List[Buffer]) -> None:
        envelope = decode_envelope(frames[0])
        if envelope.kind == Kind.CANCEL:
            self._inbox.cancel(envelope.correlation_id)
            return
        if envelope.kind == Kind.CREDIT:
            self._inbox.credit(envelope.correlation_id, envelope.credit)
            return
        if envelope.kind != Kind.EVENT:
            return
        body, attachments = (frames[1], frames[2:]) if len(frames) > 1 else (b"", [])
        if envelope.message_type == MessageType.EXECUTE:
            self._execute(decode_body(Execute, body, attachments).items)
        elif envelope.message_type == MessageType.LOAD_BACKEND:
            self._inbox.load(decode_body(LoadBackend, body, attachments).spec)
        elif envelope.message_type == MessageType.UNLOAD:
            self._exit_at = time.monotonic() + _UNLOAD_PATIENCE_S
            self._inbox.unload()

    def _execute(self, items: List[ExecuteItem]) -> None:
        for refused in self._inbox.add(items):
            body = ErrorBody(number_of("overloaded"), "the model has no free slot", "", 0)
            self._post(_frames(Kind.ERROR, body, refused.work_id))


def _frames(
    kind: Kind, message: Any, correlation_id: int = 0, position: Optional[PartPosition] = None
) -> List[Buffer]:
    body, attachments = encode_body(message)
    number = _TYPES[type(message)]
    head = Envelope(kind=kind, message_type=number, correlation_id=correlation_id, part=position)
    return [encode_envelope(head), body, *attachments]
