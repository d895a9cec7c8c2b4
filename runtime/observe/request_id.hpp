#pragma once
// Ids of requests: ours, and those that clients bring along.

#include <string>
#include <string_view>

#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"

namespace troupe::observe {

inline constexpr size_t request_id_bytes_max = 128;

/// "req_" and 24 lower-case hex digits: 96 random bits, so a trillion ids have no two alike but by a chance of 1e-5.
std::string make_request_id(Random& random);

/// Accepts 1 to 128 printable ASCII characters, so that an id can stand in any header, log line and file unchanged.
Status check_request_id(std::string_view id);

}  // namespace troupe::observe
