#pragma once
// Slots: all units of a question fall into 65,536 equal parts, always the same way. Weights, shares of a layer and
// holdouts are ranges of slots, so that assignment is one hash and one look-up in integers: equal in every process,
// after every restart, and in Python (`troupe.experiments`).

#include <cstdint>
#include <string_view>

namespace troupe::experiment {

/// A share is kept to 1/65,536: 0.0015 %.
inline constexpr uint32_t slot_count = 1u << 16;

/// What makes the slots of one question independent of those of another: XXH3 of its name.
uint64_t salt_of(std::string_view name);

/// [0, slot_count): the upper 16 bits of XXH3 (64 bits, https://xxhash.com) of `unit`, seeded with the salt.
uint32_t slot_of(std::string_view unit, uint64_t salt);

}  // namespace troupe::experiment
