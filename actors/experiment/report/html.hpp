#pragma once
// Texts of reports: escaped, and numbers as people read them.

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/clock.hpp"

namespace troupe::experiment {

/// For text and for attributes in double quotes.
std::string escaped(std::string_view text);

enum class Scale : uint8_t {
  number,  ///< "0.0123", "1.2e+06"
  share,   ///< 0.5 is "50 %".
  change,  ///< 0.5 is "+50 %".
  points,  ///< 0.5, between shares, is "+50 pp".
};

/// Three or four digits; "–" for none and for what is not finite.
std::string text_of(std::optional<double> value, Scale scale);
/// "12 s", "1.5 h", "3 d".
std::string text_of_seconds(double seconds);
/// "2026-11-29 15:20:31 UTC"
std::string text_of_time(WallTime time);

}  // namespace troupe::experiment
