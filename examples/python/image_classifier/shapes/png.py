"""PNG files to arrays and back, by the standard library and NumPy alone.

The format: https://www.w3.org/TR/png-3/. Read: grey, colour and palettes of 8 bits, with transparency laid over white.
Other depths and interlacing are refused by name.
"""

from __future__ import annotations

import struct
import zlib
from typing import Iterator, Tuple

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Samples a pixel of each colour type.
GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, COLOUR: 3, PALETTE: 1, GREY_ALPHA: 2, COLOUR_ALPHA: 4}
SIDE_MAX = 1 << 20


def size_of(file: bytes) -> Tuple[int, int]:
    """Height and width, by the header alone. Raises ValueError where this is no PNG that read() can read."""
    if not file.startswith(SIGNATURE):
        raise ValueError(f"this is no PNG: it begins with {file[:8].hex(' ') or 'nothing'}")
    if len(file) < 33 or file[12:16] != b"IHDR":
        raise ValueError("the PNG ends in its header")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", file[16:29])
    if not (0 < width <= SIDE_MAX and 0 < height <= SIDE_MAX):
        raise ValueError(f"the PNG says that it is {width} × {height} pixels")
    if depth != 8 or colour not in SAMPLES:
        raise ValueError(f"PNGs of 8 bits a sample are read, this has {depth} (colour type {colour})")
    if compression or filtering or interlace:
        raise ValueError("the PNG is interlaced, or packed in a way of its own; save it without")
    return height, width


def read(file: bytes) -> np.ndarray:
    """[height, width, 3] of uint8. Raises ValueError with what is wrong."""
    height, width = size_of(file)
    colour = file[25]
    packed, palette, alphas = bytearray(), b"", b""
    for kind, data in _chunks(file):
        if kind == b"IDAT":
            packed += data
        elif kind == b"PLTE":
            palette = data
        elif kind == b"tRNS" and colour == PALETTE:
            alphas = data
    samples = SAMPLES[colour]
    rows = _unpacked(bytes(packed), height * (1 + width * samples)).reshape(height, 1 + width * samples)
    pixels = _unfiltered(rows[:, 0], rows[:, 1:].reshape(height, width, samples))
    return _over_white(_with_palette(pixels, palette, alphas) if colour == PALETTE else pixels)


def write(pixels: np.ndarray) -> bytes:
    """A PNG of [height, width, 3] of uint8."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, COLOUR, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _chunks(file: bytes) -> Iterator[Tuple[bytes, bytes]]:
    position = len(SIGNATURE)
    while True:
        head = file[position : position + 8]
        if len(head) < 8:
            raise ValueError("the PNG is cut off: it has no end")
        length, kind = struct.unpack(">I4s", head)
        data = file[position + 8 : position + 8 + length]
        check = file[position + 8 + length : position + 12 + length]
        if len(check) < 4:
            raise ValueError(f"the PNG is cut off in its part {kind.decode('latin-1')}")
        if zlib.crc32(kind + data) != int.from_bytes(check, "big"):
            raise ValueError(f"the PNG is damaged: the checksum of its part {kind.decode('latin-1')} does not fit")
        if kind == b"IEND":
            return
        yield kind, data
        position += 12 + length


def _unpacked(packed: bytes, length: int) -> np.ndarray:
    """Never more than `length` bytes, whatever they were packed to."""
    try:
        data = zlib.decompressobj().decompress(packed, length)
    except zlib.error as error:
        raise ValueError(f"the PNG's pixels can't be unpacked: {error}") from None
    if len(data) != length:
        raise ValueError(f"the PNG has {len(data)} bytes of pixels, its header asks for {length}")
    return np.frombuffer(data, np.uint8)


def _unfiltered(kinds: np.ndarray, coded: np.ndarray) -> np.ndarray:
    """Undoes section 9 of the format: a pixel was written as its difference to its neighbours left, above and between.

    All pixels of one diagonal from lower left to upper right need only those of the two before it, so they are done
    at once.
    """
    if kinds.max() > 4:
        raise ValueError(f"the PNG filters a row in an unknown way ({kinds.max()})")
    height, width, samples = coded.shape
    if not kinds.any():
        return coded
    done = np.zeros((height + 1, width + 1, samples), np.int16)  # With what counts as above and left of the first ones.
    for diagonal in range(height + width - 1):
        y = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        x = diagonal - y
        left, above, between = done[y + 1, x], done[y, x + 1], done[y, x]
        kind = kinds[y][:, None]
        expected = np.choose(kind, [0, left, above, (left + above) >> 1, _nearest(left, above, between)])
        done[y + 1, x + 1] = (coded[y, x] + expected) & 255
    return done[1:, 1:].astype(np.uint8)


def _nearest(left: np.ndarray, above: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Paeth's guess: the neighbour that is nearest to left + above - between."""
    to_left, to_above, to_between = abs(above - between), abs(left - between), abs(left + above - 2 * between)
    is_left = (to_left <= to_above) & (to_left <= to_between)
    return np.where(is_left, left, np.where(to_above <= to_between, above, between))


def _with_palette(pixels: np.ndarray, palette: bytes, alphas: bytes) -> np.ndarray:
    colours = np.frombuffer(palette, np.uint8)
    if len(colours) % 3 or 3 * int(pixels.max()) >= len(colours):
        raise ValueError("the PNG names colours that its palette does not have")
    colours = np.concatenate([colours.reshape(-1, 3), np.full((len(colours) // 3, 1), 255, np.uint8)], axis=1)
    colours[: len(alphas), 3] = np.frombuffer(alphas, np.uint8)[: len(colours)]
    return colours[pixels[:, :, 0]]


def _over_white(pixels: np.ndarray) -> np.ndarray:
    samples = pixels.shape[2]
    colours = pixels[:, :, : 1 if samples < 3 else 3]
    if samples % 2 == 0:
        alpha = pixels[:, :, -1:].astype(np.uint16)
        colours = ((colours * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.broadcast_to(colours, (*colours.shape[:2], 3))
