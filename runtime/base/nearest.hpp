#pragma once
// The nearest right name to a wrong one, for error messages.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The candidate with the smallest edit distance to `name`, if that is at most a third of the longer length (at least
/// 1); otherwise none. Ties: the first.
std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// " (did you mean clerk?)" or "".
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace troupe
