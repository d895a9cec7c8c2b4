"""Tools of chats: OpenAI's objects, as callers and models write them, and the structs that travel. Pure."""

from __future__ import annotations

import json
import uuid
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from .errors import InvalidArgument
from .messages import ChatMessage, Conversation, Tool, ToolCall, ToolCallPart, ToolChoice

_CHOICES = {"auto": ToolChoice.AUTOMATIC, "none": ToolChoice.NONE, "required": ToolChoice.REQUIRED}


def json_text(value: Any) -> str:
    """An object as JSON text; text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# From OpenAI's objects. KeyError, TypeError where they are none.


def message_of(message: Mapping[str, Any]) -> ChatMessage:
    calls = [call_of(one) for one in message.get("tool_calls") or ()]
    name, call_id = message.get("name") or "", message.get("tool_call_id") or ""
    return ChatMessage(message["role"], message.get("content") or "", name, call_id, calls)


def call_of(call: Union[ToolCall, Mapping[str, Any]]) -> ToolCall:
    if isinstance(call, ToolCall):
        return call
    return ToolCall(call["id"], call["function"]["name"], json_text(call["function"].get("arguments") or ""))


def tool_of(tool: Mapping[str, Any]) -> Tool:
    function = tool["function"]
    parameters = function.get("parameters")
    text = "" if parameters is None else json_text(parameters)
    return Tool(function["name"], function.get("description") or "", text, function.get("strict"))


def with_tools(
    conversation: Conversation, tools: Iterable[Mapping[str, Any]], choice: str, parallel_tool_calls: bool
) -> Conversation:
    """Raises InvalidArgument. choice: auto, none, required or the name of a tool."""
    try:
        conversation.tools = [tool_of(one) for one in tools]
    except (KeyError, TypeError, AttributeError):
        raise InvalidArgument('a tool is {"type": "function", "function": {"name": …, …}}', "tools") from None
    conversation.tool_choice = _CHOICES.get(choice, ToolChoice.NAMED)
    if conversation.tool_choice == ToolChoice.NAMED:
        conversation.tool_name = choice
    conversation.parallel_tool_calls = parallel_tool_calls
    return conversation


# To OpenAI's objects.


def message_object(message: ChatMessage) -> Dict[str, Any]:
    made: Dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name:
        made["name"] = message.name
    if message.tool_call_id:
        made["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        made["tool_calls"] = [
            {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments or "{}"}}
            for one in message.tool_calls
        ]
    return made


def tool_object(tool: Tool) -> Dict[str, Any]:
    function: Dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = json.loads(tool.parameters) if tool.parameters else {"type": "object", "properties": {}}
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def asked_tools(conversation: Conversation) -> Tuple[Optional[List[Dict[str, Any]]], str]:
    """What a model is told of tools: those that it may call, None where there are none, and auto, required or a name."""
    if not conversation.tools or conversation.tool_choice == ToolChoice.NONE:
        return None, "none"
    words = {number: word for word, number in _CHOICES.items()}
    choice = words.get(ToolChoice(conversation.tool_choice), conversation.tool_name)
    return [tool_object(one) for one in conversation.tools], choice


# Of answers.


def add_parts(calls: List[ToolCall], parts: Sequence[ToolCallPart]) -> None:
    """Joins pieces of calls, whose indices rise by one."""
    for part in parts:
        if part.index >= len(calls):
            calls.append(ToolCall())
        call = calls[min(part.index, len(calls) - 1)]
        call.id, call.name, call.arguments = call.id + part.id, call.name + part.name, call.arguments + part.arguments


def whole_part(index: int, call: ToolCall) -> ToolCallPart:
    """A call that a model made at once. One without an id gets one."""
    return ToolCallPart(index, call.id or f"call_{uuid.uuid4().hex[:24]}", call.name, json_text(call.arguments) or "{}")
