#include "gpu/tokenizer/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace troupe::gpu {

uint64_t hash_bytes(std::string_view bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace troupe::gpu
