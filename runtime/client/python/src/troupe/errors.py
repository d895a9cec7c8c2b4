"""What can go wrong: one class per error code of docs/wire-protocol.md."""

from __future__ import annotations

from typing import Dict, Optional, Type


class TroupeError(Exception):
    """Any error of the cluster or of this client.

    code: snake_case name; message: for people; field: the field of the request that is wrong, or "";
    retry_after: seconds after which a retry makes sense, or None.
    """

    def __init__(self, code: str, message: str, field: str = "", retry_after: Optional[float] = None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.retry_after = retry_after


class _Coded(TroupeError):
    _code = ""

    def __init__(self, message: str, field: str = "", retry_after: Optional[float] = None):
        super().__init__(self._code, message, field, retry_after)

    def __reduce__(self):
        return type(self), (self.message, self.field, self.retry_after)


class InternalError(_Coded):
    """A defect of the cluster."""

    _code = "internal"


class InvalidArgument(_Coded):
    """The request is wrong and stays wrong if repeated."""

    _code = "invalid_argument"


class NotFound(_Coded):
    """The named model or version does not exist."""

    _code = "not_found"


class AlreadyExists(_Coded):
    """Something of that name is there with other content."""

    _code = "already_exists"


class Unavailable(_Coded):
    """Nobody can serve this right now."""

    _code = "unavailable"


class Overloaded(_Coded):
    """A queue is full; see `retry_after`."""

    _code = "overloaded"


class DeadlineExceeded(_Coded):
    """The timeout passed before the answer was there."""

    _code = "deadline_exceeded"


class Cancelled(_Coded):
    """The caller stopped the request or closed the client."""

    _code = "cancelled"


class Unauthenticated(_Coded):
    """No or a wrong API key."""

    _code = "unauthenticated"


class PermissionDenied(_Coded):
    """The API key does not allow this."""

    _code = "permission_denied"


class FailedPrecondition(_Coded):
    """The system is not in the state that this needs."""

    _code = "failed_precondition"


class Unimplemented(_Coded):
    """This version does not have that feature."""

    _code = "unimplemented"


class CorruptData(_Coded):
    """Received or stored bytes are damaged."""

    _code = "corrupt_data"


class IoError(_Coded):
    """Disk or network refused."""

    _code = "io_error"


class TooLarge(_Coded):
    """The request is over a stated limit."""

    _code = "too_large"


class ResourceExhausted(_Coded):
    """Memory, devices or slots are used up."""

    _code = "resource_exhausted"


class Lost(_Coded):
    """Who had the request died over it; it may have been done."""

    _code = "lost"


_BY_NUMBER: Dict[int, Type[_Coded]] = {
    1: InternalError,
    2: InvalidArgument,
    3: NotFound,
    4: AlreadyExists,
    5: Unavailable,
    6: Overloaded,
    7: DeadlineExceeded,
    8: Cancelled,
    9: Unauthenticated,
    10: PermissionDenied,
    11: FailedPrecondition,
    12: Unimplemented,
    13: CorruptData,
    14: IoError,
    15: TooLarge,
    16: ResourceExhausted,
    17: Lost,
}


_NUMBERS: Dict[str, int] = {known._code: number for number, known in _BY_NUMBER.items()}


def error_class(code: str) -> Type[TroupeError]:
    """The class of a code's name. ValueError where there is no such code."""
    if code not in _NUMBERS:
        raise ValueError(f"'{code}' is no error code; the codes are {', '.join(_NUMBERS)}")
    return _BY_NUMBER[_NUMBERS[code]]


def number_of(code: str) -> int:
    """The number that travels for a code; `internal` for codes that have none."""
    return _NUMBERS.get(code, 1)


def error_from(number: int, message: str, field: str, retry_after_ms: int) -> TroupeError:
    """The exception for an error body."""
    retry_after = retry_after_ms / 1000 if retry_after_ms else None
    known = _BY_NUMBER.get(number)
    if known is None:
        return TroupeError(f"unknown_{number}", message, field, retry_after)
    return known(message, field, retry_after)
