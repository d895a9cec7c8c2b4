#include "runtime/protocol/payload.hpp"

namespace troupe::protocol {
namespace {

uint64_t bytes_of(const Tensor& tensor) {
  return sizeof tensor + tensor.name.size() + tensor.shape.size() * sizeof(int64_t) + tensor.data.size();
}

uint64_t bytes_of(const ScoredToken& token) {
  return sizeof token + token.text.size();
}

uint64_t payload(const TextPart& part) {
  uint64_t bytes = part.text.size();
  for (const ToolCallPart& call : part.tool_calls) {
    bytes += sizeof call + call.id.size() + call.name.size() + call.arguments.size();
  }
  for (const TokenScores& scores : part.scores) {
    bytes += bytes_of(scores.chosen);
    for (const ScoredToken& token : scores.top) bytes += bytes_of(token);
  }
  return bytes;
}

uint64_t payload(const InferResult& result) {
  uint64_t bytes = 0;
  for (const Tensor& tensor : result.outputs) bytes += bytes_of(tensor);
  return bytes;
}

uint64_t payload(const EmbedResult& result) {
  uint64_t bytes = bytes_of(result.values);
  for (const std::string& label : result.labels) bytes += sizeof label + label.size();
  return bytes;
}

uint64_t payload(const TokenizeResult& result) {
  uint64_t bytes = result.text.size() + result.ids.size() * sizeof(int32_t);
  for (const std::string& token : result.tokens) bytes += sizeof token + token.size();
  return bytes;
}

uint64_t bytes_of(const PlainText& text) {
  return text.text.size();
}

uint64_t bytes_of(const TokenIds& tokens) {
  return tokens.ids.size() * sizeof(int32_t);
}

uint64_t bytes_of(const TextPair& pair) {
  return pair.first.size() + pair.second.size();
}

uint64_t bytes_of(const ChatMessage& message) {
  uint64_t bytes = message.role.size() + message.content.size() + message.name.size() + message.tool_call_id.size();
  for (const ToolCall& call : message.tool_calls) {
    bytes += sizeof call + call.id.size() + call.name.size() + call.arguments.size();
  }
  return bytes;
}

uint64_t bytes_of(const Conversation& conversation) {
  uint64_t bytes = 0;
  for (const ChatMessage& message : conversation.messages) bytes += bytes_of(message);
  for (const Tool& tool : conversation.tools) {
    bytes += sizeof tool + tool.name.size() + tool.description.size() + tool.parameters.size();
  }
  return bytes;
}

uint64_t bytes_of(const PromptList& list) {
  uint64_t bytes = 0;
  for (const auto& prompt : list.prompts) {
    bytes += sizeof prompt + std::visit([](const auto& held) { return bytes_of(held); }, prompt);
  }
  return bytes;
}

template <class... A>
uint64_t bytes_of(const std::variant<A...>& input) {
  return std::visit([](const auto& held) { return bytes_of(held); }, input);
}

uint64_t payload(const Generate& generate) {
  return bytes_of(generate.prompt);
}

uint64_t payload(const Infer& infer) {
  uint64_t bytes = 0;
  for (const Tensor& tensor : infer.inputs) bytes += bytes_of(tensor);
  return bytes;
}

uint64_t payload(const Embed& embed) {
  uint64_t bytes = 0;
  for (const auto& input : embed.inputs) bytes += sizeof input + bytes_of(input);
  return bytes;
}

uint64_t payload(const Tokenize& tokenize) {
  return bytes_of(tokenize.input);
}

}  // namespace

uint64_t payload_bytes(const ServeRequest& request) {
  return std::visit([](const auto& work) { return payload(work); }, request.work);
}

uint64_t payload_bytes(const ResultPart& part) {
  return std::visit([](const auto& content) { return payload(content); }, part.content);
}

}  // namespace troupe::protocol
