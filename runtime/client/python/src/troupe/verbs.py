"""What can be asked of a model, whoever waits for the answer: a thread (client.py) or a task (aio.py)."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Callable, Generic, Iterable, List, Mapping, Optional, Sequence, Tuple, TypeVar, Union

from .answers import Prompt, arrays_of, generation_of, ids_of, prompt_of, rows_of, scores_of, text_of
from .errors import InvalidArgument
from .messages import (
    Conversation,
    Embed,
    EmbedTask,
    FreeText,
    Generate,
    Infer,
    JsonObject,
    JsonSchema,
    LogitBias,
    RecordOutcomes,
    ResultPart,
    Sampling,
    ServeRequest,
    Tensor,
    TextChoice,
    TextPair,
    TokenIds,
    Tokenize,
)
from .outcomes import outcomes_of
from .tensors import tensors
from .tools import with_tools

#: What each verb returns: Client fills in values, aio.Client awaitables of them.
ArraysT = TypeVar("ArraysT")
TextT = TypeVar("TextT")
RowsT = TypeVar("RowsT")
ScoresT = TypeVar("ScoresT")
IdsT = TypeVar("IdsT")
StrT = TypeVar("StrT")
DoneT = TypeVar("DoneT")


class Verbs(Generic[ArraysT, TextT, RowsT, ScoresT, IdsT, StrT, DoneT]):
    """timeout: seconds that a call may take, None = the client's; version: None = the routes decide; idempotency_key: names
    a call across retries, so that it is answered once.

    What experiments assign: unit, the user, whom routes keep to a version; session; request_id, which logs show too, None =
    one is drawn. features: what their targets look at, such as {"region": "eu", "header.x-plan": "pro"}."""

    def _ask(
        self,
        request: ServeRequest,
        timeout: Optional[float],
        idempotency_key: Optional[str],
        read: Callable[[Sequence[ResultPart]], Any],
    ) -> Any:
        """Sends it; `read` makes the result of all parts."""
        raise NotImplementedError

    def _stream(self, request: ServeRequest, timeout: Optional[float], idempotency_key: Optional[str]) -> Any:
        """Sends it; the result is pieces of text."""
        raise NotImplementedError

    def _record(self, outcomes: RecordOutcomes, timeout: Optional[float]) -> Any:
        """Sends them; the result is there once they are safe."""
        raise NotImplementedError

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
        session: Optional[str] = None,
        request_id: Optional[str] = None,
        features: Optional[Mapping[str, str]] = None,
    ) -> ArraysT:
        """Named arrays in, named arrays out (read-only views). outputs: the wanted ones, None = all."""
        work = Infer(tensors(inputs), list(outputs or ()), {key: str(value) for key, value in (parameters or {}).items()})
        request = _request(model, version, work, unit, session, request_id, features)
        return self._ask(request, timeout, idempotency_key, arrays_of)

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
        json_schema: Union[None, bool, Mapping[str, Any]] = None,
        choice: Optional[Sequence[str]] = None,
        tools: Optional[Sequence[Mapping[str, Any]]] = None,
        tool_choice: str = "auto",
        parallel_tool_calls: bool = True,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
        unit: Optional[str] = None,
        idempotency_key: Optional[str] = None,
        session: Optional[str] = None,
        request_id: Optional[str] = None,
        features: Optional[Mapping[str, str]] = None,
    ) -> TextT:
        """Text for a prompt: a str, chat messages ({"role": …, "content": …}, with calls and answers of tools as OpenAI
        has them) or token ids.

        temperature: 0 = greedy; top_k: 0 = off; seed: None = the gateway draws one; stream: True = a TextStream.
        n: answers to draw, not together with stream; logprobs: log-probabilities of the tokens, and of so many of the
        likeliest at each place; echo: the prompt's text comes first; json_schema: the answer is a JSON document that
        satisfies it, True = any object; choice: the answer is one of these texts. tools: functions that a chat's answer
        may call, as OpenAI's objects; its tool_calls say so; tool_choice: auto, none, required or the name of one;
        parallel_tool_calls: False = one call at most. The rest as docs/http-api.md has them.
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
        asked = prompt_of(prompt)
        if tools:
            if not isinstance(asked, Conversation):
                raise InvalidArgument("tools belong to chats; give messages", "tools")
            asked = with_tools(asked, tools, tool_choice, parallel_tool_calls)
        work = Generate(asked, sampling, stream, n, logprobs, echo, _format_of(json_schema, choice))
        request = _request(model, version, work, unit, session, request_id, features)
        if stream:
            return self._stream(request, timeout, idempotency_key)
        return self._ask(request, timeout, idempotency_key, generation_of)

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
        session: Optional[str] = None,
        request_id: Optional[str] = None,
        features: Optional[Mapping[str, str]] = None,
    ) -> RowsT:
        """A vector for each text or list of token ids, as rows (read-only).

        dimensions: the first so many, at length 1 again; 0 = all.
        """
        wanted = [inputs] if isinstance(inputs, str) else list(inputs)
        work = Embed([prompt_of(one) for one in wanted], EmbedTask.VECTORS, dimensions)
        request = _request(model, version, work, unit, session, request_id, features)
        return self._ask(request, timeout, idempotency_key, rows_of)

    def score(
        self,
        model: str,
        inputs: Union[str, Sequence[Union[str, Tuple[str, str]]]],
        *,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
        unit: Optional[str] = None,
        idempotency_key: Optional[str] = None,
        session: Optional[str] = None,
        request_id: Optional[str] = None,
        features: Optional[Mapping[str, str]] = None,
    ) -> ScoresT:
        """What the model's head says of each text or pair of texts. A model of vectors scores pairs by their cosine."""
        wanted = [inputs] if isinstance(inputs, str) else list(inputs)
        works = [TextPair(*one) if isinstance(one, tuple) else prompt_of(one) for one in wanted]
        work = Embed(works, EmbedTask.SCORES)
        request = _request(model, version, work, unit, session, request_id, features)
        return self._ask(request, timeout, idempotency_key, scores_of)

    def tokenize(
        self,
        model: str,
        prompt: Prompt,
        *,
        add_special_tokens: bool = True,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> IdsT:
        """The token ids that the model makes of a text or of messages."""
        work = Tokenize(prompt_of(prompt), add_special_tokens)
        return self._ask(_request(model, version, work), timeout, None, ids_of)

    def detokenize(
        self,
        model: str,
        ids: Sequence[int],
        *,
        special_tokens: bool = True,
        version: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> StrT:
        """The text that token ids stand for. special_tokens: whether those are written out."""
        work = Tokenize(TokenIds([int(one) for one in ids]), special_tokens)
        return self._ask(_request(model, version, work), timeout, None, text_of)

    def record(
        self,
        unit: str,
        name: str,
        value: float = 1.0,
        *,
        kind: str = "user",
        time: Optional[float] = None,
        id: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> DoneT:
        """Tells experiments what was measured on a unit; returns once it is on the gateway's disk.

        unit: the one that requests were made under; name: the measure, such as "conversion"; kind: what the unit is, "user",
        "session", "key" or "request"; time: Unix seconds, None = now; id: an event that is told twice under one id counts
        once. Where the connection breaks it is sent again over the next one, within `timeout`, and still counts once. To
        repeat a call yourself, after DeadlineExceeded say, give it an id.
        """
        event = {"unit": unit, "name": name, "value": value, "kind": kind, "time": time, "id": id}
        return self.record_many([event], timeout=timeout)

    def record_many(self, events: Iterable[Mapping[str, Any]], *, timeout: Optional[float] = None) -> DoneT:
        """record() of 1 to 10,000 at once: each {"unit": …, "name": …} and perhaps value, kind, time and id. All are refused
        where one is wrong."""
        return self._record(RecordOutcomes(outcomes_of(events)), timeout)


def _format_of(
    json_schema: Union[None, bool, Mapping[str, Any]], choice: Optional[Sequence[str]]
) -> Union[FreeText, JsonObject, JsonSchema, TextChoice]:
    if json_schema in (None, False):
        return FreeText() if choice is None else TextChoice(list(choice))
    if choice is not None:
        raise InvalidArgument("an answer is a JSON document or one of several texts, not both", "choice")
    return JsonObject() if json_schema is True else JsonSchema(json.dumps(json_schema))


def _request(
    model: str,
    version: Optional[str],
    work: Union[Generate, Infer, Embed, Tokenize],
    unit: Optional[str] = None,
    session: Optional[str] = None,
    request_id: Optional[str] = None,
    features: Optional[Mapping[str, str]] = None,
) -> ServeRequest:
    return ServeRequest(
        _request_id(request_id),
        model,
        version or "",
        unit or "",
        work,
        session or "",
        features={name: str(value) for name, value in (features or {}).items()},
    )


def _request_id(given: Optional[str]) -> str:
    """A gateway draws another in the place of one that is not fit for logs and headers: then nobody knew of it."""
    if given is None:
        return uuid.uuid4().hex
    if not re.fullmatch(r"[ -~]{1,128}", given):
        raise InvalidArgument(f"request_id must have 1 to 128 printable ASCII characters, found {given!r}", "request_id")
    return given
