"""Requests as what a model is called with, and what it answers as results of single items. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Union

import numpy as np

from ..errors import InternalError, InvalidArgument, TroupeError, Unimplemented
from ..messages import (
    Conversation,
    Embed,
    FinishReason,
    FreeText,
    Generate,
    Infer,
    PlainText,
    PromptList,
    ServeRequest,
    Tensor,
    Tokenize,
    ToolChoice,
)
from ..models import Prompt, Request, TensorBatch, Text, TextBatch
from ..tensors import array, tensor
from ..tools import asked_tools, message_object
from .work import Work

#: The name of an output that the model gave none.
UNNAMED = "output"

FINISH = {"": FinishReason.NONE, "stop": FinishReason.STOP, "length": FinishReason.LENGTH}


def wants_tools(work: Work) -> bool:
    prompt = getattr(work.request.work, "prompt", None)
    return isinstance(prompt, Conversation) and bool(prompt.tools) and prompt.tool_choice != ToolChoice.NONE


Arrays = Dict[str, Any]


def request_of(work: Work) -> Request:
    asked: ServeRequest = work.request
    common = {"id": asked.request_id, "unit": asked.unit, "deadline": work.deadline}
    if isinstance(asked.work, Generate):
        return Request(sampling=asked.work.sampling, stream=asked.work.stream, **common)
    return Request(outputs=asked.work.outputs, parameters=asked.work.parameters, **common)


def prompt_of(work: Work) -> Prompt:
    """Raises Unimplemented for token ids, InvalidArgument for tools whose parameters are no JSON."""
    prompt = work.request.work.prompt
    if isinstance(prompt, PlainText):
        return Prompt(prompt.text, None, request_of(work))
    if isinstance(prompt, Conversation):
        messages = [message_object(one) for one in prompt.messages]
        text = "\n".join(f"{one.role}: {one.content}" for one in prompt.messages)
        try:
            tools, choice = asked_tools(prompt)
        except ValueError as error:
            raise InvalidArgument(f"the parameters of a tool are no JSON: {error}", "tools") from None
        return Prompt(text, messages, request_of(work), tools, choice, prompt.parallel_tool_calls)
    raise Unimplemented("this model takes text; it has no tokenizer that token ids could be of", "prompt")


def arrays_of(work: Work) -> Dict[str, np.ndarray]:
    """Views of the received bytes."""
    return {one.name: array(one) for one in work.request.work.inputs}


def tensor_batch(items: Sequence[Mapping[str, np.ndarray]], works: Sequence[Work]) -> TensorBatch:
    """All `items` have the same names."""
    stacked: Dict[str, Union[np.ndarray, List[np.ndarray]]] = {}
    for name in items[0]:
        arrays = [item[name] for item in items]
        alike = all(one.shape == arrays[0].shape and one.dtype == arrays[0].dtype for one in arrays)
        stacked[name] = np.stack(arrays) if alike else [one.copy() for one in arrays]
    return TensorBatch(stacked, [request_of(work) for work in works])


def tensor_item(arrays: Mapping[str, np.ndarray], work: Work) -> TensorBatch:
    return TensorBatch({name: one.copy() for name, one in arrays.items()}, [request_of(work)])


def text_batch(prompts: Sequence[Prompt]) -> TextBatch:
    return TextBatch(prompts)


def spread(answer: Any, count: int) -> List[Any]:
    """The answer to a batch as one result an item. Raises InternalError where it does not fit."""
    if isinstance(answer, Mapping):
        columns = {name: _rows(f"output '{name}'", column, count) for name, column in answer.items()}
        return [{name: column[i] for name, column in columns.items()} for i in range(count)]
    return _rows("answer", answer, count)


def _rows(what: str, rows: Any, count: int) -> Any:
    """`rows`, which are one an item."""
    is_array = isinstance(rows, np.ndarray) and rows.ndim > 0
    if not is_array and not isinstance(rows, (list, tuple)):
        raise InternalError(
            f"the model's {what} to a batch of {count} is of type {type(rows).__name__}; an array with the items along "
            "axis 0 or a list is needed"
        )
    if len(rows) != count:
        raise InternalError(f"the model's {what} has {len(rows)} items, the batch has {count}")
    return rows


def text_of(result: Any) -> Text:
    """An item's result or piece as text. Raises InternalError."""
    if isinstance(result, Text):
        return result
    if isinstance(result, (str, np.str_)):
        return Text(str(result))
    raise InternalError(
        f"the model answered a text request with {type(result).__name__}; str or troupe.Text is needed"
    )


def outputs_of(result: Any, wanted: Sequence[str]) -> List[Tensor]:
    """An item's result as tensors. Raises InternalError, or InvalidArgument for a wanted one that is not there."""
    if isinstance(result, (str, Text)):
        raise InternalError("the model answered a tensor request with text; return arrays from infer()")
    named = result if isinstance(result, Mapping) else {UNNAMED: result}
    for name in wanted:
        if name not in named:
            raise InvalidArgument(f"the model has no output '{name}', it has {', '.join(named)}", "outputs")
    try:
        return [_tensor(name, named[name]) for name in wanted or named]
    except TroupeError as error:
        raise InternalError(f"the model's answer can't be sent: {error.message}") from None


def _tensor(name: str, value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return Tensor(name, value.dtype, value.shape, value.data)
    if isinstance(value, bytes):  # NumPy would cut trailing zeros off.
        value = np.array([value], dtype=object).reshape(())
    return tensor(name, value)


def kind_of(work: Work) -> type:
    """Infer or Generate. Raises Unimplemented for what no model in Python serves."""
    asked = work.request.work
    if isinstance(asked, (Embed, Tokenize)):
        raise Unimplemented("a model in Python answers texts and tensors; it serves neither vectors nor tokens")
    if isinstance(asked, Generate):
        if isinstance(asked.prompt, PromptList):
            raise Unimplemented("a model in Python answers one prompt a request; send a request for each", "prompt")
        if asked.choices > 1:
            raise Unimplemented("a model in Python gives one answer; n must be 1", "n")
        if asked.top_logprobs is not None:
            raise Unimplemented("a model in Python gives no log-probabilities", "logprobs")
        if asked.echo:
            raise Unimplemented("a model in Python does not repeat its prompt", "echo")
        if not isinstance(asked.answer_format, FreeText):
            raise Unimplemented("a model in Python is not held to a format", "response_format")
    return type(asked)
