"""Trains the network on drawn images: python -m shapes.train [--images N] [--rounds N] [--out FILE]

NumPy is all it needs. The seed is fixed; half a minute on one core.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Callable

import numpy as np

from .draw import SHAPES, draw_many
from .network import Weights, gradients, new_weights, probabilities, seen

TRAINING_SEED = 1
HELD_OUT_SEED = 2
BATCH = 64


def drawn(count: int, seed: int) -> tuple:
    """What the network sees of drawn images, and their labels."""
    images, labels = draw_many(count, seed)
    return np.stack([seen(image) for image in images]), labels


def train(images: int = 6000, rounds: int = 8, report: Callable[[str], None] = lambda line: None) -> Weights:
    """By Adam (Kingma and Ba, 2015), at a rate that falls in a straight line."""
    inputs, labels = drawn(images, TRAINING_SEED)
    rng = np.random.default_rng(TRAINING_SEED)
    weights = new_weights(len(SHAPES), rng)
    means = {name: np.zeros_like(one) for name, one in weights.items()}
    squares = {name: np.zeros_like(one) for name, one in weights.items()}
    starts = range(0, images - BATCH + 1, BATCH)
    step, steps = 0, rounds * len(starts)
    for number in range(rounds):
        order = rng.permutation(images)
        losses = []
        for start in starts:
            chosen = order[start : start + BATCH]
            loss, slopes = gradients(weights, inputs[chosen], labels[chosen])
            losses.append(loss)
            rate = 3e-3 * (1 - step / steps)
            step += 1
            for name, slope in slopes.items():
                means[name] += 0.1 * (slope - means[name])
                squares[name] += 0.01 * (slope * slope - squares[name])
                mean, square = means[name] / (1 - 0.9**step), squares[name] / (1 - 0.99**step)
                weights[name] -= (rate * mean / (np.sqrt(square) + 1e-8)).astype(np.float32)
        report(f"round {number + 1} of {rounds}: mean loss {np.mean(losses):.3f}")
    return weights


def accuracy(weights: Weights, images: int = 1000) -> float:
    """The share of images it has never seen that it names rightly."""
    inputs, labels = drawn(images, HELD_OUT_SEED)
    return float((probabilities(weights, inputs).argmax(axis=1) == labels).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains the classifier of shapes.")
    parser.add_argument("--images", type=int, default=6000, help="drawn ones that it learns from (6000)")
    parser.add_argument("--rounds", type=int, default=8, help="how often it sees each of them (8)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "weights.npz")
    chosen = parser.parse_args()

    begun = time.perf_counter()
    weights = train(chosen.images, chosen.rounds, print)
    print(f"accuracy on 1000 other images: {accuracy(weights):.1%}, after {time.perf_counter() - begun:.0f} s")
    np.savez(chosen.out, **weights)
    print(f"written to {chosen.out}")


if __name__ == "__main__":
    main()
