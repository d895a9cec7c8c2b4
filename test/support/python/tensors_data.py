"""Tensors and files that tests send through doors."""

from __future__ import annotations

import io
import wave
import zlib

import numpy as np

#: A model in Python that gives back what it is given, and one that says what it takes and gives.
MIRROR = """
    @troupe.model
    class Mirror:
        def __call__(self, batch):
            return dict(batch)

    @troupe.model(inputs={"x": ("FP32", [2])}, outputs={"y": ("BYTES", [-1])})
    def Declared(batch):
        return {"y": [np.array([str(x)], dtype=object) for x in batch["x"]]}
"""

#: One of each type that NumPy has.
ARRAYS = {
    "BOOL": np.array([[True, False], [False, True]]),
    "UINT8": np.arange(256, dtype=np.uint8).reshape(4, 64),
    "UINT16": np.array([0, 65535], dtype=np.uint16),
    "UINT32": np.array([0, 2**32 - 1], dtype=np.uint32),
    "UINT64": np.array([0, 2**64 - 1], dtype=np.uint64),
    "INT8": np.array([-128, 127], dtype=np.int8),
    "INT16": np.array([-(2**15), 2**15 - 1], dtype=np.int16),
    "INT32": np.array([-(2**31), 2**31 - 1], dtype=np.int32),
    "INT64": np.array([-(2**63), 2**63 - 1], dtype=np.int64),
    "FP16": np.array([0.5, -65504, np.inf, 2**-24], dtype=np.float16),
    "FP32": np.array([[1.5, -3.4028235e38, 1e-45]], dtype=np.float32),
    "FP64": np.array([0.1, 1.7976931348623157e308, np.nan]),
    "BYTES": np.array([b"", b"\x00\xff", "ünïcode".encode()], dtype=object),
}


def assert_same(found: np.ndarray, wanted: np.ndarray) -> None:
    assert found.shape == wanted.shape
    if wanted.dtype == object:
        assert found.tolist() == wanted.tolist()
    else:
        assert found.dtype == wanted.dtype and found.tobytes() == wanted.tobytes()


def png(width: int, height: int) -> bytes:
    """A grey gradient."""
    rows = b"".join(b"\0" + bytes((x + y) % 256 for x in range(width)) for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def wav(seconds: float) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        samples = np.sin(np.arange(int(8000 * seconds)) / 5) * 20000
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def files_of_any_kind() -> np.ndarray:
    """An image, a sound and something as large and as random as a film."""
    film = np.random.default_rng(1).bytes(1_000_000)
    return np.array([png(64, 48), wav(0.2), film], dtype=object)
