"""What a caller gives and is given: prompts as messages, parts of answers as results. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

import numpy as np

from .errors import CorruptData, InvalidArgument
from .messages import (
    ChatMessage,
    Conversation,
    EmbedResult,
    FinishReason,
    InferResult,
    PlainText,
    ResultPart,
    TextPart,
    TokenIds,
    TokenizeResult,
    TokenScores,
    ToolCall,
    Usage,
)
from .tensors import array
from .tools import add_parts, message_of

_FINISH = {FinishReason.STOP: "stop", FinishReason.LENGTH: "length", FinishReason.TOOL_CALLS: "tool_calls"}

Prompt = Union[str, Sequence[Mapping[str, Any]], Sequence[int]]


@dataclass
class Choice:
    """finish_reason: "stop", "length" or "tool_calls"; scores: of the tokens, where log-probabilities were asked for."""

    text: str = ""
    finish_reason: str = ""
    scores: List[TokenScores] = field(default_factory=list)
    tool_calls: List[ToolCall] = field(default_factory=list)


@dataclass
class Generation:
    """text, finish_reason, tool_calls: of the first choice; version: the model version that answered."""

    text: str
    finish_reason: str
    usage: Usage
    version: str
    choices: List[Choice] = field(default_factory=list)

    @property
    def tool_calls(self) -> List[ToolCall]:
        return self.choices[0].tool_calls if self.choices else []


@dataclass
class Scores:
    """values: a row for each input, read-only; labels: of the columns, empty where the model names none."""

    values: np.ndarray
    labels: List[str]


class Pieces:
    """What is known of a text that comes in pieces. After the last one finish_reason, usage and version are set.
    tool_calls: as far as they have come."""

    def __init__(self) -> None:
        self.finish_reason: Optional[str] = None
        self.usage: Optional[Usage] = None
        self.version: Optional[str] = None
        self.tool_calls: List[ToolCall] = []

    def take(self, part: ResultPart, last: bool) -> str:
        """The part's text, which may be empty."""
        piece = _content(part, TextPart)
        add_parts(self.tool_calls, piece.tool_calls)
        if last:
            self.finish_reason = _FINISH.get(piece.finish, "")
            self.usage = piece.usage
            self.version = part.version
        return piece.text


def prompt_of(prompt: Prompt) -> Union[PlainText, Conversation, TokenIds]:
    """Raises InvalidArgument for what is none."""
    if isinstance(prompt, str):
        return PlainText(prompt)
    items: List[Any] = list(prompt)
    if all(isinstance(item, Mapping) for item in items):
        return Conversation(_messages_of(items))
    if all(isinstance(item, (int, np.integer)) for item in items):
        return TokenIds([int(item) for item in items])
    raise InvalidArgument(_PROMPTS, "prompt")


_PROMPTS = "prompt must be a str, a list of {role, content} or a list of token ids"


def _messages_of(items: Sequence[Mapping[str, Any]]) -> List[ChatMessage]:
    for item in items:
        if "role" not in item or not ("content" in item or item.get("tool_calls")):
            raise InvalidArgument(_PROMPTS, "prompt")
    try:
        return [message_of(item) for item in items]
    except (KeyError, TypeError, AttributeError):
        wanted = '{"id": …, "type": "function", "function": {"name": …, "arguments": …}}'
        raise InvalidArgument(f"a call of a message is {wanted}", "prompt") from None


# All parts of an answer as what the caller gets. CorruptData where they are of another kind.


def arrays_of(parts: Sequence[ResultPart]) -> Dict[str, np.ndarray]:
    return {one.name: array(one) for part in parts for one in _content(part, InferResult).outputs}


def generation_of(parts: Sequence[ResultPart]) -> Generation:
    choices: Dict[int, Choice] = {}
    for part in parts:
        piece = _content(part, TextPart)
        choice = choices.setdefault(piece.choice, Choice())
        choice.text += piece.text
        choice.scores += piece.scores
        add_parts(choice.tool_calls, piece.tool_calls)
        choice.finish_reason = _FINISH.get(piece.finish, choice.finish_reason)
    ordered = [choices[index] for index in sorted(choices)]
    return Generation(ordered[0].text, ordered[0].finish_reason, piece.usage, part.version, ordered)


def rows_of(parts: Sequence[ResultPart]) -> np.ndarray:
    return array(_content(parts[-1], EmbedResult).values)


def scores_of(parts: Sequence[ResultPart]) -> Scores:
    result = _content(parts[-1], EmbedResult)
    return Scores(array(result.values), result.labels)


def ids_of(parts: Sequence[ResultPart]) -> List[int]:
    return _content(parts[-1], TokenizeResult).ids


def text_of(parts: Sequence[ResultPart]) -> str:
    return _content(parts[-1], TokenizeResult).text


def _content(part: ResultPart, wanted: type) -> Any:
    if not isinstance(part.content, wanted):
        raise CorruptData(f"expected an answer of {wanted.__name__}, found {type(part.content).__name__}")
    return part.content
