"""The model's two inputs, as what the network sees. What is wrong with one is a ValueError."""

from __future__ import annotations

import numpy as np

from . import png
from .network import seen

#: Axes of one image in each input; a request may add one, of images.
AXES = {"image": 0, "pixels": 3}
#: Of all images of a request: what a model reads in half a second.
PIXELS_MAX = 1 << 20


def read_input(name: str, array: np.ndarray) -> np.ndarray:
    """[images, SIDE, SIDE]."""
    axes = AXES[name]
    if array.ndim not in (axes, axes + 1) or array.size == 0:
        raise ValueError(f"an image has {axes} axes here and several have {axes + 1}, found shape {list(array.shape)}")
    images = array[None] if array.ndim == axes else array
    return _read_files(images) if name == "image" else _read_pixels(images)


def _read_files(files: np.ndarray) -> np.ndarray:
    if files.dtype != object:
        raise ValueError(f"PNG files come as BYTES, found {files.dtype}; pixels have an input of their own")
    areas = []
    read = []
    for number, file in enumerate(files):
        try:
            height, width = png.size_of(file)
            areas.append(height * width)
            _check_area(sum(areas))
            read.append(seen(png.read(file)))
        except ValueError as error:
            raise ValueError(f"image {number}: {error}") from None
    return np.stack(read)


def _read_pixels(images: np.ndarray) -> np.ndarray:
    if images.dtype.kind not in "ui" or images.shape[-1] != 3:
        raise ValueError(f"pixels are integers with 3 colours as the last axis, found {images.dtype} {list(images.shape)}")
    _check_area(images[..., 0].size)
    if images.min() < 0 or images.max() > 255:
        raise ValueError(f"pixels are from 0 to 255, found {images.min()} to {images.max()}")
    return np.stack([seen(image) for image in images.astype(np.uint8)])


def _check_area(pixels: int) -> None:
    if pixels > PIXELS_MAX:
        raise ValueError(f"a request may bring {PIXELS_MAX} pixels, its images have {pixels} or more together")
