#pragma once
// Warm-up requests: from what a deployment says to what its replicas are asked. Pure.

#include "runtime/base/result.hpp"
#include "runtime/protocol/cluster.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::worker {

/// The request that is meant. invalid_argument where it is not one of prompt, embed and inputs, or where an input
/// cannot be made: BYTES, more than 8 dimensions or 1,048,576 elements, numbers that its type does not hold or that are
/// not as many as its elements; FP16 and BF16 have no numbers but zeros.
Result<protocol::Work> warm_up_work(const protocol::WarmUpSpec& spec);

}  // namespace troupe::worker
