#pragma once
// What an echo answers, as the parts of its answer. Pure.

#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::worker {

/// At least one part; one only unless the request streams. unimplemented for token ids, invalid_argument for outputs
/// that are not among the inputs.
Result<std::vector<protocol::ResultPart>> echo_answer(const protocol::ServeRequest& request);

}  // namespace troupe::worker
