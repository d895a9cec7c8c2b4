"""Python models: what a class or function is called with, and what it may answer.

    import numpy as np
    import troupe

    @troupe.model(longest_step=0.5)
    class Scale:
        def __init__(self, factor="2"):         # the deployment's settings, as text
            self.factor = float(factor)

        def load(self, folder):                 # optional: files of the model version, a pathlib.Path
            self.bias = np.load(folder / "bias.npy")

        def __call__(self, batch):              # {"x": array of shape [items, ...]}
            return {"y": batch["x"] * self.factor + self.bias}

`troupe deploy my_module:Scale` runs it. docs/python-models.md is the guide; this module is the reference.

The hooks of a class, all but one of the last three optional:

``__init__(**settings)``     the deployment's `settings`, each a str.
``load(folder)``             reads weights. May take as long as it needs.
``warm_up()``                the first real step, before requests come.
``infer(batch)``             answers tensors (`Infer`).
``generate(batch)``          answers text (`Generate`): completions and chats.
``__call__(batch)``          answers whichever of the two has no method of its own.
``unload()``                 before the process ends in good order.

Everything runs on the main thread of a process of the model's own, one call at a time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union

import numpy as np

from .errors import TroupeError, error_class
from .messages import Sampling, ToolCall
from .messages import TensorSpec as DeclaredTensor
from .tensors import dtype_number

T = TypeVar("T")

_MARK = "__troupe_model__"


class TensorSpec(NamedTuple):
    """A tensor of one item, as a client sends or gets it.

    dtype: "FP32", "UINT8", "BYTES", … or what NumPy takes for one; shape: lengths of its axes, -1 or None where any will
    do; optional: an input that may be left out.
    """

    dtype: Any
    shape: Sequence[Optional[int]]
    optional: bool = False


@dataclass(frozen=True)
class ModelOptions:
    """What @troupe.model was told."""

    slots: Optional[int] = None
    longest_step: float = 1.0
    batch: bool = True
    inputs: Sequence[DeclaredTensor] = ()
    outputs: Sequence[DeclaredTensor] = ()
    tools: bool = False


def model(
    target: Optional[T] = None,
    *,
    slots: Optional[int] = None,
    longest_step: float = 1.0,
    batch: bool = True,
    inputs: Optional[Mapping[str, Tuple]] = None,
    outputs: Optional[Mapping[str, Tuple]] = None,
    tools: bool = False,
) -> Union[T, Callable[[T], T]]:
    """Marks a class, or a function of a batch, as a model that `troupe deploy` can run. With or without arguments.

    slots: requests that may be inside at once, waiting ones included; None = twice the deployment's
    `batching.max_size`, so that the next batch is at hand when one is done.

    longest_step: seconds that one call (of a generator: one piece) may take. One that takes much longer counts as hung:
    the process is replaced and its requests go to another replica. Declare more for slow models, not less.

    batch: True: called with batches, of at most the deployment's `batching.max_size` items. False: called once an item,
    with arrays as the client sent them, or one text.

    inputs, outputs: the tensors of one item by name, each a TensorSpec or a tuple of its values:
    inputs={"image": ("UINT8", [-1, -1, 3])}. Clients see them as the model's metadata, and a request whose inputs are
    not these is refused before it comes here. Where there is one input alone, TensorFlow Serving's "instances" need not
    name it, and numbers in JSON become its dtype.

    tools: the model heeds a chat's tools (Prompt.tools) and may answer with calls of them (Text.tool_calls). Chats with
    tools are refused else.
    """
    if slots is not None and slots < 1:
        raise ValueError(f"slots must be at least 1, found {slots}")
    if not longest_step > 0:
        raise ValueError(f"longest_step must be more than 0 seconds, found {longest_step}")
    options = ModelOptions(
        slots, float(longest_step), batch, _declared("inputs", inputs or {}), _declared("outputs", outputs or {}), tools
    )

    def mark(marked: T) -> T:
        if not callable(marked):
            raise TypeError(f"@troupe.model marks a class or a function, found {type(marked).__name__}")
        setattr(marked, _MARK, options)
        return marked

    return mark if target is None else mark(target)


def _declared(kind: str, tensors: Mapping[str, Tuple]) -> List[DeclaredTensor]:
    declared = []
    for name, value in tensors.items():
        try:
            spec = TensorSpec(*value)
            shape = [-1 if extent is None else int(extent) for extent in spec.shape]
            if not isinstance(name, str) or not name or min(shape, default=0) < -1:
                raise ValueError("a name is text and a length at least 0, or -1 for any")
            declared.append(DeclaredTensor(name, dtype_number(spec.dtype), shape, bool(spec.optional)))
        except (TypeError, ValueError) as error:
            raise ValueError(f'{kind}[{name!r}] is {value!r}, not like ("FP32", [-1, 3]): {error}') from None
    return declared


def options_of(target: Any) -> Optional[ModelOptions]:
    """None: it was not marked."""
    return getattr(target, _MARK, None)


@dataclass(frozen=True)
class Request:
    """What a client asked besides its tensors or text.

    deadline: on the clock of time.monotonic(), None = none; outputs: the wanted tensors, empty = all; parameters: of an
    Open Inference request; sampling: of a text request, else None. Stop strings and max_tokens are the model's to heed.
    """

    id: str
    unit: str = ""
    deadline: Optional[float] = None
    outputs: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    sampling: Optional[Sampling] = None
    stream: bool = False

    @property
    def remaining(self) -> Optional[float]:
        """Seconds until the deadline, at least 0."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


