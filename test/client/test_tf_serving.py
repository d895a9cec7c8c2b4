"""TensorFlow Serving's REST API, as its users write it by hand, against models in Python."""

from __future__ import annotations

import base64
from typing import Any, Iterator

import pytest
from http_client import Answer, Http
from python_models import start_model
from troupe_cluster import Cluster

MODELS = """
    @troupe.model
    class Half:
        def __call__(self, batch):
            return {"y": batch["inputs"] / 2}

    @troupe.model(batch=False)
    class Mixed:
        def __call__(self, item):
            x = item["x"]
            return {"sum": x.sum(axis=1), "kind": np.array([str(x.dtype)] * len(x), dtype=object)}

    @troupe.model(batch=False)
    class Picture:
        def __call__(self, item):
            return {"image_bytes": item["image"], "length": np.array([len(one) for one in item["image"]])}

    @troupe.model(batch=False)
    class Judge:
        def __call__(self, item):
            age = item["age"].astype(np.float32)
            scores = np.stack([age / 100, 1 - age / 100], axis=1).astype(np.float32)
            labels = np.array([["old", "young"]] * len(age), dtype=object)
            return {"scores": scores, "classes": labels}

    @troupe.model(inputs={"x": ("FP32", [-1, 2])}, outputs={"y": ("FP32", [-1])})
    class Declared:
        def infer(self, batch):
            return {"y": [x.sum(axis=1) for x in batch["x"]]}

    @troupe.model(batch=False)
    class Price:
        def __call__(self, item):
            return {"outputs": (item["rooms"] * item["rate"]).astype(np.float32).reshape(-1, 1)}
"""


