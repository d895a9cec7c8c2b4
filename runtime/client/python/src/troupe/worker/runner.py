"""The thread that computes: takes what waits, calls the model with it, and sends what it answers."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections import deque
from dataclasses import replace
from typing import Any, Deque, Dict, Iterator, List, Optional, Tuple

from ..errors import DeadlineExceeded, InternalError, Overloaded, TroupeError, Unimplemented
from ..messages import FinishReason, Generate, Infer, InferResult, ResultPart, TextPart, Usage
from ..models import ModelBroken, Text
from ..tools import whole_part
from .channel import Channel
from .convert import (
    FINISH,
    arrays_of,
    kind_of,
    outputs_of,
    prompt_of,
    spread,
    tensor_batch,
    tensor_item,
    text_batch,
    text_of,
    wants_tools,
)
from .interface import check_inputs
from .loading import LoadedModel
from .work import Inbox, Steps, Work

#: What a piece of text counts against its stream's credit, beside itself (docs/worker-protocol.md).
_PART_OVERHEAD = 256
#: Characters that wait for one client while the others of its batch go on.
_HELD_MAX = 1 << 20


class Stream:
    """A generator of the model and the requests it answers."""

    def __init__(self, pieces: Iterator[Any], works: List[Work]):
        self.pieces = pieces
        self.works = works
        #: Of tensor requests: what came so far, as they are answered in one part.
        self.collected: List[Dict[str, Any]] = [{} for _ in works]

    @property
    def is_wanted(self) -> bool:
        return any(work.is_wanted for work in self.works)

    @property
    def is_held(self) -> bool:
        """None of its clients takes more at present."""
        return self.is_wanted and all(work.is_held for work in self.works if work.is_wanted)


class Runner:
    """One batch, or one piece of each generator, is a step."""

    def __init__(self, model: LoadedModel, batch_max: int, inbox: Inbox, steps: Steps, channel: Channel):
        self._model = model
        self._batch_max = max(1, batch_max)
        self._inbox = inbox
        self._steps = steps
        self._channel = channel
        self._streams: Deque[Stream] = deque()

    def run(self) -> None:
        """Until unload. Raises ModelBroken."""
        while not self._inbox.is_unloading:
            works = self._inbox.take(self._batch_max, wait=all(stream.is_held for stream in self._streams))
            if works:
                self._start(works)
            for _ in range(len(self._streams)):
                stream = self._streams.popleft()
                if stream.is_held:
                    self._streams.append(stream)
                else:
                    self._advance(stream)

    def _start(self, works: List[Work]) -> None:
        """Calls the model: once for all that are alike, or once an item."""
        alike: Dict[Tuple, List[Tuple[Work, Any]]] = {}
        for work in works:
            try:
                key, item = self._item(work)
            except TroupeError as error:
                self._fail(work, error)
                continue
            if not self._model.options.batch:
                key = (work.id,)
            alike.setdefault(key, []).append((work, item))
        for group in alike.values():
            wanted = [(work, item) for work, item in group if work.is_wanted]  # Calls before this one took time.
            if wanted:
                self._call([work for work, _ in wanted], [item for _, item in wanted])

    def _item(self, work: Work) -> Tuple[Tuple, Any]:
        """What the model shall be called with, and a key that is the same for those it may be called with at once."""
        if work.is_expired:
            raise DeadlineExceeded("the deadline passed before the model got to it")
        kind = kind_of(work)
        self._model.function(kind)
        if kind is Generate:
            if wants_tools(work) and not self._model.options.tools:
                raise Unimplemented("this model takes no tools; leave them out", "tools")
            return (kind,), prompt_of(work)
        check_inputs(self._model.options.inputs, work.request.work.inputs)
        arrays = arrays_of(work)
        return (kind, *sorted(arrays)), arrays

    def _call(self, works: List[Work], items: List[Any]) -> None:
        kind = kind_of(works[0])
        if not self._model.options.batch:
            argument = items[0] if kind is Generate else tensor_item(items[0], works[0])
        else:
            argument = text_batch(items) if kind is Generate else tensor_batch(items, works)
        try:
            with self._steps:
                answer = self._model.function(kind)(argument)
        except ModelBroken:
            raise
        except Exception as error:
            self._fail_all(works, error)
            return
        if inspect.isgenerator(answer) or (hasattr(answer, "__next__") and not inspect.iscoroutine(answer)):
            self._streams.append(Stream(answer, works))
            return
        self._each(works, answer, self._finish)

    def _advance(self, stream: Stream) -> None:
        """One piece. A stream that nobody wants any more is closed."""
        if not stream.is_wanted:
            self._close(stream)
            return
        ended: Optional[StopIteration] = None
        pieces = None
        try:
            with self._steps:
                pieces = next(stream.pieces)
        except StopIteration as stop:
            ended, pieces = stop, stop.value
        except ModelBroken:
            raise
        except Exception as error:
            self._fail_all(stream.works, error)
            return
        if pieces is not None:
            self._each(stream.works, pieces, lambda work, piece: self._piece(stream, work, piece))
        if ended is None:
            self._streams.append(stream)
            return
        for work in stream.works:
            if work.is_wanted:
                self._end(stream, work)

    def _close(self, stream: Stream) -> None:
        try:
            with self._steps:
                getattr(stream.pieces, "close", lambda: None)()
        except Exception:
            traceback.print_exc()

    def _each(self, works: List[Work], answer: Any, send: Any) -> None:
        """Hands each item its share of an answer, a piece or an error."""
        try:
            results = spread(answer, len(works)) if self._model.options.batch else [answer]
        except TroupeError as error:
            self._fail_all(works, error)
            return
        for work, result in zip(works, results):
            if not work.is_wanted:
                continue
            if isinstance(result, Exception):
                self._fail(work, _as_error(result))
                continue
            try:
                send(work, result)
            except TroupeError as error:
                self._fail(work, error)
            except Exception as error:  # Text that is no UTF-8, numbers out of range, …
                self._fail(work, InternalError(f"the model's answer can't be sent: {error}"))

    def _finish(self, work: Work, result: Any) -> None:
        if kind_of(work) is Infer:
            self._send_tensors(work, result)
        else:
            text = text_of(result)
            self._send_text(work, replace(text, finish=text.finish or "stop"))

    def _piece(self, stream: Stream, work: Work, piece: Any) -> None:
        """A piece of text goes out where the client asked for a stream. Tensors are collected."""
        if piece is None:
            return
        if kind_of(work) is Infer:
            tensors = outputs_of(piece, ())
            stream.collected[stream.works.index(work)].update((one.name, one) for one in tensors)
            return
        text = text_of(piece)
        if text.text or text.finish or text.tool_calls:
            self._send_text(work, text)

    def _end(self, stream: Stream, work: Work) -> None:
        try:
            if kind_of(work) is Infer:
                self._send_tensors(work, stream.collected[stream.works.index(work)])
            else:
                self._send_text(work, Text("", "stop"))
        except TroupeError as error:
            self._fail(work, error)

    def _send_text(self, work: Work, text: Text) -> None:
        last = text.finish != ""
        work.text.append(text.text)
        for call in text.tool_calls:
            work.tool_calls.append(whole_part(work.calls, call))
            work.calls += 1
        if not last and not work.request.work.stream:
            return
        if not last and work.is_held:
            if sum(map(len, work.text)) + sum(len(call.arguments) for call in work.tool_calls) > _HELD_MAX:
                raise Overloaded("the client reads its stream too slowly for the others of its batch")
            return
        usage = Usage(text.prompt_tokens, text.completion_tokens)
        finish = FINISH[text.finish]
        if finish == FinishReason.STOP and work.calls > 0:
            finish = FinishReason.TOOL_CALLS
        part = TextPart("".join(work.text), finish, usage, tool_calls=list(work.tool_calls))
        work.text.clear()
        work.tool_calls.clear()
        calls = sum(len((call.id + call.name + call.arguments).encode()) for call in part.tool_calls)
        work.sent += _PART_OVERHEAD + len(part.text.encode()) + calls
        self._send(work, ResultPart(part), last)

    def _send_tensors(self, work: Work, result: Any) -> None:
        self._send(work, ResultPart(InferResult(outputs_of(result, work.request.work.outputs))), True)

    def _send(self, work: Work, part: ResultPart, last: bool) -> None:
        if last:
            self._inbox.end(work)  # First: the node may fill the slot as soon as it hears.
        self._channel.part(work.id, work.parts, last, part)
        work.parts += 1

    def _fail(self, work: Work, error: TroupeError) -> None:
        if work.is_cancelled:
            return
        self._inbox.end(work)
        self._channel.fail(work.id, error)

    def _fail_all(self, works: List[Work], error: Exception) -> None:
        if not isinstance(error, TroupeError):
            traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
            sys.stderr.flush()
        for work in works:
            if work.is_wanted:
                self._fail(work, _as_error(error))


def _as_error(error: Exception) -> TroupeError:
    if isinstance(error, TroupeError):
        return error
    return InternalError(f"{type(error).__name__}: {error}")
