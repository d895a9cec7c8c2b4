#pragma once
// How a verb ends.

#include <functional>

#include "runtime/base/result.hpp"

namespace troupe::cli {

/// Exit codes of every verb; scripts rely on them.
enum class Exit : int {
  ok = 0,
  failed = 1,
  usage = 2,        ///< Wrong flags, or a bad document.
  unreachable = 3,  ///< Nobody answers at the address.
  unhealthy = 4,
  inconclusive = 5,  ///< An experiment that has no answer, or none to be trusted.
  timed_out = 124,
};

/// Errors of a connection name this field, which tells them from an unavailability that the cluster reports.
inline constexpr const char* address_field = "address";

Exit exit_of(const Error& error) noexcept;

/// What a parsed command line does. An Error is printed by main() and becomes exit_of().
using Verb = std::function<Result<Exit>()>;

}  // namespace troupe::cli
