"""Raw events of an experiment as typed Parquet. Needs pyarrow: troupe[parquet]."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from typing import Any, BinaryIO, Iterator, List, Union

from ..errors import CorruptData, InvalidArgument

#: Bytes of CSV that are read at a time; pyarrow reads 32 of these ahead.
_BLOCK_BYTES = 1 << 20
#: A row group has so many at least, but for the last one.
_ROWS_MIN = 100_000
#: The columns of `troupe experiment export`. Absent values are empty.
_TYPES = {
    "time": "timestamp",
    "kind": "string",
    "slot": "int32",
    "unit": "string",
    "revision": "int32",
    "variant": "string",
    "name": "string",
    "value": "float64",
    "id": "string",
    "served": "bool",
    "cause": "string",
    "latency_ms": "float64",
    "first_token_ms": "float64",
    "prompt_tokens": "int64",
    "completion_tokens": "int64",
    "cache_hit": "bool",
    "cost": "float64",
}


def to_parquet(csv_file: Union[str, os.PathLike, BinaryIO], parquet_path: Union[str, os.PathLike]) -> int:
    """Writes what `troupe experiment export NAME` wrote as Parquet, with types, and nulls where a value is absent; the number
    of events.

    csv_file: its path, or it opened in binary mode (sys.stdin.buffer, say): it is read once, from where it stands, in pieces,
    so that it may be larger than memory. Columns that are not known stay text. parquet_path appears when all is
    written; until then it is parquet_path + ".part". Raises CorruptData for what is not such a CSV.
    """
    pyarrow = _pyarrow()
    target = os.fspath(parquet_path)
    part = target + ".part"
    try:
        with _opened(csv_file) as stream:
            rows = _convert(stream, _header(stream), part)
        os.replace(part, target)
    except pyarrow.ArrowInvalid as error:
        raise CorruptData(f"the CSV cannot be read: {error}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
    return rows


def _convert(stream: io.BufferedReader, names: List[str], part: str) -> int:
    from pyarrow import parquet

    rows = 0
    with parquet.ParquetWriter(part, _schema(names), compression="zstd") as writer:
        for group in _groups(_batches(stream, names)):
            writer.write_table(group)
            rows += group.num_rows
    return rows


def _groups(batches: Iterator[Any]) -> Iterator[Any]:
    """Tables of several batches: small row groups are slow to read."""
    table = _pyarrow().Table
    gathered: List[Any] = []
    for batch in batches:
        gathered.append(batch)
        if sum(one.num_rows for one in gathered) >= _ROWS_MIN:
            yield table.from_batches(gathered)
            gathered = []
    if gathered:
        yield table.from_batches(gathered)


def _batches(stream: io.BufferedReader, names: List[str]) -> Iterator[Any]:
    from pyarrow import csv as reader

    if not stream.peek(1):
        return
    opened = reader.open_csv(
        stream,
        # One thread: more of them read ahead.
        read_options=reader.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=names),
        parse_options=reader.ParseOptions(newlines_in_values=True),
        convert_options=reader.ConvertOptions(
            column_types=_schema(names),
            null_values=[""],
            strings_can_be_null=True,
            true_values=["true"],
            false_values=["false"],
        ),
    )
    yield from opened


def _schema(names: List[str]) -> Any:
    pyarrow = _pyarrow()
    types = {"timestamp": pyarrow.timestamp("us", "UTC"), "bool": pyarrow.bool_(), "string": pyarrow.string()}
    wanted = ((name, _TYPES.get(name, "string")) for name in names)
    return pyarrow.schema([(name, types.get(kind) or getattr(pyarrow, kind)()) for name, kind in wanted])


def _header(stream: io.BufferedReader) -> List[str]:
    names = next(csv.reader([stream.readline().decode("utf-8-sig", "replace")]), [])
    missing = [name for name in _TYPES if name not in names]
    if missing:
        raise CorruptData(
            f"the first line has no column {', '.join(missing)}: is this what `troupe experiment export` writes?"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CorruptData(f"the first line has {', '.join(twice)} twice")
    return names


@contextlib.contextmanager
def _opened(csv_file: Union[str, os.PathLike, BinaryIO]) -> Iterator[io.BufferedReader]:
    if isinstance(csv_file, (str, os.PathLike)):
        with open(csv_file, "rb") as stream:
            yield stream
    elif isinstance(csv_file, io.TextIOBase):
        raise InvalidArgument("open the CSV in binary mode; of standard input that is sys.stdin.buffer", "csv_file")
    else:
        stream = io.BufferedReader(csv_file)
        try:
            yield stream
        finally:
            stream.detach()  # The caller's own.


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise ImportError("Parquet is written by pyarrow, which is not installed: pip install 'troupe[parquet]'") from None
    return pyarrow
