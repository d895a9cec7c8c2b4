#include "runtime/base/random.hpp"

#include <sys/random.h>

#include "runtime/base/assert.hpp"

namespace troupe {

uint64_t Random::below(uint64_t bound) {
  TROUPE_ASSERT(bound > 0);
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(next()) * bound;
  auto low = static_cast<uint64_t>(product);
  if (low < bound) {
    const uint64_t threshold = -bound % bound;
    while (low < threshold) {
      product = static_cast<Wide>(next()) * bound;
      low = static_cast<uint64_t>(product);
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

double Random::uniform() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

uint64_t SeededRandom::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

uint64_t secure_random_u64() {
  uint64_t value = 0;
  // Requests of up to 256 bytes are never short once the generator is seeded (getrandom(2)).
  TROUPE_ASSERT(::getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

}  // namespace troupe
