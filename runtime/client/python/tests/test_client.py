import gc
import threading

import numpy as np
import pytest
import zmq
from fake_door import FakeDoor

import troupe
from troupe.messages import (
    ChatMessage,
    Conversation,
    Embed,
    EmbedResult,
    FinishReason,
    InferResult,
    JsonObject,
    JsonSchema,
    LogitBias,
    PlainText,
    Sampling,
    ScoredToken,
    TextChoice,
    TextPair,
    TextPart,
    TokenIds,
    TokenScores,
    Tokenize,
    TokenizeResult,
    Tool,
    ToolCall,
    ToolCallPart,
    ToolChoice,
    Usage,
)

WAIT = 10  # seconds that a test waits before it calls the client broken


def echo(request):
    request.part(InferResult(request.message.work.inputs))


def say_hello(request):
    for text in ("Hel", "", "lo"):
        request.part(TextPart(text), last=False)
    request.part(TextPart("!", FinishReason.STOP, Usage(5, 3)))


def ignore(request):
    pass


def served(handle, **options):
    """A door and a client of it."""
    door = FakeDoor(handle)
    return door, troupe.Client(door.address, **{"timeout": WAIT, **options})


def test_infer_sends_arrays_and_returns_arrays():
    door, client = served(echo)
    inputs = {"long": np.arange(4096, dtype=np.float32).reshape(64, 64), "words": np.array(["a", "b"])}

    with door, client:
        outputs = client.infer("adder", inputs)

    assert np.array_equal(outputs["long"], inputs["long"])
    assert outputs["words"].tolist() == [b"a", b"b"]


def test_an_idempotency_key_travels_with_its_request_alone():
    seen = []
    door, client = served(lambda request: (seen.append(request), echo(request)))

    with door, client:
        client.infer("adder", {"x": np.ones(1)}, idempotency_key="order-17")
        client.infer("adder", {"x": np.ones(1)})

    assert [request.idempotency_key for request in seen] == ["order-17", None]
    assert {request.message.model for request in seen} == {"adder"}


def test_infer_sends_all_it_was_told():
    seen = []
    door, client = served(lambda request: (seen.append(request), echo(request)))

    with door, client:
        x = troupe.tensor("x", np.ones(1, np.float32))
        client.infer("adder", [x], ["y"], {"k": 1}, version="3", unit="u1", timeout=5)

    (request,) = seen
    message, envelope = request.message, request.envelope
    assert (message.model, message.version, message.unit) == ("adder", "3", "u1")
    assert (message.work.outputs, message.work.parameters) == (["y"], {"k": "1"})
    assert (envelope.target_path, envelope.source_node, envelope.source_incarnation) == ("gateway", 0, 0)
    assert 4_000_000 < envelope.remaining_us <= 5_000_000
    assert envelope.trace == message.request_id != ""


def test_no_timeout_sends_no_deadline():
    seen = []
    door, client = served(lambda request: (seen.append(request.envelope.remaining_us), echo(request)), timeout=None)

    with door, client:
        client.infer("adder", {"x": np.ones(1)})

    assert seen == [None]


def test_generate_returns_the_whole_text():
    door, client = served(say_hello)

    with door, client:
        result = client.generate("clerk", "Say hello")

    assert result == troupe.Generation("Hello!", "stop", Usage(5, 3), "2", [troupe.Choice("Hello!", "stop")])


def test_generate_sends_all_it_was_told():
    seen = []
    door, client = served(lambda request: (seen.append(request.message.work), say_hello(request)))

    with door, client:
        client.generate(
            "clerk",
            "Hi",
            n=3,
            logprobs=2,
            echo=True,
            min_p=0.1,
            frequency_penalty=0.5,
            presence_penalty=-0.5,
            repetition_penalty=1.5,
            logit_bias={7: -100, 9: 2.5},
            min_tokens=4,
            stop_token_ids=[2],
            ignore_eos=True,
        )

    (work,) = seen
    assert (work.choices, work.top_logprobs, work.echo) == (3, 2, True)
    assert work.sampling == Sampling(
        min_p=0.1,
        frequency_penalty=0.5,
        presence_penalty=-0.5,
        repetition_penalty=1.5,
        logit_bias=[LogitBias(7, -100.0), LogitBias(9, 2.5)],
        min_tokens=4,
        stop_token_ids=[2],
        ignore_eos=True,
    )


