"""What every back-end program must do (docs/worker-protocol.md). A new one joins with a line in BACKENDS."""

from __future__ import annotations

import dataclasses
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import msgpack
import pytest
from troupe.messages import Generate, Infer
from troupe.wire import Envelope, Kind
from troupe_cluster import BINARY
from worker_node import ECHO, EXECUTE, HELLO, LOADED, NATIVE, PROGRESS, PYTHON, WARM, Child, tensor, text


@dataclass
class Program:
    """A back end: how it is started, what it loads, what it can be asked."""

    name: str
    command: List[str]
    spec: Dict[str, Any]
    ask: Callable[[int], Any]  # The i-th of many different pieces of work that it can do, unary.
    refused: Any  # Work that it answers with an error.
    stream: Any  # Work that it answers with several parts; None where it has none.
    slow: Any  # Work that takes at least half a second unless cancelled …
    slow_spec: Dict[str, Any] = field(default_factory=dict)  # … under these settings.
    model: str = ""  # What lies in its folder: a version in the model store of the serving cluster.


BACKENDS = [
    Program(
        name="echo",
        command=[str(BINARY), "backend"],
        spec={"backend": ECHO},
        ask=lambda i: text(f"words number {i}"),
        refused=Infer([], ["missing"], {}),
        stream=text("one two three four", stream=True),
        slow=text("one two three four five six seven eight", stream=True),
        slow_spec={"echo": [4, 600_000_000]},
    ),
    Program(
        name="echo of tensors",
        command=[str(BINARY), "backend"],
        spec={"backend": ECHO},
        ask=lambda i: tensor("x", bytes([i % 256]) * 5000),
        refused=Infer([], ["missing"], {}),
        stream=None,
        slow=None,
    ),
    Program(
        name="clerk",
        command=[str(BINARY), "backend"],
        spec={"backend": NATIVE},
        model="clerk@2",
        ask=lambda i: text(f"{i} + 58 ="),
        refused=tensor("x", b"1"),
        stream=text("47 + 58 =", stream=True),
        slow=None,
    ),
    Program(
        name="python",
        command=[sys.executable, "-m", "troupe.worker"],
        spec={"backend": PYTHON, "entry": "words_model:Words", "folder": Path(__file__).parent},
        ask=lambda i: text(f"words number {i}"),
        refused=Infer([], ["missing"], {}),
        stream=text("one two three four", stream=True),
        slow=text("one two three four five six seven eight", stream=True),
        slow_spec={"settings": {"delay": "0.6"}},
    ),
    Program(
        name="python with tensors",
        command=[sys.executable, "-m", "troupe.worker"],
        spec={"backend": PYTHON, "entry": "words_model:Words", "folder": Path(__file__).parent},
        ask=lambda i: tensor("x", bytes([i % 256]) * 5000),
        refused=Infer([], ["missing"], {}),
        stream=None,
        slow=None,
    ),
]


@pytest.fixture(params=BACKENDS, ids=lambda program: program.name)
def program(request: pytest.FixtureRequest) -> Program:
    program: Program = request.param
    if not program.model:
        return program
    serving = request.getfixturevalue("serving")
    folder = serving.data / "head" / "models" / program.model.replace("@", "/")
    return dataclasses.replace(program, spec={**program.spec, "folder": folder})


@pytest.fixture
def child(program: Program, tmp_path: Path) -> Iterator[Child]:
    with Child(program.command, tmp_path) as one:
        yield one


@pytest.fixture
def warm(program: Program, child: Child) -> Child:
    child.warm_up(program.spec)
    return child


@pytest.fixture
def slow(program: Program, child: Child) -> Child:
    """Loaded so that `program.slow` takes long."""
    if program.slow is None:
        pytest.skip("it has no slow work")
    child.warm_up({**program.spec, **program.slow_spec})
    return child


def comparable(answer: Any) -> Any:
    return [part.content for part in answer.parts]


