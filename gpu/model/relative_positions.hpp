#pragma once
// Biases of attention by the distance of two tokens (Raffel et al. 2020, "T5", section 2.1, in both directions).

#include <cstdint>
#include <span>
#include <vector>

namespace troupe::gpu {

/// The bucket of a key that stands `distance` positions behind its query: half of the `buckets` are for each direction;
/// of these half hold one distance each, the others logarithmic ranges up to 128, and the last all beyond.
int32_t relative_bucket(int64_t distance, int64_t buckets);

/// table: [buckets, heads]. Returns [heads, 2 * reach + 1]: the bias of distance d in column reach + d, as
/// Device::self_attention() wants it.
std::vector<float> expand_relative_bias(std::span<const float> table, int64_t buckets, int64_t heads, int64_t reach);

}  // namespace troupe::gpu
