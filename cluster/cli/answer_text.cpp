#include "cluster/cli/answer_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cluster/cli/tensor_text.hpp"
#include "runtime/client/cpp/client.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;
using protocol::EmbedResult;
using protocol::InferResult;
using protocol::TextPart;
using protocol::TokenizeResult;

json usage_of(const protocol::Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens}, {"completion_tokens", usage.completion_tokens}};
}

std::string_view finish_name(protocol::FinishReason finish) {
  if (finish == protocol::FinishReason::length) return "length";
  return finish == protocol::FinishReason::tool_calls ? "tool_calls" : "stop";
}

Status add_json(json& answer, const TextPart& part) {
  answer["text"] = answer.value("text", std::string()) + part.text;
  answer["finish_reason"] = finish_name(part.finish);
  answer["usage"] = usage_of(part.usage);
  return {};
}

Status add_json(json& answer, const InferResult& part) {
  for (const protocol::Tensor& tensor : part.outputs) answer["outputs"].push_back(json_of(tensor));
  return {};
}

Status add_json(json& answer, const EmbedResult& part) {
  TROUPE_TRY(const client::Rows rows, client::rows_of(part.values));
  answer["rows"] = json::array();
  for (size_t i = 0; i < rows.size(); ++i) answer["rows"].push_back(rows[i]);
  answer["labels"] = part.labels;
  answer["usage"] = usage_of(part.usage);
  return {};
}

Status add_json(json& answer, const TokenizeResult& part) {
  answer["ids"] = part.ids;
  answer["tokens"] = part.tokens;
  answer["context_length"] = part.context_length;
  return {};
}

Status add_text(std::string& answer, const TextPart& part) {
  answer += part.text;
  return {};
}

Status add_text(std::string& answer, const InferResult& part) {
  for (const protocol::Tensor& tensor : part.outputs) answer += format_tensor(tensor) + "\n";
  return {};
}

Status add_text(std::string& answer, const EmbedResult& part) {
  TROUPE_TRY(const client::Rows rows, client::rows_of(part.values));
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t column = 0; column < rows.width; ++column) {
      if (column > 0) answer += ' ';
      if (column < part.labels.size()) answer += part.labels[column] + "=";
      answer += fmt::format("{}", rows[i][column]);
    }
    answer += '\n';
  }
  return {};
}

Status add_text(std::string& answer, const TokenizeResult& part) {
  answer += fmt::format("{}\n", fmt::join(part.ids, " "));
  return {};
}

}  // namespace

Result<std::string> text_answer(const std::vector<protocol::ResultPart>& parts) {
  std::string answer;
  for (const protocol::ResultPart& part : parts)
    TROUPE_CHECK(std::visit([&](const auto& content) { return add_text(answer, content); }, part.content));
  if (std::holds_alternative<TextPart>(parts.back().content)) answer += '\n';
  return answer;
}

Result<json> json_answer(const std::vector<protocol::ResultPart>& parts) {
  const protocol::ResultPart& last = parts.back();
  json answer{{"version", last.version}, {"cached", last.cached}, {"replayed", last.replayed}};
  for (const protocol::ResultPart& part : parts)
    TROUPE_CHECK(std::visit([&](const auto& content) { return add_json(answer, content); }, part.content));
  return answer;
}

}  // namespace troupe::cli
