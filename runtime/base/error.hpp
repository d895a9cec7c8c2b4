#pragma once
// Error: what went wrong, in one value that every layer passes on and every door translates once.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// Why something failed. One closed list for all of Troupe, so that each door (HTTP, gRPC, ZeroMQ, exit codes) needs
/// one table. Values travel on the wire and lie in RocksDB: never renumber, never reuse.
enum class Errc : uint8_t {
  internal = 1,              ///< A defect of ours; the message says where.
  invalid_argument = 2,      ///< The caller's input is wrong and stays wrong if repeated.
  not_found = 3,             ///< The named model, version, actor or file does not exist.
  already_exists = 4,        ///< Creation of something that is there already with other content.
  unavailable = 5,           ///< Nobody can serve this right now, and nothing was begun; a retry may succeed.
  overloaded = 6,            ///< A bounded queue is full; retry after `Error::retry_after`.
  deadline_exceeded = 7,     ///< The deadline passed before the work was done.
  cancelled = 8,             ///< The caller went away or asked to stop.
  unauthenticated = 9,       ///< No or a wrong key.
  permission_denied = 10,    ///< The key is valid but does not allow this.
  failed_precondition = 11,  ///< The system is not in the state this needs (e.g. version in use).
  unimplemented = 12,        ///< A feature the caller asked for by name that this version does not have.
  corrupt_data = 13,         ///< Stored or received bytes are damaged.
  io_error = 14,             ///< Disk or network refused.
  too_large = 15,            ///< Input over a stated limit.
  resource_exhausted = 16,   ///< Memory, devices or slots are used up beyond what waiting can mend.
  lost = 17,                 ///< Who had the work died or can't be reached over it; it may have been done.
};

/// snake_case name of `code` as it appears in messages, logs and JSON; "unknown" for values this build does not know.
std::string_view to_string(Errc code) noexcept;

struct Error {
  Errc code = Errc::internal;
  std::string message;  ///< For people: what was wrong, where, and what would be right. No trailing full stop.
  std::string field;    ///< The field of the request or file that is wrong; empty when it is not about one.
  std::chrono::milliseconds retry_after{0};  ///< When to come back; 0 = unknown.

  bool operator==(const Error&) const = default;
};

/// "not_found: no model named clark (did you mean clerk?)"
std::string to_string(const Error& error);

}  // namespace troupe
