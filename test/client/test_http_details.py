"""HTTP as clients, browsers and proxies expect it: codings, origins, traces, quotas, pipelines."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from typing import Iterator
from urllib.parse import urlsplit

import brotli
import pytest
import zstandard
from http_client import Http
from polling import wait_until
from troupe_cluster import Cluster

BIG = {"inputs": [{"name": "x", "datatype": "INT32", "shape": [3000], "data": list(range(3000))}]}
SMALL = {"inputs": [{"name": "x", "datatype": "INT32", "shape": [1], "data": [7]}]}
INFER = "/v2/models/echo/infer"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

ENCODE = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
DECODE = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


# --- Codings


@pytest.mark.parametrize("coding", ENCODE)
def test_bodies_are_coded_both_ways(http, coding):
    body = ENCODE[coding](json.dumps(BIG).encode())

    answer = http.post(INFER, body, {"content-encoding": coding, "accept-encoding": coding})

    assert answer.status == 200, answer
    assert answer.headers["content-encoding"] == coding and answer.headers["vary"] == "accept-encoding"
    assert len(answer.body) < len(body) * 2
    assert json.loads(DECODE[coding](answer.body))["outputs"] == BIG["inputs"]


def test_short_answers_and_streams_are_not_coded(http):
    short = http.post(INFER, SMALL, {"accept-encoding": "gzip"})
    stream = http.post("/v1/completions", {"model": "clerk", "prompt": "words 1 =", "stream": True}, {"accept-encoding": "gzip"})

    assert "content-encoding" not in short.headers and short.status == 200
    assert "content-encoding" not in stream.headers and stream.body.endswith(b"data: [DONE]\n\n")


def test_the_coding_that_is_liked_best_is_taken(http):
    def coding(accept: str) -> str:
        return http.post(INFER, BIG, {"accept-encoding": accept}).headers.get("content-encoding", "")

    assert coding("gzip;q=0.2, br;q=0.9, zstd;q=0.5") == "br"
    assert coding("identity") == "" and coding("gzip;q=0") == "" and coding("lzma") == ""


def test_a_bomb_is_refused_and_the_connection_goes_on(http):
    bomb = gzip.compress(b"\0" * (200 << 20), 1)

    refused = http.post(INFER, bomb, {"content-encoding": "gzip"})

    assert refused.status == 413 and "16MiB" in refused.json()["error"]
    assert http.post(INFER, SMALL).status == 200


def test_what_can_not_be_decoded_is_refused(http):
    unknown = http.post(INFER, b"x", {"content-encoding": "lzma"})
    damaged = http.post(INFER, b"not gzip", {"content-encoding": "gzip"})

    assert unknown.status == 415 and unknown.headers["accept-encoding"] == "gzip, deflate, br, zstd"
    assert damaged.status == 400 and "gzip" in damaged.json()["error"]


# --- Connections


def test_requests_sent_at_once_are_answered_in_order(serving):
    address = urlsplit(serving.gateway.url("http"))
    bodies = [json.dumps({**SMALL, "id": str(i)}) for i in range(20)]
    head = f"POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: "
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall("".join(f"{head}{len(body)}\r\n\r\n{body}" for body in bodies).encode())
        heard = b""
        while heard.count(b'"outputs"') < len(bodies):
            heard += connection.recv(65536)

    places = [heard.find(f'"id":"{i}"'.encode()) for i in range(len(bodies))]
    assert -1 not in places and places == sorted(places)


def test_a_client_may_wait_to_be_told_to_go_on_and_send_its_body_in_chunks(serving):
    address = urlsplit(serving.gateway.url("http"))
    body = json.dumps(SMALL).encode()
    head = f"POST {INFER} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for piece in (body[:10], body[10:]):
            connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")


# --- Headers


def test_a_trace_is_followed_and_is_in_the_request_id(http):
    answer = http.post(INFER, SMALL, {"traceparent": TRACE, "tracestate": "a=b"})
    named = http.post(INFER, SMALL, {"traceparent": TRACE, "x-request-id": "mine"})
    broken = http.post(INFER, SMALL, {"traceparent": "00-0-0-0"})

    version, trace, span, flags = answer.headers["traceresponse"].split("-")
    assert (version, trace, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "01")
    assert len(span) == 16 and span != "00f067aa0ba902b7"
    assert answer.headers["x-request-id"] == f"{trace}-{span}"
    assert named.headers["x-request-id"] == "mine" and trace in named.headers["traceresponse"]
    assert "traceresponse" not in broken.headers and broken.status == 200


def test_answers_and_errors_say_how_long_they_took(http):
    for body in (SMALL, {}):
        name, _, milliseconds = http.post(INFER, body).headers["server-timing"].partition(";dur=")
        assert name == "total" and 0 < float(milliseconds) < 10_000


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A gateway that pages of one origin may ask, without keys yet."""
    cluster = Cluster(tmp_path_factory.mktemp("guarded"))
    try:
        cluster.start_head(extra=["--cors-origin", "https://app.example"])
        cluster.run("deploy", "echo@1", "--backend", "echo")
        cluster.wait_for_traffic("echo")
        yield cluster
    finally:
        cluster.close()


def test_pages_of_the_named_origin_may_ask_and_others_not(guarded, http):
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    with guarded.http() as door:
        for origin, allowed in (("https://app.example", "https://app.example"), ("https://evil.example", None)):
            asked = door.call("OPTIONS", INFER, None, {"origin": origin, **ask})
            answer = door.post(INFER, SMALL, {"origin": origin})
            wrong = door.post(INFER, {}, {"origin": origin})
            assert asked.status == 204
            assert [one.headers.get("access-control-allow-origin") for one in (asked, answer, wrong)] == [allowed] * 3
            assert asked.headers.get("access-control-allow-headers") == (allowed and "authorization")
            assert "origin" in answer.headers["vary"]
    off = http.post(INFER, SMALL, {"origin": "https://app.example"})
    assert "access-control-allow-origin" not in off.headers


def test_an_origin_that_is_none_is_refused_by_its_option(cluster):
    refused = cluster.cli("start", "--head", "--cors-origin", "app.example")

    assert refused.code != 0 and "--cors-origin" in refused.err


def test_a_key_with_a_rate_is_told_what_is_left(guarded):
    key = guarded.run("key", "create", "--name", "limited", "--rate", "3/s", "--json").json()["key"]
    with guarded.http() as door:
        wait_until(lambda: door.get("/v1/models").status == 401, "the gateway asks for keys")
        answers = [door.post(INFER, SMALL, {"x-api-key": key}) for _ in range(5)]

    assert [answer.status for answer in answers][:3] == [200] * 3 and answers[-1].status == 429
    assert all(answer.headers["x-ratelimit-limit-requests"] == "3" for answer in answers)
    left = [int(answer.headers["x-ratelimit-remaining-requests"]) for answer in answers]
    assert left[:3] == [2, 1, 0] and left[-1] == 0
    assert all(0 < int(answer.headers["x-ratelimit-reset-requests"].removesuffix("ms")) <= 1000 for answer in answers)
