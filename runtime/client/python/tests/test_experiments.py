"""Slots and variants are those of the C++ side; raw events become Parquet."""

import io
import json
import pathlib
import subprocess
import sys

import pytest

import troupe
from troupe import experiments

_DATA = json.loads((pathlib.Path(__file__).parents[4] / "test" / "data" / "experiment" / "slots.json").read_text())
_HEADER = (
    "time,kind,slot,unit,revision,variant,name,value,id,served,cause,latency_ms,first_token_ms,prompt_tokens,"
    "completion_tokens,cache_hit,cost\r\n"
)


def without(module):
    """What a Python without `module` says to its use."""
    use = "variant_of(shown, 'anna')" if module == "xxhash" else "to_parquet('a.csv', 'a.parquet')"
    program = f"import sys; sys.modules['{module}'] = None; import troupe.experiments; shown = {_DATA['experiments'][0]!r}\n"
    ran = subprocess.run(
        [sys.executable, "-c", program + f"troupe.experiments.{use}"], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode != 0
    return ran.stderr


def test_units_fall_into_the_slots_of_the_cpp_side():
    pytest.importorskip("xxhash")

    assert len(_DATA["cases"]) >= 100
    for case in _DATA["cases"]:
        assert experiments.slot_of(case["salt"], case["unit"]) == case["slot"], case


@pytest.mark.parametrize("shown", _DATA["experiments"], ids=lambda shown: shown["name"])
def test_units_are_given_the_variants_of_the_cpp_side(shown):
    pytest.importorskip("xxhash")

    found = {unit: experiments.variant_of(shown, unit, {}) for unit in shown["given"]}

    assert found == shown["given"]
    assert {unit: experiments.variant_of(json.dumps(shown), unit, {}) for unit in shown["given"]} == found


def by_features():
    return next(shown for shown in _DATA["experiments"] if "given_by_features" in shown)


def test_segments_with_weights_of_their_own_are_told_by_features():
    pytest.importorskip("xxhash")
    shown = by_features()

    assert len({json.dumps(case["given"], sort_keys=True) for case in shown["given_by_features"]}) >= 5
    for case in shown["given_by_features"]:
        found = {unit: experiments.variant_of(shown, unit, case["features"]) for unit in case["given"]}
        assert found == case["given"], case["features"]
    with pytest.raises(troupe.InvalidArgument, match="its variants depend on header.x-plan, parameters.temperature"):
        experiments.variant_of(shown, "anna")


def test_a_draft_and_what_is_no_experiment_give_nobody_a_variant():
    with pytest.raises(troupe.FailedPrecondition, match="experiment sums has not been started"):
        experiments.variant_of({"name": "sums", "assignment": None}, "anna")
    with pytest.raises(troupe.InvalidArgument, match="experiment status NAME --json"):
        experiments.variant_of({"name": "sums"}, "anna")


def test_without_its_optional_package_each_part_names_the_extra_that_has_it():
    assert "pip install 'troupe[experiments]'" in without("xxhash")
    assert "pip install 'troupe[parquet]'" in without("pyarrow")


# --- Parquet


@pytest.fixture
def parquet():
    return pytest.importorskip("pyarrow.parquet")


def written(tmp_path, text):
    path = tmp_path / "events.csv"
    path.write_bytes(text.encode())
    return path


def test_columns_have_types_and_absent_values_are_null(parquet, tmp_path):
    source = written(
        tmp_path,
        _HEADER
        + '2026-11-29T15:12:02.123456Z,exposure,17,"a ""b"", c\nd",2,control,,,,,,,,,,,\r\n'
        + "2026-11-29T15:12:03.000000Z,attempt,17,ünit,2,treatment,,,,true,,12.5,3.25,7,9,false,0.5\r\n"
        + "2026-11-29T15:12:04Z,outcome,3,anna,,,revenue,-2.5,0123abc,,,,,,,,\r\n",
    )

    assert experiments.to_parquet(source, tmp_path / "events.parquet") == 3

    table = parquet.read_table(tmp_path / "events.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert types["time"] == "timestamp[us, tz=UTC]" and types["slot"] == "int32" and types["value"] == "double"
    assert types["served"] == types["cache_hit"] == "bool" and types["prompt_tokens"] == "int64"
    exposure, attempt, outcome = table.to_pylist()
    assert exposure["unit"] == 'a "b", c\nd' and exposure["value"] is None and exposure["served"] is None
    assert exposure["time"].isoformat() == "2026-11-29T15:12:02.123456+00:00"
    assert (attempt["served"], attempt["cache_hit"], attempt["latency_ms"]) == (True, False, 12.5)
    assert (attempt["prompt_tokens"], attempt["completion_tokens"], attempt["cost"], attempt["cause"]) == (7, 9, 0.5, None)
    assert (outcome["name"], outcome["value"], outcome["variant"]) == ("revenue", -2.5, None)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_a_file_is_read_once_from_a_stream_and_in_pieces(parquet, tmp_path, monkeypatch):
    class Pipe(io.RawIOBase):
        """Cannot be sought; notes how much is asked for at a time."""

        def __init__(self, data):
            self._data = io.BytesIO(data)
            self.most = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            self.most = max(self.most, len(buffer))
            return self._data.readinto(buffer)

    monkeypatch.setattr("troupe.experiments.parquet._BLOCK_BYTES", 64 << 10)
    monkeypatch.setattr("troupe.experiments.parquet._ROWS_MIN", 1000)
    count = 5000
    rows = "".join(f"2026-11-29T15:12:02Z,outcome,{i % 64},user-{i},1,a,x,{i},id-{i},,,,,,,,\n" for i in range(count))
    pipe = Pipe((_HEADER + rows).encode())

    assert experiments.to_parquet(pipe, tmp_path / "events.parquet") == count

    file = parquet.ParquetFile(tmp_path / "events.parquet")
    assert file.num_row_groups > 3 and pipe.most <= 128 << 10
    assert file.read(["value"]).column("value").to_pylist() == list(range(count))
    assert not pipe.closed


def test_an_experiment_without_events_is_an_empty_table_of_the_same_columns(parquet, tmp_path):
    assert experiments.to_parquet(written(tmp_path, _HEADER), tmp_path / "events.parquet") == 0

    assert parquet.read_table(tmp_path / "events.parquet").column_names == _HEADER.strip().split(",")


def test_columns_that_are_not_known_stay_text(parquet, tmp_path):
    text = _HEADER.strip() + ",region\n2026-11-29T15:12:02Z,exposure,1,anna,1,a,,,,,,,,,,,,007\n"

    experiments.to_parquet(written(tmp_path, text), tmp_path / "events.parquet")

    assert parquet.read_table(tmp_path / "events.parquet").column("region").to_pylist() == ["007"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "no column time, kind"),
        (_HEADER.replace("cause,", ""), "no column cause: is this what `troupe experiment export` writes"),
        (_HEADER.replace("cause,", "cause,cause,"), "has cause twice"),
        (_HEADER + "2026-11-29T15:12:02Z,outcome,0,anna,1,a,x,many,,,,,,,,,\n", "many"),
        (_HEADER + "1800000000.5,outcome,0,anna,1,a,x,1,,,,,,,,,\n", "1800000000.5"),
        (_HEADER + "2026-11-29T15:12:02Z,outcome\n", "Expected 17 columns"),
    ],
)
def test_what_is_no_such_csv_is_refused_and_leaves_no_file(parquet, tmp_path, text, words):
    source = written(tmp_path, text)

    with pytest.raises(troupe.CorruptData, match=words):
        experiments.to_parquet(source, tmp_path / "events.parquet")

    assert list(tmp_path.iterdir()) == [source]


def test_text_streams_are_refused(parquet, tmp_path):
    with pytest.raises(troupe.InvalidArgument, match="binary mode"):
        experiments.to_parquet(io.StringIO(_HEADER), tmp_path / "events.parquet")
