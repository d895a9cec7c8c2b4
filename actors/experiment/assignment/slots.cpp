#include "actors/experiment/assignment/slots.hpp"

#include <xxhash.h>

namespace troupe::experiment {

uint64_t salt_of(std::string_view name) {
  return XXH3_64bits(name.data(), name.size());
}

uint32_t slot_of(std::string_view unit, uint64_t salt) {
  return static_cast<uint32_t>(XXH3_64bits_withSeed(unit.data(), unit.size(), salt) >> 48);
}

}  // namespace troupe::experiment
