#include "actors/gateway/http/openai_fields.hpp"

#include "actors/gateway/http/openai_tools.hpp"
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

/// Reads one message. Each member takes one field.
class MessageReader {
 public:
  explicit MessageReader(std::string path) : path_(std::move(path)) {}

  Result<protocol::ChatMessage> read(Element value) {
    TROUPE_TRY(const Object object, json::as_object(value, path_));
    TROUPE_CHECK(json::for_each_field(object, path_ + ".",
                                      [this](std::string_view key, Element field) { return take(key, field); }));
    if (message_.role == "developer") message_.role = "system";  // OpenAI's newer word for the same.
    TROUPE_CHECK(check_role());
    TROUPE_CHECK(check_fields());
    return std::move(message_);
  }

 private:
  std::string path(std::string_view key) const { return fmt::format("{}.{}", path_, key); }

  Status take(std::string_view key, Element field) {
    if (key == "role") {
      TROUPE_TRY(message_.role, json::as_string(field, path(key)));
    } else if (key == "content" && field.is_null()) {
      has_null_content_ = true;
    } else if (key == "content") {
      has_content_ = true;
      TROUPE_TRY(message_.content, read_content(field, path(key)));
    } else if (key == "name" && !field.is_null()) {
      TROUPE_TRY(message_.name, json::as_string(field, path(key)));
    } else if (key == "tool_call_id" && !field.is_null()) {
      TROUPE_TRY(message_.tool_call_id, json::as_string(field, path(key)));
    } else if (key == "tool_calls" && !field.is_null()) {
      TROUPE_TRY(message_.tool_calls, read_tool_calls(field, path(key)));
    } else if (key == "function_call" || key == "refusal" || key == "audio" || key == "reasoning_content" ||
               key == "annotations") {
      if (!field.is_null() && !is_empty(field)) {
        return json::unsupported(path(key), "is not supported here; leave it out");
      }
    } else if (key != "name" && key != "tool_call_id" && key != "tool_calls") {
      return json::unknown_key(key, path_ + ".", {"role", "content", "name", "tool_calls", "tool_call_id"});
    }
    return {};
  }

  Status check_role() const {
    if (message_.role.empty()) return fail_field(path("role"), "{} is missing: {}", path("role"), roles);
    if (message_.role == "function") {
      return json::unsupported(path("role"), "function is not supported here: tool is its successor");
    }
    for (const std::string_view role : {"system", "user", "assistant", "tool"}) {
      if (message_.role == role) return {};
    }
    return fail_field(path("role"), "{} must be {}, found \"{}\"", path("role"), roles,
                      message_.role.substr(0, shown_bytes_max));
  }

  Status check_fields() const {
    if (!message_.tool_calls.empty() && message_.role != "assistant") {
      return fail_field(path("tool_calls"), "{} belongs to the role assistant", path("tool_calls"));
    }
    if (message_.role == "tool" && message_.tool_call_id.empty()) {
      return fail_field(path("tool_call_id"), "{} is missing: the id of the call that this answers",
                        path("tool_call_id"));
    }
    if (!message_.tool_call_id.empty() && message_.role != "tool") {
      return fail_field(path("tool_call_id"), "{} belongs to the role tool", path("tool_call_id"));
    }
    if (has_content_ || !message_.tool_calls.empty()) return {};
    if (!has_null_content_) return fail_field(path("content"), "{} is missing", path("content"));
    return fail_field(path("content"),
                      "{} must be a string or a list of text parts, found null; null is for messages "
                      "with tool_calls",
                      path("content"));
  }

  static constexpr std::string_view roles = "system, user, assistant or tool";

  std::string path_;
  protocol::ChatMessage message_;
  bool has_content_ = false;
  bool has_null_content_ = false;
};

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

Result<std::vector<protocol::ChatMessage>> read_messages(Element value) {
  TROUPE_TRY(const Array list, json::as_array(value, "messages"));
  std::vector<protocol::ChatMessage> messages;
  for (const Element element : list) {
    MessageReader reader(fmt::format("messages[{}]", messages.size()));
    TROUPE_TRY(protocol::ChatMessage message, reader.read(element));
    messages.push_back(std::move(message));
  }
  if (messages.empty()) return fail_field("messages", "messages must not be empty");
  return messages;
}

}  // namespace troupe::gateway
