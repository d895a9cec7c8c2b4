#include "actors/gateway/http/websocket_frames.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/json_reader.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using json::Element;
using json::Object;

constexpr size_t id_bytes_max = 128;
constexpr size_t path_bytes_max = 1024;
constexpr size_t header_bytes_max = 1024;

/// What one request may say of itself beside its body.
constexpr std::array<std::string_view, 6> headers_known{"idempotency-key", "traceparent",          "tracestate",
                                                        "x-request-id",    "x-request-timeout-ms", "x-unit-id"};

Result<std::string> read_text(Element value, std::string_view field, size_t bytes_max) {
  TROUPE_TRY(const std::string_view text, json::as_string(value, field));
  if (!text.empty() && text.size() <= bytes_max) return std::string(text);
  return fail_field(std::string(field), "{} must have 1 to {} bytes, found {}", field, bytes_max, text.size());
}

Status read_op(Element value, ClientOp& op) {
  TROUPE_TRY(const std::string_view name, json::as_string(value, "op"));
  if (name == "request") {
    op = ClientOp::request;
  } else if (name == "cancel") {
    op = ClientOp::cancel;
  } else if (name == "authenticate") {
    op = ClientOp::authenticate;
  } else {
    return fail_field("op", "op must be request, cancel or authenticate, found {}", json::describe(value));
  }
  return {};
}

Status read_headers(Element value, http::HeaderList& headers) {
  TROUPE_TRY(const Object object, json::as_object(value, "headers"));
  return json::for_each_field(object, "headers.", [&](std::string_view key, Element field) -> Status {
    if (std::ranges::find(headers_known, key) == headers_known.end()) {
      return json::unknown_key(key, "headers.", {headers_known.begin(), headers_known.end()});
    }
    TROUPE_TRY(std::string text, read_text(field, fmt::format("headers.{}", key), header_bytes_max));
    headers.emplace_back(key, std::move(text));
    return {};
  });
}

/// What an op needs, and what it has no use for.
Status check_fields(const ClientFrame& frame) {
  const bool is_request = frame.op == ClientOp::request;
  const bool is_authenticate = frame.op == ClientOp::authenticate;
  if (is_authenticate == frame.key.empty())
    return fail_field("key", "{}", is_authenticate ? "key is missing" : "key belongs to op authenticate");
  if (!is_authenticate && frame.id.empty()) return fail_field("id", "id is missing: a text of your choice");
  if (is_request == frame.path.empty())
    return fail_field("path", "{}",
                      is_request ? "path is missing, such as /v1/chat/completions" : "path belongs to a request");
  if (is_request == frame.body.empty())
    return fail_field("body", "{}",
                      is_request ? "body is missing: that of the same POST" : "body belongs to a request");
  if (is_request && !frame.path.starts_with('/')) return fail_field("path", "path must begin with /");
  return {};
}

void append_string(std::string& out, std::string_view text) {
  observe::append_json_string(out, text, std::numeric_limits<size_t>::max());
}

std::string begin_frame(std::string_view id, std::string_view event) {
  std::string out = "{";
  if (!id.empty()) {
    out += R"("id":)";
    append_string(out, id);
    out += ',';
  }
  out += R"("event":")";
  out += event;
  out += '"';
  return out;
}

}  // namespace

Result<ClientFrame> parse_client_frame(std::string_view text, JsonParser& parser, std::string& id) {
  TROUPE_TRY(const Object object, json::parse_object(parser, text));
  ClientFrame frame;
  std::string_view told;
  if (!object["id"].get(told) && told.size() <= id_bytes_max) id = told;
  TROUPE_CHECK(json::for_each_field(object, "", [&](std::string_view key, Element value) -> Status {
    if (key == "op") return read_op(value, frame.op);
    if (key == "headers") return read_headers(value, frame.headers);
    if (key == "id") {
      TROUPE_TRY(frame.id, read_text(value, key, id_bytes_max));
    } else if (key == "path") {
      TROUPE_TRY(frame.path, read_text(value, key, path_bytes_max));
    } else if (key == "key") {
      TROUPE_TRY(frame.key, read_text(value, key, header_bytes_max));
    } else if (key == "body") {
      TROUPE_TRY(const Object body, json::as_object(value, "body"));
      frame.body = simdjson::minify(body);
    } else {
      return json::unknown_key(key, "", {"op", "id", "path", "headers", "body", "key"});
    }
    return {};
  }));
  TROUPE_CHECK(check_fields(frame));
  return frame;
}

std::string format_answer_frame(std::string_view id, std::string_view event, int status,
                                const http::HeaderList& headers, std::string_view body) {
  std::string out = begin_frame(id, event);
  fmt::format_to(std::back_inserter(out), R"(,"status":{},"headers":{{)", status);
  for (const auto& [name, value] : headers) {
    if (out.back() != '{') out += ',';
    append_string(out, name);
    out += ':';
    append_string(out, value);
  }
  out += '}';
  if (!body.empty()) {
    out += R"(,"body":)";
    out += body;
  }
  out += '}';
  return out;
}

std::string format_stream_frame(std::string_view id, std::string_view event, std::string_view body) {
  std::string out = begin_frame(id, event);
  out += R"(,"body":)";
  out += body;
  out += '}';
  return out;
}

std::string format_end_frame(std::string_view id) {
  return begin_frame(id, "end") + '}';
}

std::string format_error_frame(std::string_view id, const Error& error) {
  return format_answer_frame(id, "error", http_status(error), error_headers(error), openai_error_body(error));
}

std::vector<StreamEvent> EventSplitter::feed(std::string_view piece) {
  rest_ += piece;
  std::vector<StreamEvent> events;
  size_t begin = 0;
  for (size_t end = rest_.find("\n\n"); end != rest_.npos; end = rest_.find("\n\n", begin)) {
    StreamEvent event;
    std::string_view lines = std::string_view(rest_).substr(begin, end - begin);
    while (!lines.empty()) {
      const size_t line_end = std::min(lines.find('\n'), lines.size());
      const std::string_view line = lines.substr(0, line_end);
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("data: ")) event.data = line.substr(6);
      lines.remove_prefix(std::min(line_end + 1, lines.size()));
    }
    events.push_back(std::move(event));
    begin = end + 2;
  }
  rest_.erase(0, begin);
  return events;
}

}  // namespace troupe::gateway
