#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

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
    case FinishReason::tool_calls:
      return "\"tool_calls\"";
  }
  return "null";
}

/// {"id":…,"type":"function","function":{"name":…,"arguments":…}}; of a stream with "index", and with what comes once
/// in the first piece alone.
void append_call(std::string& out, const protocol::ToolCallPart& call, bool is_stream) {
  out += '{';
  if (is_stream) fmt::format_to(std::back_inserter(out), R"("index":{},)", call.index);
  if (!is_stream || !call.id.empty()) {
    out += R"("id":)";
    append_string(out, call.id);
    out += R"(,"type":"function",)";
  }
  out += R"("function":{)";
  if (!is_stream || !call.name.empty()) {
    out += R"("name":)";
    append_string(out, call.name);
    out += ',';
  }
  out += R"("arguments":)";
  append_string(out, call.arguments);
  out += "}}";
}

std::string call_list(const std::vector<protocol::ToolCallPart>& calls, bool is_stream) {
  std::string out = R"("tool_calls":[)";
  for (const protocol::ToolCallPart& call : calls) {
    if (out.back() != '[') out += ',';
    append_call(out, call, is_stream);
  }
  return out + ']';
}

/// Where there are calls and no text beside them the content is null.
std::string message_object(const protocol::TextPart& text) {
  std::string out = R"("message":{"role":"assistant","content":)";
  if (text.text.empty() && !text.tool_calls.empty()) {
    out += "null";
  } else {
    append_string(out, text.text);
  }
  if (!text.tool_calls.empty()) out += ',' + call_list(text.tool_calls, false);
  return out + '}';
}

std::string usage_object(const protocol::Usage& usage) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})", usage.prompt_tokens,
                     usage.completion_tokens, uint64_t{usage.prompt_tokens} + usage.completion_tokens);
}

std::string number_or_null(std::optional<double> number) {
  return number ? fmt::format("{}", *number) : "null";
}

/// A token may end inside a character: what is broken of it is shown as U+FFFD; "bytes" has it as it is.
void append_token(std::string& out, const protocol::ScoredToken& token) {
  out += R"({"token":)";
  append_string(out, token.text.view());
  fmt::format_to(std::back_inserter(out), R"(,"logprob":{},"bytes":[)", number_or_null(token.logprob));
  const std::string_view bytes = token.text.view();
  for (size_t i = 0; i < bytes.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? "" : ",", static_cast<unsigned char>(bytes[i]));
  }
  out += ']';
}

std::string chat_logprobs(const std::vector<protocol::TokenScores>& scores) {
  std::string out = R"({"content":[)";
  for (size_t i = 0; i < scores.size(); ++i) {
    if (i > 0) out += ',';
    append_token(out, scores[i].chosen);
    out += R"(,"top_logprobs":[)";
    for (size_t j = 0; j < scores[i].top.size(); ++j) {
      if (j > 0) out += ',';
      append_token(out, scores[i].top[j]);
      out += '}';
    }
    out += "]}";
  }
  return out + R"(],"refusal":null})";
}

/// The likeliest tokens by their text, with the chosen one among them; null where there is no score.
std::string top_of(const protocol::TokenScores& scores) {
  if (!scores.chosen.logprob) return "null";
  std::map<std::string_view, double> by_text;
  for (const protocol::ScoredToken& token : scores.top) by_text.emplace(token.text.view(), token.logprob.value_or(0));
  by_text.emplace(scores.chosen.text.view(), *scores.chosen.logprob);
  std::string out = "{";
  for (const auto& [text, logprob] : by_text) {
    if (out.size() > 1) out += ',';
    append_string(out, text);
    fmt::format_to(std::back_inserter(out), ":{}", logprob);
  }
  return out + '}';
}

std::string completion_logprobs(const std::vector<protocol::TokenScores>& scores, size_t& text_offset) {
  std::string tokens;
  std::string values;
  std::string tops;
  std::string offsets;
  for (const protocol::TokenScores& one : scores) {
    const std::string_view comma = tokens.empty() ? "" : ",";
    tokens += comma;
    append_string(tokens, one.chosen.text.view());
    fmt::format_to(std::back_inserter(values), "{}{}", comma, number_or_null(one.chosen.logprob));
    fmt::format_to(std::back_inserter(tops), "{}{}", comma, top_of(one));
    fmt::format_to(std::back_inserter(offsets), "{}{}", comma, text_offset);
    text_offset += one.chosen.text.size();
  }
  return fmt::format(R"({{"tokens":[{}],"token_logprobs":[{}],"top_logprobs":[{}],"text_offset":[{}]}})", tokens,
                     values, tops, offsets);
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

std::string OpenAiAnswer::whole(std::vector<protocol::TextPart> choices, std::string_view version) const {
  std::ranges::sort(choices, {}, &protocol::TextPart::choice);
  const bool is_chat = kind_ == OpenAiKind::chat;
  std::string out = head(is_chat ? "chat.completion" : "text_completion", version);
  out += R"("choices":[)";
  protocol::Usage usage;
  for (const protocol::TextPart& text : choices) {
    if (text.choice > 0) out += ',';
    std::string content = is_chat ? message_object(text) : R"("text":)";
    if (!is_chat) append_string(content, text.text);
    size_t offset = 0;
    out += choice(text.choice, content, logprobs(text.scores, offset), text.finish);
    usage.prompt_tokens += text.usage.prompt_tokens;
    usage.completion_tokens += text.usage.completion_tokens;
  }
  return out + fmt::format(R"(],"usage":{}}})", usage_object(usage));
}

std::string OpenAiAnswer::choice(uint32_t index, std::string_view content, std::string_view logprobs,
                                 FinishReason finish) const {
  return fmt::format(R"({{"index":{},{},"logprobs":{},"finish_reason":{}}})", index, content, logprobs,
                     finish_reason(finish));
}

std::string OpenAiAnswer::logprobs(const std::vector<protocol::TokenScores>& scores, size_t& text_offset) const {
  if (scores.empty()) return "null";
  return kind_ == OpenAiKind::chat ? chat_logprobs(scores) : completion_logprobs(scores, text_offset);
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
  if (choices_.size() <= text.choice) choices_.resize(text.choice + 1);
  Choice& state = choices_[text.choice];
  std::string out;
  const auto add = [&](std::string_view content, std::string_view scores, FinishReason finish) {
    out += event(version, '[' + choice(text.choice, content, scores, finish) + ']', "null");
  };
  if (is_chat && !std::exchange(state.has_role, true)) {
    add(R"("delta":{"role":"assistant","content":""})", "null", FinishReason::none);
  }
  if (!text.text.empty() || !text.scores.empty()) {
    std::string content = is_chat ? R"("delta":{"content":)" : R"("text":)";
    append_string(content, text.text);
    if (is_chat) content += '}';
    add(content, logprobs(text.scores, state.text_offset), FinishReason::none);
  }
  if (is_chat && !text.tool_calls.empty()) {
    add(R"("delta":{)" + call_list(text.tool_calls, true) + '}', "null", FinishReason::none);
  }
  if (last || text.finish != FinishReason::none) add(is_chat ? R"("delta":{})" : R"("text":"")", "null", text.finish);
  if (!last) return out;
  if (include_usage_) out += event(version, "[]", usage_object(text.usage));
  return out + "data: [DONE]\n\n";
}

std::string OpenAiAnswer::error_event(const Error& error) {
  return fmt::format("event: error\ndata: {}\n\n", openai_error_body(error));
}

}  // namespace troupe::gateway
