#pragma once
// Is a byte string UTF-8?

#include <string_view>

namespace troupe::wire {

/// True for well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF. Eight
/// ASCII bytes a step.
bool is_utf8(std::string_view text) noexcept;

}  // namespace troupe::wire
