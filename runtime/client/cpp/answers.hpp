#pragma once
// Collects the parts of one answer. Pure.

#include "runtime/client/cpp/client.hpp"

namespace troupe::client::internal {

/// Adds a part; corrupt_data where it is of the other kind.
Status add(Generation& answer, protocol::ResultPart part);
Status add(Inference& answer, protocol::ResultPart part);
Status add(Embedding& answer, protocol::ResultPart part);
Status add(Tokens& answer, protocol::ResultPart part);

}  // namespace troupe::client::internal
