"""Random changes to valid bodies: whatever the doors make of them, an answer of 200 is an exact echo of what was sent,
and nothing is the server's fault.

What was sent is read here by Python's own JSON parser, so this compares two readers of the same bytes.
"""

from __future__ import annotations

import json
import random
import struct
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest
from http_client import Answer, Http

NUMPY = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}
TOKENS = [b"null", b"true", b"-1", b"1e9", b"1e400", b"0.5", b'""', b"[]", b"{}", b"[[", b'"x"', b",", b":", b"\\u0000",
          b"\\ud800", b"\xff", b'"shape"', b'"data"', b'"datatype"', b'"BYTES"', b'"FP32"', b"18446744073709551616", b"\x00"]

#: Statuses that blame the client, or tell that it may come back.
FINE = {200, 400, 404, 409, 413, 422, 429, 501}


def mutate(rng: random.Random, body: bytes) -> bytes:
    """The body itself in one of four cases, so that right ones are among them."""
    data = bytearray(body)
    for _ in range(rng.choice((0, 1, 1, 2))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.randrange(1, 9))
        kind = rng.randrange(6)
        if kind == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:
            data[at:at] = rng.choice(TOKENS)
        elif kind == 3:
            data[at:end] = rng.choice(TOKENS)
        elif kind == 4:
            source = rng.randrange(len(data) + 1)
            data[at:at] = data[source : source + rng.randrange(1, 20)]
        elif at < len(data):
            digits = [i for i, byte in enumerate(data) if byte in b"0123456789"]
            if digits:
                data[rng.choice(digits)] = rng.choice(b"0123456789.-eE")
        if not data:
            data = bytearray(b" ")
    return bytes(data)


def tensor(rng: random.Random, name: str) -> Dict[str, Any]:
    datatype = rng.choice([*[t for t in NUMPY if t != "FP16"], "BYTES"])
    shape = [rng.randrange(0, 4) for _ in range(rng.randrange(0, 3))]
    count = int(np.prod(shape, dtype=int))
    if datatype == "BYTES":
        flat: List[Any] = ["".join(chr(rng.choice((65, 0xE4, 0x1F600, 34, 92, 10))) for _ in range(rng.randrange(5)))
                           for _ in range(count)]
    elif datatype == "BOOL":
        flat = [rng.random() < 0.5 for _ in range(count)]
    elif datatype.startswith("FP"):
        flat = [rng.choice((0, -1.5, 3.4e38, 1e-45, 7, 0.1)) for _ in range(count)]
    else:
        info = np.iinfo(NUMPY[datatype])
        flat = [rng.choice((0, 1, int(info.min), int(info.max))) for _ in range(count)]
    data = np.array(flat, dtype=object).reshape(shape).tolist() if rng.random() < 0.5 and shape else flat
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def leaves(value: Any) -> List[Any]:
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]


def same(datatype: str, sent: List[Any], found: List[Any]) -> bool:
    if len(sent) != len(found):
        return False
    if datatype in ("FP32", "FP64"):
        kind = NUMPY[datatype]
        with np.errstate(over="ignore"):
            return all(kind(a).tobytes() == kind(b).tobytes() for a, b in zip(sent, found))
    return all(type(a) is type(b) and a == b for a, b in zip(sent, found))


# --- Each API: a valid body, and whether an answer of 200 is right for a body that was sent.


def infer_body(rng: random.Random) -> bytes:
    body: Dict[str, Any] = {"inputs": [tensor(rng, f"t{i}") for i in range(rng.randrange(1, 4))]}
    if rng.random() < 0.3:
        body["outputs"] = [{"name": one["name"]} for one in rng.sample(body["inputs"], rng.randrange(1, len(body["inputs"]) + 1))]
    if rng.random() < 0.3:
        body["id"] = str(rng.random())
    return json.dumps(body, ensure_ascii=rng.random() < 0.5).encode()


def infer_is_right(body: bytes, answer: Answer) -> bool:
    sent = json.loads(body)
    found = answer.json()
    inputs = {one["name"]: one for one in sent["inputs"]}
    wanted = [one["name"] for one in sent.get("outputs", [])] or list(inputs)
    if found.get("id", "") != sent.get("id", "") or [one["name"] for one in found["outputs"]] != wanted:
        return False
    return all(
        out["datatype"] == inputs[out["name"]]["datatype"]
        and out["shape"] == inputs[out["name"]]["shape"]
        and same(out["datatype"], leaves(inputs[out["name"]]["data"]), out["data"])
        for out in found["outputs"]
    )


def rows_body(rng: random.Random) -> bytes:
    def value() -> Any:
        return rng.choice((1, -7, 2**40, 0.5, True, "a", "ä\"", [1, 2], [[0.5], [1]], []))

    kind = value()
    rows = [kind for _ in range(rng.randrange(1, 4))]
    if rng.random() < 0.4:
        rows = [{"x": row, "y": [True]} for row in rows]
    return json.dumps({rng.choice(("instances", "inputs")): rows}).encode()


def alike(sent: Any, found: Any) -> bool:
    """The same values; integers among numbers with fractions come back as such, in single precision."""
    if isinstance(sent, list):
        return isinstance(found, list) and len(sent) == len(found) and all(map(alike, sent, found))
    if isinstance(sent, dict) and sent.keys() == {"b64"}:
        return True
    if isinstance(sent, dict):
        return isinstance(found, dict) and sent.keys() == found.keys() and all(alike(sent[k], found[k]) for k in sent)
    if isinstance(sent, (bool, str)) or isinstance(found, (bool, str)):
        return type(sent) is type(found) and sent == found
    return sent == found or np.float32(sent) == np.float32(found)


