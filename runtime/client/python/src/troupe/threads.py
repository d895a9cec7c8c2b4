"""A connection that a thread of its own turns, for callers that wait."""

from __future__ import annotations

import queue
import socket
import threading
from typing import Any, Optional, Tuple

import zmq

from .connection import Call, Connection, Delivered


class ThreadCall(Call):
    def __init__(self, connection: "ThreadConnection", correlation_id: int, timeout: Optional[float]):
        super().__init__(connection, correlation_id, timeout)
        # Holds what has come and was not taken yet; the answer's own length bounds it.
        self._inbox: "queue.SimpleQueue[Delivered]" = queue.SimpleQueue()

    def deliver(self, item: Delivered) -> None:
        self._inbox.put(item)

    def next_part(self) -> Tuple[Any, bool]:
        """Waits for the next part; also says whether it is the last one. Raises the error that ends the answer."""
        try:
            return self.open(self._wait())
        except BaseException:
            self.cancel()
            raise

    def _wait(self) -> Delivered:
        try:
            return self._inbox.get(timeout=self.remaining())
        except queue.Empty:
            return self.late()


class ThreadConnection(Connection[ThreadCall]):
    """Thread-safe."""

    def __init__(self, address: str, api_key: Optional[str], server_key: Optional[str] = None):
        super().__init__(address, api_key, server_key)
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="troupe-client", daemon=True)
        self._thread.start()

    def new_call(self, correlation_id: int, timeout: Optional[float]) -> ThreadCall:
        return ThreadCall(self, correlation_id, timeout)

    def wake(self) -> None:
        try:
            self._wake_out.send(b"\0")
        except (BlockingIOError, OSError):
            pass  # full: the thread is about to wake anyway; closed: nobody is left to wake

    def close(self) -> None:
        """Ends the thread; calls under way raise Cancelled. Idempotent."""
        if not self.mark_closed():
            return
        self.wake()
        self._thread.join()
        self._wake_in.close()
        self._wake_out.close()
        self._context.term()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake_in, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)
        while not self._closed:
            poller.poll()
            self._drain_wakes()
            self.turn()
        self.hang_up()

    def _drain_wakes(self) -> None:
        try:
            while self._wake_in.recv(4096):
                pass
        except BlockingIOError:
            pass
