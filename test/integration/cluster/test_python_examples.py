"""The examples of models in Python, run as their READMEs say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import troupe
from python_models import deploy, infer, outputs
from troupe_cluster import ROOT, Cluster

EXAMPLES = ROOT / "examples" / "python"

#: Has the shape of transformers: a pipeline is called with a list of texts.
STAND_IN = '''
def pipeline(task, model=None, device=None):
    if task == "text-classification":
        def classify(texts, top_k=None):
            return [{"label": "LONG" if len(text) > 5 else "SHORT", "score": 0.5, "model": model} for text in texts]
        return classify
    def generate(texts, max_new_tokens, do_sample, return_full_text, **sampling):
        return [[{"generated_text": (text + "!") * max_new_tokens}] for text in texts]
    return generate
'''


@pytest.fixture(scope="module")
def node(shared: Cluster) -> Cluster:
    shared.start_head()
    return shared


def test_the_numpy_function(node: Cluster):
    deployed = deploy(node, EXAMPLES / "numpy_function", "polynomial:polynomial", "--max-batch-size", 16)
    assert deployed.code == 0, deployed
    node.wait_for_traffic("polynomial")

    assert outputs(infer(node, "polynomial", [0, 1, 2]))["y"] == [1, 0, 3]
    with troupe.Client(node.gateway.url("zmq"), timeout=20) as client:
        np.testing.assert_array_equal(client.infer("polynomial", {"x": np.array([0.0, 1.0, 2.0])})["y"], [1, 0, 3])
        with pytest.raises(troupe.InvalidArgument, match="finite"):
            client.infer("polynomial", {"x": np.array([np.inf])})


def test_a_hugging_face_pipeline_that_classifies(node: Cluster, tmp_path: Path):
    (tmp_path / "transformers.py").write_text(STAND_IN)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "config.json").write_text("{}")
    files = ["--file", tmp_path / "transformers.py", "--file", tmp_path / "weights"]
    settings = ["--set", "task=text-classification", "--set", 'arguments={"top_k": 1}']

    deployed = deploy(
        node, EXAMPLES / "hugging_face", "pipeline_model:Pipeline", "--name", "sentiment", *files, *settings
    )

    assert deployed.code == 0, deployed
    node.wait_for_traffic("sentiment")
    with node.http() as door:
        tensor = {"name": "text", "datatype": "BYTES", "shape": [2], "data": ["short", "very long"]}
        said = [json.loads(one) for one in outputs(door.post("/v2/models/sentiment/infer", {"inputs": [tensor]}))["json"]]
    assert [one["label"] for one in said] == ["SHORT", "LONG"]
    assert said[0]["model"].endswith("/weights")
    assert node.ask("hello", "sentiment").status == 501


def test_a_hugging_face_pipeline_that_generates(node: Cluster, tmp_path: Path):
    (tmp_path / "transformers.py").write_text(STAND_IN)
    files = ["--file", tmp_path / "transformers.py"]

    deployed = deploy(
        node,
        EXAMPLES / "hugging_face",
        "pipeline_model:Pipeline",
        *["--name", "writer", "--set", "task=text-generation"],
        *files,
    )

    assert deployed.code == 0, deployed
    node.wait_for_traffic("writer")
    answer = node.ask("hi", "writer", max_tokens=3, stop=["i!h"])
    assert answer.status == 200, answer
    assert answer.json()["choices"][0]["text"] == "h"
