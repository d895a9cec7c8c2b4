"""Four models of different kinds in one cluster at once, each asked by every door that fits it: the answers agree.

clerk (text, native engine), MiniLM (vectors, native engine), a NumPy function and an image classifier (both in Python).
"""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Awaitable, Callable, Dict, Iterator, List, Sequence

import numpy as np
import openai
import pytest
import tritonclient.grpc
import tritonclient.http
import troupe
import troupe.aio
from python_models import deploy
from shapes import png
from shapes.draw import SHAPES, draw_many
from troupe_cluster import ROOT, Cluster, deployment
from websockets.sync.client import connect

EXAMPLES = ROOT / "examples/python"
MINILM = ROOT / "build/models/minilm"

pytestmark = pytest.mark.skipif(
    not (MINILM / "model.safetensors").is_file(), reason="examples/models/minilm/fetch was not run"
)

PROMPT, WORDS = "words 7342", " seven thousand three hundred forty-two"
TEXTS = ["a cat sat on the mat", "there is a kitten on the rug", "interest rates rose"]
POINTS, VALUES = [0.0, 1.0, 2.5], [1.0, 0.0, 6.0]
IMAGES, LABELS = draw_many(5, seed=21)
FILES = np.array([png.write(image) for image in IMAGES], dtype=object)
CODED = [base64.b64encode(file).decode() for file in FILES]


@pytest.fixture(scope="module")
def four(shared: Cluster) -> Cluster:
    """The head takes requests, a worker computes."""
    shared.start_head(roles="head,gateway")
    shared.start("worker")
    shared.add_clerk("2")
    shared.run("model", "add", "minilm@1", MINILM)
    shared.apply(deployment("clerk", "clerk@2") + deployment("minilm", "minilm@1"))
    for folder, entry, name in [
        ("numpy_function", "polynomial:polynomial", "polynomial"),
        ("image_classifier", "shapes.model:Classifier", "shapes"),
    ]:
        deployed = deploy(shared, EXAMPLES / folder, entry, "--name", name)
        assert deployed.code == 0, deployed
    shared.wait_for_traffic("clerk", "minilm", "polynomial", "shapes")
    return shared


class Doors:
    """Ways into a cluster. Each takes what its users write and gives the answer as they read it."""

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._url = cluster.gateway.url("http")
        self.openai = openai.OpenAI(base_url=self._url + "/v1", api_key="any", max_retries=0, timeout=60)
        self.zmq = troupe.Client(cluster.gateway.url("zmq"), timeout=60)

    def close(self) -> None:
        self.openai.close()
        self.zmq.close()

    def curl(self, path: str, body: Any) -> Any:
        """POST of JSON, by the program."""
        command = ["curl", "-sS", "--fail-with-body", "--max-time", "60", "-d", "@-", self._url + path]
        asked = subprocess.run(command, input=json.dumps(body), capture_output=True, text=True)
        assert asked.returncode == 0, asked
        return json.loads(asked.stdout)

    def websocket(self, path: str, body: Any) -> Any:
        """The same as a message."""
        with connect(self._url.replace("http", "ws", 1) + "/v1/ws", max_size=None, open_timeout=10) as door:
            door.send(json.dumps({"id": "1", "path": path, "body": body}))
            frame = json.loads(door.recv(timeout=60))
        assert frame["event"] == "answer", frame
        return frame["body"]

    def triton_http(self, model: str, inputs: Dict[str, np.ndarray], output: str) -> np.ndarray:
        with tritonclient.http.InferenceServerClient(self._url.removeprefix("http://")) as client:
            return _by_triton(tritonclient.http, client, model, inputs, output)

    def triton_grpc(self, model: str, inputs: Dict[str, np.ndarray], output: str) -> np.ndarray:
        address = self._cluster.gateway.url("grpc").removeprefix("grpc://")
        with tritonclient.grpc.InferenceServerClient(address) as client:
            return _by_triton(tritonclient.grpc, client, model, inputs, output)

    def aio(self, use: Callable[[troupe.aio.Client], Awaitable[Any]]) -> Any:
        """The ZeroMQ client of an event loop."""

        async def run() -> Any:
            async with troupe.aio.Client(self._cluster.gateway.url("zmq"), timeout=60) as client:
                return await use(client)

        return asyncio.run(run())

    def cli(self, model: str, *arguments: str) -> Any:
        """The C++ client, by the program that is built on it."""
        return self._cluster.run("infer", model, "--json", "--timeout", "60s", *arguments).json()


def _by_triton(module: Any, client: Any, model: str, inputs: Dict[str, np.ndarray], output: str) -> np.ndarray:
    """`module`: any of Triton's clients; they have the same classes."""
    types = {"float64": "FP64", "uint8": "UINT8", "object": "BYTES"}
    asked = []
    for name, array in inputs.items():
        asked.append(module.InferInput(name, list(array.shape), types[array.dtype.name]))
        asked[-1].set_data_from_numpy(array)
    return client.infer(model, asked).as_numpy(output)


