#include "actors/gateway/http/openai_fields.hpp"

#include "actors/gateway/router.hpp"
#include "runtime/protocol/validate.hpp"

namespace troupe::gateway {
namespace {

using json::Array;
using json::Element;
using json::Object;

constexpr size_t shown_bytes_max = 256;

bool is_empty(Element value) {
  if (value.is_object()) return Object(value).size() == 0;
  if (value.is_array()) return Array(value).size() == 0;
  return value.is_string() && std::string_view(value).empty();
}

/// A content: a string, or a list of {"type":"text","text":…} parts that are joined.
Result<std::string> read_content(Element value, const std::string& field) {
  std::string_view text;
  if (!value.get(text)) return std::string(text);
  Array parts;
  if (value.get(parts)) {
    return fail_field(field, "{} must be a string or a list of text parts, found {}", field, json::describe(value));
  }
  std::string joined;
  size_t index = 0;
  for (const Element part : parts) {
    const std::string name = fmt::format("{}[{}]", field, index++);
    TROUPE_TRY(const Object object, json::as_object(part, name));
    std::string_view type;
    if (object["type"].get(type)) return fail_field(name + ".type", "{}.type is missing: text is known", name);
    if (type != "text") return json::unsupported(name + ".type", fmt::format("must be text, found {}", type));
    Element content;
    if (object["text"].get(content)) return fail_field(name + ".text", "{}.text is missing", name);
    TROUPE_TRY(const std::string_view piece, json::as_string(content, name + ".text"));
    joined += piece;
  }
  return joined;
}

Status read_message(Element value, size_t index, protocol::Conversation& conversation) {
  const std::string name = fmt::format("messages[{}]", index);
  TROUPE_TRY(const Object object, json::as_object(value, name));
  protocol::ChatMessage message;
  bool has_content = false;
  TROUPE_CHECK(json::for_each_field(object, name + ".", [&](std::string_view key, Element field) -> Status {
    const std::string path = fmt::format("{}.{}", name, key);
    if (key == "role") {
      TROUPE_TRY(message.role, json::as_string(field, path));
    } else if (key == "content") {
      has_content = true;
      TROUPE_TRY(message.content, read_content(field, path));
    } else if (key == "name" || key == "tool_calls" || key == "tool_call_id" || key == "function_call" ||
               key == "refusal" || key == "audio" || key == "reasoning_content" || key == "annotations") {
      if (!field.is_null() && !is_empty(field)) return json::unsupported(path, "is not supported here; leave it out");
    } else {
      return json::unknown_key(key, name + ".", {"role", "content"});
    }
    return {};
  }));
  if (message.role.empty()) {
    return fail_field(name + ".role", "{}.role is missing: system, user or assistant", name);
  }
  if (message.role == "developer") message.role = "system";  // OpenAI's newer word for the same.
  if (message.role == "tool" || message.role == "function") {
    return json::unsupported(name + ".role",
                             fmt::format("{} is not supported here: system, user or assistant", message.role));
  }
  if (message.role != "system" && message.role != "user" && message.role != "assistant") {
    return fail_field(name + ".role", "{}.role must be system, user or assistant, found \"{}\"", name,
                      message.role.substr(0, shown_bytes_max));
  }
  if (!has_content) return fail_field(name + ".content", "{}.content is missing", name);
  conversation.messages.push_back(std::move(message));
  return {};
}

}  // namespace

Result<std::string> read_model(Element value, protocol::ServeRequest& serve) {
  TROUPE_TRY(const std::string_view text, json::as_string(value, "model"));
  TROUPE_TRY(const ModelName name, parse_model_name(text));
  serve.model = name.model;
  serve.version = name.version;
  return std::string(text);
}

Status read_user(Element value, protocol::ServeRequest& serve) {
  TROUPE_TRY(const std::string_view text, json::as_string(value, "user"));
  if (text.size() > protocol::unit_bytes_max) {
    return fail_field("user", "user may have {} bytes, found {}", protocol::unit_bytes_max, text.size());
  }
  serve.unit = text;
  return {};
}

Result<protocol::Conversation> read_conversation(Element value) {
  TROUPE_TRY(const Array list, json::as_array(value, "messages"));
  protocol::Conversation conversation;
  for (const Element element : list) {
    TROUPE_CHECK(read_message(element, conversation.messages.size(), conversation));
  }
  if (conversation.messages.empty()) return fail_field("messages", "messages must not be empty");
  return conversation;
}

}  // namespace troupe::gateway
