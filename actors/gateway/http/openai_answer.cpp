#include <fmt/format.h>

#include <limits>

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/openai.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

using protocol::FinishReason;

void append_string(std::string& out, std::string_view text) {
  observe::append_json_string(out, text, std::numeric_limits<size_t>::max());
}

std::string_view finish_reason(FinishReason reason) {
  switch (reason) {
    case FinishReason::none:
      return "null";
    case FinishReason::stop:
      return "\"stop\"";
    case FinishReason::length:
      return "\"length\"";
  }
  return "null";
}

std::string usage_object(const protocol::Usage& usage) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})", usage.prompt_tokens,
                     usage.completion_tokens, uint64_t{usage.prompt_tokens} + usage.completion_tokens);
}

}  // namespace

OpenAiAnswer::OpenAiAnswer(OpenAiKind kind, std::string request_id, int64_t created_unix_s, std::string model,
                           bool include_usage)
    : kind_(kind),
      id_((kind == OpenAiKind::chat ? "chatcmpl-" : "cmpl-") + request_id),
      created_unix_s_(created_unix_s),
      model_(std::move(model)),
      include_usage_(include_usage) {}

/// Everything before "choices", with the comma.
std::string OpenAiAnswer::head(std::string_view object, std::string_view version) const {
  std::string out = R"({"id":)";
  append_string(out, id_);
  fmt::format_to(std::back_inserter(out), R"(,"object":"{}","created":{},"model":)", object, created_unix_s_);
  append_string(out, model_);
  out += R"(,"system_fingerprint":)";
  append_string(out, fmt::format("{}@{}", model_.substr(0, model_.find('@')), version));
  out += ',';
  return out;
}

std::string OpenAiAnswer::whole(const protocol::TextPart& text, std::string_view version) const {
  const bool is_chat = kind_ == OpenAiKind::chat;
  std::string out = head(is_chat ? "chat.completion" : "text_completion", version);
  out += R"("choices":[{"index":0,)";
  out += is_chat ? R"("message":{"role":"assistant","content":)" : R"("text":)";
  append_string(out, text.text);
  if (is_chat) out += '}';
  fmt::format_to(std::back_inserter(out), R"(,"logprobs":null,"finish_reason":{}}}],"usage":{}}})",
                 finish_reason(text.finish), usage_object(text.usage));
  return out;
}

std::string OpenAiAnswer::choice(std::string_view content, FinishReason finish) const {
  return fmt::format(R"([{{"index":0,{},"logprobs":null,"finish_reason":{}}}])", content, finish_reason(finish));
}

std::string OpenAiAnswer::event(std::string_view version, std::string_view choices, std::string_view usage) const {
  std::string out = "data: ";
  out += head(kind_ == OpenAiKind::chat ? "chat.completion.chunk" : "text_completion", version);
  out += R"("choices":)";
  out += choices;
  if (include_usage_) {
    out += R"(,"usage":)";
    out += usage;
  }
  out += "}\n\n";
  return out;
}

std::string OpenAiAnswer::chunk(const protocol::TextPart& text, std::string_view version, bool last) {
  const bool is_chat = kind_ == OpenAiKind::chat;
  std::string out;
  if (is_chat && !has_role_) {
    out += event(version, choice(R"("delta":{"role":"assistant","content":""})", FinishReason::none), "null");
    has_role_ = true;
  }
  if (!text.text.empty()) {
    std::string content = is_chat ? R"("delta":{"content":)" : R"("text":)";
    append_string(content, text.text);
    if (is_chat) content += '}';
    out += event(version, choice(content, FinishReason::none), "null");
  }
  if (!last) return out;
  out += event(version, choice(is_chat ? R"("delta":{})" : R"("text":"")", text.finish), "null");
  if (include_usage_) out += event(version, "[]", usage_object(text.usage));
  out += "data: [DONE]\n\n";
  return out;
}

std::string OpenAiAnswer::error_event(const Error& error) {
  return fmt::format("event: error\ndata: {}\n\n", openai_error_body(error));
}

}  // namespace troupe::gateway
