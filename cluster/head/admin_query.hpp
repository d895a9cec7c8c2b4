#pragma once
// The query of a request to the admin API.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::cluster {

using Parameters = std::map<std::string, std::string, std::less<>>;

/// Of "a=1&b=2", decoded; invalid_argument for a broken escape and for what is not `known`.
Result<Parameters> parse_query(std::string_view query, const std::vector<std::string>& known);

/// Empty where it is not there.
std::string value_of(const Parameters& parameters, std::string_view name);

}  // namespace troupe::cluster
