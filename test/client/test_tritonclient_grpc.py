"""Triton's own Python client over gRPC, unchanged: synchronous, with callbacks, streaming and asyncio; against a model in
Python, an echo and a language model."""

from __future__ import annotations

import asyncio
import json
import queue
import re
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import grpc
import ml_dtypes
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from polling import wait_until
from python_models import start_model
from tensors_data import ARRAYS, MIRROR, assert_same, files_of_any_kind
from tritonclient.grpc import model_config_pb2, service_pb2
from tritonclient.utils import InferenceServerException
from troupe_cluster import ROOT, Cluster, deployment

MESSAGE_MAX = 16 << 20

#: Says numbered lines without end, and notes how many it has made and when it was closed.
TELLER = """
@troupe.model(slots=4, batch=False)
class Teller:
    def __init__(self, notes):
        self.notes = notes

    def generate(self, prompt):
        with open(self.notes + "/" + prompt, "w") as notes:
            try:
                for i in range(10**9):
                    print(i, file=notes, flush=True)
                    yield f"{i:08d} " + "x" * 2000
            finally:
                print("closed", file=notes, flush=True)
"""


@pytest.fixture(scope="module")
def served(shared: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    shared.start_head()
    folder = tmp_path_factory.mktemp("mirror")
    for name in ("Mirror", "Declared"):
        start_model(shared, folder, MIRROR, f"served:{name}")
    shared.add_clerk("2")
    shared.run("deploy", "clerk@2")
    shared.run("deploy", "echo@1", "--backend", "echo")
    shared.wait_for_traffic("echo", "clerk")
    return shared


@pytest.fixture(scope="module")
def teller(served: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the model of that name makes its notes."""
    notes = tmp_path_factory.mktemp("notes")
    start_model(served, tmp_path_factory.mktemp("teller"), TELLER, "served:Teller", "--set", f"notes={notes}")
    return notes


def address(cluster: Cluster) -> str:
    return cluster.gateway.url("grpc").removeprefix("grpc://")


@pytest.fixture
def client(served: Cluster) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(address(served)) as client:
        yield client


@pytest.fixture
def channel(served: Cluster) -> Iterator[grpc.Channel]:
    """For what Triton's client does not let one do."""
    with grpc.insecure_channel(address(served), [("grpc.max_send_message_length", -1)]) as channel:
        yield channel


def call(channel: grpc.Channel, method: str, message: bytes = b"", **settings: Any) -> Tuple[bytes, grpc.Call]:
    """One message for one, as bytes; a method without a service is the protocol's."""
    path = method if method.startswith("/") else f"/inference.GRPCInferenceService/{method}"
    ask = channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
    return ask.with_call(message, timeout=30, **settings)


def given(name: str, array: np.ndarray, datatype: str) -> triton.InferInput:
    tensor = triton.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array)
    return tensor


def prompt(text: str) -> List[triton.InferInput]:
    return [given("text_input", np.array([text.encode()], dtype=object), "BYTES")]


GREEDY: Dict[str, Any] = {"temperature": 0, "max_tokens": 16}


def text_of(result: triton.InferResult) -> str:
    return result.as_numpy("text_output").item().decode()


class Stream:
    """A stream of Triton's client whose answers are taken one by one."""

    def __init__(self, client: triton.InferenceServerClient, **settings: Any):
        self.client = client
        self.answers: "queue.Queue[Any]" = queue.Queue()
        client.start_stream(lambda result, error: self.answers.put(error or result), **settings)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: Any) -> None:
        self.client.stop_stream()

    def next(self) -> Any:
        return self.answers.get(timeout=30)

    def until_final(self) -> List[triton.InferResult]:
        """Answers up to the last one of the only request."""
        answers = [self.next()]
        while not answers[-1].get_response().parameters["triton_final_response"].bool_param:
            answers.append(self.next())
        return answers


def refusal(asked: Any) -> Tuple[str, str]:
    """Code and words with which a call fails."""
    with pytest.raises(InferenceServerException) as caught:
        asked()
    return caught.value.status().removeprefix("StatusCode."), caught.value.message()


# --- Tensors


