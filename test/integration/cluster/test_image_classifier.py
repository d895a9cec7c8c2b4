"""The example of an image classifier: what it reads, what it has learnt, and how it is asked."""

from __future__ import annotations

import base64
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import List

import numpy as np
import pytest
import troupe
from python_models import deploy
from shapes import png
from shapes.draw import SHAPES, draw, draw_many
from shapes.model import Classifier
from shapes.network import gradients, new_weights
from shapes.train import accuracy, train
from troupe.models import Request, TensorBatch
from troupe_cluster import ROOT, Cluster

EXAMPLE = ROOT / "examples" / "python" / "image_classifier"
NAMES = list(SHAPES)


# --- PNG


def filtered(kind: int, pixels: np.ndarray) -> bytes:
    """Rows as section 9 of the format writes them, a byte at a time."""
    height, width, samples = pixels.shape
    values = pixels.astype(int)

    def expected(y: int, x: int, s: int) -> int:
        left = values[y, x - 1, s] if x else 0
        above = values[y - 1, x, s] if y else 0
        between = values[y - 1, x - 1, s] if x and y else 0
        guess = left + above - between
        nearest = min((left, above, between), key=lambda one: abs(guess - one))
        return [0, left, above, (left + above) // 2, nearest][kind]

    rows = bytearray()
    for y in range(height):
        rows.append(kind)
        rows += bytes((values[y, x, s] - expected(y, x, s)) % 256 for x in range(width) for s in range(samples))
    return bytes(rows)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(colour: int, rows: bytes, width: int, height: int, *more: bytes, depth: int = 8, interlace: int = 0) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return png.SIGNATURE + b"".join((chunk(b"IHDR", head), *more, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")))


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_images_of_every_kind_and_filter_are_read(colour: int, kind: int):
    pixels = np.random.default_rng(kind).integers(0, 256, (5, 7, png.SAMPLES[colour]), dtype=np.uint8)
    shown = pixels[..., : 1 if colour in (0, 4) else 3].astype(float)
    if colour in (4, 6):  # Over white.
        shown += (255 - shown) * (1 - pixels[..., -1:] / 255.0)

    found = png.read(png_file(colour, filtered(kind, pixels), 7, 5))

    np.testing.assert_array_equal(found, np.broadcast_to(np.floor(shown + 0.5), (5, 7, 3)))


def test_palettes_are_looked_up():
    palette = chunk(b"PLTE", bytes([255, 0, 0, 0, 0, 255])) + chunk(b"tRNS", bytes([255, 0]))
    rows = b"\0\0\1" + b"\0\1\0"

    found = png.read(png_file(3, rows, 2, 2, palette))

    assert found.tolist() == [[[255, 0, 0], [255, 255, 255]], [[255, 255, 255], [255, 0, 0]]]


def test_what_is_written_is_read():
    pixels = draw("cross", np.random.default_rng(3), 40)

    np.testing.assert_array_equal(png.read(png.write(pixels)), pixels)


GOOD = png.write(draw("ring", np.random.default_rng(1), 32))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"\xff\xd8\xff\xe0 a JPEG", "no PNG: it begins with ff d8 ff e0"),
        (b"", "begins with nothing"),
        (GOOD[:20], "ends in its header"),
        (GOOD[:200], "cut off in its part IDAT"),
        (GOOD[:-12], "no end"),
        (GOOD[:100] + b"x" + GOOD[101:], "checksum of its part IDAT"),
        (png_file(0, b"\0" * 6, 2, 2, depth=16), "8 bits a sample are read, this has 16"),
        (png_file(0, b"\0" * 6, 2, 2, interlace=1), "interlaced"),
        (png_file(0, b"\0" * 5, 2, 2), "5 bytes of pixels, its header asks for 6"),
        (png_file(0, b"\5\0\0" * 2, 2, 2), "unknown way"),
        (png_file(3, b"\0\0\1" * 2, 2, 2, chunk(b"PLTE", b"abc")), "palette"),
        (png_file(0, b"", 0, 2), "0 × 2 pixels"),
        (png_file(0, b"", 5000, 5000), "a request may bring 1048576 pixels"),
    ],
)
def test_bad_images_are_told_apart_in_words_and_spoil_no_others(file: bytes, words: str):
    bad, good = asked(image=[np.array([GOOD, file], object), np.array([GOOD], object)])

    assert isinstance(bad, troupe.ItemError) and (bad.code, bad.field) == ("invalid_argument", "image")
    assert "image 1: " in bad.message and words in bad.message
    assert good["label"].tolist() == ["ring"]