@pytest.fixture(scope="module")
def models(shared: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    shared.start_head()
    folder = tmp_path_factory.mktemp("models")
    for name in ("Half", "Mixed", "Picture", "Judge", "Declared", "Price"):
        start_model(shared, folder, MODELS, f"served:{name}")
    return shared


@pytest.fixture
def door(models: Cluster) -> Iterator[Http]:
    with models.http() as door:
        yield door


def right(answer: Answer) -> Any:
    assert answer.status == 200, answer
    return answer.json()


def wrong(answer: Answer, status: int) -> str:
    assert answer.status == status, answer
    assert answer.json().keys() == {"error"}
    return answer.json()["error"]


# --- Predictions


def test_rows_are_answered_with_rows(door):
    body = {"signature_name": "serving_default", "instances": [[1.0, 2.0], [3.0, 5.0]]}

    answer = door.post("/v1/models/half:predict", body)

    assert right(answer) == {"predictions": [[0.5, 1.0], [1.5, 2.5]]}
    assert answer.headers["x-troupe-version"] == "1"


def test_columns_are_answered_with_columns(door):
    assert right(door.post("/v1/models/half:predict", {"inputs": [[1.0, 2.0]]})) == {"outputs": [[0.5, 1.0]]}


def test_named_rows_and_columns_have_the_types_of_their_values(door):
    rows = {"instances": [{"x": [1, 2]}, {"x": [3, 4]}]}
    columns = {"inputs": {"x": [[1.5, 2], [3, 4]]}}

    assert right(door.post("/v1/models/mixed:predict", rows)) == {
        "predictions": [{"sum": 3, "kind": "int64"}, {"sum": 7, "kind": "int64"}]
    }
    assert right(door.post("/v1/models/mixed:predict", columns)) == {
        "outputs": {"sum": [3.5, 7.0], "kind": ["float32", "float32"]}
    }


def test_bytes_go_and_come_as_base64(door):
    image = bytes(range(256)) * 5
    coded = {"b64": base64.b64encode(image).decode()}

    answer = right(door.post("/v1/models/picture:predict", {"instances": [{"image": coded}]}))

    assert answer == {"predictions": [{"image_bytes": coded, "length": len(image)}]}


def test_a_version_may_be_named(door):
    body = {"instances": [1.0]}

    assert right(door.post("/v1/models/half/versions/1:predict", body)) == {"predictions": [0.5]}
    assert "no version 7" in wrong(door.post("/v1/models/half/versions/7:predict", body), 404)
    assert "no label stable" in wrong(door.post("/v1/models/half/labels/stable:predict", body), 404)
    assert "no label 1" in wrong(door.post("/v1/models/half/labels/1:predict", body), 404)


# --- Classification and regression


def test_examples_are_classified_and_regressed(door):
    examples = [{"age": 75}, {"age": 25}]
    rooms = {"context": {"rate": 2.0}, "examples": [{"rooms": 3}, {"rooms": 4}]}

    assert right(door.post("/v1/models/judge:classify", {"examples": examples})) == {
        "result": [[["old", 0.75], ["young", 0.25]], [["old", 0.25], ["young", 0.75]]]
    }
    assert right(door.post("/v1/models/price:regress", rooms)) == {"result": [6.0, 8.0]}
    assert "classification needs" in wrong(door.post("/v1/models/price:classify", rooms), 409)


# --- What is wrong


def test_errors_are_tensorflow_servings_object_and_say_what_is_wrong(door):
    def ask(body: Any, path: str = "/v1/models/half:predict") -> Answer:
        return door.post(path, body)

    assert "instances is missing" in wrong(ask({}), 400)
    assert "not valid JSON" in wrong(ask(b"{"), 400)
    assert "signature_name must be serving_default" in wrong(ask({"signature_name": "x", "instances": [1]}), 400)
    assert "did you mean half?" in wrong(ask({"instances": [1]}, "/v1/models/halv:predict"), 404)
    assert "there is no :explain" in wrong(ask({"instances": [1]}, "/v1/models/half:explain"), 404)
    assert "has 1 elements" in wrong(ask({"instances": [[1, 2], [3]]}), 400)


def test_a_post_without_a_verb_is_told_of_one_in_openais_object(door):
    answer = door.post("/v1/models/half", {"instances": [1]})

    assert answer.status == 404 and "half:predict" in answer.json()["error"]["message"]


def test_what_the_model_refuses_keeps_its_status(door):
    assert "KeyError" in wrong(door.post("/v1/models/half:predict", {"inputs": {"x": [1.0]}}), 500)


# --- Pages


def test_a_models_page_is_openais_and_tensorflow_servings_at_once(door):
    page = right(door.get("/v1/models/half"))

    assert page["id"] == "half" and page["object"] == "model"
    assert page["model_version_status"] == [
        {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ]
    assert right(door.get("/v1/models/half/versions/1")) == {"model_version_status": page["model_version_status"]}
    assert door.get("/v1/models/half/versions/2").status == 404
    assert door.get("/v1/models/half/labels/stable").status == 404


def test_the_metadata_names_the_signature(door):
    metadata = right(door.get("/v1/models/half/metadata"))

    assert metadata["model_spec"] == {"name": "half", "signature_name": "", "version": "1"}
    assert metadata["metadata"]["signature_def"]["signature_def"].keys() == {"serving_default"}
    assert right(door.get("/v1/models/half/versions/1/metadata")) == metadata
    assert door.get("/v1/models/nobody/metadata").json()["error"]["code"] == "model_not_found"


def test_a_model_that_declares_its_input_gets_it_by_that_name_and_type(door):
    assert right(door.post("/v1/models/declared:predict", {"instances": [[1, 2], [3, 4]]})) == {"predictions": [3.0, 7.0]}
    said = wrong(door.post("/v1/models/declared:predict", {"instances": [["a", "b"]]}), 400)
    assert said == 'instances[0] holds "a", which FP32 cannot'
    said = wrong(door.post("/v1/models/declared:predict", {"instances": [[1, 2, 3]]}), 400)
    assert said == "input 'x' has shape [1, 3], this model takes FP32 [-1, 2]"


def test_metadata_tells_what_a_model_declares(door):
    signature = right(door.get("/v1/models/declared/metadata"))["metadata"]["signature_def"]["signature_def"]
    assert signature["serving_default"]["inputs"] == {
        "x": {
            "dtype": "DT_FLOAT",
            "tensor_shape": {"dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}], "unknown_rank": False},
            "name": "x",
        }
    }
