"""Embeddings, scores, rankings, classes and tokens over HTTP, checked against what transformers says of the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
import openai
import pytest
import tritonclient.http as triton
from http_client import Http
from troupe_cluster import ROOT, Cluster, deployment

import troupe

TINY = ROOT / "test/data/encoder_tiny"
MODELS = {"vectors": "bert", "classes": "bert_classifier", "cross": "distilbert_classifier"}
#: Of the scale of the values: what the parity tests allow.
NEAR = 1e-4


def reference(model: str) -> List[Dict[str, Any]]:
    return json.loads((TINY / MODELS[model] / "reference.json").read_text())["inputs"]


@pytest.fixture(scope="module")
def encoders(shared: Cluster) -> Iterator[Cluster]:
    shared.start_head()
    for name, folder in MODELS.items():
        shared.run("model", "add", f"{name}@1", TINY / folder)
    shared.apply("".join(deployment(name, f"{name}@1") for name in MODELS))
    shared.wait_for_traffic(*MODELS)
    yield shared


@pytest.fixture
def door(encoders: Cluster) -> Iterator[Http]:
    with encoders.http() as door:
        yield door


@pytest.fixture
def client(encoders: Cluster) -> Iterator[openai.OpenAI]:
    url = encoders.gateway.url("http") + "/v1"
    with openai.OpenAI(base_url=url, api_key="any", max_retries=0, timeout=30) as client:
        yield client


def ask(door: Http, path: str, body: Dict[str, Any]) -> Dict[str, Any]:
    answer = door.post(path, body)
    assert answer.status == 200, answer
    return answer.json()


def test_openais_client_gets_the_vectors_of_transformers(client: openai.OpenAI):
    inputs = [one for one in reference("vectors") if "pair" not in one]

    answer = client.embeddings.create(model="vectors", input=[one["text"] for one in inputs])
    numbers = client.embeddings.create(model="vectors", input=inputs[0]["text"], encoding_format="float")

    assert [row.index for row in answer.data] == list(range(len(inputs)))
    for row, one in zip(answer.data, inputs):
        np.testing.assert_allclose(row.embedding, one["embedding"], atol=NEAR)
    np.testing.assert_allclose(numbers.data[0].embedding, inputs[0]["embedding"], atol=NEAR)
    assert answer.usage.prompt_tokens == sum(len(one["ids"]) for one in inputs)


def test_token_ids_give_the_vector_of_their_text(client: openai.OpenAI):
    one = reference("vectors")[0]

    by_text = client.embeddings.create(model="vectors", input=one["text"]).data[0].embedding
    by_ids = client.embeddings.create(model="vectors", input=one["ids"]).data[0].embedding

    assert by_ids == by_text


def test_fewer_dimensions_are_the_first_ones_at_length_one(client: openai.OpenAI):
    one = reference("vectors")[0]
    first = np.array(one["embedding"][:5])

    short = client.embeddings.create(model="vectors", input=one["text"], dimensions=5).data[0].embedding

    np.testing.assert_allclose(short, first / np.linalg.norm(first), atol=NEAR)
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="vectors", input=one["text"], dimensions=4096)
    assert caught.value.param == "dimensions"


def test_more_texts_than_a_step_takes_come_back_in_their_order(client: openai.OpenAI):
    texts = [f"the cat sat on the mat {'a ' * (i % 13)}" for i in range(700)]

    together = client.embeddings.create(model="vectors", input=texts).data

    for i in (0, 12, 350, 699):
        assert together[i].embedding == client.embeddings.create(model="vectors", input=texts[i]).data[0].embedding


def test_classes_are_named_with_the_probabilities_of_transformers(door: Http):
    inputs = [one for one in reference("classes") if "pair" not in one]

    answer = ask(door, "/v1/classify", {"model": "classes", "input": [one["text"] for one in inputs]})

    names = ["no", "maybe", "yes"]
    for row, one in zip(answer["data"], inputs):
        np.testing.assert_allclose(row["probs"], one["scores"], atol=NEAR)
        assert row["label"] == names[int(np.argmax(one["scores"]))]
        assert row["num_classes"] == 3


def test_a_cross_encoder_scores_and_ranks_pairs(door: Http):
    pairs = [one for one in reference("cross") if "pair" in one]
    first = [one["text"] for one in pairs]
    second = [one["pair"] for one in pairs]

    scored = ask(door, "/v1/score", {"model": "cross", "text_1": first, "text_2": second})
    ranked = ask(door, "/rerank", {"model": "cross", "query": first[0], "documents": second, "top_n": 2})
    one_by_one = ask(door, "/score", {"model": "cross", "text_1": first[0], "text_2": second})

    np.testing.assert_allclose([row["score"] for row in scored["data"]], [p["scores"][0] for p in pairs], atol=NEAR)
    scores = [row["score"] for row in one_by_one["data"]]
    best = sorted(range(len(second)), key=lambda i: -scores[i])[:2]
    assert [row["index"] for row in ranked["results"]] == best
    assert [row["relevance_score"] for row in ranked["results"]] == [scores[i] for i in best]
    assert ranked["results"][0]["document"]["text"] == second[best[0]]


def test_a_model_of_vectors_ranks_by_their_cosines(door: Http):
    inputs = [one for one in reference("vectors") if "pair" not in one]
    vectors = np.array([one["embedding"] for one in inputs])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    answer = ask(
        door, "/v1/score", {"model": "vectors", "text_1": inputs[0]["text"], "text_2": [one["text"] for one in inputs]}
    )

    np.testing.assert_allclose([row["score"] for row in answer["data"]], vectors @ vectors[0], atol=NEAR)


def test_tokens_are_those_of_the_models_tokenizer(door: Http):
    one = reference("vectors")[0]

    found = ask(door, "/tokenize", {"model": "vectors", "prompt": one["text"], "return_token_strs": True})
    bare = ask(door, "/tokenize", {"model": "vectors", "prompt": one["text"], "add_special_tokens": False})
    text = ask(door, "/detokenize", {"model": "vectors", "tokens": bare["tokens"]})

    assert found["tokens"] == one["ids"] and found["count"] == len(one["ids"])
    assert len(found["token_strs"]) == found["count"] and found["max_model_len"] > found["count"]
    assert bare["tokens"] == one["ids"][1:-1]
    assert text["prompt"].replace(" ", "") == one["text"].lower().replace(" ", "")


def test_the_zeromq_client_gets_the_same_as_http(encoders: Cluster, client: openai.OpenAI):
    texts = [one["text"] for one in reference("vectors") if "pair" not in one]
    pairs = [(one["text"], one["pair"]) for one in reference("cross") if "pair" in one]
    by_http = client.embeddings.create(model="vectors", input=texts)

    with troupe.Client(encoders.gateway.url("zmq")) as zmq:
        vectors = zmq.embed("vectors", texts)
        scores = zmq.score("cross", pairs)
        ids = zmq.tokenize("vectors", texts[0])
        by_ids = zmq.embed("vectors", [ids])

    assert vectors.tolist() == [row.embedding for row in by_http.data]
    assert by_ids[0].tolist() == vectors[0].tolist()
    assert scores.values.shape == (len(pairs), 1)


def test_the_cli_shows_vectors_scores_and_tokens(encoders: Cluster):
    """By the C++ client."""
    texts = [one["text"] for one in reference("vectors")[:2]]
    judged = reference("classes")[0]
    pair = next(one for one in reference("cross") if "pair" in one)

    vectors = encoders.run("infer", "vectors", "--embed", texts[0], "--embed", texts[1], "--json").json()
    lines = encoders.run("infer", "vectors", "--embed", texts[0], "--embed", texts[1]).out.splitlines()
    classes = encoders.run("infer", "classes", "--score", judged["text"], "--json").json()
    shown = encoders.run("infer", "classes", "--score", judged["text"]).out.split()
    fit = encoders.run("infer", "cross", "--score", pair["pair"], "--against", pair["text"], "--json").json()
    ids = encoders.run("infer", "vectors", "--tokenize", texts[0]).out.split()

    np.testing.assert_allclose(vectors["rows"], [one["embedding"] for one in reference("vectors")[:2]], atol=NEAR)
    np.testing.assert_allclose([[float(x) for x in line.split()] for line in lines], vectors["rows"], rtol=1e-6)
    np.testing.assert_allclose(classes["rows"], [judged["scores"]], atol=NEAR)
    assert classes["labels"] == ["no", "maybe", "yes"] and [one.split("=")[0] for one in shown] == classes["labels"]
    np.testing.assert_allclose(fit["rows"], [pair["scores"]], atol=NEAR)
    assert [int(one) for one in ids] == reference("vectors")[0]["ids"]


def test_tritons_client_gets_vectors_and_scores_of_texts(encoders: Cluster):
    asked = triton.InferInput("text", [2], "BYTES")
    asked.set_data_from_numpy(np.array([one["text"] for one in reference("vectors")[:2]], dtype=object))
    url = encoders.gateway.url("http").removeprefix("http://")

    with triton.InferenceServerClient(url) as client:
        metadata = client.get_model_metadata("vectors")
        vectors = client.infer("vectors", [asked]).as_numpy("embedding")
        scores = client.infer("classes", [asked]).as_numpy("scores")

    np.testing.assert_allclose(vectors, [one["embedding"] for one in reference("vectors")[:2]], atol=NEAR)
    np.testing.assert_allclose(scores, [one["scores"] for one in reference("classes")[:2]], atol=NEAR)
    assert metadata["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert metadata["outputs"] == [{"name": "embedding", "datatype": "FP32", "shape": [-1, vectors.shape[1]]}]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/embeddings", {"model": "classes", "input": "a"}, "task"),
        ("/v1/embeddings", {"model": "vectors", "input": ""}, "input"),
        ("/v1/embeddings", {"model": "vectors", "input": ["a"] * 3000}, "input"),
        ("/v1/embeddings", {"model": "vectors", "input": [99999]}, "input"),
        ("/v1/classify", {"model": "vectors", "input": "a"}, "input"),
        ("/v1/score", {"model": "classes", "text_1": "a", "text_2": "b"}, "model"),
        ("/v1/completions", {"model": "vectors", "prompt": "a"}, ""),
        ("/v1/classify", {"model": "classes", "input": ["a", ""]}, "input"),
    ],
)
def test_what_a_model_cannot_do_is_said(door: Http, path: str, body: Dict[str, Any], field: str):
    answer = door.post(path, body)

    error = answer.json()["error"]
    assert answer.status in (400, 409, 501), answer
    assert (error["param"] or "") == field, error


def test_a_generating_model_tokenizes_and_makes_no_vectors(serving: Cluster):
    with serving.http() as door:
        tokens = ask(door, "/v1/tokenize", {"model": "clerk", "prompt": "hi"})
        chat = ask(door, "/v1/tokenize", {"model": "clerk", "messages": [{"role": "user", "content": "hi"}]})
        refused = door.post("/v1/embeddings", {"model": "clerk", "input": "hi"})

    assert tokens["tokens"][-2:] == list(b"hi")
    assert chat["count"] > tokens["count"]
    assert refused.status == 501 or refused.status == 400
    assert "generates text" in refused.json()["error"]["message"]
