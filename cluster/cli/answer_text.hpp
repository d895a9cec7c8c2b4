#pragma once
// What `troupe infer` was answered, as people and as programs read it. Pure.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::cli {

/// A text as it stands; a tensor a line; the vector or the scores of an input a line, each score after its label and
/// `=` where the model names any; token ids in one line. Ends in a line feed. `parts` are all of one answer, at least
/// one.
Result<std::string> text_answer(const std::vector<protocol::ResultPart>& parts);

/// "version", "cached" and "replayed" with: "text", "finish_reason", "usage"; or "outputs"; or "rows" (of numbers, one
/// for each input), "labels", "usage"; or "ids", "tokens", "context_length".
Result<nlohmann::json> json_answer(const std::vector<protocol::ResultPart>& parts);

}  // namespace troupe::cli
