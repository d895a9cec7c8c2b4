"""Envelopes and bodies as bytes. docs/wire-protocol.md describes them."""

from __future__ import annotations

import dataclasses
import functools
import typing
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Callable, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

import msgpack

from .errors import CorruptData, Unimplemented

PROTOCOL = 1
ATTACHMENT_EXT = 1
ATTACHMENT_BYTES_MIN = 4096
ATTACHMENTS_MAX = 64
ATTACHMENT_BYTES_MAX = 256 << 20  # all of a message together
BODY_BYTES_MAX = 16 << 20

Buffer = Union[bytes, memoryview]


class Kind(IntEnum):
    REQUEST = 1
    PART = 2
    ERROR = 3
    CANCEL = 4
    CREDIT = 5
    EVENT = 6
    ACK = 7
    HELLO = 8


@dataclass
class PartPosition:
    index: int = 0
    last: bool = False


@dataclass
class Envelope:
    """`remaining_us` None: no deadline. `part` is there for kind PART only, `credit` for CREDIT and perhaps REQUEST."""

    protocol: int = PROTOCOL
    kind: int = Kind.EVENT
    message_type: int = 0
    correlation_id: int = 0
    source_node: int = 0
    source_incarnation: int = 0
    target_incarnation: int = 0
    target_path: str = ""
    remaining_us: Optional[int] = None
    priority: int = 0
    trace: str = ""
    part: Optional[PartPosition] = None
    credit: Optional[int] = None


@dataclass
class _Pair:
    """Source: node, incarnation."""

    first: int = 0
    second: int = 0


@dataclass
class _Target:
    incarnation: int = 0
    path: str = ""


@dataclass
class _Head:
    """The envelope as it is nested on the wire."""

    protocol: int = PROTOCOL
    kind: int = Kind.EVENT
    message_type: int = 0
    correlation_id: int = 0
    source: _Pair = dataclasses.field(default_factory=_Pair)
    target: _Target = dataclasses.field(default_factory=_Target)
    remaining_us: Optional[int] = None
    priority: int = 0
    trace: str = ""
    part: Optional[PartPosition] = None


@dataclass
class _CreditHead(_Head):
    """With the last field, which only some have."""

    credit: Optional[int] = None


class _Attachment(NamedTuple):
    number: int


class _Mismatch(Exception):
    def __init__(self, problem: str):
        super().__init__(problem)
        self.problem = problem
        self.path: List[int] = []


def encode_envelope(envelope: Envelope) -> bytes:
    fields = [
        envelope.protocol,
        envelope.kind,
        envelope.message_type,
        envelope.correlation_id,
        _Pair(envelope.source_node, envelope.source_incarnation),
        _Target(envelope.target_incarnation, envelope.target_path),
        envelope.remaining_us,
        envelope.priority,
        envelope.trace,
        envelope.part,
    ]
    head = _Head(*fields) if envelope.credit is None else _CreditHead(*fields, envelope.credit)
    return encode_body(head)[0]


def decode_envelope(frame: Buffer) -> Envelope:
    """Raises Unimplemented for another protocol, CorruptData for anything else that is wrong."""
    values = _unpack(frame, "the envelope")
    if not isinstance(values, list) or len(values) < len(dataclasses.fields(_Head)):
        raise CorruptData("the envelope: expected an array of 10 or more fields")
    if values[0] != PROTOCOL:
        raise Unimplemented(f"the envelope is of protocol {values[0]}, this client speaks {PROTOCOL}")
    has_credit = len(values) > len(dataclasses.fields(_Head))
    head = _build(_CreditHead if has_credit else _Head, values, (), "the envelope")
    credit = head.credit if has_credit else None
    if head.kind not in Kind.__members__.values():
        raise CorruptData(f"field 1 of the envelope: expected an int in 1..8, found {head.kind}")
    if (head.part is not None) != (head.kind == Kind.PART):
        raise CorruptData("field 9 of the envelope: a position belongs to messages of kind part, and to no others")
    if credit is None and head.kind == Kind.CREDIT:
        raise CorruptData("field 10 of the envelope: expected the bytes of a message of kind credit")
    if credit is not None and head.kind not in (Kind.CREDIT, Kind.REQUEST):
        raise CorruptData("field 10 of the envelope: credit belongs to messages of kind credit and request")
    return Envelope(
        head.protocol,
        head.kind,
        head.message_type,
        head.correlation_id,
        head.source.first,
        head.source.second,
        head.target.incarnation,
        head.target.path,
        head.remaining_us,
        head.priority,
        head.trace,
        head.part,
        credit,
    )


