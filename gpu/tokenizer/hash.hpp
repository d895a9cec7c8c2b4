#pragma once
// hash_bytes: a fast hash of short texts. Private to this folder.

#include <cstdint>
#include <string_view>

namespace troupe::gpu {

/// XXH3 (https://xxhash.com).
uint64_t hash_bytes(std::string_view bytes) noexcept;

}  // namespace troupe::gpu