@pytest.fixture(scope="module")
def doors(four: Cluster) -> Iterator[Doors]:
    doors = Doors(four)
    yield doors
    doors.close()


def tensor(name: str, datatype: str, array: np.ndarray) -> Dict[str, Any]:
    """The body of an infer request."""
    return {"inputs": [{"name": name, "datatype": datatype, "shape": list(array.shape), "data": array.ravel().tolist()}]}


def output(answer: Any, name: str) -> List[Any]:
    """Of the answer to one."""
    (found,) = [one["data"] for one in answer["outputs"] if one["name"] == name]
    return found


# --- clerk

CHAT = {"model": "clerk", "messages": [{"role": "user", "content": PROMPT}], "temperature": 0, "max_tokens": 64}
COMPLETION = {"model": "clerk", "prompt": PROMPT + " =", "temperature": 0, "max_tokens": 64}
GENERATE = {"text_input": PROMPT + " =", "parameters": {"temperature": 0, "max_tokens": 64}}
GREEDY: Dict[str, Any] = {"temperature": 0, "max_tokens": 64}


async def streamed(client: troupe.aio.Client) -> str:
    return "".join([piece async for piece in client.generate("clerk", PROMPT + " =", stream=True, **GREEDY)])


TEXT_DOORS: Dict[str, Callable[[Doors], str]] = {
    "openai": lambda d: d.openai.completions.create(**COMPLETION).choices[0].text,
    "openai_stream": lambda d: "".join(
        event.choices[0].text for event in d.openai.completions.create(**COMPLETION, stream=True)
    ),
    "openai_chat": lambda d: d.openai.chat.completions.create(**CHAT).choices[0].message.content,
    "curl_v1": lambda d: d.curl("/v1/completions", COMPLETION)["choices"][0]["text"],
    "curl_v2": lambda d: d.curl("/v2/models/clerk/generate", GENERATE)["text_output"],
    "websocket": lambda d: d.websocket("/v1/chat/completions", CHAT)["choices"][0]["message"]["content"],
    "zmq": lambda d: d.zmq.generate("clerk", PROMPT + " =", **GREEDY).text,
    "zmq_stream": lambda d: "".join(d.zmq.generate("clerk", CHAT["messages"], stream=True, **GREEDY)),
    "aio": lambda d: d.aio(lambda client: client.generate("clerk", PROMPT + " =", **GREEDY)).text,
    "aio_stream": lambda d: d.aio(streamed),
    "cli": lambda d: d.cli("clerk", PROMPT + " =")["text"],
    "cli_chat": lambda d: d.cli("clerk", "--chat", PROMPT)["text"],
}


@pytest.mark.parametrize("door", TEXT_DOORS)
def test_clerk_says_the_same_by_each_door(doors: Doors, door: str):
    # A chat's template ends in the space that a completion begins with.
    assert TEXT_DOORS[door](doors).strip() == WORDS.strip()


# --- MiniLM

AS_BYTES = np.array(TEXTS, dtype=object)
EMBEDDING = {"model": "minilm", "input": TEXTS}

VECTOR_DOORS: Dict[str, Callable[[Doors], Any]] = {
    "openai": lambda d: [one.embedding for one in d.openai.embeddings.create(**EMBEDDING).data],
    "openai_float": lambda d: [
        one.embedding for one in d.openai.embeddings.create(**EMBEDDING, encoding_format="float").data
    ],
    "curl_v1": lambda d: [one["embedding"] for one in d.curl("/v1/embeddings", EMBEDDING)["data"]],
    "curl_v2": lambda d: output(d.curl("/v2/models/minilm/infer", tensor("text", "BYTES", AS_BYTES)), "embedding"),
    "curl_rows": lambda d: d.curl("/v1/models/minilm:predict", {"instances": TEXTS})["predictions"],
    "triton_http": lambda d: d.triton_http("minilm", {"text": AS_BYTES}, "embedding"),
    "triton_grpc": lambda d: d.triton_grpc("minilm", {"text": AS_BYTES}, "embedding"),
    "websocket": lambda d: [one["embedding"] for one in d.websocket("/v1/embeddings", EMBEDDING)["data"]],
    "zmq": lambda d: d.zmq.embed("minilm", TEXTS),
    "aio": lambda d: d.aio(lambda client: client.embed("minilm", TEXTS)),
    "cli": lambda d: d.cli("minilm", *(word for text in TEXTS for word in ("--embed", text)))["rows"],
    "cli_tensor": lambda d: output(d.cli("minilm", "--tensor", f"text=bytes:3:{','.join(TEXTS)}"), "embedding"),
}


@pytest.fixture(scope="module")
def vectors(doors: Doors) -> np.ndarray:
    """What all doors must agree with; how right it is the tests of the engine know."""
    vectors = doors.zmq.embed("minilm", TEXTS)
    assert vectors.shape == (3, 384) and vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3
    return vectors