def encode_body(value: Any) -> Tuple[bytes, List[Buffer]]:
    """The body frame of a dataclass of messages.py, and the attachments that follow it."""
    attachments: List[Buffer] = []
    return msgpack.packb(_encoder(type(value))(value, attachments), use_bin_type=True), attachments


def decode_body(cls: type, body: Buffer, attachments: Sequence[Buffer] = ()) -> Any:
    """A `cls` of messages.py; byte strings in it may be views of the frames. Raises CorruptData."""
    subject = cls.__name__
    return _build(cls, _unpack(body, subject), attachments, subject)


def _unpack(frame: Buffer, subject: str) -> Any:
    try:
        return msgpack.unpackb(frame, raw=False, ext_hook=_ext)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise CorruptData(f"{subject}: {error or 'malformed MessagePack'}") from None


def _ext(code: int, data: bytes) -> Any:
    if code == ATTACHMENT_EXT and len(data) == 4:
        return _Attachment(int.from_bytes(data, "big"))
    return msgpack.ExtType(code, data)


def _build(cls: type, values: Any, attachments: Sequence[Buffer], subject: str) -> Any:
    try:
        return _decoder(cls)(values, list(attachments))
    except _Mismatch as mismatch:
        where = ".".join(map(str, reversed(mismatch.path)))
        place = f"field {where} of {subject}" if where else subject
        raise CorruptData(f"{place}: {mismatch.problem}") from None


def _fields(cls: type) -> List[Tuple[str, Any]]:
    hints = typing.get_type_hints(cls)
    return [(field.name, hints[field.name]) for field in dataclasses.fields(cls)]


def _alternatives(hint: Any) -> Tuple[Any, bool]:
    """The types of a Union without None, and whether None was among them."""
    types = typing.get_args(hint)
    kept = tuple(one for one in types if one is not type(None))
    return kept, len(kept) != len(types)


# A type is looked at once and becomes a function; every message of its kind then costs calls of those alone.

_Encode = Callable[[Any, List[Buffer]], Any]
_Decode = Callable[[Any, List[Optional[Buffer]]], Any]


