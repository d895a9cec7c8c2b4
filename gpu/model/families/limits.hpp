#pragma once
// Bounds of what a config.json may ask for: well beyond published models, and small enough that no product of two
// overflows.

#include <cstdint>

namespace troupe::gpu {

inline constexpr int64_t max_hidden = 1 << 17;
inline constexpr int64_t max_inner = 1 << 20;
inline constexpr int64_t max_layers = 1024;
inline constexpr int64_t max_heads = 1024;
inline constexpr int64_t max_head_dim = 1024;
inline constexpr int64_t max_vocabulary = 1 << 22;
inline constexpr int64_t max_positions = 1 << 24;
inline constexpr double min_epsilon = 1e-12;
inline constexpr double max_epsilon = 0.1;

}  // namespace troupe::gpu
