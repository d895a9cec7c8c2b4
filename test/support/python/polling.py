"""Waiting for what another process does: by asking until it is so, within a bound."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

T = TypeVar("T")

INTERVAL_S = 0.02


def wait_until(check: Callable[[], T], what: str, timeout: float = 30.0) -> T:
    """The first truthy value of `check`; AssertionError with `what` and the last value once `timeout` has passed.

    `check` may raise OSError while the other side is not there yet.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            last = check()
            if last:
                return last
        except OSError as error:
            last = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}; the last answer was {last!r}")
        time.sleep(INTERVAL_S)
