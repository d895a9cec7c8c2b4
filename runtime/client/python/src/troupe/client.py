"""Client: what a program calls."""

from __future__ import annotations

import uuid
import weakref
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Union

import numpy as np

from .connection import Call, Connection
from .errors import CorruptData, InvalidArgument
from .messages import (
    ChatMessage,
    Conversation,
    FinishReason,
    Generate,
    Infer,
    InferResult,
    PlainText,
    ResultPart,
    Sampling,
    ServeRequest,
    Tensor,
    TextPart,
    TokenIds,
    Usage,
)
from .tensors import array, tensors

_FINISH = {FinishReason.STOP: "stop", FinishReason.LENGTH: "length"}

Prompt = Union[str, Sequence[Mapping[str, str]], Sequence[int]]


@dataclass
class Generation:
    """finish_reason: "stop" or "length"; version: the model version that answered."""

    text: str
    finish_reason: str
    usage: Usage
    version: str


class TextStream(Iterator[str]):
    """Pieces of text as they come. After the last one finish_reason, usage and version are known.

    close() (or leaving its `with` block, or dropping it) before the end cancels the request.
    """

    def __init__(self, call: Call):
        self._call = call
        self._done = False
        self.finish_reason: Optional[str] = None
        self.usage: Optional[Usage] = None
        self.version: Optional[str] = None

    def __next__(self) -> str:
        while not self._done:
            try:
                part, self._done = self._call.next_part()
            except BaseException:
                self._done = True
                raise
            content = _content(part, TextPart)
            if self._done:
                self.finish_reason = _FINISH.get(content.finish, "")
                self.usage = content.usage
                self.version = part.version
            if content.text:
                return content.text
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


class Client:
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
        self._connection = Connection(address, api_key, server_key)
        self._finalizer = weakref.finalize(self, self._connection.close)

    def infer(
        self,
        model: str,
        inputs: Union[Mapping[str, Any], Sequence[Tensor]],
        outputs: Optional[Sequence[str]] = None,
        parameters: Optional[Mapping[str, str]] = None,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
        unit: Optional[str] = None,
        idempotency_key: Optional[str] = None,
    ) -> Dict[str, np.ndarray]:
        """Named arrays in, named arrays out (read-only views).

        outputs: the wanted ones, None = all; version: None = the routes decide; unit: what experiments assign.
        """
        work = Infer(tensors(inputs), list(outputs or ()), {key: str(value) for key, value in (parameters or {}).items()})
        call = self._request(model, version, unit, work, timeout, idempotency_key)
        results: Dict[str, np.ndarray] = {}
        last = False
        try:
            while not last:
                part, last = call.next_part()
                results.update((one.name, array(one)) for one in _content(part, InferResult).outputs)
        finally:
            call.cancel()
        return results

    def generate(
        self,
        model: str,
        prompt: Prompt,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        top_k: int = 0,
        seed: Optional[int] = None,
        max_tokens: int = 16,
        stop: Union[None, str, Sequence[str]] = None,
        stream: bool = False,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
        unit: Optional[str] = None,
        idempotency_key: Optional[str] = None,
    ) -> Union[Generation, TextStream]:
        """Text for a prompt: a str, chat messages ({"role": …, "content": …}) or token ids.

        temperature: 0 = greedy; top_k: 0 = off; seed: None = the gateway draws one; stream: True = a TextStream.
        """
        stops = [stop] if isinstance(stop, str) else list(stop or ())
        sampling = Sampling(temperature, top_p, top_k, seed, max_tokens, stops)
        work = Generate(_prompt(prompt), sampling, stream)
        text = TextStream(self._request(model, version, unit, work, timeout, idempotency_key))
        if stream:
            return text
        whole = "".join(text)
        return Generation(whole, text.finish_reason, text.usage, text.version)

    def close(self) -> None:
        """Ends calls under way with Cancelled. Idempotent."""
        self._finalizer()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def _request(
        self,
        model: str,
        version: Optional[str],
        unit: Optional[str],
        work: Union[Generate, Infer],
        timeout: Optional[float],
        idempotency_key: Optional[str],
    ) -> Call:
        request = ServeRequest(uuid.uuid4().hex, model, version or "", unit or "", work)
        return self._connection.request(request, self._timeout if timeout is None else timeout, idempotency_key)


def _prompt(prompt: Prompt) -> Union[PlainText, Conversation, TokenIds]:
    if isinstance(prompt, str):
        return PlainText(prompt)
    items: List[Any] = list(prompt)
    if all(isinstance(item, Mapping) and {"role", "content"} <= item.keys() for item in items):
        return Conversation([ChatMessage(item["role"], item["content"]) for item in items])
    if all(isinstance(item, (int, np.integer)) for item in items):
        return TokenIds([int(item) for item in items])
    raise InvalidArgument("prompt must be a str, a list of {role, content} or a list of token ids", "prompt")


def _content(part: ResultPart, wanted: type) -> Any:
    if not isinstance(part.content, wanted):
        raise CorruptData(f"expected an answer of {wanted.__name__}, found {type(part.content).__name__}")
    return part.content