@pytest.mark.parametrize("model", ["mirror", "echo"])
@pytest.mark.parametrize("datatype", ARRAYS)
def test_every_type_goes_and_comes_back(client, datatype, model):
    array = ARRAYS[datatype]

    result = client.infer(model, [given("x", array, datatype)])

    assert result.get_output("x").datatype == datatype
    assert_same(result.as_numpy("x"), array)


def test_bf16_passes_as_its_bits(client):
    numbers = np.array([1.0, -2.5, 3.140625], dtype=ml_dtypes.bfloat16)

    result = client.infer("echo", [given("x", numbers, "BF16")])

    assert_same(result.as_numpy("x"), numbers)


LISTS = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


@pytest.mark.parametrize("datatype", LISTS)
def test_elements_in_protobufs_own_lists_are_the_same(channel, datatype):
    array = ARRAYS[datatype]
    request = service_pb2.ModelInferRequest(model_name="mirror", id="7")
    tensor = request.inputs.add(name="x", datatype=datatype, shape=array.shape)
    getattr(tensor.contents, LISTS[datatype]).extend(array.flatten().tolist())

    answer, _ = call(channel, "ModelInfer", request.SerializeToString())

    response = service_pb2.ModelInferResponse.FromString(answer)
    assert response.id == "7"
    assert_same(triton.InferResult(response).as_numpy("x"), array)


def test_many_tensors_go_in_and_the_wanted_ones_come_out(client):
    big = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    small = np.array([7], dtype=np.int64)

    result = client.infer(
        "mirror",
        [given("big", big, "FP32"), given("small", small, "INT64"), given("again", big, "FP32")],
        outputs=[triton.InferRequestedOutput("small"), triton.InferRequestedOutput("big")],
        request_id="mine",
    )

    response = result.get_response()
    assert (response.id, response.model_name, response.model_version) == ("mine", "mirror", "1")
    assert [output.name for output in response.outputs] == ["small", "big"]
    assert_same(result.as_numpy("big"), big)
    assert_same(result.as_numpy("small"), small)


def test_files_of_any_kind_are_elements_of_a_tensor(client):
    files = files_of_any_kind()

    result = client.infer("mirror", [given("files", files, "BYTES")])

    assert result.as_numpy("files").tolist() == files.tolist()


