#include "runtime/protocol/stream_credit.hpp"

namespace troupe::protocol {
namespace {

uint64_t cost_of(const ScoredToken& token) {
  return stream_token_overhead + token.text.size();
}

uint64_t cost_of(const TextPart& part) {
  uint64_t cost = part.text.size();
  for (const ToolCallPart& call : part.tool_calls) cost += call.id.size() + call.name.size() + call.arguments.size();
  for (const TokenScores& scores : part.scores) {
    cost += cost_of(scores.chosen);
    for (const ScoredToken& token : scores.top) cost += cost_of(token);
  }
  return cost;
}

uint64_t cost_of(const InferResult& result) {
  uint64_t cost = 0;
  for (const Tensor& tensor : result.outputs) cost += tensor.data.size();
  return cost;
}

uint64_t cost_of(const EmbedResult& result) {
  return result.values.data.size();
}

uint64_t cost_of(const TokenizeResult& result) {
  return result.text.size();
}

}  // namespace

uint64_t stream_cost(const ResultPart& part) {
  return stream_part_overhead + std::visit([](const auto& content) { return cost_of(content); }, part.content);
}

}  // namespace troupe::protocol
