#pragma once
// Base64 as RFC 4648, section 4, has it: with padding.

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

std::string base64_encode(std::string_view bytes);

/// None where `text` is not base64. Padding may be left out; section 5's '-' and '_' stand for '+' and '/'.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace troupe
