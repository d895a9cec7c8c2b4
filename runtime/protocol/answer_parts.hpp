#pragma once
// Several parts of an answer as one.

#include <vector>

#include "runtime/protocol/serving.hpp"

namespace troupe::protocol {

/// Adds the next part to what has come of an answer. The pieces of each choice become one part, in the order in which
/// the choices began; other content stays as it is.
void join(std::vector<ResultPart>& answer, const ResultPart& part);

/// Adds the next pieces of calls: the pieces of each call become one.
void join(std::vector<ToolCallPart>& calls, const std::vector<ToolCallPart>& parts);

}  // namespace troupe::protocol
