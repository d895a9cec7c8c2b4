"""The client for asyncio. What it sends and how it reads answers is the same code as in test_client.py."""

import asyncio
import gc
import threading

import numpy as np
import pytest
import zmq
from fake_door import FakeDoor

import troupe
import troupe.aio
from troupe.messages import EmbedResult, FinishReason, InferResult, TextPart, TokenizeResult, Usage

WAIT = 10  # seconds that a test waits before it calls the client broken


def echo(request):
    request.part(InferResult(request.message.work.inputs))


def say_hello(request):
    for text in ("Hel", "", "lo"):
        request.part(TextPart(text), last=False)
    request.part(TextPart("!", FinishReason.STOP, Usage(5, 3)))


def start_talking(request):
    request.part(TextPart("first"), last=False)


def ignore(request):
    pass


def served(handle, use, secret_key=None, **options):
    """Runs `use(client, door)` against a door that answers with `handle`; its result."""

    async def run():
        async with troupe.aio.Client(door.address, **{"timeout": WAIT, **options}) as client:
            return await asyncio.wait_for(use(client, door), 3 * WAIT)

    with FakeDoor(handle, secret_key) as door:
        return asyncio.run(run())


async def cancelled(door):
    """The number of the next request that the door is told to stop."""
    return await asyncio.get_running_loop().run_in_executor(None, lambda: door.cancels.get(timeout=WAIT))


# --- The verbs


def test_each_verb_is_awaited_for_what_the_other_client_returns():
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    answers = {
        "Infer": InferResult([troupe.tensor("y", np.ones(4096))]),
        "Generate": TextPart("Hello", FinishReason.STOP, Usage(5, 3)),
        "Embed": EmbedResult(troupe.tensor("", rows), ["fits"]),
        "Tokenize": TokenizeResult([5, 6], ["h", "i"], "hi", 256),
    }

    async def use(client, door):
        return (
            await client.infer("adder", {"x": np.ones(3)}),
            await client.generate("clerk", "Say hello"),
            await client.embed("minilm", ["a", "b"]),
            await client.score("cross", [("a", "b"), ("a", "c")]),
            await client.tokenize("clerk", "hi"),
            await client.detokenize("clerk", [5, 6]),
        )

    arrays, generation, vectors, scores, ids, text = served(
        lambda request: request.part(answers[type(request.message.work).__name__]), use
    )

    assert arrays["y"].tolist() == [1.0] * 4096
    assert generation == troupe.Generation("Hello", "stop", Usage(5, 3), "2", [troupe.Choice("Hello", "stop")])
    assert np.array_equal(vectors, rows) and np.array_equal(scores.values, rows) and scores.labels == ["fits"]
    assert (ids, text) == ([5, 6], "hi")


def test_keys_names_and_deadlines_travel_with_a_request():
    seen = []

    async def use(client, door):
        await client.infer("adder", {"x": np.ones(1)}, version="3", unit="u1", timeout=5, idempotency_key="order-17")

    served(lambda request: (seen.append(request), echo(request)), use, api_key="secret")

    (request,) = seen
    assert (request.message.model, request.message.version, request.message.unit) == ("adder", "3", "u1")
    assert (request.idempotency_key, request.envelope.target_path) == ("order-17", "gateway#secret")
    assert 4_000_000 < request.envelope.remaining_us <= 5_000_000


def test_errors_have_the_class_of_their_code():
    async def use(client, door):
        with pytest.raises(troupe.Overloaded) as caught:
            await client.generate("clerk", "Hi")
        assert (caught.value.message, caught.value.retry_after) == ("the queue is full", 1.5)

    served(lambda request: request.fail(6, "the queue is full", "model", 1500), use)


# --- Streams


def test_a_stream_gives_pieces_and_then_its_end():
    async def use(client, door):
        stream = client.generate("clerk", "Say hello", stream=True)
        pieces = [piece async for piece in stream]
        assert (stream.finish_reason, stream.usage, stream.version) == ("stop", Usage(5, 3), "2")
        assert door.cancels.empty()
        return pieces

    assert served(say_hello, use) == ["Hel", "lo", "!"]


def test_a_piece_is_here_before_the_next_is_made():
    requests = []

    def answer(request):
        if not requests:
            start_talking(request)
        else:  # The client has the first piece, and asks something else over the same connection.
            requests[0].part(TextPart("second", FinishReason.STOP))
            say_hello(request)
        requests.append(request)

    async def use(client, door):
        stream = client.generate("clerk", "Talk", stream=True)
        first = await stream.__anext__()
        await client.generate("clerk", "Hi")
        return [first, *[piece async for piece in stream]]

    assert served(answer, use) == ["first", "second"]


@pytest.mark.parametrize("how", ["leave", "close", "drop"])
def test_ending_a_stream_early_cancels_the_request(how):
    async def use(client, door):
        stream = client.generate("clerk", "Talk", stream=True)
        if how == "leave":
            async with stream:
                await stream.__anext__()
        else:
            await stream.__anext__()
        if how == "close":
            await stream.aclose()
        if how != "drop":
            assert [piece async for piece in stream] == []
        del stream
        gc.collect()
        return await cancelled(door)

    assert served(start_talking, use) == 1


def test_a_stream_of_anything_but_text_is_an_error_and_cancelled():
    async def use(client, door):
        with pytest.raises(troupe.CorruptData, match="TextPart"):
            async for _ in client.generate("clerk", "Talk", stream=True):
                pass
        return await cancelled(door)

    assert served(lambda request: request.part(InferResult([]), last=False), use) == 1