def test_generate_says_what_the_answer_must_be():
    seen = []
    door, client = served(lambda request: (seen.append(request.message.work.answer_format), say_hello(request)))

    with door, client:
        client.generate("clerk", "Hi", json_schema={"type": "integer"})
        client.generate("clerk", "Hi", json_schema=True)
        client.generate("clerk", "Hi", choice=["yes", "no"])
        with pytest.raises(troupe.InvalidArgument):
            client.generate("clerk", "Hi", json_schema=True, choice=["yes"])

    assert seen == [JsonSchema('{"type": "integer"}'), JsonObject(), TextChoice(["yes", "no"])]


def test_choices_are_put_together_in_their_order():
    scores = [TokenScores(ScoredToken(1, b"x", -0.5), [])]

    def talk(request):
        request.part(TextPart("wor", choice=1), last=False)
        request.part(TextPart("hel", choice=0, scores=scores), last=False)
        request.part(TextPart("ld", FinishReason.LENGTH, choice=1), last=False)
        request.part(TextPart("lo", FinishReason.STOP, Usage(5, 9), choice=0, scores=scores))

    door, client = served(talk)

    with door, client:
        result = client.generate("clerk", "Hi", n=2, logprobs=0)

    assert result.choices == [troupe.Choice("hello", "stop", scores * 2), troupe.Choice("world", "length")]
    assert (result.text, result.usage) == ("hello", Usage(5, 9))


def test_a_stream_has_one_answer():
    door, client = served(ignore)

    with door, client, pytest.raises(troupe.InvalidArgument, match="without stream"):
        client.generate("clerk", "Hi", n=2, stream=True)


def test_embed_sends_texts_or_ids_and_returns_rows():
    seen = []
    values = np.arange(6, dtype=np.float32).reshape(2, 3)

    def answer(request):
        seen.append(request.message.work)
        request.part(EmbedResult(troupe.tensor("", values), [], Usage(7, 0)))

    door, client = served(answer)

    with door, client:
        rows = client.embed("minilm", ["a", [1, 2]], dimensions=3)
        client.embed("minilm", "one")

    assert np.array_equal(rows, values)
    assert seen[0] == Embed([PlainText("a"), TokenIds([1, 2])], 0, 3)
    assert seen[1].inputs == [PlainText("one")]


def test_score_takes_texts_and_pairs():
    seen = []

    def answer(request):
        seen.append(request.message.work)
        request.part(EmbedResult(troupe.tensor("", np.ones((2, 1), np.float32)), ["fits"], Usage(7, 0)))

    door, client = served(answer)

    with door, client:
        scores = client.score("cross", ["a", ("question", "answer")])

    assert seen == [Embed([PlainText("a"), TextPair("question", "answer")], 1)]
    assert scores.values.tolist() == [[1.0], [1.0]] and scores.labels == ["fits"]


def test_texts_become_tokens_and_tokens_texts():
    seen = []

    def answer(request):
        seen.append(request.message.work)
        request.part(TokenizeResult([5, 6], ["h", "i"], "hi", 256))

    door, client = served(answer)

    with door, client:
        ids = client.tokenize("clerk", "hi", add_special_tokens=False)
        text = client.detokenize("clerk", [5, np.int32(6)])

    assert (ids, text) == ([5, 6], "hi")
    assert seen == [Tokenize(PlainText("hi"), False), Tokenize(TokenIds([5, 6]), True)]


def test_an_answer_of_another_kind_is_an_error():
    door, client = served(say_hello)

    with door, client, pytest.raises(troupe.CorruptData, match="EmbedResult"):
        client.embed("minilm", "hi")


@pytest.mark.parametrize(
    "prompt, sent",
    [
        ("Hi", PlainText("Hi")),
        ([{"role": "user", "content": "Hi"}], Conversation([ChatMessage("user", "Hi")])),
        ([1, np.int32(2)], TokenIds([1, 2])),
    ],
)
def test_prompts_are_text_messages_or_token_ids(prompt, sent):
    seen = []
    door, client = served(lambda request: (seen.append(request.message.work), say_hello(request)))

    with door, client:
        client.generate("clerk", prompt, temperature=0, top_p=0.5, top_k=3, seed=7, max_tokens=9, stop="\n")

    (work,) = seen
    assert work.prompt == sent
    assert work.sampling == Sampling(0.0, 0.5, 3, 7, 9, ["\n"])


def test_a_prompt_of_anything_else_is_refused():
    door, client = served(ignore)

    with door, client, pytest.raises(troupe.InvalidArgument, match="prompt must be"):
        client.generate("clerk", [1, "two"])


