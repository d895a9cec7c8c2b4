#pragma once
// Times as people write them.

#include <string_view>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe {

/// RFC 3339 and its date alone: "2026-11-21T04:05:06Z", "2026-11-21T04:05:06.25+01:00", "2026-11-21" (midnight UTC).
/// Years 1970 to 2200; fractions to the microsecond. invalid_argument says what would be right.
Result<WallTime> parse_iso8601(std::string_view text);

}  // namespace troupe
