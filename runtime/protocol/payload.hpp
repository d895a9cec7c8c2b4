#pragma once
// What requests and answers weigh, for bounds and budgets.

#include <cstdint>

#include "runtime/protocol/serving.hpp"

namespace troupe::protocol {

/// Of the texts, token ids and tensors of a request.
uint64_t payload_bytes(const ServeRequest& request);

/// Of the text, numbers and names that a part brings.
uint64_t payload_bytes(const ResultPart& part);

}  // namespace troupe::protocol