def test_a_stream_gives_pieces_and_then_its_end():
    door, client = served(say_hello)

    with door, client:
        stream = client.generate("clerk", "Say hello", stream=True)
        pieces = list(stream)

    assert pieces == ["Hel", "lo", "!"]
    assert (stream.finish_reason, stream.usage, stream.version) == ("stop", Usage(5, 3), "2")
    assert door.cancels.empty()


def start_talking(request):
    request.part(TextPart("first"), last=False)


def test_closing_a_stream_early_cancels_the_request():
    door, client = served(start_talking)

    with door, client:
        with client.generate("clerk", "Talk", stream=True) as stream:
            assert next(stream) == "first"

        assert door.cancels.get(timeout=WAIT) == 1
        assert list(stream) == []


def test_dropping_a_stream_cancels_the_request():
    door, client = served(start_talking)

    with door, client:
        stream = client.generate("clerk", "Talk", stream=True)
        next(stream)
        del stream
        gc.collect()

        assert door.cancels.get(timeout=WAIT) == 1


def test_errors_have_the_class_of_their_code():
    door, client = served(lambda request: request.fail(6, "the queue is full", "model", 1500))

    with door, client, pytest.raises(troupe.Overloaded) as caught:
        client.generate("clerk", "Hi")

    error = caught.value
    assert (error.code, error.message, error.field, error.retry_after) == ("overloaded", "the queue is full", "model", 1.5)


def test_an_unknown_error_code_is_still_an_error():
    door, client = served(lambda request: request.fail(99, "odd"))

    with door, client, pytest.raises(troupe.TroupeError, match="unknown_99: odd"):
        client.generate("clerk", "Hi")


def test_an_answer_that_does_not_come_is_a_deadline_exceeded_and_cancelled():
    door, client = served(ignore)

    with door, client:
        with pytest.raises(troupe.DeadlineExceeded, match="within 0.05 seconds"):
            client.generate("clerk", "Hi", timeout=0.05)

        assert door.cancels.get(timeout=WAIT) == 1


def test_a_gap_in_the_parts_is_an_error():
    door, client = served(lambda request: request.part(TextPart("late"), index=1, last=False))

    with door, client, pytest.raises(troupe.CorruptData, match="expected part 0 of the answer, found part 1"):
        client.generate("clerk", "Hi")


def test_frames_that_are_not_of_the_protocol_are_dropped():
    def babble(request):
        for frames in ([b""], [b"\xc1", b"x"], [b"\x01"]):
            request._door.send([request._client, *frames])
        say_hello(request)

    door, client = served(babble)

    with door, client:
        assert client.generate("clerk", "Hi").text == "Hello!"