# --- Tasks and time


def test_cancelling_a_task_cancels_its_request_and_no_other():
    async def use(client, door):
        lost = asyncio.create_task(client.generate("clerk", "lost"))
        kept = asyncio.create_task(client.generate("clerk", "kept"))
        await client.infer("adder", {"x": np.ones(1)})  # Lets the tasks send theirs, after this one.
        lost.cancel()
        with pytest.raises(asyncio.CancelledError):
            await lost
        assert await cancelled(door) == 2
        waiting[1].part(TextPart("here", FinishReason.STOP))
        return (await kept).text

    waiting = []
    assert served(lambda r: echo(r) if r.message.model == "adder" else waiting.append(r), use) == "here"


def test_a_timeout_of_the_caller_cancels_the_request():
    async def use(client, door):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.generate("clerk", "Hi"), 0.05)
        return await cancelled(door)

    assert served(ignore, use) == 1


def test_an_answer_that_does_not_come_is_a_deadline_exceeded_and_cancelled():
    async def use(client, door):
        with pytest.raises(troupe.DeadlineExceeded, match="within 0.05 seconds"):
            await client.generate("clerk", "Hi", timeout=0.05)
        assert await cancelled(door) == 1
        with pytest.raises(troupe.DeadlineExceeded):
            async for _ in client.generate("clerk", "Hi", timeout=0.05, stream=True):
                pass
        return await cancelled(door)

    assert served(ignore, use) == 2


def test_many_tasks_share_one_client_and_get_their_own_answers():
    async def one(client, number):
        sent = np.full(1000, number)
        return np.array_equal((await client.infer("adder", {"x": sent}))["x"], sent)

    async def use(client, door):
        return await asyncio.gather(*(one(client, number) for number in range(500)))

    assert served(echo, use) == [True] * 500


def test_the_loop_is_free_while_tasks_wait():
    async def use(client, door):
        asked = asyncio.create_task(client.generate("clerk", "Hi"))
        turns = 0
        while not waiting:
            await asyncio.sleep(0)
            turns += 1
        waiting[0].part(TextPart("here", FinishReason.STOP))
        return (await asked).text, turns > 0

    waiting = []
    assert served(waiting.append, use) == ("here", True)


# --- Connections


def test_calls_end_with_a_door_that_goes_and_later_ones_find_its_successor():
    arrived = threading.Event()

    async def run():
        async with troupe.aio.Client(first.address, timeout=WAIT) as client:
            with first:
                lost = asyncio.create_task(client.generate("clerk", "lost"))
                await asyncio.get_running_loop().run_in_executor(None, arrived.wait, WAIT)
            with pytest.raises(troupe.Unavailable, match="broke") as caught:
                await lost
            assert caught.value.field == "address"
            with FakeDoor(say_hello, port=first.port):
                return (await client.generate("clerk", "found")).text

    first = FakeDoor(lambda request: arrived.set())
    assert asyncio.run(run()) == "Hello!"


def test_closing_the_client_ends_calls_under_way():
    async def use(client, door):
        asked = asyncio.create_task(client.generate("clerk", "Hi"))
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(troupe.Cancelled, match="was closed"):
            await asked
        with pytest.raises(troupe.Cancelled, match="the client is closed"):
            await client.generate("clerk", "Hi")
        await client.close()

    served(ignore, use)


def test_a_client_that_is_dropped_ends_with_its_loop_or_after_it():
    async def use(client, door):
        await client.generate("clerk", "Hi")
        del client
        gc.collect()

    async def run(address):
        await use(troupe.aio.Client(address, timeout=WAIT), None)
        late = troupe.aio.Client(address, timeout=WAIT)
        await late.generate("clerk", "Hi")
        return late

    with FakeDoor(say_hello) as door:
        late = asyncio.run(run(door.address))
        context = late._connection._context
        del late
        gc.collect()
        assert context.closed


def test_a_client_belongs_to_one_loop():
    async def ask(client):
        return await client.generate("clerk", "Hi")

    with FakeDoor(say_hello) as door:
        client = troupe.aio.Client(door.address, timeout=WAIT)
        assert asyncio.run(ask(client)).text == "Hello!"
        with pytest.raises(troupe.FailedPrecondition, match="one for each"):
            asyncio.run(ask(client))


def test_an_encrypted_door_is_reached_by_its_key_alone():
    public, secret = zmq.curve_keypair()

    async def use(client, door):
        return (await client.generate("clerk", "Hi")).text

    async def use_wrongly(client, door):
        with pytest.raises(troupe.Unavailable, match="handshake"):
            await client.generate("clerk", "Hi")

    assert served(say_hello, use, secret, server_key=public.decode()) == "Hello!"
    served(say_hello, use_wrongly, secret, server_key=zmq.curve_keypair()[0].decode())
    served(say_hello, use_wrongly, secret)


def test_what_is_wrong_with_a_request_is_said_before_it_is_sent():
    async def use(client, door):
        with pytest.raises(troupe.InvalidArgument, match="prompt must be"):
            client.generate("clerk", [1, "two"])

    served(ignore, use)
    with pytest.raises(troupe.InvalidArgument) as caught:
        troupe.aio.Client("tcp://192.0.2.1:8003")
    assert caught.value.field == "server_key"
