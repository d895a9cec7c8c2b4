#pragma once
// One picture of a view that is shown again and again on a terminal. Pure.

#include <string>

namespace troupe::cli {

/// Draws `text` over what stands on a terminal of that size, from its upper left corner: lines that are too long are
/// cut, and where there are too many the last line says how many more there are. No size known: 0.
std::string frame(const std::string& text, size_t columns, size_t rows);

}  // namespace troupe::cli
