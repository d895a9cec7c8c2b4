#pragma once
// cache_key: what two requests must share to have the same answer.

#include <string>

#include "runtime/protocol/serving.hpp"

namespace troupe::cache_shard {

/// Whether the same request has the same answer: tensor inference, and generation at temperature 0. Sampled generation
/// is never cached.
bool is_cacheable(const protocol::ServeRequest& request);

/// The exact canonical form of version, input and parameters, not a hash: two keys are equal only if the requests are.
/// Who asks, and whether the answer is streamed, is no part of it.
std::string cache_key(const protocol::ServeRequest& request, std::string_view version);

}  // namespace troupe::cache_shard