@functools.lru_cache(maxsize=None)
def _encoder(hint: Any) -> _Encode:
    """From a value of the type `hint` to what msgpack packs."""
    if dataclasses.is_dataclass(hint):
        return _struct_encoder(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        element = _encoder(arguments[0])
        return lambda value, attachments: [element(one, attachments) for one in value]
    if origin is dict:
        inner = _encoder(arguments[1])
        return lambda value, attachments: {str(key): inner(one, attachments) for key, one in value.items()}
    if origin is Union:
        return _union_encoder(hint)
    if hint is bytes:
        return _plain_bytes
    return lambda value, attachments: value if type(value) is hint else hint(value)


def _struct_encoder(cls: type) -> _Encode:
    fields = [(name, _encoder(hint)) for name, hint in _fields(cls)]
    return lambda value, attachments: [encode(getattr(value, name), attachments) for name, encode in fields]


def _union_encoder(hint: Any) -> _Encode:
    types, optional = _alternatives(hint)
    encoders = [_encoder(one) for one in types]
    if optional:
        return lambda value, attachments: None if value is None else encoders[0](value, attachments)

    def encode(value: Any, attachments: List[Buffer]) -> Any:
        index = types.index(type(value))
        return [index, encoders[index](value, attachments)]

    return encode


def _plain_bytes(value: Buffer, attachments: List[Buffer]) -> Any:
    view = memoryview(value)
    if view.nbytes < ATTACHMENT_BYTES_MIN or len(attachments) == ATTACHMENTS_MAX:
        return bytes(view)
    attachments.append(value)
    return msgpack.ExtType(ATTACHMENT_EXT, (len(attachments) - 1).to_bytes(4, "big"))


@functools.lru_cache(maxsize=None)
def _decoder(hint: Any) -> _Decode:
    """From what msgpack unpacked to a value of the type `hint`."""
    if dataclasses.is_dataclass(hint):
        return _struct_decoder(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        element = _decoder(arguments[0])
        return lambda value, attachments: _elements(_expect(value, list), element, attachments)
    if origin is dict:
        return _map_decoder(_decoder(arguments[1]))
    if origin is Union:
        return _union_decoder(hint)
    if hint is bytes:
        return lambda value, attachments: (
            _attached(value, attachments) if isinstance(value, _Attachment) else _expect(value, bytes)
        )
    if hint is float:
        return lambda value, attachments: float(value) if type(value) is int else _expect(value, float)
    return lambda value, attachments: _expect(value, hint)


def _struct_decoder(cls: type) -> _Decode:
    decoders = [_decoder(hint) for _, hint in _fields(cls)]

    def decode(value: Any, attachments: List[Optional[Buffer]]) -> Any:
        fields: List[Any] = []
        try:
            for decode_field, one in zip(decoders, _expect(value, list)):
                fields.append(decode_field(one, attachments))
        except _Mismatch as mismatch:
            if type(value) is list:
                mismatch.path.append(len(fields))
            raise
        return cls(*fields)

    return decode


def _elements(values: Iterable[Any], decode: _Decode, attachments: List[Optional[Buffer]]) -> List[Any]:
    decoded: List[Any] = []
    try:
        for one in values:
            decoded.append(decode(one, attachments))
    except _Mismatch as mismatch:
        mismatch.path.append(len(decoded))
        raise
    return decoded


def _map_decoder(inner: _Decode) -> _Decode:
    def decode(value: Any, attachments: List[Optional[Buffer]]) -> Any:
        keys = [_expect(key, str) for key in _expect(value, dict)]
        return dict(zip(keys, _elements(value.values(), inner, attachments)))

    return decode


def _union_decoder(hint: Any) -> _Decode:
    types, optional = _alternatives(hint)
    decoders = [_decoder(one) for one in types]
    if optional:
        return lambda value, attachments: None if value is None else decoders[0](value, attachments)

    def decode(value: Any, attachments: List[Optional[Buffer]]) -> Any:
        if len(_expect(value, list)) < 2:
            raise _Mismatch("expected [index, value]")
        (index,) = _elements(value[:1], _decoder(int), attachments)
        if not 0 <= index < len(decoders):
            raise _Mismatch(f"expected an index in 0..{len(decoders) - 1}, found {index}")
        try:
            return decoders[index](value[1], attachments)
        except _Mismatch as mismatch:
            mismatch.path.append(1)
            raise

    return decode


def _expect(value: Any, wanted: type) -> Any:
    if type(value) is not wanted:  # bool is not int here
        raise _Mismatch(f"expected {wanted.__name__}, found {type(value).__name__}")
    return value


def _attached(value: _Attachment, attachments: List[Optional[Buffer]]) -> Buffer:
    if value.number >= len(attachments):
        raise _Mismatch(f"attachment {value.number} is missing, the message has {len(attachments)}")
    data = attachments[value.number]
    if data is None:
        raise _Mismatch(f"attachment {value.number} is used twice")
    attachments[value.number] = None
    return data