@pytest.mark.parametrize("door", VECTOR_DOORS)
def test_minilm_gives_the_same_vectors_by_each_door(doors: Doors, vectors: np.ndarray, door: str):
    found = np.array(VECTOR_DOORS[door](doors)).reshape(3, -1)

    np.testing.assert_allclose(found, vectors, rtol=0, atol=1e-6)


# --- The NumPy function

X = np.array(POINTS)
ROWS = {"instances": [{"x": x} for x in POINTS]}

VALUE_DOORS: Dict[str, Callable[[Doors], Any]] = {
    "curl_v2": lambda d: output(d.curl("/v2/models/polynomial/infer", tensor("x", "FP64", X)), "y"),
    "curl_rows": lambda d: d.curl("/v1/models/polynomial:predict", ROWS)["predictions"],
    "curl_columns": lambda d: d.curl("/v1/models/polynomial:predict", {"inputs": {"x": POINTS}})["outputs"],
    "triton_http": lambda d: d.triton_http("polynomial", {"x": X}, "y"),
    "triton_grpc": lambda d: d.triton_grpc("polynomial", {"x": X}, "y"),
    "websocket": lambda d: output(d.websocket("/v2/models/polynomial/infer", tensor("x", "FP64", X)), "y"),
    "zmq": lambda d: d.zmq.infer("polynomial", {"x": X})["y"],
    "aio": lambda d: d.aio(lambda client: client.infer("polynomial", {"x": X}))["y"],
    "cli": lambda d: output(d.cli("polynomial", "--tensor", f"x=f64:3:{','.join(map(str, POINTS))}"), "y"),
}


@pytest.mark.parametrize("door", VALUE_DOORS)
def test_the_numpy_function_has_the_same_values_by_each_door(doors: Doors, door: str):
    assert np.array(VALUE_DOORS[door](doors)).tolist() == VALUES


# --- The image classifier

PIXELS = tensor("pixels", "UINT8", IMAGES)
PICTURES = [{"image": {"b64": one}} for one in CODED]


def best(rows: Sequence[Any]) -> List[str]:
    """Of a classification's pairs of class and score."""
    return [max(row, key=lambda pair: pair[1])[0] for row in rows]


def by_cli(doors: Doors) -> List[str]:
    first = f"pixels=u8:{'x'.join(map(str, IMAGES[:1].shape))}:{','.join(map(str, IMAGES[0].ravel()))}"
    return output(doors.cli("shapes", "--tensor", first), "label")


LABEL_DOORS: Dict[str, Callable[[Doors], Sequence[Any]]] = {
    "curl_v2": lambda d: output(d.curl("/v2/models/shapes/infer", PIXELS), "label"),
    "curl_predict": lambda d: [
        row["label"] for row in d.curl("/v1/models/shapes:predict", {"instances": PICTURES})["predictions"]
    ],
    "curl_classify": lambda d: best(d.curl("/v1/models/shapes:classify", {"examples": PICTURES})["result"]),
    "triton_http": lambda d: d.triton_http("shapes", {"image": FILES}, "label"),
    "triton_grpc": lambda d: d.triton_grpc("shapes", {"image": FILES}, "label"),
    "triton_http_pixels": lambda d: d.triton_http("shapes", {"pixels": IMAGES}, "label"),
    "websocket": lambda d: best(d.websocket("/v1/models/shapes:classify", {"examples": PICTURES})["result"]),
    "zmq": lambda d: d.zmq.infer("shapes", {"image": FILES})["label"],
    "zmq_pixels": lambda d: d.zmq.infer("shapes", {"pixels": IMAGES})["label"],
    "aio": lambda d: d.aio(lambda client: client.infer("shapes", {"image": FILES}))["label"],
    "cli": by_cli,  # Of the first image: an argument has an end.
}


@pytest.mark.parametrize("door", LABEL_DOORS)
def test_the_classifier_names_the_same_shapes_by_each_door(doors: Doors, door: str):
    names = [list(SHAPES)[label] for label in LABELS]

    found = [one.decode() if isinstance(one, bytes) else one for one in LABEL_DOORS[door](doors)]

    assert found == names[: len(found)] and len(found) == (1 if door == "cli" else 5)


# --- All at once


def test_all_four_answer_at_once(four: Cluster, doors: Doors, vectors: np.ndarray):
    """Forty requests of each by eight threads, in turns: each gets its own model's answer."""

    def ask(number: int) -> None:
        kind = number % 4
        if kind == 0:
            assert TEXT_DOORS["openai_chat"](doors).strip() == WORDS.strip()
        elif kind == 1:
            np.testing.assert_allclose(VECTOR_DOORS["zmq"](doors), vectors, rtol=0, atol=1e-6)
        elif kind == 2:
            assert VALUE_DOORS["triton_http"](doors).tolist() == VALUES
        else:
            assert [one.decode() for one in LABEL_DOORS["zmq"](doors)] == [list(SHAPES)[label] for label in LABELS]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(160)))

    assert {name: four.ready_nodes(name) for name in ("clerk", "minilm", "polynomial", "shapes")} == {
        name: ["worker"] for name in ("clerk", "minilm", "polynomial", "shapes")
    }
