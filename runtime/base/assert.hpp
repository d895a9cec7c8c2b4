#pragma once
// TROUPE_ASSERT: a broken invariant of ours ends the process, in every build type.

namespace troupe::detail {

/// Prints the failed condition and its place to stderr and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace troupe::detail

#define TROUPE_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::troupe::detail::assertion_failed(#condition, __FILE__, __LINE__))
