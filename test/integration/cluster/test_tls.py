"""Doors that encrypt: clients over https, and what a host that others reach asks for."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from typing import Any, Dict, Optional

import openai
import pytest
from addresses import other_address
from troupe_cluster import Cluster


@pytest.fixture
def encrypted(cluster) -> Cluster:
    cluster.start_head("head,gateway,worker", extra=["--tls-self-signed"])
    return cluster


def fetch(cluster: Cluster, url: str, body: Optional[Dict[str, Any]] = None) -> Any:
    trust = ssl.create_default_context(cafile=cluster.head.file["ca_file"])
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30, context=trust) as answer:
        return json.loads(answer.read())


def test_every_http_door_speaks_https_and_the_command_line_trusts_it(encrypted):
    addresses = encrypted.head.file["addresses"]
    assert all(addresses[door].startswith("https://") for door in ("http", "admin", "metrics")), addresses

    encrypted.add_clerk("2")
    encrypted.run("deploy", "clerk@2", "--wait")
    answer = fetch(encrypted, addresses["http"] + "/v1/completions", {"model": "clerk", "prompt": "47 + 58 =", "temperature": 0})

    assert answer["choices"][0]["text"] == " 105"
    assert fetch(encrypted, addresses["admin"] + "/api/v1/status")["replicas_ready"] == 1
    bench = encrypted.run("bench", "clerk", "--door", "http", "--requests", "20", "--warm-up", "0s", "--json").json()
    assert bench["answered"] == 20 and not bench["errors"], bench
    assert encrypted.cli("doctor").code == 0


def test_the_official_client_streams_over_https(encrypted):
    encrypted.add_clerk("2")
    encrypted.run("deploy", "clerk@2", "--wait")
    trust = ssl.create_default_context(cafile=encrypted.head.file["ca_file"])

    with openai.DefaultHttpxClient(verify=trust) as http:
        client = openai.OpenAI(base_url=encrypted.head.url("http") + "/v1", api_key="any", max_retries=0, http_client=http)
        events = client.completions.create(model="clerk", prompt="words 7342 =", temperature=0, max_tokens=64, stream=True)
        text = "".join(event.choices[0].text for event in events if event.choices)

    assert text == " seven thousand three hundred forty-two"


def test_a_server_that_is_not_trusted_is_not_asked(encrypted, tmp_path):
    """No fallback: neither to a connection that is not verified, nor to one in the clear."""
    address = encrypted.head.url("admin")
    elsewhere = ["--address", address, "--data-dir", tmp_path]

    refused = encrypted.cli("status", *elsewhere)
    plain = encrypted.cli("status", "--address", address.replace("https", "http"), "--data-dir", tmp_path)
    trusted = encrypted.cli("status", *elsewhere, "--ca-file", encrypted.head.file["ca_file"])

    assert refused.code != 0 and "cannot be trusted" in refused.err, refused
    assert plain.code == 3, plain
    assert trusted.code == 0, trusted
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address + "/healthz", timeout=10)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ([], "--tls-self-signed"),
        (["--tls-cert", "cert.pem"], "--tls-key"),
        (["--tls-cert", "no.pem", "--tls-key", "no.pem"], "no.pem"),
    ],
)
def test_a_host_that_others_reach_needs_a_certificate(cluster, flags, says):
    refused = cluster.cli("start", "--head", "--host", "203.0.113.7", *flags)

    assert refused.code != 0
    assert says in refused.err, refused


def test_on_a_host_that_others_reach_requests_and_views_need_keys(cluster):
    host = other_address()
    if host is None:
        pytest.skip("this machine has no address but loopback")
    head = cluster.start_head("head,gateway,worker", extra=["--tls-self-signed", "--host", host])
    cluster.run("deploy", "echo@1", "--backend", "echo", "--wait")
    url = head.url("http") + "/v2/models/echo/infer"
    body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]}

    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch(cluster, url, body)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch(cluster, head.url("admin") + "/api/v1/status")
    # Clients over ZeroMQ pin the key of the door.
    assert len(head.url("zmq_key")) == 40
