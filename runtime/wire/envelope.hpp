#pragma once
// Envelope: the first frame of every message between processes. docs/wire-protocol.md is its public description.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/wire/limits.hpp"

namespace troupe::wire {

/// The protocol number fixes every schema. It stays 1 until the first tagged release.
inline constexpr uint32_t protocol_number = 1;

/// Values travel on the wire: never renumber, never reuse.
enum class Kind : uint8_t {
  request = 1,  ///< Wants parts or an error with the same correlation id.
  part = 2,     ///< One piece of an answer; the last one is marked.
  error = 3,    ///< Ends an answer; the body is an Error.
  cancel = 4,   ///< The asker of `correlation_id` wants no more. May overtake its request. Idempotent.
  credit = 5,   ///< The asker of `correlation_id` takes so many more bytes of its answer. No body.
  event = 6,    ///< Wants no answer.
  ack = 7,      ///< Confirms an event by its correlation id.
  hello = 8,    ///< First message on a connection: who is there.
};

/// Which piece of an answer a `part` is.
struct PartPosition {
  uint32_t index = 0;  ///< From 0 without gaps.
  bool last = false;
  bool operator==(const PartPosition&) const = default;
};

/// MessagePack array `[protocol, kind, message_type, correlation_id, [node, incarnation], [incarnation, path],
/// remaining_us, priority, trace, part, credit]`; without the last where there is none. Unknown trailing fields are
/// ignored.
struct Envelope {
  uint32_t protocol = protocol_number;
  Kind kind = Kind::event;
  uint16_t message_type = 0;  ///< protocol::MessageType of the body; 0 where there is none.
  CorrelationId correlation_id;
  NodeId source_node;
  Incarnation source_incarnation;
  Incarnation target_incarnation;  ///< The life that is meant; 0 = whichever.
  std::string target_path;         ///< The actor, e.g. "replica/00000000000000a1"; empty for answers.
  std::optional<std::chrono::microseconds> remaining;  ///< Time left until the deadline; none = no deadline.
  uint8_t priority = 0;                                ///< 0 = default, 1 = highest, 255 = lowest.
  std::string trace;                                   ///< Request id for logs and traces; may be empty.
  std::optional<PartPosition> part;                    ///< Only of kind `part`.
  /// Of kind `request`: bytes of the answer that may come before there is more credit; none = as they are made. Of kind
  /// `credit`: so many more.
  std::optional<uint64_t> credit;

  bool operator==(const Envelope&) const = default;
};

/// Appends the frame of `envelope` to `out`. The texts must be UTF-8 within their limits, or the other side refuses the
/// frame. A deadline that has passed travels as 0.
void encode(const Envelope& envelope, std::string& out);

/// too_large: a frame over limits. unimplemented: another protocol. corrupt_data: an unknown kind, a missing or
/// ill-typed field. Never allocates more than the frame's own size.
Result<Envelope> decode_envelope(std::span<const std::byte> frame, const Limits& limits);

}  // namespace troupe::wire