def test_answers_out_of_order_find_their_threads():
    waiting = []

    def answer_in_reverse(request):
        waiting.append(request)
        if len(waiting) == 2:
            for one in reversed(waiting):
                one.part(TextPart(one.message.work.prompt.text.upper(), FinishReason.STOP))

    door, client = served(answer_in_reverse)
    results = {}

    with door, client:
        threads = [
            threading.Thread(target=lambda word=word: results.update({word: client.generate("clerk", word).text}))
            for word in ("one", "two")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert results == {"one": "ONE", "two": "TWO"}


def test_many_threads_share_one_client():
    door, client = served(echo)
    failures = []

    def work(number):
        for i in range(50):
            sent = np.array([number, i])
            if not np.array_equal(client.infer("adder", {"x": sent})["x"], sent):
                failures.append((number, i))

    with door, client:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert failures == []


def test_closing_the_client_ends_calls_under_way():
    arrived = threading.Event()
    door, client = served(lambda request: arrived.set())
    errors = []

    def call():
        try:
            client.generate("clerk", "Hi")
        except troupe.TroupeError as error:
            errors.append(error.code)

    with door:
        thread = threading.Thread(target=call)
        thread.start()
        assert arrived.wait(WAIT)
        client.close()
        thread.join(WAIT)

        assert errors == ["cancelled"]
        with pytest.raises(troupe.Cancelled, match="the client is closed"):
            client.generate("clerk", "Hi")


def test_calls_end_with_a_door_that_goes_and_later_ones_find_its_successor():
    arrived = threading.Event()
    first, client = served(lambda request: arrived.set())
    errors = []

    def call():
        try:
            client.generate("clerk", "lost")
        except troupe.TroupeError as error:
            errors.append((error.code, error.field))

    with client:
        with first:
            thread = threading.Thread(target=call)
            thread.start()
            assert arrived.wait(WAIT)
        thread.join(WAIT)
        with FakeDoor(say_hello, port=first.port) as second:
            found = client.generate("clerk", "found")

            assert errors == [("unavailable", "address")]
            assert found.text == "Hello!"
            # Of the lost one: ZeroMQ might have had it still.
            assert second.cancels.get(timeout=WAIT) == 1


def test_an_impossible_address_is_refused_at_once():
    with pytest.raises(troupe.Unavailable, match="cannot connect to nonsense"):
        troupe.Client("nonsense")


def test_an_encrypted_door_is_reached_by_its_key():
    public, secret = zmq.curve_keypair()
    door = FakeDoor(echo, secret)
    client = troupe.Client(door.address, timeout=WAIT, server_key=public.decode())

    with door, client:
        outputs = client.infer("adder", {"x": np.ones(4)})

    assert outputs["x"].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("door_encrypts, client_encrypts", [(True, False), (False, True), (True, True)])
def test_a_door_with_another_key_or_none_is_told_nothing_and_the_caller_at_once(door_encrypts, client_encrypts):
    seen = []
    door = FakeDoor(seen.append, zmq.curve_keypair()[1] if door_encrypts else None)
    client = troupe.Client(
        door.address, timeout=WAIT, server_key=zmq.curve_keypair()[0].decode() if client_encrypts else None
    )

    with door, client:
        for _ in range(2):
            with pytest.raises(troupe.Unavailable, match="handshake") as caught:
                client.infer("adder", {"x": np.ones(1)})
            assert caught.value.field == "address"
    assert seen == []


@pytest.mark.parametrize(
    "options", [{"address": "tcp://192.0.2.1:8003"}, {"address": "tcp://127.0.0.1:8003", "server_key": "short"}]
)
def test_no_key_for_another_machine_or_none_at_all_is_refused_at_once(options):
    with pytest.raises(troupe.InvalidArgument) as caught:
        troupe.Client(**options)
    assert caught.value.field == "server_key"


def test_tools_go_out_and_calls_come_back():
    seen = []

    def call(request):
        seen.append(request.message.work.prompt)
        request.part(TextPart("", tool_calls=[ToolCallPart(0, "c1", "f", '{"a":')]), last=False)
        last = TextPart("", FinishReason.TOOL_CALLS, Usage(5, 3), tool_calls=[ToolCallPart(0, "", "", " 1}")])
        request.part(last)

    door, client = served(call)
    tool = {"type": "function", "function": {"name": "f", "parameters": {"b": 1, "a": 2}, "strict": True}}
    asked = {"id": "c0", "type": "function", "function": {"name": "f", "arguments": {"x": "ü"}}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [asked, ToolCall("c9", "f", "{}")]},
        {"role": "tool", "tool_call_id": "c0", "name": "f", "content": "7"},
    ]
    with door, client:
        answer = client.generate("m", messages, tools=[tool], tool_choice="f", parallel_tool_calls=False)
        stream = client.generate("m", messages, tools=[tool], stream=True)
        assert list(stream) == []

    assert answer.tool_calls == stream.tool_calls == [ToolCall("c1", "f", '{"a": 1}')]
    assert answer.finish_reason == stream.finish_reason == "tool_calls"
    assert seen[0] == Conversation(
        [
            ChatMessage("assistant", "", tool_calls=[ToolCall("c0", "f", '{"x": "ü"}'), ToolCall("c9", "f", "{}")]),
            ChatMessage("tool", "7", "f", "c0"),
        ],
        [Tool("f", "", '{"b": 1, "a": 2}', True)],
        ToolChoice.NAMED,
        "f",
        False,
    )
    assert seen[1].tool_choice == ToolChoice.AUTOMATIC


@pytest.mark.parametrize(
    ("prompt", "settings", "field"),
    [
        ("a text", {"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ([{"role": "user", "content": "a"}], {"tools": [{"name": "f"}]}, "tools"),
        ([{"role": "assistant"}], {}, "prompt"),
        ([{"role": "assistant", "tool_calls": [{"id": "c"}]}], {}, "prompt"),
    ],
)
def test_tools_and_calls_that_are_none_are_refused(prompt, settings, field):
    door, client = served(ignore)
    with door, client, pytest.raises(troupe.InvalidArgument) as caught:
        client.generate("m", prompt, **settings)

    assert caught.value.field == field