def test_a_message_may_be_large_and_not_too_large(client):
    large = np.random.default_rng(1).random((MESSAGE_MAX // 8 - 100,))

    assert_same(client.infer("echo", [given("x", large, "FP64")]).as_numpy("x"), large)
    code, words = refusal(lambda: client.infer("echo", [given("x", np.concatenate([large, large]), "FP64")]))
    assert code == "RESOURCE_EXHAUSTED" and "larger than max" in words


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_messages_may_be_compressed(client, coding):
    array = np.zeros((1000, 1000), dtype=np.float32)

    result = client.infer("mirror", [given("x", array, "FP32")], compression_algorithm=coding)

    assert_same(result.as_numpy("x"), array)


def test_a_message_that_grows_beyond_the_limit_is_refused(client):
    zeros = np.zeros((100 << 20,), dtype=np.uint8)

    code, words = refusal(lambda: client.infer("echo", [given("x", zeros, "UINT8")], compression_algorithm="gzip"))

    assert code == "INVALID_ARGUMENT" and "more than" in words


# --- Many at a time


def test_requests_under_way_together_are_answered_each_with_its_own(client):
    answers: "queue.Queue[Any]" = queue.Queue()
    for number in range(64):
        array = np.full((3,), number, dtype=np.int32)
        client.async_infer(
            "mirror",
            [given("x", array, "INT32")],
            lambda result, error: answers.put(error or result),
            request_id=str(number),
        )

    for _ in range(64):
        result = answers.get(timeout=30)
        assert result.as_numpy("x").tolist() == [int(result.get_response().id)] * 3


def test_a_stream_carries_many_requests(client):
    with Stream(client) as stream:
        for number in range(100):
            array = np.full((2,), number, dtype=np.int32)
            client.async_stream_infer("mirror", [given("x", array, "INT32")], request_id=str(number))
        found = {int(r.get_response().id): r.as_numpy("x").tolist() for r in (stream.next() for _ in range(100))}

    assert found == {number: [number, number] for number in range(100)}


def test_a_request_that_fails_in_a_stream_leaves_it_open(client):
    with Stream(client) as stream:
        client.async_stream_infer("nobody", [given("x", ARRAYS["INT8"], "INT8")], request_id="a")
        error = stream.next()
        client.async_stream_infer("mirror", [given("x", ARRAYS["INT8"], "INT8")], request_id="b")
        result = stream.next()

    assert isinstance(error, InferenceServerException) and error.message().startswith("there is no model nobody")
    assert result.get_response().id == "b"


def test_the_asyncio_client_infers_and_streams(served):
    async def run() -> None:
        async with triton_aio.InferenceServerClient(address(served)) as client:
            assert await client.is_server_live() and await client.is_model_ready("mirror")
            for datatype, array in ARRAYS.items():
                result = await client.infer("mirror", [given("x", array, datatype)])
                assert_same(result.as_numpy("x"), array)

            async def requests():
                yield {"model_name": "clerk", "inputs": prompt("47 + 58 ="), "parameters": GREEDY, "request_id": "t"}

            pieces = [piece async for piece in client.stream_infer(requests())]
            assert all(error is None for _, error in pieces)
            assert "".join(text_of(result) for result, _ in pieces) == " 105"
            assert {result.get_response().id for result, _ in pieces} == {"t"}

    asyncio.run(run())


# --- Text


def test_text_comes_whole(client):
    result = client.infer("clerk", prompt("47 + 58 ="), parameters=GREEDY, request_id="7")

    assert text_of(result) == " 105"
    assert result.get_response().id == "7"
    assert result.get_response().parameters["finish_reason"].string_param == "stop"


def test_text_comes_in_pieces_over_a_stream(client):
    with Stream(client) as stream:
        client.async_stream_infer("clerk", prompt("47 + 58 ="), parameters=GREEDY, request_id="7")
        pieces = stream.until_final()

    assert len(pieces) > 1
    assert "".join(text_of(piece) for piece in pieces) == " 105"
    assert {piece.get_response().id for piece in pieces} == {"7"}


def test_settings_come_as_tensors_too_as_for_tritons_own_back_ends(client):
    """As in vLLM's example for Triton: numbers are text in there."""
    sampling = json.dumps({"temperature": "0", "max_tokens": "16"}).encode()
    inputs = prompt("47 + 58 =") + [
        given("stream", np.array([False]), "BOOL"),
        given("sampling_parameters", np.array([sampling], dtype=object), "BYTES"),
        given("exclude_input_in_output", np.array([True]), "BOOL"),
    ]

    with Stream(client) as stream:
        client.async_stream_infer("clerk", inputs, enable_empty_final_response=True)
        (whole,) = stream.until_final()

    assert text_of(whole) == " 105"


def test_text_settings_that_are_wrong_are_named(client):
    wrong = {"temperature": 9, "max_tokens": 16}

    code, words = refusal(lambda: client.infer("clerk", prompt("hi"), parameters=wrong))

    assert code == "INVALID_ARGUMENT"
    assert words == "parameters.temperature must be a number from 0 to 2, found 9"


# --- Going away, and being late


def lines(notes: Path, name: str) -> List[str]:
    file = notes / name
    return file.read_text().splitlines() if file.exists() else []


def is_closed(notes: Path, name: str) -> bool:
    return "closed" in lines(notes, name)


def test_a_stream_that_its_client_cancels_ends_the_model(client, teller):
    client.start_stream(lambda result, error: None)
    client.async_stream_infer("teller", prompt("cancelled"))
    wait_until(lambda: len(lines(teller, "cancelled")) > 10, "the model talks")

    client.stop_stream(cancel_requests=True)

    wait_until(lambda: is_closed(teller, "cancelled"), "the model is closed")


def test_a_call_that_its_client_cancels_ends_the_model(client, teller):
    done = threading.Event()
    answers: List[Any] = []

    def take(result: Any, error: Any) -> None:
        answers.append(error)
        done.set()

    context = client.async_infer("teller", prompt("called"), take)
    wait_until(lambda: len(lines(teller, "called")) > 10, "the model talks")
    context.cancel()

    wait_until(lambda: is_closed(teller, "called"), "the model is closed")
    assert done.wait(30) and answers[0].status() == "StatusCode.CANCELLED"


def test_the_clients_timeout_ends_the_model(client, teller):
    code, _ = refusal(lambda: client.infer("teller", prompt("late"), client_timeout=1))

    assert code == "DEADLINE_EXCEEDED"
    wait_until(lambda: is_closed(teller, "late"), "the model is closed")


def test_a_timeout_in_the_request_is_its_deadline(client, teller):
    code, words = refusal(lambda: client.infer("teller", prompt("limited"), timeout=300_000))

    assert code == "DEADLINE_EXCEEDED" and words
    wait_until(lambda: is_closed(teller, "limited"), "the model is closed")


def test_a_stream_rests_while_nobody_reads_and_goes_on_after(channel, teller):
    """With gRPC itself: Triton's client reads ahead."""
    request = service_pb2.ModelInferRequest(model_name="teller")
    request.inputs.add(name="text_input", datatype="BYTES", shape=[1]).contents.bytes_contents.append(b"slow")
    ask = channel.stream_stream(
        "/inference.GRPCInferenceService/ModelStreamInfer",
        request_serializer=service_pb2.ModelInferRequest.SerializeToString,
        response_deserializer=service_pb2.ModelStreamInferResponse.FromString,
    )
    answers = ask(iter([request]), timeout=120)
    next(answers)

    def rests() -> bool:
        before = len(lines(teller, "slow"))
        time.sleep(0.5)  # A model that goes on makes hundreds of lines in that time.
        return len(lines(teller, "slow")) == before

    wait_until(rests, "the model rests")
    made = len(lines(teller, "slow"))
    assert made * 2000 < 24 << 20

    numbers = [int(next(answers).infer_response.raw_output_contents[0][4:12]) for _ in range(made + 100)]
    answers.cancel()

    assert numbers == list(range(1, made + 101))
    wait_until(lambda: is_closed(teller, "slow"), "the model is closed")


# --- What is refused


@pytest.mark.parametrize(
    "settings, name",
    [
        ({"priority": 1}, "parameters.priority"),
        ({"sequence_id": 5, "sequence_start": True}, "parameters.sequence_"),  # Maps have no order.
        ({"outputs": [triton.InferRequestedOutput("x", class_count=3)]}, "outputs[0].parameters.classification"),
    ],
)
def test_what_is_not_done_here_is_refused_by_name(client, settings, name):
    code, words = refusal(lambda: client.infer("mirror", [given("x", ARRAYS["FP32"], "FP32")], **settings))

    assert code == "INVALID_ARGUMENT" and words.startswith(name)


def test_shared_memory_is_refused_by_name(client):
    tensor = triton.InferInput("x", [1], "FP32")
    tensor.set_shared_memory("region", 4)

    assert "shared_memory" in refusal(lambda: client.infer("mirror", [tensor]))[1]
    for asked in (
        lambda: client.register_system_shared_memory("region", "/region", 4),
        client.get_system_shared_memory_status,
        client.get_cuda_shared_memory_status,
        client.unregister_cuda_shared_memory,
    ):
        code, words = refusal(asked)
        assert code == "UNIMPLEMENTED" and words.startswith("shared memory is not supported")


def test_trace_and_log_settings_are_refused_by_name(client):
    for asked in (client.get_trace_settings, client.get_log_settings):
        code, words = refusal(asked)
        assert code == "UNIMPLEMENTED" and "settings are not" in words


def test_models_are_not_loaded_without_a_key(client):
    for asked in (client.load_model, client.unload_model):
        code, words = refusal(lambda: asked("mirror"))
        assert code == "UNAUTHENTICATED" and "--may-load" in words


def test_bytes_that_are_no_message_are_refused_and_harm_nobody(served, channel, client):
    for message in (b"\xff" * 100, b"\x2a\xff\xff\xff\xff\x0f", b"\x0b", b"\x2a\x00" * 100_000, bytes(1000)):
        with pytest.raises(grpc.RpcError) as caught:
            call(channel, "ModelInfer", message)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT, caught.value
    host, port = address(served).rsplit(":", 1)
    for start in (b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1000, b"\x16\x03\x01"):
        with socket.create_connection((host, int(port)), timeout=30) as raw:
            raw.sendall(start)

    assert client.is_server_ready()


# --- The server and its models


def test_the_server_tells_what_it_is_and_can(client):
    assert client.is_server_live() and client.is_server_ready()
    metadata = client.get_server_metadata()

    assert metadata.name == "troupe"
    assert {"binary_tensor_data", "statistics", "model_configuration"} <= set(metadata.extensions)


def test_a_model_tells_its_versions_and_configuration(client):
    assert client.is_model_ready("mirror") and client.is_model_ready("mirror", "1")
    assert not client.is_model_ready("nobody")
    assert list(client.get_model_metadata("mirror").versions) == ["1"]
    assert client.get_model_metadata("mirror", "1").platform == "troupe_python"
    assert client.get_model_config("mirror").config.backend == "python"
    assert list(client.get_model_config("mirror").config.version_policy.specific.versions) == [1]
    code, words = refusal(lambda: client.get_model_metadata("mirrow"))
    assert code == "NOT_FOUND" and "mirror" in words


def test_a_model_tells_what_it_takes_and_gives_where_that_is_declared(client):
    metadata = client.get_model_metadata("declared")
    (taken,), (given_back,) = metadata.inputs, metadata.outputs
    assert (taken.name, taken.datatype, list(taken.shape)) == ("x", "FP32", [2])
    assert (given_back.name, given_back.datatype, list(given_back.shape)) == ("y", "BYTES", [-1])
    (configured,) = client.get_model_config("declared").config.input
    assert (configured.name, configured.data_type, list(configured.dims)) == ("x", model_config_pb2.TYPE_FP32, [2])
    assert [tensor.name for tensor in client.get_model_metadata("clerk").inputs] == ["text_input"]


def test_the_index_lists_models_with_their_states(client):
    index = {entry.name: entry for entry in client.get_model_repository_index().models}

    assert (index["mirror"].version, index["mirror"].state, index["mirror"].reason) == ("1", "READY", "")
    assert "echo" in index


def test_statistics_count_what_was_asked(client):
    def succeeded() -> int:
        (entry,) = client.get_inference_statistics("mirror", "1").model_stats
        assert (entry.name, entry.version) == ("mirror", "1")
        return entry.inference_stats.success.count

    before = succeeded()
    client.infer("mirror", [given("x", ARRAYS["FP32"], "FP32")])

    assert succeeded() == before + 1
    assert "mirror" in {entry.name for entry in client.get_inference_statistics().model_stats}


def test_ids_and_traces_go_and_come_back(channel):
    request = service_pb2.ModelInferRequest(model_name="mirror")
    request.inputs.add(name="x", datatype="INT32", shape=[1]).contents.int_contents.append(1)
    trace = "0af7651916cd43dd8448eb211c80319c"

    metadata = [("x-request-id", "mine"), ("traceparent", f"00-{trace}-b7ad6b7169203331-01")]
    _, answered = call(channel, "ModelInfer", request.SerializeToString(), metadata=metadata)

    told = dict(answered.initial_metadata())
    assert told["x-request-id"] == "mine" and told["x-troupe-version"] == "1"
    assert told["traceresponse"].startswith(f"00-{trace}-")


def test_health_is_told_as_grpc_tells_it(channel):
    serving = b"\x08\x01"
    assert call(channel, "/grpc.health.v1.Health/Check")[0] == serving
    assert call(channel, "/grpc.health.v1.Health/Check", b"\x0a\x1e" + b"inference.GRPCInferenceService")[0] == serving
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "/grpc.health.v1.Health/Check", b"\x0a\x04none")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


# --- Other clusters


def test_keys_are_shown_in_the_metadata(cluster: Cluster):
    cluster.start_head(extra=["--require-keys"])
    cluster.run("deploy", "echo@1", "--backend", "echo")
    key = cluster.run("key", "create", "--name", "alice", "--models", "echo", "--json").json()["key"]
    tensor = [given("x", ARRAYS["INT8"], "INT8")]
    with triton.InferenceServerClient(address(cluster)) as client:
        for headers in ({"x-api-key": key}, {"authorization": f"Bearer {key}"}):
            wait_until(lambda: client.is_model_ready("echo", headers=headers), "echo can be asked")
            assert_same(client.infer("echo", tensor, headers=headers).as_numpy("x"), ARRAYS["INT8"])
        assert refusal(lambda: client.infer("echo", tensor))[0] == "UNAUTHENTICATED"
        assert refusal(lambda: client.infer("echo", tensor, headers={"x-api-key": "wrong"}))[0] == "UNAUTHENTICATED"
        assert refusal(lambda: client.infer("other", tensor, headers={"x-api-key": key}))[0] == "PERMISSION_DENIED"
        with Stream(client) as stream:
            assert stream.next().status() == "StatusCode.UNAUTHENTICATED"


def test_the_door_encrypts_with_the_nodes_certificate(cluster: Cluster):
    cluster.start_head(extra=["--tls-self-signed"])
    cluster.run("deploy", "echo@1", "--backend", "echo")
    url = cluster.gateway.url("grpc")
    assert url.startswith("grpcs://")
    target = url.removeprefix("grpcs://")
    with triton.InferenceServerClient(target, ssl=True, root_certificates=cluster.gateway.file["ca_file"]) as client:
        wait_until(lambda: client.is_model_ready("echo"), "echo can be asked")
        result = client.infer("echo", [given("x", ARRAYS["FP32"], "FP32")])
        assert_same(result.as_numpy("x"), ARRAYS["FP32"])
    with triton.InferenceServerClient(target) as stranger:
        assert refusal(stranger.is_server_live)[0] == "UNAVAILABLE"


def test_a_gateway_that_stops_says_so_and_finishes_what_is_under_way(cluster: Cluster):
    words = "one two three four five six"
    node = cluster.start_head()
    cluster.apply(deployment("slow", "slow@1", backend="echo", echo={"slots": 4, "delay": "3s"}))
    cluster.wait_for_traffic("slow")
    with triton.InferenceServerClient(address(cluster)) as client, grpc.insecure_channel(address(cluster)) as channel:
        watch = channel.unary_stream("/grpc.health.v1.Health/Watch", bytes, bytes)(b"", timeout=60)
        assert next(watch) == b"\x08\x01"
        with Stream(client) as stream:
            client.async_stream_infer("slow", prompt(words))
            first = stream.next()

            node.process.send_signal(signal.SIGTERM)
            assert next(watch) == b"\x08\x02"
            assert not client.is_server_ready()
            pieces = [first, *stream.until_final()]

    assert "".join(text_of(piece) for piece in pieces) == words
    assert node.process.wait(30) == 0


# --- The protocol itself


def messages_of(proto: str) -> Dict[str, Dict[str, Tuple[int, str, bool]]]:
    """{message: {field: (number, type, whether it is a list)}} of a .proto file, maps left as they are written."""
    text = re.sub(r"//[^\n]*", "", proto)
    found: Dict[str, Dict[str, Tuple[int, str, bool]]] = {}
    scopes: List[str] = []
    for word in re.finditer(
        r"(message|enum|service|oneof) (\w+) \{|(repeated )?(map<[^>]+>|\w+) (\w+) = (\d+);|\{|\}", text
    ):
        kind, name, repeated, typename, field, number = word.groups()
        if kind:
            scopes.append("" if kind == "oneof" else name)
            if kind == "message":
                found[name] = {}
        elif word.group() == "{":
            scopes.append("")
        elif word.group() == "}":
            scopes.pop()
        elif (inside := [scope for scope in scopes if scope]) and inside[-1] in found:
            found[inside[-1]][field] = (int(number), typename, bool(repeated))
    return found


def test_our_description_of_the_protocol_is_tritons():
    ours = messages_of((ROOT / "actors/gateway/grpc/open_inference.proto").read_text())
    known: Dict[str, Any] = {}

    def gather(messages: Any) -> None:
        for message in messages:
            known[message.name] = message
            gather(message.nested_types)

    for module in (service_pb2, model_config_pb2):
        gather(module.DESCRIPTOR.message_types_by_name.values())

    assert len(ours) == 35
    for message, fields in ours.items():
        for field, (number, typename, repeated) in fields.items():
            theirs = known[message].fields_by_name[field]
            assert theirs.number == number, (message, field)
            if typename.startswith("map<"):
                assert theirs.message_type.GetOptions().map_entry, (message, field)
                continue
            assert theirs.is_repeated == repeated, (message, field)
            named = theirs.message_type or theirs.enum_type
            scalar = {1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 12: "bytes",
                      13: "uint32"}  # fmt: skip
            assert typename == (named.name if named else scalar[theirs.type]), (message, field)
    methods = re.findall(r"rpc (\w+)\(", (ROOT / "actors/gateway/grpc/open_inference.proto").read_text())
    assert set(methods) <= set(service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods_by_name)
