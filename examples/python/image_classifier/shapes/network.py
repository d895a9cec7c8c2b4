"""A small convolutional network in NumPy, and what it sees of an image."""

from __future__ import annotations

from typing import Dict, List, Tuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SIDE = 32  # of what the network sees
CHANNELS = (1, 8, 16, 32)  # into the first convolution and out of each; each halves the side

Weights = Dict[str, np.ndarray]


def seen(pixels: np.ndarray) -> np.ndarray:
    """[SIDE, SIDE] of float32 for an image of any size, [height, width, 3] of uint8: its middle square, as how much each
    place differs from the image's edge, 0 to 1. So colours do not matter."""
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    shrink = _shrinking(side)
    square = pixels[top : top + side, left : left + side].astype(np.float32)
    small = np.einsum("ay,yxc,bx->abc", shrink, square, shrink, optimize=True)
    edge = np.concatenate([small[0], small[-1], small[1:-1, 0], small[1:-1, -1]])
    difference = np.linalg.norm(small - np.median(edge, axis=0), axis=2)
    return (difference / max(difference.max(), 1.0)).astype(np.float32)


def _shrinking(side: int) -> np.ndarray:
    """[SIDE, side]: the mean of what each of SIDE equal stretches covers of `side` pixels."""
    ends = np.linspace(0, side, SIDE + 1)
    pixel = np.arange(side)
    covered = np.minimum(ends[1:, None], pixel + 1) - np.maximum(ends[:-1, None], pixel)
    return (np.clip(covered, 0, None) * SIDE / side).astype(np.float32)


def new_weights(classes: int, rng: np.random.Generator) -> Weights:
    """Drawn as He et al. (2015) do for rectifiers."""
    weights: Weights = {}
    for layer, (inputs, outputs) in enumerate(zip(CHANNELS, CHANNELS[1:])):
        weights[f"filter{layer}"] = _drawn(rng, 9 * inputs, outputs)
        weights[f"bias{layer}"] = np.zeros(outputs, np.float32)
    features = CHANNELS[-1] * (SIDE >> (len(CHANNELS) - 1)) ** 2
    weights["dense"] = _drawn(rng, features, classes)
    weights["offset"] = np.zeros(classes, np.float32)
    return weights


def probabilities(weights: Weights, images: np.ndarray) -> np.ndarray:
    """[images, classes] for [images, SIDE, SIDE]."""
    return _forward(weights, images)[0]


def gradients(weights: Weights, images: np.ndarray, labels: np.ndarray) -> Tuple[float, Weights]:
    """The mean loss (cross entropy), and how it changes with each weight."""
    chances, steps, features = _forward(weights, images)
    count = len(images)
    loss = -np.log(chances[np.arange(count), labels] + 1e-12).mean()
    slope = chances.copy()
    slope[np.arange(count), labels] -= 1
    slope /= count
    found = {"dense": features.T @ slope, "offset": slope.sum(axis=0)}
    slope = slope @ weights["dense"].T
    for layer in reversed(range(len(steps))):
        windows, before, after = steps[layer]
        slope = _unpooled(slope.reshape(after.shape), before, after) * (before > 0)
        flat = slope.reshape(-1, slope.shape[-1])
        found[f"filter{layer}"] = windows.T @ flat
        found[f"bias{layer}"] = flat.sum(axis=0)
        if layer > 0:
            slope = _spread(flat @ weights[f"filter{layer}"].T, before.shape)
    return float(loss), found


Step = Tuple[np.ndarray, np.ndarray, np.ndarray]


def _forward(weights: Weights, images: np.ndarray) -> Tuple[np.ndarray, List[Step], np.ndarray]:
    """Probabilities; of each layer its windows, and what came before and after pooling; what the last layer saw."""
    steps: List[Step] = []
    data = images[:, :, :, None]
    for layer in range(len(CHANNELS) - 1):
        windows = _windows(data)
        flat = windows @ weights[f"filter{layer}"] + weights[f"bias{layer}"]
        before = np.maximum(flat, 0).reshape(*data.shape[:3], -1)
        data = _pooled(before)
        steps.append((windows, before, data))
    features = data.reshape(len(images), -1)
    logits = features @ weights["dense"] + weights["offset"]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True), steps, features


def _drawn(rng: np.random.Generator, inputs: int, outputs: int) -> np.ndarray:
    return rng.normal(0, np.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32)


def _windows(data: np.ndarray) -> np.ndarray:
    """A row for each place: the 3 × 3 around it, zeros beyond the edge."""
    padded = np.pad(data, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, (3, 3), axis=(1, 2))  # [images, y, x, channels, 3, 3]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 9 * data.shape[3])


def _spread(slope: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """The opposite of _windows(): the sum of what each place is in."""
    images, height, width, _ = shape
    parts = slope.reshape(images, height, width, 3, 3, -1)
    total = np.zeros((images, height + 2, width + 2, parts.shape[-1]), np.float32)
    for dy in range(3):
        for dx in range(3):
            total[:, dy : dy + height, dx : dx + width] += parts[:, :, :, dy, dx]
    return total[:, 1:-1, 1:-1]


def _pooled(data: np.ndarray) -> np.ndarray:
    """The greatest of each 2 × 2."""
    images, height, width, channels = data.shape
    return data.reshape(images, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def _unpooled(slope: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Each slope to where the greatest came from."""
    return _doubled(slope) * (before == _doubled(after))


def _doubled(data: np.ndarray) -> np.ndarray:
    return data.repeat(2, axis=1).repeat(2, axis=2)
