"""NumPy arrays as tensors and back."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

import numpy as np

from .errors import CorruptData, InvalidArgument
from .messages import Tensor

#: Number and NumPy type (little-endian) of each dtype by its Open Inference name. BF16 is carried as its bits.
_DTYPES = {
    "BOOL": (1, np.dtype("?")),
    "UINT8": (2, np.dtype("u1")),
    "UINT16": (3, np.dtype("<u2")),
    "UINT32": (4, np.dtype("<u4")),
    "UINT64": (5, np.dtype("<u8")),
    "INT8": (6, np.dtype("i1")),
    "INT16": (7, np.dtype("<i2")),
    "INT32": (8, np.dtype("<i4")),
    "INT64": (9, np.dtype("<i8")),
    "FP16": (10, np.dtype("<f2")),
    "BF16": (11, np.dtype("<u2")),
    "FP32": (12, np.dtype("<f4")),
    "FP64": (13, np.dtype("<f8")),
}
_BYTES = 14
_NUMBERS: Dict[np.dtype, int] = {dtype: number for name, (number, dtype) in _DTYPES.items() if name != "BF16"}
_NUMPY: Dict[int, np.dtype] = dict(_DTYPES.values())


def dtype_number(dtype: Any) -> int:
    """Of an Open Inference name, or of what NumPy takes for a dtype: str, bytes and objects are BYTES. Raises
    ValueError."""
    if isinstance(dtype, str) and dtype in _DTYPES:
        return _DTYPES[dtype][0]
    if isinstance(dtype, str) and dtype == "BYTES":
        return _BYTES
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        wanted = None
    if wanted is not None and wanted.kind in "OUS":
        return _BYTES
    number = None if wanted is None else _NUMBERS.get(wanted.newbyteorder("<") if wanted.itemsize > 1 else wanted)
    if number is None:
        raise ValueError(f"there is no dtype {dtype!r}; give one of {', '.join(_DTYPES)}, BYTES, or NumPy's name")
    return number


def dtype_name(number: int) -> str:
    """The Open Inference name."""
    if number == _BYTES:
        return "BYTES"
    return next((name for name, (known, _) in _DTYPES.items() if known == number), f"of unknown dtype {number}")


def tensor(name: str, array: Any, dtype: Optional[str] = None) -> Tensor:
    """`array` under a name. `dtype` overrides what the array says: an Open Inference name, e.g. "BF16" for uint16 bits.

    Arrays of str, bytes or objects become BYTES (str as UTF-8).
    """
    array = np.asarray(array)
    shape = list(array.shape)
    if dtype == "BYTES" or (dtype is None and array.dtype.kind in "OUS"):
        return Tensor(name, _BYTES, shape, _join(name, array))
    if dtype is None:
        wanted = array.dtype.newbyteorder("<") if array.dtype.itemsize > 1 else array.dtype
        number = _NUMBERS.get(wanted)
        if number is None:
            raise InvalidArgument(f"tensor {name}: NumPy type {array.dtype} has no dtype in Troupe", "inputs")
    else:
        if dtype not in _DTYPES:
            raise InvalidArgument(f"tensor {name}: dtype {dtype} is none of {', '.join(_DTYPES)}, BYTES", "inputs")
        number, wanted = _DTYPES[dtype]
        if dtype == "BF16" and array.dtype != np.uint16:
            raise InvalidArgument(f"tensor {name}: BF16 is given as uint16 bits, found {array.dtype}", "inputs")
    data = np.ascontiguousarray(array, dtype=wanted).reshape(-1).view(np.uint8)
    return Tensor(name, number, shape, memoryview(data))


def tensors(inputs: Union[Mapping[str, Any], Sequence[Tensor]]) -> List[Tensor]:
    """What a caller of infer() gives."""
    if isinstance(inputs, Mapping):
        return [tensor(name, array) for name, array in inputs.items()]
    for one in inputs:
        if not isinstance(one, Tensor):
            raise InvalidArgument("inputs must be a dict of arrays or a list made with troupe.tensor()", "inputs")
    return list(inputs)


def array(tensor: Tensor) -> np.ndarray:
    """A read-only view of the tensor's bytes; BYTES as an object array of bytes."""
    count = math.prod(tensor.shape)
    if tensor.dtype == _BYTES:
        return _split(tensor, count)
    dtype = _NUMPY.get(tensor.dtype)
    if dtype is None:
        raise CorruptData(f"tensor {tensor.name}: dtype {tensor.dtype} is unknown to this client")
    found = memoryview(tensor.data).nbytes
    if min(tensor.shape, default=0) < 0 or found != count * dtype.itemsize:
        raise CorruptData(f"tensor {tensor.name}: shape {tensor.shape} of {dtype} does not fit {found} bytes of data")
    return np.frombuffer(tensor.data, dtype=dtype).reshape(tensor.shape)


def _join(name: str, array: np.ndarray) -> bytes:
    pieces = []
    for element in array.reshape(-1):
        if isinstance(element, str):
            element = element.encode()
        if not isinstance(element, bytes):
            raise InvalidArgument(f"tensor {name}: expected str or bytes, found {type(element).__name__}", "inputs")
        pieces += (len(element).to_bytes(4, "little"), element)
    return b"".join(pieces)


def _split(tensor: Tensor, count: int) -> np.ndarray:
    data = bytes(tensor.data)
    elements = []
    position = 0
    while position < len(data) and len(elements) < count:
        end = position + 4 + int.from_bytes(data[position : position + 4], "little")
        elements.append(data[position + 4 : end])
        position = end
    if min(tensor.shape, default=0) < 0 or len(elements) != count or position != len(data):
        raise CorruptData(f"tensor {tensor.name}: the lengths in its data do not add up to {count} elements")
    result = np.empty(count, dtype=object)
    result[:] = elements
    return result.reshape(tensor.shape)
