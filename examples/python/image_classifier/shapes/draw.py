"""Draws what there is to learn from: one shape an image, at random place, size, angle and colours, with noise.

python -m shapes.draw SHAPE [--seed N] [--side PIXELS] writes one as PNG to standard output.
"""

from __future__ import annotations

import argparse
import sys
from typing import Callable, Dict, Tuple

import numpy as np

from . import png

#: A shape's distance function, as https://iquilezles.org/articles/distfunctions2d/ explains them: below 0 inside.
#: x and y are in units of the shape's radius.
Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _circle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.hypot(x, y) - 0.9


def _ring(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return abs(np.hypot(x, y) - 0.75) - 0.2


def _square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(abs(x), abs(y)) - 0.7


def _triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    sides = [np.pi / 2 + turn * 2 * np.pi / 3 for turn in range(3)]
    return np.maximum.reduce([x * np.cos(side) + y * np.sin(side) for side in sides]) - 0.5


def _cross(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = abs(x), abs(y)
    return np.minimum(np.maximum(x - 0.95, y - 0.25), np.maximum(y - 0.95, x - 0.25))


def _stripes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return abs((x + 0.25) % 1 - 0.5) - 0.25


SHAPES: Dict[str, Distance] = {
    "circle": _circle,
    "cross": _cross,
    "ring": _ring,
    "square": _square,
    "stripes": _stripes,
    "triangle": _triangle,
}


def draw(shape: str, rng: np.random.Generator, side: int = 64) -> np.ndarray:
    """[side, side, 3] of uint8."""
    radius = side * rng.uniform(0.18, 0.42)
    middle = rng.uniform(radius, side - radius, 2)
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[:side, :side] + 0.5 - middle[:, None, None]
    x = (columns * np.cos(angle) + rows * np.sin(angle)) / radius
    y = (rows * np.cos(angle) - columns * np.sin(angle)) / radius
    share = np.clip(0.5 - SHAPES[shape](x, y) * radius, 0, 1)[:, :, None]  # Of each pixel, that is inside.

    ink, paper = _colours(rng)
    pixels = ink * share + paper * (1 - share) + rng.normal(0, rng.uniform(0, 20), (side, side, 3))
    return np.clip(pixels, 0, 255).round().astype(np.uint8)


def draw_many(count: int, seed: int, side: int = 64) -> Tuple[np.ndarray, np.ndarray]:
    """Images, and the index of each one's shape in SHAPES."""
    rng = np.random.default_rng(seed)
    names = list(SHAPES)
    labels = rng.integers(len(names), size=count)
    return np.stack([draw(names[label], rng, side) for label in labels]), labels


def _colours(rng: np.random.Generator) -> Tuple[np.ndarray, np.ndarray]:
    """Two that differ enough to be told apart."""
    while True:
        ink, paper = rng.uniform(0, 255, (2, 3))
        if np.linalg.norm(ink - paper) > 90:
            return ink, paper


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes an image of a shape, as PNG, to standard output.")
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=64, help="in pixels (64)")
    chosen = parser.parse_args()
    sys.stdout.buffer.write(png.write(draw(chosen.shape, np.random.default_rng(chosen.seed), chosen.side)))


if __name__ == "__main__":
    main()
