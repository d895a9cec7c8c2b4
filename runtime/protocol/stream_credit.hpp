#pragma once
// How much of a streamed answer may be on its way to a client that has not read it: what a door grants and a back end
// keeps to. docs/guarantees.md says it to users.

#include <cstdint>

#include "runtime/protocol/serving.hpp"

namespace troupe::protocol {

/// Of one stream, in bytes of stream_cost().
inline constexpr uint64_t stream_window = 512 * 1024;
/// A door asks for more once the client has read so much; less would be a message a part.
inline constexpr uint64_t stream_credit_step = stream_window / 4;
/// What a part costs beside its text: an envelope, the names and braces of an event.
inline constexpr uint64_t stream_part_overhead = 256;

/// What a scored token costs beside its text.
inline constexpr uint64_t stream_token_overhead = 32;

/// What a part counts against the credit of its stream: its overhead, the bytes of its text and its tensors' data, and
/// its scored tokens. Whoever sends and whoever grants must count alike.
uint64_t stream_cost(const ResultPart& part);

}  // namespace troupe::protocol
