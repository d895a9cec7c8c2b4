#pragma once
// Limits on what comes off a socket, checked before anything is allocated for it.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace troupe::wire {

struct Limits {
  size_t header_bytes_max = 4096;           ///< The envelope frame.
  size_t body_bytes_max = 16 << 20;         ///< The body frame.
  size_t attachments_max = 64;              ///< Raw frames after the body.
  size_t attachment_bytes_max = 256 << 20;  ///< All raw frames of one message together.
  size_t depth_max = 16;                    ///< Nesting of arrays and maps in a body; at most Reader::path_max.
};

/// Byte strings from this size on travel as raw frames after the body, without a copy.
inline constexpr size_t attachment_bytes_min = 4096;

/// Bounds of an envelope's fields.
inline constexpr size_t target_path_bytes_max = 256;
inline constexpr size_t trace_bytes_max = 128;
inline constexpr std::chrono::hours remaining_max{24 * 365};

}  // namespace troupe::wire
