"""A connection that an asyncio event loop turns, for tasks that await."""

from __future__ import annotations

import asyncio
from typing import Any, Optional, Tuple

import zmq

from .connection import Call, Connection, Delivered
from .errors import FailedPrecondition


class LoopCall(Call):
    """Made inside a running loop."""

    def __init__(self, connection: "LoopConnection", correlation_id: int, timeout: Optional[float]):
        super().__init__(connection, correlation_id, timeout)
        # Holds what has come and was not taken yet; the answer's own length bounds it.
        self._inbox: "asyncio.Queue[Delivered]" = asyncio.Queue()
        self._timer: Optional[asyncio.TimerHandle] = None

    def deliver(self, item: Delivered) -> None:
        self._inbox.put_nowait(item)

    def cancel(self) -> None:
        self._stop_timer()
        super().cancel()

    async def next_part(self) -> Tuple[Any, bool]:
        """Waits for the next part; also says whether it is the last one. Raises the error that ends the answer. Where its
        task is cancelled, so is the request."""
        self._start_timer()
        try:
            part, last = self.open(await self._inbox.get())
        except BaseException:
            self.cancel()
            raise
        if last:
            self._stop_timer()
        return part, last

    def _start_timer(self) -> None:
        remaining = self.remaining()
        if self._timer is None and remaining is not None:
            self._timer = asyncio.get_running_loop().call_later(remaining, lambda: self.deliver(self.late()))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class LoopConnection(Connection[LoopCall]):
    """Of the loop that first asks something over it."""

    def __init__(self, address: str, api_key: Optional[str], server_key: Optional[str] = None):
        super().__init__(address, api_key, server_key)
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._is_due = False

    def new_call(self, correlation_id: int, timeout: Optional[float]) -> LoopCall:
        self._join_loop()
        return LoopCall(self, correlation_id, timeout)

    def wake(self) -> None:
        if self._is_due:
            return
        self._is_due = True
        try:
            # A stream that is dropped wakes it from whatever thread collects garbage.
            self._loop.call_soon_threadsafe(self._turn)
        except RuntimeError:
            pass  # The loop is closed: nobody waits any more.

    async def close(self) -> None:
        """Calls under way raise Cancelled. Idempotent."""
        if self.mark_closed():
            self._leave_loop()
            await asyncio.get_running_loop().run_in_executor(None, self._context.term)

    def abandon(self) -> None:
        """close() for one that nobody holds any more, on any thread."""
        if not self.mark_closed():
            return
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._finish)
                return
        except RuntimeError:
            pass  # The loop is closed, and turns it no more.
        self._finish()

    def _join_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None and not self._closed:
            self._loop = loop
            # They become readable once, and again only after everything was taken: each turn() does so.
            loop.add_reader(self._socket.getsockopt(zmq.FD), self._turn)
            loop.add_reader(self._monitor.getsockopt(zmq.FD), self._turn)
        elif self._loop not in (None, loop):
            raise FailedPrecondition("this client is used by another event loop already; make one for each")

    def _leave_loop(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._socket.getsockopt(zmq.FD))
            self._loop.remove_reader(self._monitor.getsockopt(zmq.FD))
        self.hang_up()

    def _finish(self) -> None:
        self._leave_loop()
        self._context.term()

    def _turn(self) -> None:
        self._is_due = False
        if not self._closed:
            self.turn()
