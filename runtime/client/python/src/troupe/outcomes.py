"""What a caller measured, as messages. The gateway says whether it is right; here is refused what could not be sent."""

from __future__ import annotations

import uuid
from typing import Any, Iterable, List, Mapping, Optional

from .errors import InvalidArgument
from .messages import ReportedOutcome, UnitKind

_KINDS = {"user": UnitKind.USER, "session": UnitKind.SESSION, "key": UnitKind.KEY, "request": UnitKind.REQUEST}
_FIELDS = ("unit", "name", "value", "kind", "time", "id")


def outcomes_of(events: Iterable[Mapping[str, Any]]) -> List[ReportedOutcome]:
    """Each with an id, so that one that is sent twice counts once."""
    batch = uuid.uuid4().hex
    return [_outcome_of(event, f"events[{index}]", f"{batch}-{index}") for index, event in enumerate(events)]


def _outcome_of(event: Mapping[str, Any], place: str, fresh_id: str) -> ReportedOutcome:
    for name in event:
        if name not in _FIELDS:
            raise InvalidArgument(f"there is no parameter {place}.{name}; there are {', '.join(_FIELDS)}", f"{place}.{name}")
    given = event.get("id")
    return ReportedOutcome(
        _text(event, "unit", place),
        _text(event, "name", place),
        _number(event.get("value", 1.0), f"{place}.value", "a number"),
        _kind(event.get("kind", "user"), f"{place}.kind"),
        None if event.get("time") is None else _number(event["time"], f"{place}.time", "Unix seconds"),
        fresh_id if given is None else str(given),
    )


def _text(event: Mapping[str, Any], name: str, place: str) -> str:
    value: Optional[str] = event.get(name)
    if value is None:
        raise InvalidArgument(f"{place}.{name} is missing", f"{place}.{name}")
    return str(value)


def _number(value: Any, place: str, wanted: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidArgument(f"{place} must be {wanted}, found {value!r}", place) from None


def _kind(value: Any, place: str) -> UnitKind:
    if value not in _KINDS:
        shown = f'the string "{value}"' if isinstance(value, str) else repr(value)
        raise InvalidArgument(f"{place} must be user, session, key or request, found {shown}", place)
    return _KINDS[value]
