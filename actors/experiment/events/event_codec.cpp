#include "actors/experiment/events/event_codec.hpp"

#include <xxhash.h>

#include "runtime/base/assert.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::experiment {
namespace {

constexpr size_t length_bytes = 4;

Status check_bounds(const protocol::Event& event) {
  if (event.unit.empty() || event.unit.size() > event_unit_bytes_max)
    return fail(Errc::corrupt_data, "an event's unit must have 1 to {} bytes, found {}", event_unit_bytes_max,
                event.unit.size());
  const auto* outcome = std::get_if<protocol::Outcome>(&event.what);
  if (outcome == nullptr || (!outcome->measure.empty() && outcome->measure.size() <= measure_bytes_max)) return {};
  return fail(Errc::corrupt_data, "an outcome's measure must have 1 to {} bytes, found {}", measure_bytes_max,
              outcome->measure.size());
}

}  // namespace

uint32_t event_slot(std::string_view unit) {
  return static_cast<uint32_t>(XXH3_64bits(unit.data(), unit.size()) % event_slots);
}

std::string encode(const protocol::Event& event) {
  TROUPE_ASSERT(check_bounds(event));
  return std::string(wire::encode_body(event).data.view());
}

Result<protocol::Event> decode_event(std::string_view bytes) {
  // The bytes outlive this call, and nothing of the event shares them.
  const wire::Body body{Bytes::share(nullptr, std::as_bytes(std::span(bytes))), {}};
  TROUPE_TRY(protocol::Event event, wire::decode_body<protocol::Event>(body, wire::Limits{}));
  TROUPE_CHECK(check_bounds(event));
  return event;
}

void append_to_block(std::string& block, std::string_view event) {
  const auto length = static_cast<uint32_t>(event.size());
  for (int shift = 24; shift >= 0; shift -= 8) block += static_cast<char>(length >> shift);
  block += event;
}

Result<std::vector<std::string_view>> events_of_block(std::string_view block) {
  std::vector<std::string_view> events;
  while (!block.empty()) {
    if (block.size() < length_bytes) return fail(Errc::corrupt_data, "a block of events ends within a length");
    uint32_t length = 0;
    for (size_t i = 0; i < length_bytes; ++i) length = length << 8 | static_cast<unsigned char>(block[i]);
    block.remove_prefix(length_bytes);
    if (length > event_bytes_max || length > block.size())
      return fail(Errc::corrupt_data, "an event of a block has {} bytes, and {} are left; it may have {}", length,
                  block.size(), event_bytes_max);
    events.push_back(block.substr(0, length));
    block.remove_prefix(length);
  }
  return events;
}

}  // namespace troupe::experiment
