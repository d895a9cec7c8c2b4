"""Tools by OpenAI's own Python client: a native model that calls them, and one in Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List

import openai
import pytest
import troupe
from python_models import start_model
from tool_model import ANSWER, CALLS, GREETING, write_tool_model
from troupe_cluster import CLERK, Cluster, deployment
from websockets.sync.client import connect

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "What the weather is like",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}, "days": {"type": "integer"}}},
    },
}
NOW = {"type": "function", "function": {"name": "now"}}
TOOLS = [WEATHER, NOW]
QUESTION = {"role": "user", "content": "What is the weather like?"}

PYTHON_MODEL = """
    @troupe.model(tools=True)
    def Asker(batch):
        def answer(prompt):
            if prompt.tools is None:
                return "no tools"
            if prompt.messages[-1]["role"] == "tool":
                call = prompt.messages[-2]["tool_calls"][0]["function"]
                return f"{call['name']}({call['arguments']}) is {prompt.messages[-1]['content']}"
            name = prompt.tools[0]["function"]["name"]
            wanted = prompt.tool_choice if prompt.tool_choice not in ("auto", "required") else name
            return troupe.Text("Well.", tool_calls=[troupe.ToolCall(name=wanted, arguments={"place": "Brün"})])
        return [answer(prompt) for prompt in batch]