def test_hello_comes_first_and_names_protocol_and_process(child: Child):
    first = child.hear_until(lambda: child.heard, "anything")[0]

    assert (first.envelope.kind, first.type) == (Kind.HELLO, HELLO)
    assert first.body[:2] == [1, child.process.pid]
    assert isinstance(first.body[2], str) and first.body[2]


def test_loaded_comes_before_warm_and_warm_says_its_slots(program: Program, child: Child):
    slots, longest_step_us, name = child.warm_up(program.spec)[:3]

    assert slots >= 1
    assert longest_step_us >= 0
    assert isinstance(name, str)
    assert [h.type for h in child.heard if h.type in (LOADED, WARM)] == [LOADED, WARM]


def test_what_cannot_be_loaded_is_an_error_of_the_whole(program: Program, child: Child, tmp_path: Path):
    child.hear_until(lambda: child.of(HELLO), "hello")
    child.load({**program.spec, "backend": 250, "folder": tmp_path, "entry": "no_such_module:Nothing"})

    error = child.hear_until(child.failure, "the back end says why it can't load")

    assert error.message
    assert child.of(WARM) == []


def test_one_piece_of_work_has_one_part_of_index_0_that_is_the_last(program: Program, warm: Child):
    answer = warm.ask({7: program.ask(1)})[0]

    assert answer.error is None
    assert answer.indexes == [0]


def test_a_stream_has_parts_counted_from_0_without_a_gap(program: Program, warm: Child):
    if program.stream is None:
        pytest.skip("it does not stream")
    answer = warm.ask({7: program.stream})[0]

    assert answer.error is None
    assert len(answer.parts) > 1
    assert answer.indexes == list(range(len(answer.parts)))


def test_a_streamed_text_is_the_text_that_comes_at_once(program: Program, warm: Child):
    if not isinstance(program.stream, Generate):
        pytest.skip("it does not stream text")
    at_once = text(program.stream.prompt.text, max_tokens=program.stream.sampling.max_tokens)

    streamed, whole = warm.ask({1: program.stream, 2: at_once})

    assert streamed.text == whole.text


def test_a_stream_goes_no_further_than_its_credit_and_on_with_more(program: Program, warm: Child):
    if not isinstance(program.stream, Generate):
        pytest.skip("it does not stream text")
    whole = warm.ask({1: program.stream})[0].text

    warm.execute({2: program.stream}, credit=1)
    answer = warm.answers[2]
    warm.hear_until(lambda: answer.parts, "the first part, which is paid for by what comes")
    warm.hear_for(0.5)
    held = len(answer.parts)
    assert held == 1 or (answer.ended and held == 2)  # What is done may leave at once.
    warm.credit(2, 1 << 20)

    assert warm.finish([2])[0].text == whole
    assert answer.error is None


def test_a_stream_that_waits_for_credit_leaves_the_others_alone_and_can_be_cancelled(program: Program, warm: Child):
    if not isinstance(program.stream, Generate):
        pytest.skip("it does not stream text")
    warm.execute({1: program.stream}, credit=1)
    warm.hear_until(lambda: warm.answers[1].parts, "the first part")
    other = warm.ask({2: program.stream})[0]
    warm.cancel(1)
    third = warm.ask({3: program.ask(1)})[0]
    warm.credit(1, 1 << 20)
    parts = len(warm.answers[1].parts)
    warm.hear_for(0.3)

    assert other.error is None and third.error is None
    assert len(warm.answers[1].parts) == parts


def test_credit_for_unknown_finished_and_unbounded_work_is_ignored(program: Program, warm: Child):
    warm.credit(99, 1000)
    warm.execute({1: program.ask(1)})
    warm.credit(1, 1000)
    first = warm.finish([1])[0]
    warm.credit(1, 1000)

    assert first.error is None
    assert warm.ask({2: program.ask(2)})[0].error is None