class TensorBatch(Dict[str, Union[np.ndarray, List[np.ndarray]]]):
    """Tensors by name, for `size` items: one array with the items along axis 0 where they agree in shape and type, else
    a list of arrays. All items have the same names. The arrays are the model's own: it may write into them.

    A model of `batch=False` gets one item and its arrays as they were sent. requests: one Request an item.
    """

    def __init__(self, tensors: Mapping[str, Union[np.ndarray, List[np.ndarray]]], requests: Sequence[Request]):
        super().__init__(tensors)
        self.requests = list(requests)

    @property
    def size(self) -> int:
        return len(self.requests)


class Prompt(str):
    """A prompt as text. A chat's text is its messages, one line each: "role: content".

    messages: the chat as [{"role": …, "content": …}] for models that have a template of their own, with calls of tools
    and answers to them as OpenAI has them; None = plain text.
    request: what else was asked.
    tools: what may be called, as OpenAI's objects; None = nothing. tool_choice: "auto", "required", or the name of the
    tool to call; "none" without tools. parallel_tool_calls: False = one call at most.
    """

    messages: Optional[List[Dict[str, Any]]]
    request: Request
    tools: Optional[List[Dict[str, Any]]]
    tool_choice: str
    parallel_tool_calls: bool

    def __new__(
        cls,
        text: str,
        messages: Optional[List[Dict[str, Any]]] = None,
        request: Request = Request(""),
        tools: Optional[List[Dict[str, Any]]] = None,
        tool_choice: str = "none",
        parallel_tool_calls: bool = True,
    ) -> "Prompt":
        prompt = super().__new__(cls, text)
        prompt.messages = messages
        prompt.request = request
        prompt.tools = tools
        prompt.tool_choice = tool_choice
        prompt.parallel_tool_calls = parallel_tool_calls
        return prompt


class TextBatch(List[Prompt]):
    """Prompts, one a request."""

    @property
    def requests(self) -> List[Request]:
        return [prompt.request for prompt in self]

    @property
    def size(self) -> int:
        return len(self)


@dataclass(frozen=True)
class Text:
    """Generated text with more than a str says. In a stream a Text with `finish` is its item's last piece.

    finish: "stop" or "length" (max_tokens was reached), "" = more may come; the last piece of an item counts as "stop"
    where nothing was said. The token counts are what the client is told as usage. tool_calls: calls that the answer asks
    for, each whole; ids may be left empty. A stop after calls is told as "tool_calls".
    """

    text: str
    finish: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tool_calls: Sequence[ToolCall] = ()

    def __post_init__(self) -> None:
        if self.finish not in ("", "stop", "length"):
            raise ValueError(f"finish is 'stop', 'length' or '', found {self.finish!r}")


class ItemError(TroupeError):
    """What is wrong with one item of a batch: put it where the item's result would stand; the others are not touched.
    Raised from a call it fails all its items, as any exception does.

    code: one of the codes of docs/wire-protocol.md, such as "invalid_argument" (HTTP 400, the default), "not_found",
    "unimplemented", "resource_exhausted" or "internal" (500); field: the part of the request that is wrong.
    """

    def __init__(self, message: str, code: str = "invalid_argument", field: str = ""):
        error_class(code)
        super().__init__(code, message, field)

    def __reduce__(self) -> Any:
        return type(self), (self.message, self.code, self.field)


class ModelBroken(Exception):
    """Raise it where the model as a whole can't go on, after a device error that stays, say: the process is replaced,
    and what is inside it goes to another replica."""
