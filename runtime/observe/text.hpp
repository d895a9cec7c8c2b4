#pragma once
// Text from anywhere, made fit for logs and metrics.

#include <string>
#include <string_view>

namespace troupe::observe {

/// Length of the UTF-8 character at the start of `text` (RFC 3629); 0 where there is no valid one.
size_t utf8_length(std::string_view text) noexcept;

/// `text` without what is not UTF-8 ('?' instead), at most `bytes_max` bytes.
std::string sanitize(std::string_view text, size_t bytes_max);

/// Appends `text` as a JSON string with its quotes: always valid JSON and one line. Invalid bytes become U+FFFD; past
/// `bytes_max` bytes it ends with "…".
void append_json_string(std::string& out, std::string_view text, size_t bytes_max);

}  // namespace troupe::observe
