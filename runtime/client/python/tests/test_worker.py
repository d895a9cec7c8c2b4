"""The worker process, driven as a node drives it."""

import ast

import numpy as np
import pytest
from fake_node import WAIT, FakeNode, generate, infer

import troupe
from troupe.errors import number_of
from troupe.messages import (
    ChatMessage,
    Conversation,
    FinishReason,
    Generate,
    JsonObject,
    LoadBackend,
    ModelTask,
    PlainText,
    TensorSpec,
    TokenIds,
    Tool,
    ToolCall,
    ToolChoice,
    Unload,
    Usage,
)


def test_a_batch_is_one_call_with_stacked_arrays(tmp_path):
    code = """
        @troupe.model
        class Model:
            def __call__(self, batch):
                return {"y": batch["x"] * 2, "shape": np.tile(batch["x"].shape, (batch.size, 1))}
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        a, b = node.answers(*node.execute(infer(x=np.array([1.0, 2.0])), infer(x=np.array([3.0, 4.0]))))

    assert a["y"].tolist() == [2, 4] and b["y"].tolist() == [6, 8]
    assert a["shape"].tolist() == b["shape"].tolist() == [2, 2]


def test_arrays_that_differ_in_shape_come_as_a_list_and_the_model_may_write_into_them(tmp_path):
    code = """
        @troupe.model
        def Model(batch):
            assert isinstance(batch["x"], list)
            for x in batch["x"]:
                x += 1
            return [{"y": x, "size": np.array(x.size)} for x in batch["x"]]
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        a, b = node.answers(*node.execute(infer(x=np.zeros(2)), infer(x=np.zeros((2, 2)))))

    assert a["y"].tolist() == [1, 1] and b["y"].tolist() == [[1, 1], [1, 1]]
    assert (a["size"], b["size"]) == (2, 4)


def test_items_of_different_names_are_called_apart(tmp_path):
    code = """
        @troupe.model
        def Model(batch):
            return {"names": [",".join(sorted(batch))] * batch.size}
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        works = infer(x=np.ones(1)), infer(x=np.ones(1), y=np.ones(1)), infer(x=np.zeros(1))
        a, b, c = node.answers(*node.execute(*works))

    assert [one["names"].item() for one in (a, b, c)] == [b"x", b"x,y", b"x"]


def test_declared_inputs_are_shown_to_the_node_and_others_are_refused(tmp_path):
    code = """
        @troupe.model(
            inputs={"x": ("FP32", [-1, 2]), "scale": troupe.TensorSpec(np.float32, [], optional=True)},
            outputs={"y": ("BYTES", [None])},
        )
        class Model:
            def infer(self, batch):
                return {"y": np.array([[str(x.sum())] for x in batch["x"]], dtype=object)}
    """
    with FakeNode(tmp_path, code) as node:
        interface = node.load().interface
        x = np.ones((3, 2), dtype=np.float32)
        works = [infer(x=x), infer(x=x.astype(np.float64)), infer(x=x[:, :1]), infer(z=x), infer(scale=np.float32(1))]
        answer, *refused = node.answers(*node.execute(*works))

    assert interface.tasks == [ModelTask.INFER]
    assert interface.inputs == [TensorSpec("x", 12, [-1, 2]), TensorSpec("scale", 12, [], True)]
    assert interface.outputs == [TensorSpec("y", 14, [-1])]
    assert answer["y"].tolist() == [b"6.0"]
    takes = "this model takes 'x' FP32 [-1, 2], 'scale' FP32 []"
    assert [one.message for one in refused] == [
        "input 'x' is FP64, this model takes FP32 [-1, 2]",
        "input 'x' has shape [3, 1], this model takes FP32 [-1, 2]",
        f"there is no input 'z'; {takes}",
        f"input 'x' is missing; {takes}",
    ]
    assert {one.code for one in refused} == {number_of("invalid_argument")}


def test_what_cannot_be_declared_is_refused_where_it_stands(tmp_path):
    with pytest.raises(ValueError, match=r"""inputs\['x'\] is \('FLOAT', \[1\]\), not like .*there is no dtype 'FLOAT'"""):
        troupe.model(inputs={"x": ("FLOAT", [1])})
    with pytest.raises(ValueError, match=r"outputs\['y'\] is .*a length at least 0"):
        troupe.model(outputs={"y": ("FP32", [-2])})
    with pytest.raises(ValueError, match=r"inputs\['x'\] is 'FP32', not like"):
        troupe.model(inputs={"x": "FP32"})


def test_a_model_without_batches_gets_one_item_as_it_was_sent(tmp_path):
    code = """
        @troupe.model(batch=False)
        def Model(item):
            if isinstance(item, str):
                return item.upper() + item.request.id
            return item["x"].sum() + float(item.requests[0].parameters["add"])
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        ids = node.execute(infer(x=np.ones((2, 2)), parameters={"add": "1"}), generate("hi"))
        number, text = node.answers(*ids)

    assert number["output"] == 5 and text == "HIr2"


