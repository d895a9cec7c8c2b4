"""Streams whose clients do not read: the model rests, nobody's memory grows, nobody else waits, and reading goes on where
it stopped."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Iterator

import pytest
import troupe
from polling import wait_until
from python_models import start_model
from troupe_cluster import Cluster, completion

#: Says numbered lines without end, and notes how many it has made.
TELLER = """
@troupe.model(slots=4, batch=False)
class Teller:
    def __init__(self, notes):
        self.notes = notes

    def generate(self, prompt):
        if prompt == "short":
            yield "short answer"
            return
        with open(self.notes + "/" + prompt, "w") as notes:
            for i in range(10**9):
                print(i, file=notes, flush=True)
                yield f"{i:08d} " + "x" * 2000 + "\\n"
"""
LINE = 2010
WINDOW = 512 << 10
#: What the kernel may hold of a connection, the window, and what one connection's buffer may hold beside.
AHEAD_MAX = 24 << 20
GROWTH_MAX = 32 << 20


@pytest.fixture(scope="module")
def teller(shared: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """The head and gateway here, the model on a worker of its own, so that streams cross the bus."""
    shared.start_head(roles="head,gateway")
    shared.start("w1")
    notes = tmp_path_factory.mktemp("notes")
    start_model(shared, tmp_path_factory.mktemp("teller"), TELLER, "served:Teller", "--set", f"notes={notes}")
    shared.notes = notes
    return shared


def made(teller: Cluster, prompt: str) -> int:
    """Lines that the model has made for a prompt."""
    notes: Path = teller.notes / prompt
    return notes.read_bytes().count(b"\n") if notes.exists() else 0


def has_come_to_rest(teller: Cluster, prompt: str) -> bool:
    before = made(teller, prompt)
    time.sleep(0.5)  # A model that goes on makes hundreds of lines in that time.
    return before > 0 and made(teller, prompt) == before


def resident(pid: int) -> int:
    """Bytes of memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


class SlowHttp:
    """A stream over HTTP that is read only where a test says."""

    def __init__(self, teller: Cluster, prompt: str):
        host, port = teller.gateway.url("http").removeprefix("http://").rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        body = json.dumps(completion(prompt, model="teller", stream=True, max_tokens=10**6)).encode()
        self.socket.sendall(
            b"POST /v1/completions HTTP/1.1\r\nHost: test\r\ncontent-type: application/json\r\n"
            b"x-request-timeout-ms: 120000\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        self.rest = b""

    def lines(self) -> Iterator[str]:
        """The model's lines, in order."""
        while True:
            *events, self.rest = self.rest.split(b"\n\n")
            for event in events:
                if b"data: {" in event:
                    yield json.loads(event[event.index(b"data: ") + 6 :])["choices"][0]["text"]
            got = self.socket.recv(1 << 16)
            assert got, "the stream was cut off"
            self.rest += got

    def close(self) -> None:
        self.socket.close()


def test_a_stream_over_http_rests_while_nobody_reads_and_goes_on_after(teller: Cluster):
    before = resident(teller.gateway.process.pid)
    slow = SlowHttp(teller, "http")
    wait_until(lambda: has_come_to_rest(teller, "http"), "the model rests")
    at_rest = made(teller, "http")

    assert at_rest * LINE < AHEAD_MAX
    assert resident(teller.gateway.process.pid) - before < GROWTH_MAX

    lines = slow.lines()
    first = [next(lines) for _ in range(3 * at_rest)]
    slow.close()

    assert [int(line[:8]) for line in first] == list(range(3 * at_rest))
    wait_until(lambda: has_come_to_rest(teller, "http"), "the model ends when its client has gone")


def test_a_stream_over_zeromq_rests_while_nobody_reads_and_goes_on_after(teller: Cluster):
    """A client of a few lines: the package's own reads ahead."""
    import zmq
    from troupe import wire
    from troupe.messages import Generate, MessageType, PlainText, ResultPart, Sampling, ServeRequest

    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    dealer.rcvhwm = 4
    dealer.rcvbuf = 64 << 10
    dealer.connect(teller.gateway.url("zmq"))
    work = Generate(PlainText("zmq"), Sampling(max_tokens=10**6), True)
    body, _ = wire.encode_body(ServeRequest("r1", "teller", work=work))
    head = wire.Envelope(
        kind=wire.Kind.REQUEST,
        message_type=MessageType.SERVE_REQUEST,
        correlation_id=1,
        target_path="gateway",
        remaining_us=120_000_000,
    )
    before = resident(teller.gateway.process.pid)
    dealer.send_multipart([wire.encode_envelope(head), body])
    wait_until(lambda: has_come_to_rest(teller, "zmq"), "the model rests")
    at_rest = made(teller, "zmq")

    assert at_rest * LINE < AHEAD_MAX
    assert resident(teller.gateway.process.pid) - before < GROWTH_MAX

    numbers = []
    while len(numbers) < 3 * at_rest:
        assert dealer.poll(30_000), "nothing more came"
        head_frame, body_frame = dealer.recv_multipart()
        part = wire.decode_body(ResultPart, body_frame, [])
        assert wire.decode_envelope(head_frame).part.index == len(numbers)
        numbers.append(int(part.content.text[:8]))
    cancel = wire.Envelope(kind=wire.Kind.CANCEL, correlation_id=1, target_path="gateway")
    dealer.send_multipart([wire.encode_envelope(cancel)])

    assert numbers == list(range(3 * at_rest))
    wait_until(lambda: has_come_to_rest(teller, "zmq"), "the model ends when its client has said so")
    context.destroy(linger=0)


def test_others_are_served_beside_those_who_do_not_read(teller: Cluster):
    slow = [SlowHttp(teller, f"beside-{i}") for i in range(3)]
    wait_until(lambda: all(has_come_to_rest(teller, f"beside-{i}") for i in range(3)), "three streams rest")

    with teller.http() as door:
        answer = door.post("/v1/completions", completion("short", model="teller"))
    with troupe.Client(teller.gateway.url("zmq")) as client:
        also = client.generate("teller", "short").text
    for one in slow:
        one.close()

    assert answer.status == 200 and answer.json()["choices"][0]["text"] == "short answer"
    assert also == "short answer"
