"""The bytes on the wire are those that the C++ side writes and reads."""

import dataclasses
import json
import pathlib
import typing

import pytest

from troupe import TroupeError, wire
from troupe.messages import BODIES

_FILE = pathlib.Path(__file__).parents[4] / "test" / "data" / "wire" / "vectors.json"
_VECTORS = json.loads(_FILE.read_text())


def rows(section):
    """All of a section but the bodies that a client does not speak."""
    return [
        pytest.param(row, id=row["name"])
        for row in _VECTORS[section]
        if row.get("message_type", 1) in BODIES
    ]


def built(value, hint):
    """A dataclass from its description in the file."""
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        assert value.keys() == hints.keys()
        return hint(**{name: built(inner, hints[name]) for name, inner in value.items()})
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return [built(element, args[0]) for element in value]
    if origin is dict:
        return {key: built(element, args[1]) for key, element in value.items()}
    if origin is typing.Union and type(None) in args:
        return None if value is None else built(value, args[0])
    if origin is typing.Union:
        ((name, inner),) = value.items()
        return built(inner, next(one for one in args if one.__name__ == name))
    return bytes.fromhex(value) if hint is bytes else value


def body_value(row):
    return built(row["value"], BODIES[row["message_type"]])


def decoded_body(row):
    attachments = [bytes.fromhex(one) for one in row["attachments"]]
    return wire.decode_body(BODIES[row["message_type"]], bytes.fromhex(row["body"]), attachments)


@pytest.mark.parametrize("row", rows("envelopes"))
def test_envelopes_are_encoded_to_the_same_bytes(row):
    assert wire.encode_envelope(built(row["value"], wire.Envelope)).hex() == row["frame"]


@pytest.mark.parametrize("row", rows("envelopes") + rows("tolerated_envelopes"))
def test_envelopes_are_decoded_to_the_same_value(row):
    assert wire.decode_envelope(bytes.fromhex(row["frame"])) == built(row["value"], wire.Envelope)


@pytest.mark.parametrize("row", rows("bodies"))
def test_bodies_are_encoded_to_the_same_bytes(row):
    body, attachments = wire.encode_body(body_value(row))

    assert body.hex() == row["body"]
    assert [bytes(one).hex() for one in attachments] == row["attachments"]


@pytest.mark.parametrize("row", rows("bodies") + rows("tolerated_bodies"))
def test_bodies_are_decoded_to_the_same_value(row):
    assert decoded_body(row) == body_value(row)


@pytest.mark.parametrize("row", rows("bad_envelopes"))
def test_bad_envelopes_are_refused(row):
    with pytest.raises(TroupeError):
        wire.decode_envelope(bytes.fromhex(row["frame"]))


@pytest.mark.parametrize("row", rows("bad_bodies"))
def test_bad_bodies_are_refused(row):
    with pytest.raises(TroupeError):
        decoded_body(row)


def test_an_error_names_the_field():
    with pytest.raises(TroupeError, match="field 0 of ServeRequest: expected str, found int"):
        wire.decode_body(BODIES[10], bytes.fromhex("9505a0a0a09200c0"))