# --- The network


def test_the_gradients_are_those_of_the_loss():
    rng = np.random.default_rng(5)
    weights = {name: one.astype(float) for name, one in new_weights(3, rng).items()}
    images, labels = rng.uniform(0, 1, (4, 32, 32)), np.array([0, 1, 2, 1])

    _, slopes = gradients(weights, images, labels)

    for name, one in weights.items():
        direction = rng.normal(size=one.shape)
        losses = [gradients({**weights, name: one + step * direction}, images, labels)[0] for step in (1e-5, -1e-5)]
        assert (losses[0] - losses[1]) / 2e-5 == pytest.approx((slopes[name] * direction).sum(), rel=1e-3), name


def test_the_weights_that_come_with_it_name_95_of_100_rightly():
    with np.load(EXAMPLE / "shapes" / "weights.npz") as weights:
        assert accuracy(dict(weights), images=600) > 0.95


def test_a_short_training_learns_much():
    assert accuracy(train(images=1000, rounds=3), images=300) > 0.4


# --- The model


def asked(**tensors: list) -> List[object]:
    """What the model answers to a batch of such items."""
    classifier = Classifier()
    classifier.load(EXAMPLE)
    ((name, items),) = tensors.items()
    return classifier.infer(TensorBatch({name: items}, [Request(str(i)) for i in range(len(items))]))


def test_images_of_any_size_are_named():
    sizes = [24, 64, 300]
    images = [np.pad(draw("stripes", np.random.default_rng(4), side), ((0, 0), (3, 9), (0, 0))) for side in sizes]

    answers = asked(pixels=images)

    assert [answer["label"] for answer in answers] == ["stripes"] * 3


def test_inputs_that_are_none_are_refused():
    floats, four, big = asked(pixels=[np.zeros((8, 8, 3)), np.zeros((2, 8, 8, 4), int), np.full((8, 8, 3), 256)])
    (other,) = asked(picture=[np.zeros((8, 8, 3), np.uint8)])

    assert "integers with 3 colours" in floats.message and "integers with 3 colours" in four.message
    assert "from 0 to 255, found 256" in big.message
    assert "'image' or 'pixels', found picture" in other.message


@pytest.fixture(scope="module")
def node(shared: Cluster) -> Cluster:
    shared.start_head()
    deployed = deploy(shared, EXAMPLE, "shapes.model:Classifier", "--name", "shapes", "--max-batch-size", 16)
    assert deployed.code == 0, deployed
    shared.wait_for_traffic("shapes")
    return shared


def test_the_deployed_model_names_files_and_pixels(node: Cluster):
    images, labels = draw_many(40, seed=11)
    files = np.array([png.write(one) for one in images], dtype=object)

    with troupe.Client(node.gateway.url("zmq"), timeout=20) as client:
        of_files = client.infer("shapes", {"image": files})
        of_pixels = client.infer("shapes", {"pixels": images})
        of_one = client.infer("shapes", {"pixels": images[0]}, ["label"])
        with pytest.raises(troupe.InvalidArgument, match="image 0: this is no PNG: it begins with 61") as caught:
            client.infer("shapes", {"image": np.array([b"a"], object)})

    assert caught.value.field == "image"
    assert (of_files["label"] == np.array([NAMES[label].encode() for label in labels])).mean() > 0.9
    for name in ("label", "scores", "classes"):
        np.testing.assert_array_equal(of_files[name], of_pixels[name])
    assert of_one.keys() == {"label"} and of_one["label"].tolist() == of_files["label"][0]


def test_the_images_that_the_script_draws_are_classified(node: Cluster):
    def drawn(shape: str) -> str:
        command = [sys.executable, "-m", "shapes.draw", shape, "--seed", "7"]
        return base64.b64encode(subprocess.run(command, cwd=EXAMPLE, capture_output=True, check=True).stdout).decode()

    examples = [{"image": {"b64": drawn(shape)}} for shape in ("triangle", "cross")]
    with node.http() as door:
        answer = door.post("/v1/models/shapes:classify", {"examples": examples})

    assert answer.status == 200, answer
    best = [max(row, key=lambda pair: pair[1])[0] for row in answer.json()["result"]]
    assert best == ["triangle", "cross"]
