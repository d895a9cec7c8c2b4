"""Client: what a program calls."""

from __future__ import annotations

import uuid
import weakref
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from .connection import Call, Connection
from .errors import CorruptData, InvalidArgument
from .messages import (
    ChatMessage,
    Conversation,
    Embed,
    EmbedResult,
    EmbedTask,
    FinishReason,
    Generate,
    Infer,
    InferResult,
    LogitBias,
    PlainText,
    ResultPart,
    Sampling,
    ServeRequest,
    Tensor,
    TextPair,
    TextPart,
    TokenIds,
    Tokenize,
    TokenizeResult,
    TokenScores,
    Usage,
)
from .tensors import array, tensors

_FINISH = {FinishReason.STOP: "stop", FinishReason.LENGTH: "length"}

Prompt = Union[str, Sequence[Mapping[str, str]], Sequence[int]]


@dataclass
class Choice:
    """finish_reason: "stop" or "length"; scores: of the tokens, where log-probabilities were asked for."""

    text: str = ""
    finish_reason: str = ""
    scores: List[TokenScores] = field(default_factory=list)


@dataclass
class Generation:
    """text, finish_reason: of the first choice; version: the model version that answered."""

    text: str
    finish_reason: str
    usage: Usage
    version: str
    choices: List[Choice] = field(default_factory=list)


@dataclass
class Scores:
    """values: a row for each input, read-only; labels: of the columns, empty where the model names none."""

    values: np.ndarray
    labels: List[str]


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
        n: int = 1,
        logprobs: Optional[int] = None,
        echo: bool = False,
        min_p: float = 0.0,
        frequency_penalty: float = 0.0,
        presence_penalty: float = 0.0,
        repetition_penalty: float = 1.0,
        logit_bias: Optional[Mapping[int, float]] = None,
        min_tokens: int = 0,
        stop_token_ids: Sequence[int] = (),
        ignore_eos: bool = False,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
        unit: Optional[str] = None,
        idempotency_key: Optional[str] = None,
    ) -> Union[Generation, TextStream]:
        """Text for a prompt: a str, chat messages ({"role": …, "content": …}) or token ids.

        temperature: 0 = greedy; top_k: 0 = off; seed: None = the gateway draws one; stream: True = a TextStream.
        n: answers to draw, not together with stream; logprobs: log-probabilities of the tokens, and of so many of the
        likeliest at each place; echo: the prompt's text comes first. The rest as docs/http-api.md has them.
        """
        if stream and n != 1:
            raise InvalidArgument("a stream has one answer; ask for several without stream", "n")
        sampling = Sampling(
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            seed=seed,
            max_tokens=max_tokens,
            stop=[stop] if isinstance(stop, str) else list(stop or ()),
            min_p=min_p,
            frequency_penalty=frequency_penalty,
            presence_penalty=presence_penalty,
            repetition_penalty=repetition_penalty,
            logit_bias=[LogitBias(int(token), float(bias)) for token, bias in (logit_bias or {}).items()],
            min_tokens=min_tokens,
            stop_token_ids=[int(token) for token in stop_token_ids],
            ignore_eos=ignore_eos,
        )
        work = Generate(_prompt(prompt), sampling, stream, n, logprobs, echo)
        call = self._request(model, version, unit, work, timeout, idempotency_key)
        return TextStream(call) if stream else _generation(call)

    def embed(
        self,
        model: str,
        inputs: Union[str, Sequence[str], Sequence[Sequence[int]]],
        *,
        dimensions: int = 0,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
        unit: Optional[str] = None,
        idempotency_key: Optional[str] = None,
    ) -> np.ndarray:
        """A vector for each text or list of token ids, as rows (read-only).

        dimensions: the first so many, at length 1 again; 0 = all.
        """
        wanted = [inputs] if isinstance(inputs, str) else list(inputs)
        work = Embed([_prompt(one) for one in wanted], EmbedTask.VECTORS, dimensions)
        return array(self._answer(model, version, unit, work, timeout, idempotency_key, EmbedResult).values)

    def score(
        self,
        model: str,
        inputs: Union[str, Sequence[Union[str, Tuple[str, str]]]],
        *,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
        unit: Optional[str] = None,
        idempotency_key: Optional[str] = None,
    ) -> Scores:
        """What the model's head says of each text or pair of texts. A model of vectors scores pairs by their cosine."""
        wanted = [inputs] if isinstance(inputs, str) else list(inputs)
        works = [TextPair(*one) if isinstance(one, tuple) else _prompt(one) for one in wanted]
        work = Embed(works, EmbedTask.SCORES)
        result = self._answer(model, version, unit, work, timeout, idempotency_key, EmbedResult)
        return Scores(array(result.values), result.labels)

    def tokenize(
        self,
        model: str,
        prompt: Prompt,
        *,
        add_special_tokens: bool = True,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> List[int]:
        """The token ids that the model makes of a text or of messages."""
        work = Tokenize(_prompt(prompt), add_special_tokens)
        return self._answer(model, version, None, work, timeout, None, TokenizeResult).ids

    def detokenize(
        self,
        model: str,
        ids: Sequence[int],
        *,
        special_tokens: bool = True,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> str:
        """The text that token ids stand for. special_tokens: whether those are written out."""
        work = Tokenize(TokenIds([int(one) for one in ids]), special_tokens)
        return self._answer(model, version, None, work, timeout, None, TokenizeResult).text

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
        work: Union[Generate, Infer, Embed, Tokenize],
        timeout: Optional[float],
        idempotency_key: Optional[str],
    ) -> Call:
        request = ServeRequest(uuid.uuid4().hex, model, version or "", unit or "", work)
        return self._connection.request(request, self._timeout if timeout is None else timeout, idempotency_key)

    def _answer(
        self,
        model: str,
        version: Optional[str],
        unit: Optional[str],
        work: Union[Embed, Tokenize],
        timeout: Optional[float],
        idempotency_key: Optional[str],
        wanted: type,
    ) -> Any:
        """Of one part."""
        call = self._request(model, version, unit, work, timeout, idempotency_key)
        try:
            return _content(call.next_part()[0], wanted)
        finally:
            call.cancel()


def _generation(call: Call) -> Generation:
    choices: Dict[int, Choice] = {}
    last = False
    try:
        while not last:
            part, last = call.next_part()
            piece = _content(part, TextPart)
            choice = choices.setdefault(piece.choice, Choice())
            choice.text += piece.text
            choice.scores += piece.scores
            choice.finish_reason = _FINISH.get(piece.finish, choice.finish_reason)
    finally:
        call.cancel()
    ordered = [choices[index] for index in sorted(choices)]
    return Generation(ordered[0].text, ordered[0].finish_reason, piece.usage, part.version, ordered)


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