def test_only_the_wanted_outputs_are_sent_and_unknown_ones_refused(tmp_path):
    code = """
        @troupe.model
        def Model(batch):
            return {"a": batch["x"], "b": batch["x"]}
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        some, none = node.answers(*node.execute(infer(["b"], x=np.ones(1)), infer(["c"], x=np.ones(1))))

    assert list(some) == ["b"]
    assert (none.code, none.field) == (2, "outputs") and "'c'" in none.message and "a, b" in none.message


def test_an_error_of_one_item_leaves_the_others_alone(tmp_path):
    code = """
        @troupe.model
        class Model:
            def infer(self, batch):
                return [troupe.ItemError("x is negative", field="x") if x < 0 else np.sqrt(x) for x in batch["x"]]
            def generate(self, batch):
                return [ValueError("no vowels") if text == "hm" else text for text in batch]
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        good, bad = node.answers(*node.execute(infer(x=np.array(4.0)), infer(x=np.array(-1.0))))
        said, unsaid = node.answers(*node.execute(generate("oh"), generate("hm")))

    assert good["output"] == 2
    assert (bad.code, bad.message, bad.field) == (2, "x is negative", "x")
    assert said == "oh"
    assert (unsaid.code, unsaid.message) == (1, "ValueError: no vowels")


def test_an_exception_fails_the_batch_and_the_model_lives_on(tmp_path):
    code = """
        @troupe.model
        def Model(batch):
            print("asked for", batch["x"][0])
            return 1 / batch["x"] if batch["x"].all() else [][1]
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        first, second = node.answers(*node.execute(infer(x=np.array(0.0)), infer(x=np.array(1.0))))
        (after,) = node.answers(*node.execute(infer(x=np.array(2.0))))
        log = node.log()

    assert first == second and first.code == 1 and first.message == "IndexError: list index out of range"
    assert after["output"] == 0.5
    assert "served.py" in log and "asked for 2.0" in log  # A traceback, and what was printed.


@pytest.mark.parametrize(
    "answer, why",
    [
        ("{'y': batch['x'][:1]}", "output 'y' has 1 items, the batch has 2"),
        ("[1, 2, 3]", "answer has 3 items, the batch has 2"),
        ("None", "of type NoneType"),
        ("['a', 'b']", "with text"),
        ("[np.array([1j]), 1]", "complex"),
    ],
)
def test_an_answer_that_does_not_fit_says_what_would(tmp_path, answer, why):
    code = f"""
        @troupe.model
        def Model(batch):
            return {answer}
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        first, _ = node.answers(*node.execute(infer(x=np.ones(1)), infer(x=np.ones(1))))

    assert first.code == 1 and why in first.message


def test_texts_and_chats_come_as_strings(tmp_path):
    code = """
        @troupe.model
        class Model:
            def generate(self, batch):
                assert all(isinstance(prompt, str) for prompt in batch)
                return [
                    troupe.Text(f"{prompt}|{prompt.messages}|{r.sampling.max_tokens}", "length", 3, 4)
                    for prompt, r in zip(batch, batch.requests)
                ]
    """
    chat = Conversation([ChatMessage("user", "Hi")])
    with FakeNode(tmp_path, code) as node:
        node.load()
        held = Generate(PlainText("Hello"), answer_format=JsonObject())
        ids = node.execute(generate("Hello", max_tokens=7), generate(chat), generate(TokenIds([1])), held)
        said = {}
        while len(said) < 4:
            one = node.next()
            said[one.envelope.correlation_id] = one.body
        plain, chatted, tokens = said[ids[0]].content, said[ids[1]].content, said[ids[2]]

    assert (plain.text, plain.finish, plain.usage) == ("Hello|None|7", FinishReason.LENGTH, Usage(3, 4))
    assert chatted.text == "user: Hi|[{'role': 'user', 'content': 'Hi'}]|16"
    assert tokens.code == 12 and "token ids" in tokens.message
    assert said[ids[3]].code == 12 and said[ids[3]].field == "response_format"


