"""A node's side of the worker protocol, with the real worker process at the other end."""

import os
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass

import zmq

from troupe import wire
from troupe.messages import (
    BODIES,
    BatchingSpec,
    Execute,
    Generate,
    Infer,
    LoadBackend,
    MessageType,
    PlainText,
    Progress,
    ReplicaSpec,
    Sampling,
    ServeRequest,
    Unload,
    ExecuteItem,
)
from troupe.tensors import array, tensors

WAIT = 20  # seconds that a test waits before it calls the worker broken

_TYPES = {cls: number for number, cls in BODIES.items()}


@dataclass
class Said:
    envelope: wire.Envelope
    body: object

    @property
    def kind(self):
        return type(self.body).__name__


class FakeNode:
    """Writes `code` as module `served`, starts `python -m troupe.worker` on it. Progress is kept aside."""

    def __init__(self, folder, code, entry="served:Model", batch_max=8, settings=None):
        (folder / "served.py").write_text("import numpy as np\nimport troupe\n" + textwrap.dedent(code))
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PAIR)
        self._socket.linger = 0
        address = f"ipc://{folder}/node.sock"
        self._socket.bind(address)
        read, self._lifeline = os.pipe()
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "troupe.worker", "--connect", address, "--lifeline", str(read)],
                pass_fds=[read],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        os.close(read)
        self.spec = ReplicaSpec(
            model="served",
            version="1",
            folder=str(folder),
            entry=entry,
            batching=BatchingSpec(size_max=batch_max),
            settings=settings or {},
        )
        self.progress = []
        self._ids = 0

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.cut_lifeline()
        self._context.destroy(linger=0)

    def cut_lifeline(self):
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def log(self):
        return self._log.read_text()

    def load(self):
        """Up to BackendWarm, which it returns."""
        assert self.next().kind == "WorkerHello"
        self.send(LoadBackend(self.spec))
        assert self.next().kind == "BackendLoaded"
        return self.next().body

    def send(self, message, kind=wire.Kind.EVENT):
        body, attachments = wire.encode_body(message)
        envelope = wire.Envelope(kind=kind, message_type=_TYPES[type(message)])
        self._socket.send_multipart([wire.encode_envelope(envelope), body, *attachments])

    def execute(self, *works, remaining_us=None, credit=None):
        """Sends a batch; the ids of its items."""
        items = []
        for work in works:
            self._ids += 1
            request = ServeRequest(f"r{self._ids}", "served", work=work)
            items.append(ExecuteItem(self._ids, remaining_us, request, credit))
        self.send(Execute(items))
        return [item.work_id for item in items]

    def cancel(self, work_id):
        envelope = wire.Envelope(kind=wire.Kind.CANCEL, correlation_id=work_id)
        self._socket.send_multipart([wire.encode_envelope(envelope), b""])

    def credit(self, work_id, count):
        envelope = wire.Envelope(kind=wire.Kind.CREDIT, correlation_id=work_id, credit=count)
        self._socket.send_multipart([wire.encode_envelope(envelope), b""])

    def next(self, timeout=WAIT):
        """What the worker says next, apart from progress."""
        deadline = time.monotonic() + timeout
        while True:
            assert self._socket.poll(max(0, (deadline - time.monotonic()) * 1000)), f"nothing came:\n{self.log()}"
            head, body, *attachments = self._socket.recv_multipart()
            envelope = wire.decode_envelope(head)
            said = Said(envelope, wire.decode_body(BODIES[envelope.message_type], body, attachments))
            if not isinstance(said.body, Progress):
                return said
            self.progress.append(said.body)

    def wait_for_progress(self, wanted):
        """Until a Progress for which `wanted` is true."""
        deadline = time.monotonic() + WAIT
        while True:
            assert self._socket.poll(max(0, (deadline - time.monotonic()) * 1000)), f"no progress:\n{self.log()}"
            head, body, *_ = self._socket.recv_multipart()
            if wire.decode_envelope(head).message_type != MessageType.PROGRESS:
                continue
            progress = wire.decode_body(Progress, body)
            if wanted(progress):
                return progress

    def answers(self, *ids):
        """The last words on each: {name: array}, a text, or an ErrorBody."""
        found, text = {}, {}
        while len(found) < len(ids):
            said = self.next()
            work_id = said.envelope.correlation_id
            assert work_id in ids, said
            if said.kind == "ErrorBody":
                found[work_id] = said.body
                continue
            content = said.body.content
            if hasattr(content, "text"):
                text[work_id] = text.get(work_id, "") + content.text
            if said.envelope.part.last:
                found[work_id] = text.get(work_id) if hasattr(content, "text") else outputs(content)
        return [found[one] for one in ids]


def outputs(content):
    return {one.name: array(one) for one in content.outputs}


def infer(wanted=(), parameters=None, **inputs):
    return Infer(tensors(inputs), list(wanted), parameters or {})


def generate(prompt, stream=False, **sampling):
    return Generate(PlainText(prompt) if isinstance(prompt, str) else prompt, Sampling(**sampling), stream)
