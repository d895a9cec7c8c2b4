"""curl, as the documents show it and as people use it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Iterator, List

import pytest
from tool_model import write_tool_model
from troupe_cluster import ROOT, Cluster, deployment

ENCODER = ROOT / "test/data/encoder_tiny/bert"
COMPLETION = {"model": "clerk", "prompt": "47 + 58 =", "temperature": 0, "max_tokens": 8}
#: Of a tensor that is longer than what curl sends without asking first (1 MiB).
NUMBERS = 300_000


def documented() -> List[str]:
    """The commands of docs/http-api.md. One ends where its line does, unless that ends in a backslash or a string is open."""
    commands: List[str] = []
    is_open = False
    for line in (ROOT / "docs/http-api.md").read_text().splitlines():
        if is_open:
            commands[-1] += "\n" + line
        elif line.startswith("curl "):
            commands.append(line)
        else:
            continue
        is_open = line.endswith("\\") or commands[-1].count("'") % 2 == 1
    return commands


@pytest.fixture(scope="module")
def documents(shared: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """The models that the document asks; a tiny encoder is its minilm, and a model made by hand its qwen."""
    qwen = tmp_path_factory.mktemp("models") / "qwen"
    write_tool_model(qwen)
    shared.start_head()
    shared.add_clerk("2")
    shared.run("model", "add", "minilm@1", ENCODER)
    shared.run("model", "add", "qwen@1", qwen)
    shared.apply(
        deployment("clerk", "clerk@2")
        + deployment("minilm", "minilm@1")
        + deployment("qwen", "qwen@1")
        + deployment("echo", "echo@1", backend="echo")
        + deployment("slow", "slow@1", backend="echo", echo={"slots": 8, "delay": "10s"})
    )
    shared.wait_for_traffic("clerk", "minilm", "qwen", "echo", "slow")
    return shared


@pytest.fixture
def address(documents: Cluster) -> Iterator[str]:
    yield documents.gateway.url("http")


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A request over 1 MiB, and of so many numbers that its answer is long as well."""
    file = tmp_path_factory.mktemp("curl") / "body.json"
    tensor = {"name": "x", "datatype": "INT32", "shape": [NUMBERS], "data": list(range(NUMBERS))}
    file.write_text(json.dumps({"inputs": [tensor]}))
    return file


