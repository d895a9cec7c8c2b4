#pragma once
// Tools of OpenAI's chats: what a request says of them. Only for .cpp files: includes simdjson.

#include <string>
#include <vector>

#include "actors/gateway/http/json_reader.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

/// `tools`: functions, with their parameters as JSON text in the order of the client's keys.
Result<std::vector<protocol::Tool>> read_tools(json::Element value);

/// `tool_choice`: "auto", "none", "required", or {"type":"function","function":{"name":…}}. Into `conversation`.
Status read_tool_choice(json::Element value, protocol::Conversation& conversation);

/// `tool_calls` of an assistant's message, which `path` names.
Result<std::vector<protocol::ToolCall>> read_tool_calls(json::Element value, const std::string& path);

}  // namespace troupe::gateway
