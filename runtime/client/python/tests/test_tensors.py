import numpy as np
import pytest

import troupe
from troupe.messages import Tensor
from troupe.tensors import array


@pytest.mark.parametrize("dtype", ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 4)])
def test_arrays_survive_the_way(dtype, shape):
    given = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)

    result = array(troupe.tensor("x", given))

    assert result.dtype == given.dtype
    assert result.shape == shape
    assert np.array_equal(result, given)


def test_arrays_of_any_layout_travel_row_major_and_little_endian():
    given = np.arange(6, dtype=">i4").reshape(2, 3).T

    sent = troupe.tensor("x", given)

    assert sent.shape == [3, 2]
    assert bytes(sent.data) == b"".join(n.to_bytes(4, "little") for n in (0, 3, 1, 4, 2, 5))


@pytest.mark.parametrize(
    "given", [np.array(["a", "grün", ""]), np.array([b"a", "grün".encode(), b""], object), ["a", "grün", ""]]
)
def test_texts_travel_as_bytes(given):
    sent = troupe.tensor("x", given)

    assert sent.dtype == 14
    assert bytes(sent.data) == b"\x01\0\0\0a\x05\0\0\0gr\xc3\xbcn\0\0\0\0"
    assert array(sent).tolist() == [b"a", "grün".encode(), b""]


def test_bfloat16_is_given_and_returned_as_bits():
    bits = np.array([0x3F80, 0xC000], np.uint16)

    sent = troupe.tensor("x", bits, dtype="BF16")

    assert sent.dtype == 11
    assert np.array_equal(array(sent), bits)


@pytest.mark.parametrize("given", [np.array([1j]), np.array(["2024-01-01"], "M8[D]"), np.array([object()])])
def test_types_without_a_dtype_are_refused(given):
    with pytest.raises(troupe.InvalidArgument, match="tensor x"):
        troupe.tensor("x", given)


@pytest.mark.parametrize(
    "bad",
    [
        Tensor("x", 12, [2], b"1234"),
        Tensor("x", 12, [-1], b"1234"),
        Tensor("x", 99, [1], b"1234"),
        Tensor("x", 14, [2], b"\x01\0\0\0a"),
        Tensor("x", 14, [1], b"\x09\0\0\0a"),
        Tensor("x", 14, [1], b"\x01\0\0\0ab"),
    ],
)
def test_data_that_does_not_fit_is_refused(bad):
    with pytest.raises(troupe.CorruptData, match="tensor x"):
        array(bad)
