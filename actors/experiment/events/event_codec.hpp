#pragma once
// Events as bytes: one by one in a gateway's log, and many in a block on their way to a shard.

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/protocol/events.hpp"

namespace troupe::experiment {

inline constexpr size_t event_bytes_max = 4096;
inline constexpr size_t block_bytes_max = 256 * 1024;
inline constexpr size_t event_unit_bytes_max = 256;  ///< Of a unit's name.
inline constexpr size_t measure_bytes_max = 64;      ///< Of an outcome's.
inline constexpr uint32_t event_slots = 64;

/// The slot of a unit's events: XXH3 of its name.
uint32_t event_slot(std::string_view unit);

/// MessagePack. Requires a unit and a measure within their bounds.
std::string encode(const protocol::Event& event);
/// corrupt_data where the bytes are no event, or one out of bounds.
Result<protocol::Event> decode_event(std::string_view bytes);

/// Appends an event's bytes to those of a block.
void append_to_block(std::string& block, std::string_view event);
/// The events' bytes, inside of `block`. corrupt_data where it is no block.
Result<std::vector<std::string_view>> events_of_block(std::string_view block);

}  // namespace troupe::experiment
