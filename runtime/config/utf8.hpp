#pragma once
// Text from outside, made safe to keep and to print.

#include <string>
#include <string_view>

namespace troupe::config {

bool is_utf8(std::string_view text) noexcept;

/// `text` on one line for a message: control characters as '?', at most 60 bytes and then "…".
std::string printable(std::string_view text);

}  // namespace troupe::config
