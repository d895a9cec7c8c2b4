"""What is inside this process: requests on their way to an answer, and the step that runs."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Deque, Dict, List, Optional

from ..messages import ExecuteItem, ReplicaSpec, ServeRequest, ToolCallPart


class Work:
    """One request. `is_cancelled` and `granted` are set by the I/O thread; all else belongs to the thread that
    computes."""

    def __init__(self, item: ExecuteItem):
        self.id = item.work_id
        self.request: ServeRequest = item.request
        self.deadline = None if item.remaining_us is None else time.monotonic() + item.remaining_us / 1e6
        #: Bytes of the answer that the client has room for, in all; None: no bound.
        self.granted: Optional[int] = item.credit
        self.sent = 0
        self.is_cancelled = False
        self.has_ended = False
        self.parts = 0
        self.text: List[str] = []
        #: What waits to be sent of them, and how many there were.
        self.tool_calls: List[ToolCallPart] = []
        self.calls = 0

    @property
    def is_wanted(self) -> bool:
        return not (self.is_cancelled or self.has_ended)

    @property
    def is_held(self) -> bool:
        """Its client has to read before it can be sent more."""
        return self.granted is not None and self.sent >= self.granted

    @property
    def is_expired(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline


class Inbox:
    """What the node wants of the thread that computes. Bounded by `slots`: the node promised to keep at most so many
    requests inside."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: Deque[Work] = deque()
        self._inside: Dict[int, Work] = {}
        self._spec: Optional[ReplicaSpec] = None
        self._slots = 0
        self._is_unloading = False
        self._has_news = False  # Of what is inside.

    def load(self, spec: ReplicaSpec) -> None:
        with self._changed:
            self._spec = spec
            self._changed.notify()

    def unload(self) -> None:
        with self._changed:
            self._is_unloading = True
            self._changed.notify()

    def open(self, slots: int) -> None:
        """From here on so many requests may be inside."""
        with self._changed:
            self._slots = slots

    def add(self, items: List[ExecuteItem]) -> List[ExecuteItem]:
        """The ones that there was no room for."""
        with self._changed:
            room = max(0, self._slots - len(self._inside))
            for item in items[:room]:
                work = Work(item)
                self._inside[work.id] = work
                self._waiting.append(work)
            self._changed.notify()
        return items[room:]

    def cancel(self, work_id: int) -> None:
        with self._changed:
            work = self._inside.pop(work_id, None)
            if work is not None:
                work.is_cancelled = True
                self._tell()

    def credit(self, work_id: int, count: int) -> None:
        """So many more bytes of its answer may be sent."""
        with self._changed:
            work = self._inside.get(work_id)
            if work is not None and work.granted is not None:
                work.granted += count
                self._tell()

    def _tell(self) -> None:
        self._has_news = True
        self._changed.notify()

    def end(self, work: Work) -> None:
        """Its answer is complete."""
        work.has_ended = True
        with self._changed:
            self._inside.pop(work.id, None)

    @property
    def is_unloading(self) -> bool:
        return self._is_unloading

    def wait_for_spec(self) -> Optional[ReplicaSpec]:
        """None: unload came instead."""
        with self._changed:
            self._changed.wait_for(lambda: self._spec is not None or self._is_unloading)
            return self._spec

    def take(self, count: int, wait: bool) -> List[Work]:
        """At most `count` of what waits, in order of arrival, without what was cancelled. `wait`: until there is
        something, or there is news of what is inside, or unload has come."""
        taken: List[Work] = []
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._waiting or self._has_news or self._is_unloading)
            self._has_news = False
            if self._is_unloading:
                return []
            while self._waiting and len(taken) < count:
                work = self._waiting.popleft()
                if work.is_wanted:
                    taken.append(work)
        return taken


class Steps:
    """Counts finished steps and times the one that runs. Written by the thread that computes, read by the other."""

    def __init__(self) -> None:
        self.finished = 0
        self._began: Optional[float] = None

    def __enter__(self) -> "Steps":
        self._began = time.monotonic()
        return self

    def __exit__(self, *unused: object) -> None:
        self._began = None
        self.finished += 1

    @property
    def age(self) -> float:
        """Seconds that the running step has taken; 0 where none runs."""
        began = self._began
        return 0.0 if began is None else max(1e-6, time.monotonic() - began)
