"""Named tensors through every door, by the echo back end."""

from __future__ import annotations

from typing import Iterator

import numpy as np
import pytest
import troupe
from http_client import Http
from troupe_cluster import Cluster

LARGE = 2 << 20


@pytest.fixture
def client(serving: Cluster) -> Iterator[troupe.Client]:
    with troupe.Client(serving.gateway.url("zmq"), timeout=20) as client:
        yield client


def test_open_inference_json_comes_back_as_it_went(http: Http):
    inputs = [
        {"name": "x", "datatype": "FP32", "shape": [2, 2], "data": [[1, 2.5], [-3, 4]]},
        {"name": "names", "datatype": "BYTES", "shape": [2], "data": ["a", "ü"]},
        {"name": "flags", "datatype": "BOOL", "shape": [1], "data": [True]},
    ]

    answer = http.post("/v2/models/echo/infer", {"id": "mine", "inputs": inputs})

    assert answer.status == 200, answer
    body = answer.json()
    assert (body["model_name"], body["model_version"], body["id"]) == ("echo", "1", "mine")
    outputs = {one["name"]: one for one in body["outputs"]}
    assert outputs["x"]["data"] == [1, 2.5, -3, 4]
    assert outputs["x"]["shape"] == [2, 2]
    assert outputs["names"]["data"] == ["a", "ü"]
    assert outputs["flags"]["data"] == [True]


def test_open_inference_errors_name_the_tensor(http: Http):
    wrong = {"name": "x", "datatype": "FP32", "shape": [3], "data": [1, 2]}

    answer = http.post("/v2/models/echo/infer", {"inputs": [wrong]})

    assert answer.status == 400
    assert "x" in answer.json()["error"] and "3" in answer.json()["error"]


def test_open_inference_pages_tell_of_the_model(http: Http):
    assert http.get("/v2/models/echo").json()["versions"] == ["1"]
    assert http.get("/v2/models/echo/versions/1/ready").status == 200
    assert http.get("/v2/health/ready").status == 200


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8", "int64", "uint8", "uint32", "bool"])
def test_numpy_arrays_come_back_as_they_went(client: troupe.Client, dtype: str):
    array = (np.arange(24) % 2 if dtype == "bool" else np.arange(24)).astype(dtype).reshape(2, 3, 4)

    back = client.infer("echo", {"x": array})["x"]

    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


def test_a_tensor_of_megabytes_comes_back_as_it_went(client: troupe.Client):
    array = np.random.default_rng(1).integers(0, 256, LARGE, dtype=np.uint8)

    back = client.infer("echo", {"large": array, "small": np.ones(3, np.float32)})

    np.testing.assert_array_equal(back["large"], array)
    np.testing.assert_array_equal(back["small"], np.ones(3))


def test_tensors_without_elements_and_without_dimensions_come_back(client: troupe.Client):
    back = client.infer("echo", {"none": np.zeros((0, 4), np.int32), "one": np.array(7.0)})

    assert back["none"].shape == (0, 4)
    assert back["one"].shape == () and back["one"] == 7.0


def test_only_the_wanted_outputs_come_back(client: troupe.Client):
    back = client.infer("echo", {"a": np.ones(1), "b": np.zeros(1)}, outputs=["b"])

    assert list(back) == ["b"]
    with pytest.raises(troupe.InvalidArgument, match="'c'"):
        client.infer("echo", {"a": np.ones(1)}, outputs=["c"])


def test_the_python_client_generates_too(client: troupe.Client):
    whole = client.generate("clerk", "words 7342 =", temperature=0, max_tokens=64)
    stream = client.generate("clerk", "words 7342 =", temperature=0, max_tokens=64, stream=True)

    pieces = list(stream)

    assert whole.text == "".join(pieces) == " seven thousand three hundred forty-two"
    assert len(pieces) > 10
    assert whole.version == stream.version == "2"
    assert whole.usage == stream.usage
