#include "actors/gateway/http/openai_tools.hpp"

#include "runtime/protocol/validate.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

/// `type` is "function", which is all there is.
Status read_type(Element value, const std::string& path) {
  TROUPE_TRY(const std::string_view type, json::as_string(value, path));
  if (type == "function") return {};
  return json::unsupported(path, fmt::format("must be function, found {}", json::describe(value)));
}

/// A JSON object as text.
Result<std::string> read_object_text(Element value, const std::string& path) {
  TROUPE_TRY(const Object object, json::as_object(value, path));
  return std::string(simdjson::minify(object));
}

Status read_function(Element value, const std::string& path, protocol::Tool& tool) {
  TROUPE_TRY(const Object object, json::as_object(value, path));
  return json::for_each_field(object, path + ".", [&](std::string_view key, Element field) -> Status {
    const std::string name = fmt::format("{}.{}", path, key);
    if (key == "name") {
      TROUPE_TRY(tool.name, json::as_string(field, name));
    } else if (key == "description" && !field.is_null()) {
      TROUPE_TRY(tool.description, json::as_string(field, name));
    } else if (key == "parameters" && !field.is_null()) {
      TROUPE_TRY(tool.parameters, read_object_text(field, name));
    } else if (key == "strict" && !field.is_null()) {
      TROUPE_TRY(tool.strict, json::as_bool(field, name));
    } else if (key != "description" && key != "parameters" && key != "strict") {
      return json::unknown_key(key, path + ".", {"name", "description", "parameters", "strict"});
    }
    return {};
  });
}

Result<protocol::Tool> read_tool(Element value, const std::string& path) {
  TROUPE_TRY(const Object object, json::as_object(value, path));
  protocol::Tool tool;
  bool has_type = false;
  TROUPE_CHECK(json::for_each_field(object, path + ".", [&](std::string_view key, Element field) -> Status {
    const std::string name = fmt::format("{}.{}", path, key);
    if (key == "function") return read_function(field, name, tool);
    if (key != "type") return json::unknown_key(key, path + ".", {"type", "function"});
    has_type = true;
    return read_type(field, name);
  }));
  if (!has_type) return fail_field(path + ".type", "{}.type is missing: function", path);
  if (tool.name.empty()) return fail_field(path + ".function.name", "{}.function.name is missing", path);
  return tool;
}

Result<std::string> read_named_choice(Element value) {
  TROUPE_TRY(const Object object, json::as_object(value, "tool_choice"));
  std::string name;
  TROUPE_CHECK(json::for_each_field(object, "tool_choice.", [&](std::string_view key, Element field) -> Status {
    if (key == "type") return read_type(field, "tool_choice.type");
    if (key != "function") return json::unknown_key(key, "tool_choice.", {"type", "function"});
    TROUPE_TRY(const Object function, json::as_object(field, "tool_choice.function"));
    return json::for_each_field(function, "tool_choice.function.", [&](std::string_view inner, Element text) -> Status {
      if (inner != "name") return json::unknown_key(inner, "tool_choice.function.", {"name"});
      TROUPE_TRY(name, json::as_string(text, "tool_choice.function.name"));
      return {};
    });
  }));
  if (name.empty()) return fail_field("tool_choice.function.name", "tool_choice.function.name is missing");
  return name;
}

Status read_called(Element value, const std::string& path, protocol::ToolCall& call) {
  TROUPE_TRY(const Object object, json::as_object(value, path));
  return json::for_each_field(object, path + ".", [&](std::string_view key, Element field) -> Status {
    const std::string name = fmt::format("{}.{}", path, key);
    if (key == "name") {
      TROUPE_TRY(call.name, json::as_string(field, name));
    } else if (key == "arguments" && field.is_object()) {
      TROUPE_TRY(call.arguments, read_object_text(field, name));  // As vLLM takes them.
    } else if (key == "arguments") {
      TROUPE_TRY(call.arguments, json::as_string(field, name));
    } else {
      return json::unknown_key(key, path + ".", {"name", "arguments"});
    }
    return {};
  });
}

Result<protocol::ToolCall> read_tool_call(Element value, const std::string& path) {
  TROUPE_TRY(const Object object, json::as_object(value, path));
  protocol::ToolCall call;
  TROUPE_CHECK(json::for_each_field(object, path + ".", [&](std::string_view key, Element field) -> Status {
    const std::string name = fmt::format("{}.{}", path, key);
    if (key == "type") return read_type(field, name);
    if (key == "function") return read_called(field, name, call);
    if (key == "index") return {};  // Of a streamed answer, handed back as it came.
    if (key != "id") return json::unknown_key(key, path + ".", {"id", "type", "function"});
    TROUPE_TRY(call.id, json::as_string(field, name));
    return {};
  }));
  if (call.id.empty()) return fail_field(path + ".id", "{}.id is missing: what the call's answer names", path);
  if (call.name.empty()) return fail_field(path + ".function.name", "{}.function.name is missing", path);
  return call;
}

}  // namespace

Result<std::vector<protocol::Tool>> read_tools(Element value) {
  TROUPE_TRY(const Array list, json::as_array(value, "tools"));
  if (list.size() > protocol::tools_max) {
    return fail_field("tools", "tools may list {} functions, found {}", protocol::tools_max, list.size());
  }
  std::vector<protocol::Tool> tools;
  for (const Element element : list) {
    TROUPE_TRY(protocol::Tool tool, read_tool(element, fmt::format("tools[{}]", tools.size())));
    tools.push_back(std::move(tool));
  }
  return tools;
}

Status read_tool_choice(Element value, protocol::Conversation& conversation) {
  using protocol::ToolChoice;
  std::string_view word;
  if (value.get(word)) {
    if (!value.is_object()) {
      return fail_field("tool_choice",
                        "tool_choice must be auto, none, required or an object that names a function, "
                        "found {}",
                        json::describe(value));
    }
    TROUPE_TRY(conversation.tool_name, read_named_choice(value));
    conversation.tool_choice = ToolChoice::named;
  } else if (word == "auto" || word == "none") {
    conversation.tool_choice = word == "auto" ? ToolChoice::automatic : ToolChoice::none;
  } else if (word == "required") {
    conversation.tool_choice = ToolChoice::required;
  } else {
    return fail_field("tool_choice",
                      "tool_choice must be auto, none, required or an object that names a function, "
                      "found {}",
                      json::describe(value));
  }
  return {};
}

Result<std::vector<protocol::ToolCall>> read_tool_calls(Element value, const std::string& path) {
  TROUPE_TRY(const Array list, json::as_array(value, path));
  std::vector<protocol::ToolCall> calls;
  for (const Element element : list) {
    TROUPE_TRY(protocol::ToolCall call, read_tool_call(element, fmt::format("{}[{}]", path, calls.size())));
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace troupe::gateway
