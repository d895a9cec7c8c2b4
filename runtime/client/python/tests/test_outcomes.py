"""What was measured, told to experiments; and whose a request is."""

import asyncio
import threading

import numpy as np
import pytest
from fake_door import FakeDoor

import troupe
import troupe.aio
from troupe.messages import InferResult, ReportedOutcome, UnitKind

WAIT = 10  # seconds that a test waits before it calls the client broken


def recording(seen):
    """Answers like a gateway that keeps events."""

    def handle(request):
        seen.append(request)
        request.recorded()

    return handle


def test_an_event_says_what_it_was_told():
    seen = []

    with FakeDoor(recording(seen)) as door, troupe.Client(door.address, "tk_door", timeout=WAIT) as client:
        assert client.record("anna", "conversion") is None
        client.record("s1", "revenue", 2.5, kind="session", time=1799999990.25, id="order-17")

    plain, full = (request.message.events[0] for request in seen)
    assert (plain.unit, plain.name, plain.value, plain.kind, plain.time) == ("anna", "conversion", 1.0, UnitKind.USER, None)
    assert full == ReportedOutcome("s1", "revenue", 2.5, UnitKind.SESSION, 1799999990.25, "order-17")
    assert {request.envelope.target_path for request in seen} == {"gateway#tk_door"}


def test_many_go_together_and_each_has_an_id_of_its_own():
    seen = []

    with FakeDoor(recording(seen)) as door, troupe.Client(door.address, timeout=WAIT) as client:
        client.record_many([{"unit": 17, "name": "click"}, {"unit": "b", "name": "spend", "value": np.float32(0.5)}])
        client.record_many({"unit": unit, "name": "click"} for unit in "ab")

    first, second = (request.message.events for request in seen)
    assert [(event.unit, event.value) for event in first] == [("17", 1.0), ("b", 0.5)]
    assert len({event.id for event in first + second}) == 4 and None not in {event.id for event in first}


def test_asyncio_records_alike():
    seen = []

    async def run():
        async with troupe.aio.Client(door.address, timeout=WAIT) as client:
            await asyncio.gather(*(client.record(f"user-{i}", "conversion") for i in range(8)))
            await client.record_many([{"unit": "anna", "name": "click"}])

    with FakeDoor(recording(seen)) as door:
        asyncio.run(run())

    assert {request.message.events[0].unit for request in seen} == {*(f"user-{i}" for i in range(8)), "anna"}


@pytest.mark.parametrize(
    "event, words",
    [
        ({"name": "x"}, r"events\[1\].unit is missing"),
        ({"unit": "a"}, r"events\[1\].name is missing"),
        ({"unit": "a", "nam": "x"}, r"no parameter events\[1\].nam; there are unit, name, value"),
        ({"unit": "a", "name": "x", "value": "many"}, r"events\[1\].value must be a number, found 'many'"),
        ({"unit": "a", "name": "x", "time": "noon"}, r"events\[1\].time must be Unix seconds, found 'noon'"),
        ({"unit": "a", "name": "x", "kind": "users"}, 'must be user, session, key or request, found the string "users"'),
    ],
)
def test_what_cannot_be_sent_is_refused_by_its_place(event, words):
    with FakeDoor(lambda request: None) as door, troupe.Client(door.address, timeout=WAIT) as client:
        with pytest.raises(troupe.InvalidArgument, match=words):
            client.record_many([{"unit": "a", "name": "x"}, event])


def test_the_gateways_refusal_is_raised():
    def refuse(request):
        request.fail(2, "events[0].unit must have 1 to 256 bytes, found 0", "events[0].unit")

    with FakeDoor(refuse) as door, troupe.Client(door.address, timeout=WAIT) as client:
        with pytest.raises(troupe.InvalidArgument, match="1 to 256 bytes") as caught:
            client.record("", "conversion")

    assert caught.value.field == "events[0].unit"


def test_an_event_on_a_connection_that_breaks_is_sent_again_as_the_same():
    lost, again = [], []
    arrived = threading.Event()

    def lose(request):
        lost.append(request.message)
        arrived.set()

    first = FakeDoor(lose)
    with troupe.Client(first.address, timeout=WAIT) as client:
        with first:
            thread = threading.Thread(target=client.record, args=("anna", "conversion"))
            thread.start()
            assert arrived.wait(WAIT)
        with FakeDoor(recording(again), port=first.port):
            thread.join(WAIT)
            assert not thread.is_alive()

    assert lost[0] == again[0].message and lost[0].events[0].id


def test_an_awaited_event_outlives_its_connection_too():
    lost, again = [], []
    arrived = threading.Event()

    def lose(request):
        lost.append(request.message)
        arrived.set()

    async def run():
        loop = asyncio.get_running_loop()
        async with troupe.aio.Client(first.address, timeout=WAIT) as client:
            with first:
                told = asyncio.ensure_future(client.record("anna", "conversion"))
                assert await loop.run_in_executor(None, arrived.wait, WAIT)
            with FakeDoor(recording(again), port=first.port):
                await told

    first = FakeDoor(lose)
    asyncio.run(run())

    assert lost[0] == again[0].message


def test_an_event_that_nobody_confirms_in_time_is_late():
    with FakeDoor(lambda request: None) as door, troupe.Client(door.address, timeout=WAIT) as client:
        with pytest.raises(troupe.DeadlineExceeded):
            client.record("anna", "conversion", timeout=0.05)


def test_a_request_says_whose_it_is():
    seen = []

    def echo(request):
        seen.append(request)
        request.part(InferResult(request.message.work.inputs))

    with FakeDoor(echo) as door, troupe.Client(door.address, timeout=WAIT) as client:
        named = {"unit": "anna", "session": "s1", "request_id": "r 1", "features": {"region": "eu", "header.x-tier": 3}}
        client.infer("adder", {"x": np.ones(1)}, **named)
        client.infer("adder", {"x": np.ones(1)})
        with pytest.raises(troupe.InvalidArgument, match="request_id must have 1 to 128 printable ASCII"):
            client.infer("adder", {"x": np.ones(1)}, request_id="ü")

    message = seen[0].message
    assert (message.unit, message.session, message.request_id) == ("anna", "s1", "r 1")
    assert message.features == {"region": "eu", "header.x-tier": "3"}
    assert seen[0].envelope.trace == "r 1"
    assert seen[1].message.session == "" and seen[1].message.features == {} and seen[1].message.request_id