"""


@pytest.fixture(scope="module")
def calling(shared: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    shared.start_head()
    folder = tmp_path_factory.mktemp("models")
    write_tool_model(folder / "caller")
    shared.run("model", "add", "caller@1", folder / "caller")
    shared.run("model", "add", "clerk@2", CLERK / "2")
    shared.apply(deployment("caller", "caller@1") + deployment("clerk", "clerk@2"))
    start_model(shared, folder / "python", PYTHON_MODEL, "served:Asker", "--name", "asker")
    shared.wait_for_traffic("caller", "clerk")
    return shared


@pytest.fixture
def client(calling: Cluster) -> Iterator[openai.OpenAI]:
    url = calling.gateway.url("http") + "/v1"
    with openai.OpenAI(base_url=url, api_key="any", max_retries=0, timeout=30) as client:
        yield client


def chat(client: openai.OpenAI, messages: List[Any], **settings: Any) -> Any:
    return client.chat.completions.create(**{"model": "caller", "messages": messages, "temperature": 0, **settings})


def calls_of(message: Any) -> List[tuple]:
    return [(call.function.name, call.function.arguments) for call in message.tool_calls or ()]


# --- A native model


def test_a_model_calls_tools_and_answers_when_it_has_been_told(client):
    messages: List[Any] = [QUESTION]
    first = chat(client, messages, tools=TOOLS).choices[0]

    assert first.finish_reason == "tool_calls"
    assert first.message.content is None
    assert calls_of(first.message) == CALLS
    ids = [call.id for call in first.message.tool_calls]
    assert len(set(ids)) == 2 and all(id.startswith("call_") for id in ids)

    messages.append(first.message)
    messages += [{"role": "tool", "tool_call_id": id, "content": "sun"} for id in ids]
    second = chat(client, messages, tools=TOOLS).choices[0]

    assert (second.message.content, second.finish_reason) == (ANSWER, "stop")
    assert second.message.tool_calls is None


def test_a_streamed_call_comes_name_first_and_then_its_arguments_in_pieces(client):
    events = list(chat(client, [QUESTION], tools=TOOLS, stream=True, stream_options={"include_usage": True}))

    deltas = [event.choices[0].delta for event in events if event.choices]
    pieces = [piece for delta in deltas for piece in delta.tool_calls or ()]
    assert "".join(delta.content or "" for delta in deltas) == ""
    assert [piece.function.name for piece in pieces if piece.function.name] == [name for name, _ in CALLS]
    assert [piece.id is not None for piece in pieces] == [piece.function.name is not None for piece in pieces]
    for index, (_, arguments) in enumerate(CALLS):
        mine = [piece.function.arguments for piece in pieces if piece.index == index]
        assert "".join(mine) == arguments
    assert sum(piece.index == 0 for piece in pieces) > 3
    assert [e.choices[0].finish_reason for e in events if e.choices and e.choices[0].finish_reason] == ["tool_calls"]
    assert events[-1].usage.completion_tokens > 10


def test_one_call_alone_where_they_shall_not_be_parallel(client):
    choice = chat(client, [QUESTION], tools=TOOLS, parallel_tool_calls=False).choices[0]

    assert calls_of(choice.message) == CALLS[:1]
    assert choice.finish_reason == "tool_calls"


def test_a_call_can_be_forced(client):
    def tool(name: str, values: List[Any]) -> Dict[str, Any]:
        schema = {
            "type": "object",
            "properties": {"value": {"enum": values}},
            "required": ["value"],
            "additionalProperties": False,
        }
        return {"type": "function", "function": {"name": name, "parameters": schema}}

    tools = [tool("first", ["ü"]), tool("second", [7])]
    named = chat(client, [QUESTION], tools=tools, tool_choice={"type": "function", "function": {"name": "second"}})
    any_one = chat(client, [QUESTION], tools=tools, tool_choice="required").choices[0]
    told = [QUESTION, any_one.message, {"role": "tool", "tool_call_id": any_one.message.tool_calls[0].id, "content": "x"}]

    assert [(name, json.loads(text)) for name, text in calls_of(named.choices[0].message)] == [("second", {"value": 7})]
    assert named.choices[0].finish_reason == any_one.finish_reason == "tool_calls"
    ((name, text),) = calls_of(any_one.message)
    assert (name, json.loads(text)) in [("first", {"value": "ü"}), ("second", {"value": 7})]
    assert chat(client, told, tools=tools).choices[0].message.content == ANSWER


def test_without_tools_or_with_the_choice_none_there_are_no_calls(client):
    for settings in ({}, {"tools": TOOLS, "tool_choice": "none"}, {"tools": []}):
        choice = chat(client, [QUESTION], **settings).choices[0]
        assert (choice.message.content, choice.message.tool_calls, choice.finish_reason) == (GREETING, None, "stop")


def test_a_cut_off_answer_has_its_reason_and_what_came_of_the_call(client):
    choice = chat(client, [QUESTION], tools=TOOLS, max_tokens=5).choices[0]

    assert choice.finish_reason == "length"
    assert calls_of(choice.message) == [("get_weather", '{"place": "Br')]


def test_each_choice_has_calls_of_its_own(client):
    choices = chat(client, [QUESTION], tools=TOOLS, n=2).choices

    assert [calls_of(choice.message) for choice in choices] == [CALLS, CALLS]
    assert choices[0].message.tool_calls[0].id != choices[1].message.tool_calls[0].id


def test_the_schema_reaches_the_model(client):
    def prompt_tokens(tools: List[Dict[str, Any]]) -> int:
        return chat(client, [QUESTION], tools=tools, max_tokens=1).usage.prompt_tokens

    longer = {"type": "function", "function": {**NOW["function"], "description": "x" * 50}}
    assert prompt_tokens([longer]) >= prompt_tokens([NOW]) + 50


@pytest.mark.parametrize(
    ("settings", "param", "said"),
    [
        ({"model": "clerk", "tools": TOOLS}, "tools", "takes no tools"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools", "letters, digits"),
        ({"tools": [NOW, NOW]}, "tools", "given twice"),
        (
            {"tools": [NOW], "tool_choice": "required", "response_format": {"type": "json_object"}},
            "tool_choice",
            "leave one of them out",
        ),
        (
            {
                "tools": [{"type": "function", "function": {"name": "f", "parameters": {"pattern": "a+"}}}],
                "tool_choice": "required",
            },
            "tools",
            "pattern",
        ),
        ({"tools": [NOW], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice", "none of the"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client, settings, param, said):
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, [QUESTION], **settings)

    assert caught.value.param == param
    assert said in caught.value.message


# --- Other doors


def test_a_websocket_streams_calls(calling):
    url = calling.gateway.url("http").replace("http", "ws", 1) + "/v1/ws"
    body = {"model": "caller", "messages": [QUESTION], "tools": TOOLS, "temperature": 0, "stream": True}
    arguments = ""
    with connect(url) as door:
        door.send(json.dumps({"id": "a", "path": "/v1/chat/completions", "body": body}))
        frame = json.loads(door.recv(timeout=20))
        while frame["event"] != "end":
            for choice in frame.get("body", {}).get("choices", ()):
                for call in choice["delta"].get("tool_calls", ()):
                    arguments += call["function"]["arguments"]
            frame = json.loads(door.recv(timeout=20))

    assert arguments == "".join(arguments for _, arguments in CALLS)


def test_tools_are_counted_by_tokenize(calling):
    with calling.http() as door:
        plain = door.post("/tokenize", {"model": "caller", "messages": [QUESTION]}).json()["count"]
        told = door.post("/tokenize", {"model": "caller", "messages": [QUESTION], "tools": TOOLS}).json()["count"]
        refused = door.post("/tokenize", {"model": "caller", "prompt": "a", "tools": TOOLS})

    assert told > plain + 100
    assert refused.status == 400 and refused.json()["error"]["param"] == "tools"


def test_troupes_own_client_calls_and_answers(calling):
    with troupe.Client(calling.gateway.url("zmq")) as client:
        first = client.generate("caller", [QUESTION], tools=TOOLS, max_tokens=64, temperature=0)
        calls = [
            {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
            for one in first.tool_calls
        ]
        told = [{"role": "tool", "tool_call_id": one.id, "content": "sun"} for one in first.tool_calls]
        second = client.generate(
            "caller",
            [QUESTION, {"role": "assistant", "tool_calls": calls}, *told],
            tools=TOOLS,
            max_tokens=64,
            temperature=0,
        )
        stream = client.generate("caller", [QUESTION], tools=TOOLS, max_tokens=64, temperature=0, stream=True)
        text = "".join(stream)

    assert [(call.name, call.arguments) for call in first.tool_calls] == CALLS
    assert first.finish_reason == stream.finish_reason == "tool_calls"
    assert second.text == ANSWER
    assert text == "" and [(call.name, call.arguments) for call in stream.tool_calls] == CALLS


# --- A model in Python


def test_a_model_in_python_calls_and_is_told(client):
    first = chat(client, [QUESTION], model="asker", tools=TOOLS).choices[0]
    messages = [QUESTION, first.message, {"role": "tool", "tool_call_id": first.message.tool_calls[0].id, "content": "sun"}]
    second = chat(client, messages, model="asker", tools=TOOLS).choices[0]
    named = chat(
        client, [QUESTION], model="asker", tools=TOOLS, tool_choice={"type": "function", "function": {"name": "now"}}
    ).choices[0]
    none = chat(client, [QUESTION], model="asker", tools=TOOLS, tool_choice="none").choices[0]

    assert (first.message.content, first.finish_reason) == ("Well.", "tool_calls")
    assert calls_of(first.message) == [("get_weather", '{"place": "Brün"}')]
    assert second.message.content == 'get_weather({"place": "Brün"}) is sun'
    assert calls_of(named.message)[0][0] == "now"
    assert none.message.content == "no tools"
