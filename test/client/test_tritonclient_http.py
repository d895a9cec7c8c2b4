"""Triton's own Python client over HTTP, unchanged, against a model in Python and an echo."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Iterator

import ml_dtypes
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from python_models import start_model
from tensors_data import ARRAYS, MIRROR, assert_same, files_of_any_kind
from tritonclient.utils import InferenceServerException
from troupe_cluster import Cluster, deployment


@pytest.fixture(scope="module")
def mirror(shared: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    shared.start_head()
    folder = tmp_path_factory.mktemp("mirror")
    for name in ("Mirror", "Declared"):
        start_model(shared, folder, MIRROR, f"served:{name}")
    shared.run("deploy", "echo@1", "--backend", "echo")
    shared.wait_for_traffic("echo")
    return shared


def address(cluster: Cluster) -> str:
    return cluster.gateway.url("http").removeprefix("http://")


@pytest.fixture
def client(mirror: Cluster) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(address(mirror)) as client:
        yield client


def given(name: str, array: np.ndarray, datatype: str, binary: bool = True) -> triton.InferInput:
    tensor = triton.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


# --- Tensors


@pytest.mark.parametrize("model", ["mirror", "echo"])
@pytest.mark.parametrize("datatype", ARRAYS)
def test_every_type_goes_and_comes_back_as_binary_data(client, datatype, model):
    array = ARRAYS[datatype]

    result = client.infer(model, [given("x", array, datatype)])

    assert result.get_output("x")["datatype"] == datatype
    assert_same(result.as_numpy("x"), array)


@pytest.mark.parametrize("datatype", [t for t in ARRAYS if t not in ("FP16", "BYTES", "FP64")])
def test_every_type_that_json_has_goes_and_comes_back_as_json(client, datatype):
    array = ARRAYS[datatype]

    result = client.infer(
        "mirror",
        [given("x", array, datatype, binary=False)],
        outputs=[triton.InferRequestedOutput("x", binary_data=False)],
    )

    assert "data" in result.get_output("x")
    assert_same(result.as_numpy("x"), array)


def test_text_goes_and_comes_back_as_json(client):
    words = np.array(["ünïcode", ""], dtype=object)

    result = client.infer(
        "mirror",
        [given("x", words, "BYTES", binary=False)],
        outputs=[triton.InferRequestedOutput("x", binary_data=False)],
    )

    assert result.get_output("x")["data"] == ["ünïcode", ""]


def test_bf16_passes_as_its_bits(client):
    numbers = np.array([1.0, -2.5, 3.140625], dtype=ml_dtypes.bfloat16)

    result = client.infer("echo", [given("x", numbers, "BF16")])

    assert_same(result.as_numpy("x"), numbers)


def test_binary_and_json_mix_in_one_request(client):
    big = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    small = np.array([7], dtype=np.int64)

    result = client.infer(
        "mirror",
        [given("big", big, "FP32"), given("small", small, "INT64", binary=False), given("again", big, "FP32")],
        outputs=[
            triton.InferRequestedOutput("small", binary_data=True),
            triton.InferRequestedOutput("big", binary_data=True),
        ],
        request_id="mine",
    )

    assert result.get_response()["id"] == "mine"
    assert [output["name"] for output in result.get_response()["outputs"]] == ["small", "big"]
    assert_same(result.as_numpy("big"), big)
    assert_same(result.as_numpy("small"), small)


def test_files_of_any_kind_are_elements_of_a_tensor(client):
    """An image, a sound and something as large and as random as a film, in one batch of elements."""
    files = files_of_any_kind()

    result = client.infer("mirror", [given("files", files, "BYTES")])

    assert result.as_numpy("files").tolist() == files.tolist()


@pytest.mark.parametrize("request_coding", [None, "gzip", "deflate"])
@pytest.mark.parametrize("response_coding", [None, "gzip", "deflate"])
def test_bodies_may_be_compressed_both_ways(client, request_coding, response_coding):
    array = np.zeros((100, 100), dtype=np.float32)

    result = client.infer(
        "mirror",
        [given("x", array, "FP32")],
        request_compression_algorithm=request_coding,
        response_compression_algorithm=response_coding,
    )

    assert_same(result.as_numpy("x"), array)


def test_requests_under_way_together_are_answered_each_with_its_own(mirror):
    with triton.InferenceServerClient(address(mirror), concurrency=8) as client:
        asked = {
            number: client.async_infer("mirror", [given("x", np.full((3,), number, dtype=np.int32), "INT32")])
            for number in range(32)
        }
        for number, answer in asked.items():
            assert answer.get_result().as_numpy("x").tolist() == [number] * 3


def test_the_asyncio_client_infers_and_compresses(mirror):
    async def run() -> None:
        async with triton_aio.InferenceServerClient(address(mirror)) as client:
            assert await client.is_server_live() and await client.is_model_ready("mirror")
            for datatype, array in ARRAYS.items():
                result = await client.infer("mirror", [given("x", array, datatype)])
                assert_same(result.as_numpy("x"), array)
            array = np.zeros((100, 100), dtype=np.float32)
            result = await client.infer(
                "mirror",
                [given("x", array, "FP32")],
                request_compression_algorithm="gzip",
                response_compression_algorithm="gzip",
            )
            assert_same(result.as_numpy("x"), array)

    asyncio.run(run())


# --- Parameters


def test_a_timeout_in_the_request_is_its_deadline(mirror, client, tmp_path: Path):
    slow = """
        import time
        @troupe.model(longest_step=30)
        def slow(batch):
            time.sleep(3)
            return {"y": batch["x"]}
    """
    start_model(mirror, tmp_path, slow, "served:slow")

    with pytest.raises(InferenceServerException) as caught:
        client.infer("slow", [given("x", ARRAYS["INT8"], "INT8")], timeout=200_000)

    assert caught.value.status() == "504"


@pytest.mark.parametrize(
    "settings, name",
    [
        ({"priority": 1}, "parameters.priority"),
        ({"sequence_id": 5, "sequence_start": True}, "parameters.sequence_id"),
        ({"outputs": [triton.InferRequestedOutput("x", class_count=3)]}, "outputs[0].parameters.classification"),
    ],
)
def test_what_is_not_done_here_is_refused_by_name(client, settings, name):
    with pytest.raises(InferenceServerException) as caught:
        client.infer("mirror", [given("x", ARRAYS["FP32"], "FP32")], **settings)

    assert caught.value.status() == "400"
    assert caught.value.message().startswith(name + " ")


def test_shared_memory_is_refused_by_name(client):
    tensor = triton.InferInput("x", [1], "FP32")
    tensor.set_shared_memory("region", 4)
    with pytest.raises(InferenceServerException, match="shared_memory"):
        client.infer("mirror", [tensor])
    with pytest.raises(InferenceServerException, match="shared memory is not supported"):
        client.register_system_shared_memory("region", "/region", 4)
    with pytest.raises(InferenceServerException, match="shared memory is not supported"):
        client.get_cuda_shared_memory_status()


def test_a_wrong_shape_says_what_is_wrong(client):
    tensor = triton.InferInput("x", [2], "FP32")
    tensor._parameters["binary_data_size"] = 4
    tensor._raw_data = b"abcd"

    with pytest.raises(InferenceServerException) as caught:
        client.infer("mirror", [tensor])

    assert caught.value.status() == "400"
    assert caught.value.message() == "tensor x: 2 elements of FP32 take 8 bytes, but data has 4"


# --- The server and its models


def test_the_server_tells_what_it_is_and_can(client):
    assert client.is_server_live() and client.is_server_ready()
    metadata = client.get_server_metadata()

    assert metadata["name"] == "troupe"
    assert {"binary_tensor_data", "statistics", "model_configuration"} <= set(metadata["extensions"])


def test_a_model_tells_what_it_declares_to_take_and_give(client):
    metadata = client.get_model_metadata("declared")

    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [2]}]
    assert metadata["outputs"] == [{"name": "y", "datatype": "BYTES", "shape": [-1]}]
    assert client.get_model_config("declared")["input"] == [{"name": "x", "data_type": "TYPE_FP32", "dims": [2]}]


def test_a_model_tells_its_versions_and_configuration(client):
    assert client.is_model_ready("mirror") and client.is_model_ready("mirror", "1")
    assert not client.is_model_ready("nobody")
    assert client.get_model_metadata("mirror")["versions"] == ["1"]
    assert client.get_model_metadata("mirror", "1")["platform"] == "troupe_python"
    assert client.get_model_metadata("mirror")["inputs"] == []  # It takes any.
    assert client.get_model_config("mirror")["backend"] == "python"
    with pytest.raises(InferenceServerException) as caught:
        client.get_model_metadata("mirrow")
    assert caught.value.status() == "404" and "mirror" in caught.value.message()


def test_the_index_lists_models_with_their_states(client):
    index = {entry["name"]: entry for entry in client.get_model_repository_index()}

    assert index["mirror"] == {"name": "mirror", "version": "1", "state": "READY", "reason": ""}
    assert "echo" in index


def test_loading_needs_a_key_that_may_and_takes_no_configuration(client, mirror):
    mirror.apply(deployment("sleeper", "sleeper@1", backend="echo", load="on_demand"))
    with pytest.raises(InferenceServerException) as caught:
        client.load_model("sleeper")
    assert caught.value.status() == "401" and "--may-load" in caught.value.message()

    with pytest.raises(InferenceServerException) as caught:
        client.load_model("sleeper", config="{}")
    assert caught.value.status() == "400" and "parameters.config" in caught.value.message()


def test_statistics_count_what_was_asked(client):
    def succeeded() -> int:
        (entry,) = client.get_inference_statistics("mirror", "1")["model_stats"]
        assert entry["name"] == "mirror" and entry["version"] == "1"
        return entry["inference_stats"]["success"]["count"]

    before = succeeded()
    client.infer("mirror", [given("x", ARRAYS["FP32"], "FP32")])

    assert succeeded() == before + 1
    assert "mirror" in {entry["name"] for entry in client.get_inference_statistics()["model_stats"]}


def test_trace_and_log_settings_are_refused_by_name(client):
    for call in (client.get_trace_settings, client.get_log_settings):
        with pytest.raises(InferenceServerException, match="settings are not"):
            call()
