"""The node's side of the worker protocol (docs/worker-protocol.md), for testing back-end programs: starts one, hears all it
says, says what a test wants."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

import msgpack
import zmq
from troupe import wire
from troupe.messages import (
    ErrorBody,
    Execute,
    ExecuteItem,
    Generate,
    Infer,
    PlainText,
    ResultPart,
    Sampling,
    ServeRequest,
    Tensor,
)
from troupe.wire import Envelope, Kind

HELLO, LOAD, LOADED, WARM, EXECUTE, PROGRESS, UNLOAD = 40, 41, 42, 43, 45, 46, 47
RESULT_PART = 11
NATIVE, ECHO, PYTHON = 1, 2, 3
PROCESS = 1


@dataclass
class Heard:
    """A message of the child, and when it came (time.monotonic())."""

    at: float
    envelope: Envelope
    body: Any  # ResultPart, ErrorBody, or the list of the fields.

    @property
    def type(self) -> int:
        return self.envelope.message_type


@dataclass
class Answer:
    parts: List[ResultPart] = field(default_factory=list)
    indexes: List[int] = field(default_factory=list)
    error: Optional[ErrorBody] = None
    ended: bool = False

    @property
    def text(self) -> str:
        return "".join(part.content.text for part in self.parts)


class Child:
    """One back-end process. In a `with` block, or close() it."""

    def __init__(self, command: Sequence[str], folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.PAIR)
        self.socket.linger = 0
        # The folders of pytest may be too long for a socket's address.
        path = os.path.relpath(folder / "socket")
        self.socket.bind(f"ipc://{path}")
        read, self._lifeline = os.pipe()
        os.set_inheritable(read, True)
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--connect", f"ipc://{path}", "--lifeline", str(read)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[read],
            )
        os.close(read)
        self.heard: List[Heard] = []
        self.answers: Dict[int, Answer] = {}

    # --- Saying

    def event(self, message_type: int, fields: Any, attachments: Sequence[bytes] = ()) -> None:
        self.send(Envelope(kind=Kind.EVENT, message_type=message_type), msgpack.packb(fields), attachments)

    def send(self, envelope: Envelope, body: bytes = b"", attachments: Sequence[bytes] = ()) -> None:
        self.socket.send_multipart([wire.encode_envelope(envelope), body, *attachments])

    def load(self, spec: Dict[str, Any]) -> None:
        self.event(LOAD, [spec_fields(spec)])

    def execute(
        self, work: Dict[int, Any], remaining_us: Optional[int] = None, credit: Optional[int] = None
    ) -> None:
        """One batch: work by id."""
        items = []
        for work_id, one in work.items():
            self.answers[work_id] = Answer()
            request = ServeRequest(request_id=f"r{work_id}", model="m", version="1", work=one)
            items.append(ExecuteItem(work_id, remaining_us, request, credit))
        body, attachments = wire.encode_body(Execute(items))
        self.send(Envelope(kind=Kind.EVENT, message_type=EXECUTE), body, attachments)

    def cancel(self, work_id: int) -> None:
        self.send(Envelope(kind=Kind.CANCEL, correlation_id=work_id))

    def credit(self, work_id: int, count: int) -> None:
        self.send(Envelope(kind=Kind.CREDIT, correlation_id=work_id, credit=count))

    def unload(self) -> None:
        self.event(UNLOAD, [])

    def cut_lifeline(self) -> None:
        os.close(self._lifeline)
        self._lifeline = -1

    # --- Hearing

    def hear(self, timeout: float) -> Optional[Heard]:
        """The next message; None where none comes in time."""
        if not self.socket.poll(max(0, timeout) * 1000):
            return None
        frames = self.socket.recv_multipart()
        envelope = wire.decode_envelope(frames[0])
        heard = Heard(time.monotonic(), envelope, decode(envelope, frames[1], frames[2:]))
        self.heard.append(heard)
        self._note(heard)
        return heard

    def _note(self, heard: Heard) -> None:
        answer = self.answers.get(heard.envelope.correlation_id)
        if heard.envelope.kind == Kind.PART:
            assert answer is not None and not answer.ended, f"a part nobody waits for: {heard}"
            answer.parts.append(heard.body)
            answer.indexes.append(heard.envelope.part.index)
            answer.ended = heard.envelope.part.last
        if heard.envelope.kind == Kind.ERROR and heard.envelope.correlation_id != 0:
            assert answer is not None and not answer.ended, f"an error nobody waits for: {heard}"
            answer.error = heard.body
            answer.ended = True

    def hear_until(self, check: Callable[[], Any], what: str, timeout: float = 20.0) -> Any:
        deadline = time.monotonic() + timeout
        while not (last := check()):
            assert time.monotonic() < deadline, f"not within {timeout} s: {what}; it wrote {self.output.read_text()!r}"
            assert self.process.poll() is None, f"it ended with {self.process.poll()}: {self.output.read_text()!r}"
            self.hear(0.05)
        return last

    def hear_for(self, seconds: float) -> List[Heard]:
        """All that comes in so many seconds."""
        begun, first = time.monotonic(), len(self.heard)
        while (left := begun + seconds - time.monotonic()) > 0:
            self.hear(left)
        return self.heard[first:]

    def of(self, message_type: int) -> List[Heard]:
        return [heard for heard in self.heard if heard.type == message_type]

    def failure(self) -> Optional[ErrorBody]:
        """Why the back end as a whole can't go on."""
        found = [h for h in self.heard if h.envelope.kind == Kind.ERROR and h.envelope.correlation_id == 0]
        return found[0].body if found else None

    def warm_up(self, spec: Dict[str, Any]) -> List[Any]:
        """Hello, load, warm; the fields of BackendWarm."""
        self.hear_until(lambda: self.of(HELLO), "hello")
        self.load(spec)
        return self.hear_until(lambda: self.of(WARM), "the back end is warm")[0].body

    def ask(self, work: Dict[int, Any]) -> List[Answer]:
        """All answers to a batch, in its order."""
        self.execute(work)
        return self.finish(list(work))

    def finish(self, work_ids: List[int]) -> List[Answer]:
        self.hear_until(lambda: all(self.answers[i].ended for i in work_ids), f"answers to {work_ids}")
        return [self.answers[i] for i in work_ids]

    def wait(self, timeout: float) -> int:
        """Its exit code."""
        return self.process.wait(timeout)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._lifeline >= 0:
            self.cut_lifeline()
        self.socket.close()
        self.context.term()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()


