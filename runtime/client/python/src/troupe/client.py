"""Client: what a program calls. For programs with an event loop: aio.py."""

from __future__ import annotations

import weakref
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Union

import numpy as np

from .answers import Generation, Pieces, Scores
from .messages import RecordOutcomes, ResultPart, ServeRequest
from .threads import ThreadCall, ThreadConnection
from .verbs import Verbs


class TextStream(Pieces, Iterator[str]):
    """Pieces of text as they come. After the last one finish_reason, usage and version are known.

    close() (or leaving its `with` block, or dropping it) before the end cancels the request.
    """

    def __init__(self, call: ThreadCall):
        super().__init__()
        self._call = call
        self._done = False

    def __next__(self) -> str:
        while not self._done:
            try:
                part, self._done = self._call.next_part()
                text = self.take(part, self._done)
            except BaseException:
                self.close()
                raise
            if text:
                return text
        raise StopIteration

    def close(self) -> None:
        self._done = True
        self._call.cancel()

    def __enter__(self) -> "TextStream":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class Client(Verbs[Dict[str, np.ndarray], Union[Generation, TextStream], np.ndarray, Scores, List[int], str, None]):
    """A connection to a gateway's ZeroMQ door. Thread-safe; close it, or use it in a `with` block.

    timeout: seconds that a call may take, None = no limit; a call's own `timeout` overrides it.
    idempotency_key (of a call): names it across retries. However often it is sent, it is answered once: send the same
    call with the same key again where its outcome is not known.
    server_key: public key of the door, where it encrypts, as it does off loopback; the connection goes to its owner
    alone.
    """

    def __init__(
        self,
        address: str = "tcp://127.0.0.1:8003",
        api_key: Optional[str] = None,
        timeout: Optional[float] = 30.0,
        server_key: Optional[str] = None,
    ):
        self._timeout = timeout
        self._connection = ThreadConnection(address, api_key, server_key)
        self._finalizer = weakref.finalize(self, self._connection.close)

    def close(self) -> None:
        """Ends calls under way with Cancelled. Idempotent."""
        self._finalizer()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def _ask(
        self,
        request: ServeRequest,
        timeout: Optional[float],
        idempotency_key: Optional[str],
        read: Callable[[Sequence[ResultPart]], Any],
    ) -> Any:
        call = self._call(request, timeout, idempotency_key)
        parts: List[ResultPart] = []
        last = False
        while not last:
            part, last = call.next_part()
            parts.append(part)
        return read(parts)

    def _record(self, outcomes: RecordOutcomes, timeout: Optional[float]) -> None:
        self._connection.record(outcomes, self._timeout if timeout is None else timeout).next_part()

    def _stream(self, request: ServeRequest, timeout: Optional[float], idempotency_key: Optional[str]) -> TextStream:
        return TextStream(self._call(request, timeout, idempotency_key))

    def _call(self, request: ServeRequest, timeout: Optional[float], idempotency_key: Optional[str]) -> ThreadCall:
        return self._connection.request(request, self._timeout if timeout is None else timeout, idempotency_key)