def rows_are_right(body: bytes, answer: Answer) -> bool:
    sent = json.loads(body)
    found = answer.json()
    if "instances" in sent:
        rows = sent["instances"]
        # One name is one tensor, which comes back without its name.
        if all(isinstance(row, dict) and len(row) == 1 and row.keys() != {"b64"} for row in rows):
            rows = [next(iter(row.values())) for row in rows]
        return alike(rows, found["predictions"])
    columns = sent["inputs"]
    if isinstance(columns, dict) and len(columns) == 1 and columns.keys() != {"b64"}:
        columns = next(iter(columns.values()))
    return alike(columns, found["outputs"])


def completion_body(rng: random.Random) -> bytes:
    prompt = "".join(chr(rng.choice((65, 32, 0xE4, 0x1F600, 34, 92, 10))) for _ in range(rng.randrange(1, 12)))
    return json.dumps({"model": "echo", "prompt": prompt, "max_tokens": 7, "temperature": 0.5},
                      ensure_ascii=rng.random() < 0.5).encode()


def completion_is_right(body: bytes, answer: Answer) -> bool:
    sent = json.loads(body)
    if sent.get("stream"):
        return answer.body.endswith(b"data: [DONE]\n\n")
    prompt = sent["prompt"][0] if isinstance(sent["prompt"], list) else sent["prompt"]
    return answer.json()["choices"][0]["text"] == prompt and sent["model"].startswith("echo")


APIS: Dict[str, Tuple[str, Callable[[random.Random], bytes], Callable[[bytes, Answer], bool]]] = {
    "infer": ("/v2/models/echo/infer", infer_body, infer_is_right),
    "predict": ("/v1/models/echo:predict", rows_body, rows_are_right),
    "completions": ("/v1/completions", completion_body, completion_is_right),
}


def check(http: Http, api: str, seed: int, rounds: int) -> None:
    path, make, is_right = APIS[api]
    rng = random.Random(seed)
    right = 0
    for round in range(rounds):
        body = mutate(rng, make(rng))
        answer = http.post(path, body)
        assert answer.status in FINE, (seed, round, body, answer)
        if answer.status != 200:
            assert answer.json()["error"], (seed, round, body, answer)
            continue
        right += 1
        assert is_right(body, answer), (seed, round, body, answer)
    assert rounds / 10 < right < rounds


@pytest.mark.parametrize("api", APIS)
def test_changed_bodies_are_echoed_exactly_or_refused(http, api):
    check(http, api, seed=1, rounds=1000)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 12))
@pytest.mark.parametrize("api", APIS)
def test_changed_bodies_are_echoed_exactly_or_refused_at_length(http, api, seed):
    check(http, api, seed, rounds=20_000)


# --- Binary data


def binary_body(rng: random.Random) -> Tuple[bytes, bytes]:
    inputs, data = [], b""
    for i in range(rng.randrange(1, 4)):
        datatype = rng.choice([*NUMPY, "BYTES"])
        count = rng.randrange(0, 5)
        if datatype == "BYTES":
            words = [rng.randbytes(rng.randrange(4)) for _ in range(count)]
            raw = b"".join(struct.pack("<I", len(word)) + word for word in words)
        else:
            raw = rng.randbytes(count * np.dtype(NUMPY[datatype]).itemsize)
        inputs.append({"name": f"t{i}", "datatype": datatype, "shape": [count], "parameters": {"binary_data_size": len(raw)}})
        data += raw
    return json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode(), data


def sent_tensors(head: bytes, data: bytes) -> Dict[str, Tuple[str, list, bytes]]:
    tensors, at = {}, 0
    for one in json.loads(head)["inputs"]:
        size = one["parameters"]["binary_data_size"]
        tensors[one["name"]] = (one["datatype"], one["shape"], data[at : at + size])
        at += size
    assert at == len(data)
    return tensors


def check_binary(http: Http, seed: int, rounds: int) -> None:
    rng = random.Random(seed)
    right = 0
    for round in range(rounds):
        head, data = binary_body(rng)
        if rng.random() < 0.6:
            head = mutate(rng, head)
        if rng.random() < 0.2:
            data = mutate(rng, data or b" ")
        length = len(head) + (rng.choice((-1, 1, 5)) if rng.random() < 0.1 else 0)
        body = head + data
        answer = http.post("/v2/models/echo/infer", body, {"inference-header-content-length": str(length)})
        assert answer.status in FINE, (seed, round, body, answer)
        if answer.status != 200 or "inference-header-content-length" not in answer.headers:
            continue
        right += 1
        json_bytes = int(answer.headers["inference-header-content-length"])
        found, at = {}, json_bytes
        for one in json.loads(answer.body[:json_bytes])["outputs"]:
            size = one.get("parameters", {}).get("binary_data_size")
            if size is None:
                found = None
                break
            found[one["name"]] = (one["datatype"], one["shape"], answer.body[at : at + size])
            at += size
        if found is not None:
            assert found == sent_tensors(body[:length], body[length:]), (seed, round, body, answer)
    assert rounds / 10 < right < rounds


def test_changed_binary_bodies_are_echoed_exactly_or_refused(http):
    check_binary(http, seed=1, rounds=1000)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 12))
def test_changed_binary_bodies_are_echoed_exactly_or_refused_at_length(http, seed):
    check_binary(http, seed, rounds=20_000)