def decode(envelope: Envelope, body: bytes, attachments: Sequence[bytes]) -> Any:
    if envelope.message_type == RESULT_PART:
        return wire.decode_body(ResultPart, body, attachments)
    if envelope.kind == Kind.ERROR:
        return wire.decode_body(ErrorBody, body)
    return msgpack.unpackb(body) if body else []


def spec_fields(spec: Dict[str, Any]) -> List[Any]:
    """A ReplicaSpec: what `spec` says, and defaults."""
    return [
        spec.get("id", 0xA1),
        "d",
        1,
        spec.get("model", "m"),
        "1",
        str(spec.get("folder", "")),
        spec["backend"],
        [500, 1 << 28, 0],
        [8, 0, 256],
        spec.get("engine", [16, 512, 64 << 20, 1]),
        PROCESS,
        spec.get("entry", ""),
        spec.get("echo", [1024, 0]),
        "",
        spec.get("settings", {}),
        spec.get("digest", ""),
    ]


def text(prompt: str, stream: bool = False, max_tokens: int = 16) -> Generate:
    return Generate(PlainText(prompt), Sampling(temperature=0.0, max_tokens=max_tokens), stream)


def tensor(name: str, data: bytes) -> Infer:
    return Infer([Tensor(name, 2, [len(data)], data)], [], {})
