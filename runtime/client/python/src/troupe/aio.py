"""Client for asyncio: the verbs of troupe.Client, to be awaited.

    import asyncio
    import troupe.aio

    async def main():
        async with troupe.aio.Client("tcp://127.0.0.1:8003", timeout=10) as client:
            answers = await asyncio.gather(*(client.generate("clerk", f"{i} + 58 =") for i in range(32)))
            async for piece in client.generate("clerk", "Once upon", stream=True):
                print(piece, end="", flush=True)

    asyncio.run(main())

A task that is cancelled while it waits cancels its request, down to the engine, unless that has an idempotency key.
"""

from __future__ import annotations

import weakref
from typing import Any, AsyncIterator, Awaitable, Callable, Dict, List, Optional, Sequence, Union

import numpy as np

from .answers import Generation, Pieces, Scores
from .loops import LoopCall, LoopConnection
from .messages import RecordOutcomes, ResultPart, ServeRequest
from .verbs import Verbs

__all__ = ["Client", "TextStream"]


class TextStream(Pieces, AsyncIterator[str]):
    """Pieces of text as they come. After the last one finish_reason, usage and version are known.

    aclose() (or leaving its `async with` block, or dropping it) before the end cancels the request.
    """

    def __init__(self, call: LoopCall):
        super().__init__()
        self._call = call
        self._done = False

    async def __anext__(self) -> str:
        while not self._done:
            try:
                part, self._done = await self._call.next_part()
                text = self.take(part, self._done)
            except BaseException:
                self._close()
                raise
            if text:
                return text
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._close()

    async def __aenter__(self) -> "TextStream":
        return self

    async def __aexit__(self, *unused: Any) -> None:
        self._close()

    def __del__(self) -> None:
        self._close()

    def _close(self) -> None:
        self._done = True
        self._call.cancel()


class Client(
    Verbs[
        Awaitable[Dict[str, np.ndarray]],
        Union[Awaitable[Generation], TextStream],
        Awaitable[np.ndarray],
        Awaitable[Scores],
        Awaitable[List[int]],
        Awaitable[str],
        Awaitable[None],
    ]
):
    """A connection to a gateway's ZeroMQ door, for any number of tasks of one event loop. Close it, or use it in an
    `async with` block. Its arguments are those of troupe.Client.

    A request is sent when its awaitable is awaited; a stream's at once.
    """

    def __init__(
        self,
        address: str = "tcp://127.0.0.1:8003",
        api_key: Optional[str] = None,
        timeout: Optional[float] = 30.0,
        server_key: Optional[str] = None,
    ):
        self._timeout = timeout
        self._connection = LoopConnection(address, api_key, server_key)
        weakref.finalize(self, self._connection.abandon)

    async def close(self) -> None:
        """Ends calls under way with Cancelled. Idempotent."""
        await self._connection.close()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *unused: Any) -> None:
        await self.close()

    async def _ask(
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
            part, last = await call.next_part()
            parts.append(part)
        return read(parts)

    async def _record(self, outcomes: RecordOutcomes, timeout: Optional[float]) -> None:
        await self._connection.record(outcomes, self._timeout if timeout is None else timeout).next_part()

    def _stream(self, request: ServeRequest, timeout: Optional[float], idempotency_key: Optional[str]) -> TextStream:
        return TextStream(self._call(request, timeout, idempotency_key))

    def _call(self, request: ServeRequest, timeout: Optional[float], idempotency_key: Optional[str]) -> LoopCall:
        return self._connection.request(request, self._timeout if timeout is None else timeout, idempotency_key)