def test_an_item_that_fails_leaves_the_others_of_its_batch_alone(program: Program, warm: Child):
    before, failed, after = warm.ask({1: program.ask(1), 2: program.refused, 3: program.ask(2)})

    assert failed.error is not None and failed.error.message
    assert before.error is None and after.error is None


def test_answers_do_not_depend_on_the_batch_or_its_order(program: Program, warm: Child):
    ids = list(range(1, 7))
    alone = [comparable(warm.ask({i: program.ask(i)})[0]) for i in ids]

    together = warm.ask({100 + i: program.ask(i) for i in reversed(ids)})

    assert [comparable(answer) for answer in reversed(together)] == alone


def test_a_cancelled_item_says_nothing_more_and_the_next_is_served(program: Program, slow: Child):
    slow.execute({1: program.slow})
    slow.hear_for(0.05)
    slow.cancel(1)
    slow.hear_for(0.1)
    said = len(slow.answers[1].parts)

    slow.hear_for(0.7)

    assert len(slow.answers[1].parts) == said
    assert not slow.answers[1].ended
    assert slow.ask({2: program.ask(1)})[0].error is None


def test_cancels_of_unknown_finished_and_cancelled_work_are_ignored(program: Program, warm: Child):
    warm.cancel(5)
    assert warm.ask({5: program.ask(1)})[0].error is None
    warm.cancel(5)
    warm.cancel(5)

    assert warm.ask({6: program.ask(1)})[0].error is None


def test_garbage_and_unknown_messages_are_dropped(program: Program, warm: Child):
    warm.socket.send_multipart([b"\xc1 no envelope", b""])
    warm.socket.send_multipart([b""])
    warm.socket.send(b"one frame")
    warm.event(999, [1, 2])
    warm.event(EXECUTE, "no list of items")
    warm.socket.send_multipart([b"\x9a" + b"\xc0" * 10, b"\xc1"])
    warm.send(Envelope(kind=Kind.REQUEST, message_type=10, correlation_id=3), msgpack.packb([]))
    warm.send(Envelope(kind=Kind.CREDIT, correlation_id=3))
    warm.send(Envelope(kind=Kind.ACK))

    assert warm.ask({9: program.ask(1)})[0].error is None
    assert warm.process.poll() is None


def test_progress_comes_all_the_time_and_counts_steps(program: Program, warm: Child):
    idle = [h for h in warm.hear_for(1.0) if h.type == PROGRESS]
    steps = idle[-1].body[0]
    warm.ask({i: program.ask(i) for i in range(1, 5)})
    warm.hear_for(0.5)

    gaps = [b.at - a.at for a, b in zip(idle, idle[1:])]
    assert len(idle) >= 4 and max(gaps) < 1.0, gaps
    assert all(h.body[1] == 0 for h in idle)
    assert warm.of(PROGRESS)[-1].body[0] > steps


def test_progress_comes_while_work_waits_or_runs(program: Program, slow: Child):
    slow.execute({1: program.slow})

    busy = [h for h in slow.hear_for(0.5) if h.type == PROGRESS]

    assert len(busy) >= 2


def test_it_ends_within_a_second_when_the_node_is_gone(warm: Child):
    begun = time.monotonic()
    warm.cut_lifeline()
    warm.wait(5)

    assert time.monotonic() - begun < 1.0


def test_it_ends_when_the_node_is_gone_before_it_said_anything(child: Child):
    child.cut_lifeline()

    child.wait(10)


def test_unload_ends_it_with_0_whatever_is_inside(program: Program, warm: Child):
    warm.execute({1: program.ask(1), 2: program.ask(2)})
    warm.unload()

    assert warm.wait(10) == 0


def test_unload_before_load_ends_it_with_0(child: Child):
    child.hear_until(lambda: child.of(HELLO), "hello")
    child.unload()

    assert child.wait(10) == 0