def test_tools_come_as_openai_has_them_and_calls_go_back(tmp_path):
    code = """
        @troupe.model(tools=True)
        class Model:
            def generate(self, batch):
                return [
                    troupe.Text(
                        repr((p.messages, p.tools, p.tool_choice, p.parallel_tool_calls)),
                        tool_calls=[troupe.ToolCall("mine", "f", '{"a": 1}'), troupe.ToolCall(name="g", arguments={})],
                    )
                    for p in batch
                ]
    """
    call = ToolCall("c", "f", "{}")
    messages = [ChatMessage("assistant", "", tool_calls=[call]), ChatMessage("tool", "7", "f", "c")]
    named = Conversation(messages, [Tool("f", "Does", '{"b": 1}', True), Tool("g")], ToolChoice.NAMED, "g", False)
    with FakeNode(tmp_path, code) as node:
        node.load()
        node.execute(generate(named))
        said = node.next().body.content

    first, second = said.tool_calls
    assert said.finish == FinishReason.TOOL_CALLS
    assert (first.index, first.id, first.name, first.arguments) == (0, "mine", "f", '{"a": 1}')
    assert (second.index, second.name, second.arguments) == (1, "g", "{}") and second.id.startswith("call_")
    seen_messages, tools, choice, parallel = ast.literal_eval(said.text)
    assert seen_messages[0]["tool_calls"] == [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    assert seen_messages[1] == {"role": "tool", "content": "7", "name": "f", "tool_call_id": "c"}
    assert tools[0] == {
        "type": "function",
        "function": {"name": "f", "description": "Does", "parameters": {"b": 1}, "strict": True},
    }
    assert tools[1]["function"] == {"name": "g", "parameters": {"type": "object", "properties": {}}}
    assert (choice, parallel) == ("g", False)


def test_calls_of_a_stream_go_out_with_its_pieces(tmp_path):
    code = """
        @troupe.model(tools=True, batch=False)
        def Model(prompt):
            yield "a"
            yield troupe.Text("", tool_calls=[troupe.ToolCall("1", "f", "{}")])
            yield troupe.Text("", tool_calls=[troupe.ToolCall("2", "g", "{}")])
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        node.execute(generate("Hello", stream=True))
        parts = [node.next().body.content for _ in range(4)]

    assert [part.text for part in parts] == ["a", "", "", ""]
    assert [(call.index, call.name) for part in parts for call in part.tool_calls] == [(0, "f"), (1, "g")]
    assert [part.finish for part in parts] == [FinishReason.NONE] * 3 + [FinishReason.TOOL_CALLS]


def test_a_model_that_says_nothing_of_tools_is_given_none(tmp_path):
    code = """
        @troupe.model
        def Model(batch):
            return [str(prompt.tools) for prompt in batch]
    """
    chat = Conversation([ChatMessage("user", "Hi")], [Tool("f")])
    unwanted = Conversation([ChatMessage("user", "Hi")], [Tool("f")], ToolChoice.NONE)
    broken = Conversation([ChatMessage("user", "Hi")], [Tool("f", "", "{")])
    with FakeNode(tmp_path, code) as node:
        node.load()
        node.execute(generate(chat))
        refused = node.next().body
        node.execute(generate(unwanted))
        answered = node.next().body.content
    with FakeNode(tmp_path, code.replace("@troupe.model", "@troupe.model(tools=True)")) as node:
        node.load()
        node.execute(generate(broken))
        unreadable = node.next().body

    assert (refused.code, refused.field) == (12, "tools") and "takes no tools" in refused.message
    assert answered.text == "None"
    assert (unreadable.code, unreadable.field) == (2, "tools")


def test_a_generator_streams_its_pieces_to_those_who_asked_for_a_stream(tmp_path):
    code = """
        @troupe.model
        class Model:
            def generate(self, batch):
                yield [prompt[0] for prompt in batch]
                yield [None, "b"]
                yield [troupe.Text("!", "length"), "c"]
                yield ["too late", "d"]
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        short, long = node.execute(generate("x", stream=True), generate("a", stream=True))
        parts = {short: [], long: []}
        while not all(one and one[-1][1] for one in parts.values()):
            said = node.next()
            position = said.envelope.part
            assert position.index == len(parts[said.envelope.correlation_id])
            parts[said.envelope.correlation_id].append((said.body.content.text, position.last))
        (whole, _) = node.answers(*node.execute(generate("w"), generate("z")))

    assert parts[short] == [("x", False), ("!", True)]
    assert parts[long] == [("a", False), ("b", False), ("c", False), ("d", False), ("", True)]
    assert whole == "w!"


def test_a_generator_of_tensors_is_answered_at_its_end(tmp_path):
    code = """
        @troupe.model(batch=False)
        def Model(item):
            yield {"a": item["x"]}
            yield {"b": item["x"] + 1}
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        (result,) = node.answers(*node.execute(infer(x=np.ones(1))))

    assert result["a"] == 1 and result["b"] == 2


def test_an_exception_in_a_stream_ends_it_with_an_error(tmp_path):
    code = """
        @troupe.model(batch=False)
        def Model(prompt):
            yield "so far"
            raise RuntimeError("and no further")
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        node.execute(generate("x", stream=True))
        part, error = node.next(), node.next()

    assert part.body.content.text == "so far"
    assert error.body.message == "RuntimeError: and no further"


def test_a_cancelled_stream_is_closed_at_its_next_piece_and_others_go_on(tmp_path):
    code = """
        import time

        @troupe.model(slots=4, batch=False)
        def Model(prompt):
            try:
                while True:
                    time.sleep(0.005)
                    yield prompt
            finally:
                print("closed", prompt)
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        gone, kept = node.execute(generate("gone", stream=True), generate("kept", stream=True))
        seen = {node.next().envelope.correlation_id for _ in range(4)}
        node.cancel(gone)
        while "closed gone" not in node.log():
            node.next()
        for _ in range(20):  # What was under way may still come.
            node.next()
        late = {node.next().envelope.correlation_id for _ in range(10)}
        log = node.log()

    assert seen == {gone, kept} and late == {kept}
    assert "closed kept" not in log


ENDLESS = """
    @troupe.model(slots=4, batch=False)
    def Model(prompt):
        for i in range(10**9):
            print("piece", i, flush=True)
            yield "x" * 1000
"""
PIECE = 1256  # What one of its pieces counts against the credit.


def test_a_generator_rests_while_its_client_has_not_read(tmp_path):
    with FakeNode(tmp_path, ENDLESS) as node:
        node.load()
        (work,) = node.execute(generate("x", stream=True), credit=3 * PIECE)
        first = [node.next().body.content.text for _ in range(3)]
        node.credit(work, 2 * PIECE)
        more = [node.next().body.content.text for _ in range(2)]
        node.wait_for_progress(lambda progress: progress.step_running_us == 0)
        node.wait_for_progress(lambda progress: progress.step_running_us == 0)
        made = node.log().count("piece")
        node.cancel(work)
        (next_work,) = node.execute(generate("y", stream=True), credit=1)
        said = node.next()

    assert {len(text) for text in first + more} == {1000}
    assert made == 5
    assert said.envelope.correlation_id == next_work


def test_one_that_rests_does_not_hold_up_another(tmp_path):
    with FakeNode(tmp_path, ENDLESS) as node:
        node.load()
        slow, fast = node.execute(generate("x", stream=True), generate("y", stream=True), credit=PIECE)
        {node.next().envelope.correlation_id for _ in range(2)}
        node.credit(fast, 10 * PIECE)
        came = [node.next().envelope.correlation_id for _ in range(10)]

    assert came == [fast] * 10


def test_in_a_batch_the_text_of_the_one_who_does_not_read_waits_and_comes_in_one_piece(tmp_path):
    code = """
        @troupe.model(slots=4)
        class Model:
            def generate(self, batch):
                for i in range(4):
                    yield [f"{i}" for _ in batch]
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        (slow, fast) = ids = node.execute(generate("x", stream=True), generate("y", stream=True), credit=1)
        node.credit(fast, 1 << 20)
        parts = {work: [] for work in ids}
        while not all(one and one[-1][1] for one in parts.values()):
            said = node.next()
            parts[said.envelope.correlation_id].append((said.body.content.text, said.envelope.part.last))

    assert parts[slow] == [("0", False), ("123", True)]
    assert "".join(text for text, _ in parts[fast]) == "0123"


def test_too_much_that_waits_for_one_of_a_batch_ends_it(tmp_path):
    code = """
        @troupe.model(slots=4)
        class Model:
            def generate(self, batch):
                while True:
                    yield ["x" * 300_000 for _ in batch]
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        (slow, fast) = node.execute(generate("x", stream=True), generate("y", stream=True), credit=1)
        node.credit(fast, 1 << 40)
        said = node.next()
        while said.kind != "ErrorBody":
            said = node.next()

    assert said.envelope.correlation_id == slow
    assert "too slowly" in said.body.message


def test_a_cancelled_item_that_waits_is_dropped(tmp_path):
    code = """
        import time

        @troupe.model(slots=4)
        def Model(batch):
            print("called with", batch["x"].tolist())
            time.sleep(0.3)
            return batch["x"]
    """
    with FakeNode(tmp_path, code, batch_max=1) as node:
        node.load()
        first, second, third = node.execute(*(infer(x=np.array(i)) for i in (1, 2, 3)))
        node.cancel(second)
        node.answers(first, third)
        log = node.log()

    assert "called with [1]" in log and "called with [3]" in log and "called with [2]" not in log


def test_what_waits_while_a_batch_runs_is_the_next_batch(tmp_path):
    code = """
        import time

        @troupe.model
        def Model(batch):
            time.sleep(0.5)
            return {"size": np.full(batch.size, batch.size)}
    """
    with FakeNode(tmp_path, code, batch_max=4) as node:
        assert node.load().slots == 8
        ids = node.execute(infer(x=np.ones(1)))
        node.wait_for_progress(lambda progress: progress.step_running_us > 0)
        ids += [node.execute(infer(x=np.ones(1)))[0] for _ in range(4)]
        sizes = [one["size"].item() for one in node.answers(*ids)]

    assert sizes == [1, 4, 4, 4, 4]


def test_more_than_the_slots_is_refused(tmp_path):
    code = """
        import time

        @troupe.model(slots=1)
        def Model(batch):
            time.sleep(0.2)
            return batch["x"]
    """
    with FakeNode(tmp_path, code) as node:
        assert node.load().slots == 1
        good, refused = node.answers(*node.execute(infer(x=np.ones(1)), infer(x=np.ones(1))))

    assert good["output"] == 1
    assert refused.code == 6 and "slot" in refused.message


def test_expired_work_does_not_reach_the_model(tmp_path):
    code = """
        @troupe.model
        def Model(batch):
            raise AssertionError("called")
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        (late,) = node.answers(*node.execute(infer(x=np.ones(1)), remaining_us=0))

    assert late.code == 7


def test_settings_the_folder_and_the_declared_step_reach_their_places(tmp_path):
    (tmp_path / "bias.npy").write_bytes(b"")
    np.save(tmp_path / "bias.npy", np.array(10.0))
    code = """
        @troupe.model(slots=3, longest_step=2.5)
        class Model:
            def __init__(self, factor="1"):
                self.factor = float(factor)
            def load(self, folder):
                self.bias = np.load(folder / "bias.npy")
            def warm_up(self):
                print("warming up")
            def unload(self):
                print("unloading")
            def __call__(self, batch):
                return batch["x"] * self.factor + self.bias
    """
    with FakeNode(tmp_path, code, settings={"factor": "3"}) as node:
        warm = node.load()
        (result,) = node.answers(*node.execute(infer(x=np.array(1.0))))
        node.send(Unload())
        code = node.process.wait(WAIT)
        log = node.log()

    assert (warm.slots, warm.longest_step_us, warm.name) == (3, 2_500_000, "served:Model")
    assert result["output"] == 13
    assert code == 0 and log.index("warming up") < log.index("unloading")


@pytest.mark.parametrize(
    "code, entry, settings, reason",
    [
        ("import no_such_module", "served:Model", {}, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("class Model: pass", "served:Model", {}, "put @troupe.model above it"),
        ("@troupe.model\nclass Model: pass", "served:Modell", {}, "has no attribute 'Modell'"),
        ("@troupe.model\nclass Model: pass", "served", {}, "MODULE:CLASS"),
        ("@troupe.model\nclass Model: pass", "served:Model", {"speed": "2"}, "takes no arguments"),
        ("@troupe.model\ndef Model(batch): pass", "served:Model", {"speed": "2"}, "takes no settings"),
        ("@troupe.model\nclass Model:\n def load(self, f): 1 / 0", "served:Model", {}, "ZeroDivisionError"),
        ("raise SystemExit('enough')", "served:Model", {}, "enough"),
    ],
)
def test_a_model_that_cannot_be_loaded_says_why_and_exits(tmp_path, code, entry, settings, reason):
    with FakeNode(tmp_path, code, entry, settings=settings) as node:
        assert node.next().kind == "WorkerHello"
        node.send(LoadBackend(node.spec))
        said = node.next()
        if said.kind == "BackendLoaded":
            said = node.next()
        status = node.process.wait(WAIT)
        log = node.log()

    assert said.kind == "ErrorBody" and said.envelope.correlation_id == 0
    assert reason in said.body.message
    assert status == 1 and "Traceback" in log


def test_a_model_that_says_it_is_broken_ends(tmp_path):
    code = """
        @troupe.model
        def Model(batch):
            raise troupe.ModelBroken("device 0 is lost")
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        node.execute(infer(x=np.ones(1)))
        said = node.next()
        status = node.process.wait(WAIT)

    assert (said.envelope.correlation_id, said.body.message, status) == (0, "device 0 is lost", 1)


def test_progress_tells_the_age_of_a_step_that_hangs_and_where_it_is(tmp_path):
    code = """
        import threading
        lock = threading.Lock()

        @troupe.model(longest_step=0.1)
        def Model(batch):
            if batch["x"][0] > 0:
                lock.acquire()
                lock.acquire()  # here it hangs
            return batch["x"]
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        node.answers(*node.execute(infer(x=np.array(0))))
        idle = node.wait_for_progress(lambda progress: progress.steps == 1)
        node.execute(infer(x=np.array(1)))
        stuck = node.wait_for_progress(lambda progress: progress.step_running_us > 900_000)
        log = node.log()

    assert idle.step_running_us == 0
    assert stuck.steps == 1
    assert "here it hangs" in log


def test_progress_stops_where_the_interpreter_is_held(tmp_path):
    code = """
        import ctypes

        @troupe.model(longest_step=0.1)
        def Model(batch):
            ctypes.PyDLL(None).sleep(20)
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        node.execute(infer(x=np.array(1)))
        while node._socket.poll(1000):
            node._socket.recv_multipart()

        assert node.process.poll() is None


def test_it_ends_with_its_node(tmp_path):
    code = """
        import time

        @troupe.model
        def Model(batch):
            time.sleep(30)
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        node.execute(infer(x=np.array(1)))
        node.wait_for_progress(lambda progress: progress.step_running_us > 0)
        node.cut_lifeline()

        assert node.process.wait(5) == 1


def test_unload_does_not_wait_for_a_step_for_long(tmp_path):
    code = """
        import time

        @troupe.model
        def Model(batch):
            time.sleep(30)
    """
    with FakeNode(tmp_path, code) as node:
        node.load()
        node.execute(infer(x=np.array(1)))
        node.wait_for_progress(lambda progress: progress.step_running_us > 0)
        node.send(Unload())

        assert node.process.wait(5) == 0


def test_large_tensors_come_back_as_they_went(tmp_path):
    code = """
        @troupe.model
        def Model(batch):
            return batch
    """
    given = np.random.default_rng(1).integers(0, 256, 2 << 20, dtype=np.uint8)
    with FakeNode(tmp_path, code) as node:
        node.load()
        results = node.answers(*node.execute(*[infer(x=given, words=np.array(["a", "ü"]))] * 3))

    assert all(np.array_equal(one["x"], given) for one in results)
    assert results[0]["words"].tolist() == [b"a", "ü".encode()]