def curl(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess:
    """What must succeed; a status from 400 on is a failure."""
    command = ["curl", "-sS", "--fail-with-body", "--max-time", "60", *map(str, arguments)]
    ran = subprocess.run(command, input=stdin, capture_output=True)
    assert ran.returncode == 0, ran
    return ran


def numbers(answer: bytes) -> List[int]:
    return json.loads(answer)["outputs"][0]["data"]


# --- The documents


def test_there_are_commands_in_the_document():
    assert len(documented()) >= 10


@pytest.mark.parametrize("command", documented(), ids=lambda command: re.search(r"8000(\S+)", command)[1])
def test_a_documented_command_works_as_it_stands(address: str, command: str):
    written = command.replace("localhost:8000", address).replace("curl ", "curl -S --fail-with-body --max-time 60 ", 1)

    ran = subprocess.run(["bash", "-c", written], capture_output=True, text=True)

    assert ran.returncode == 0, ran
    assert ran.stdout.strip(), ran


# --- Connections


def test_one_connection_serves_many_requests(address: str):
    url = f"{address}/v1/models"

    ran = curl("-o", "/dev/null", "-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} ", url, url, url)

    assert ran.stdout.split() == [b"1", b"0", b"0"]


def test_many_requests_go_in_parallel_and_each_is_answered(address: str, tmp_path: Path):
    said = json.dumps(COMPLETION)

    curl("--parallel", "--parallel-max", 16, "-d", said, "-o", tmp_path / "#1", f"{address}/v1/completions?[1-64]")

    answers = [json.loads((tmp_path / str(number)).read_text()) for number in range(1, 65)]
    assert [answer["choices"][0]["text"] for answer in answers] == [" 105"] * 64
    assert len({answer["id"] for answer in answers}) == 64


def test_http_1_0_is_answered_and_hung_up_on(address: str):
    ran = curl("--http1.0", "-d", json.dumps(COMPLETION), "-D", "/dev/stderr", f"{address}/v1/completions")

    assert json.loads(ran.stdout)["choices"][0]["text"] == " 105"
    assert b"connection: close" in ran.stderr.lower()


def test_head_is_answered_as_get_would_be_without_a_body(address: str):
    head = curl("-I", f"{address}/v1/models").stdout.lower()
    length = len(curl(f"{address}/v1/models").stdout)

    assert head.startswith(b"http/1.1 200") and b"content-length: %d" % length in head


# --- Bodies


def test_answers_come_compressed_where_curl_asks_for_it(address: str, body: Path):
    asked = ["-d", f"@{body}", "-D", "/dev/stderr", "-w", "%{stderr}%{size_download}", f"{address}/v2/models/echo/infer"]
    plain, packed = curl(*asked), curl("--compressed", *asked)

    assert b"content-encoding" not in plain.stderr.lower()
    assert re.search(rb"content-encoding: (br|zstd|gzip|deflate)\r", packed.stderr.lower())
    assert plain.stdout == packed.stdout and numbers(packed.stdout) == list(range(NUMBERS))
    assert int(packed.stderr.split()[-1]) < int(plain.stderr.split()[-1]) / 2


def test_a_packed_body_is_unpacked(address: str, body: Path):
    packed = gzip.compress(body.read_bytes())

    ran = curl("-H", "content-encoding: gzip", "--data-binary", "@-", f"{address}/v2/models/echo/infer", stdin=packed)

    assert numbers(ran.stdout) == list(range(NUMBERS))


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(address: str, body: Path):
    # curl asks so of its own accord for a body of this size, and here would wait longer than it has time.
    ran = curl("-v", "--expect100-timeout", 600, "-d", f"@{body}", f"{address}/v2/models/echo/infer")

    assert b"> Expect: 100-continue" in ran.stderr and b"< HTTP/1.1 100" in ran.stderr
    assert numbers(ran.stdout) == list(range(NUMBERS))


def test_a_client_that_asks_whether_to_send_too_much_is_told_no_before_it_sends(address: str, tmp_path: Path):
    huge = tmp_path / "huge"
    huge.write_bytes(b" " * (17 << 20))
    command = ["curl", "-sS", "--max-time", "60", "--expect100-timeout", "600", "-o", tmp_path / "answer"]

    ran = subprocess.run(
        [*command, "-w", "%{http_code} %{size_upload}", "--data-binary", f"@{huge}", f"{address}/v2/models/echo/infer"],
        capture_output=True,
        text=True,
    )

    assert ran.stdout.split() == ["413", "0"], ran
    assert "larger than 16MiB" in (tmp_path / "answer").read_text()


def test_a_body_of_unknown_length_comes_in_chunks(address: str, body: Path):
    url = f"{address}/v2/models/echo/infer"

    ran = curl("-v", "-X", "POST", "-H", "transfer-encoding: chunked", "-H", "expect:", "-T", "-", url, stdin=body.read_bytes())

    assert b"> transfer-encoding: chunked" in ran.stderr.lower() and b"> content-length" not in ran.stderr.lower()
    assert numbers(ran.stdout) == list(range(NUMBERS))


# --- Streams


def test_events_come_as_they_are_made(address: str):
    """Ten seconds of words: the first is here while the model still talks."""
    said = json.dumps({"model": "slow", "prompt": "one two three four five six seven eight nine ten", "stream": True})

    with subprocess.Popen(["curl", "-sN", "-d", said, f"{address}/v1/completions"], stdout=subprocess.PIPE) as stream:
        first = stream.stdout.readline()
        is_talking = stream.poll() is None
        stream.kill()

    assert first.startswith(b"data: {") and is_talking


def test_a_stream_ends_in_done(address: str):
    said = json.dumps({**COMPLETION, "stream": True})

    ran = curl("-N", "-D", "/dev/stderr", "-d", said, f"{address}/v1/completions")

    events = [line.removeprefix(b"data: ") for line in ran.stdout.split(b"\n\n") if line]
    assert b"content-type: text/event-stream" in ran.stderr.lower()
    assert events[-1] == b"[DONE]"
    assert "".join(json.loads(event)["choices"][0]["text"] for event in events[:-1]) == " 105"
