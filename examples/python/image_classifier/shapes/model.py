"""The model: names the shape in images.

Input `image` (BYTES: PNG files) or `pixels` (UINT8, or other integers from 0 to 255: [images, height, width, 3]); a single
image may come without the axis of images. Outputs, with a row for each image: `label` (BYTES), `scores` (FP32: how likely
each class is) and `classes` (BYTES: which class each score is of).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Union

import numpy as np
import troupe

from .draw import SHAPES
from .inputs import AXES, read_input
from .network import probabilities, seen

CLASSES = np.array(list(SHAPES), dtype=object)

Answer = Union[Dict[str, Any], troupe.ItemError]


@troupe.model(longest_step=10)
class Classifier:
    def load(self, folder: Path) -> None:
        with np.load(Path(__file__).parent / "weights.npz") as weights:
            self.weights = dict(weights)

    def warm_up(self) -> None:
        probabilities(self.weights, seen(np.zeros((64, 64, 3), np.uint8))[None])

    def infer(self, batch: troupe.TensorBatch) -> List[Answer]:
        if len(batch) != 1 or not batch.keys() <= AXES.keys():
            wanted = troupe.ItemError(f"the input is 'image' or 'pixels', found {', '.join(batch)}", field="inputs")
            return [wanted] * batch.size
        ((name, arrays),) = batch.items()
        answers: List[Answer] = [{}] * batch.size
        images: Dict[int, np.ndarray] = {}
        for item, array in enumerate(arrays):
            try:
                # A batch of single files holds them as they are.
                images[item] = read_input(name, np.array(array, object) if isinstance(array, bytes) else array)
            except ValueError as error:
                answers[item] = troupe.ItemError(str(error), field=name)
        for item, scores in self._scores(images).items():
            has_one = np.ndim(arrays[item]) == AXES[name]
            answers[item] = _answer(scores[0] if has_one else scores)
        return answers

    def _scores(self, images: Dict[int, np.ndarray]) -> Dict[int, np.ndarray]:
        """Of all items in one go."""
        if not images:
            return {}
        ends = np.cumsum([len(one) for one in images.values()])[:-1]
        together = probabilities(self.weights, np.concatenate(list(images.values())))
        return dict(zip(images, np.split(together, ends)))


def _answer(scores: np.ndarray) -> Dict[str, Any]:
    classes = np.broadcast_to(CLASSES, scores.shape)
    return {"label": CLASSES[scores.argmax(axis=-1)], "scores": scores, "classes": classes}
