"""Envelopes and bodies as bytes. docs/wire-protocol.md describes them."""

from __future__ import annotations

import dataclasses
import functools
import typing
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

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
    """`remaining_us` None: no deadline. `part` is there for kind PART only."""

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


class _Attachment(NamedTuple):
    number: int


class _Mismatch(Exception):
    def __init__(self, problem: str):
        super().__init__(problem)
        self.problem = problem
        self.path: List[int] = []


def encode_envelope(envelope: Envelope) -> bytes:
    head = _Head(
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
    )
    return encode_body(head)[0]


def decode_envelope(frame: Buffer) -> Envelope:
    """Raises Unimplemented for another protocol, CorruptData for anything else that is wrong."""
    values = _unpack(frame, "the envelope")
    if not isinstance(values, list) or len(values) < len(dataclasses.fields(_Head)):
        raise CorruptData("the envelope: expected an array of 10 or more fields")
    if values[0] != PROTOCOL:
        raise Unimplemented(f"the envelope is of protocol {values[0]}, this client speaks {PROTOCOL}")
    head = _build(_Head, values, (), "the envelope")
    if head.kind not in Kind.__members__.values():
        raise CorruptData(f"field 1 of the envelope: expected an int in 1..8, found {head.kind}")
    if (head.part is not None) != (head.kind == Kind.PART):
        raise CorruptData("field 9 of the envelope: a position belongs to messages of kind part, and to no others")
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
    )


def encode_body(value: Any) -> Tuple[bytes, List[Buffer]]:
    """The body frame of a dataclass of messages.py, and the attachments that follow it."""
    attachments: List[Buffer] = []
    return msgpack.packb(_plain(value, type(value), attachments), use_bin_type=True), attachments


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


@functools.lru_cache(maxsize=None)
def _fields(cls: type) -> Tuple[Tuple[str, Any], ...]:
    hints = typing.get_type_hints(cls)
    return tuple((field.name, hints[field.name]) for field in dataclasses.fields(cls))


def _alternatives(hint: Any) -> Tuple[Any, bool]:
    """The types of a Union without None, and whether None was among them."""
    types = typing.get_args(hint)
    kept = tuple(one for one in types if one is not type(None))
    return kept, len(kept) != len(types)


def _plain(value: Any, hint: Any, attachments: List[Buffer]) -> Any:
    """`value` as what msgpack packs."""
    if dataclasses.is_dataclass(hint):
        return [_plain(getattr(value, name), inner, attachments) for name, inner in _fields(hint)]
    origin = typing.get_origin(hint)
    if origin is list:
        (inner,) = typing.get_args(hint)
        return [_plain(element, inner, attachments) for element in value]
    if origin is dict:
        inner = typing.get_args(hint)[1]
        return {str(key): _plain(element, inner, attachments) for key, element in value.items()}
    if origin is Union:
        types, optional = _alternatives(hint)
        if optional:
            return None if value is None else _plain(value, types[0], attachments)
        index = types.index(type(value))
        return [index, _plain(value, types[index], attachments)]
    if hint is bytes:
        return _plain_bytes(value, attachments)
    return hint(value)


def _plain_bytes(value: Buffer, attachments: List[Buffer]) -> Any:
    view = memoryview(value)
    if view.nbytes < ATTACHMENT_BYTES_MIN or len(attachments) == ATTACHMENTS_MAX:
        return bytes(view)
    attachments.append(value)
    return msgpack.ExtType(ATTACHMENT_EXT, (len(attachments) - 1).to_bytes(4, "big"))


def _build(cls: type, values: Any, attachments: Sequence[Buffer], subject: str) -> Any:
    try:
        return _typed(values, cls, list(attachments))
    except _Mismatch as mismatch:
        where = ".".join(map(str, reversed(mismatch.path)))
        place = f"field {where} of {subject}" if where else subject
        raise CorruptData(f"{place}: {mismatch.problem}") from None


def _typed(value: Any, hint: Any, attachments: List[Optional[Buffer]]) -> Any:
    """What msgpack unpacked as the type `hint`."""
    if dataclasses.is_dataclass(hint):
        _expect(value, list)
        known = zip(_fields(hint), value)
        return hint(**{name: _inside(i, one, inner, attachments) for i, ((name, inner), one) in enumerate(known)})
    origin = typing.get_origin(hint)
    if origin is list:
        (inner,) = typing.get_args(hint)
        return [_inside(i, element, inner, attachments) for i, element in enumerate(_expect(value, list))]
    if origin is dict:
        inner = typing.get_args(hint)[1]
        pairs = enumerate(_expect(value, dict).items())
        return {_expect(key, str): _inside(i, element, inner, attachments) for i, (key, element) in pairs}
    if origin is Union:
        return _typed_union(value, hint, attachments)
    if hint is bytes:
        return _attached(value, attachments) if isinstance(value, _Attachment) else _expect(value, bytes)
    if hint is float and type(value) is int:
        return float(value)
    return _expect(value, hint)


def _typed_union(value: Any, hint: Any, attachments: List[Optional[Buffer]]) -> Any:
    types, optional = _alternatives(hint)
    if optional:
        return None if value is None else _typed(value, types[0], attachments)
    if len(_expect(value, list)) < 2:
        raise _Mismatch("expected [index, value]")
    index = _inside(0, value[0], int, attachments)
    if not 0 <= index < len(types):
        raise _Mismatch(f"expected an index in 0..{len(types) - 1}, found {index}")
    return _inside(1, value[1], types[index], attachments)


def _inside(index: int, value: Any, hint: Any, attachments: List[Optional[Buffer]]) -> Any:
    try:
        return _typed(value, hint, attachments)
    except _Mismatch as mismatch:
        mismatch.path.append(index)
        raise


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
