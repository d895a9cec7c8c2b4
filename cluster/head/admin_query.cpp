#include "cluster/head/admin_query.hpp"

#include <algorithm>

#include "runtime/base/nearest.hpp"
#include "runtime/http/message.hpp"

namespace troupe::cluster {

Result<Parameters> parse_query(std::string_view query, const std::vector<std::string>& known) {
  Parameters parameters;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    auto name = http::percent_decode(pair.substr(0, equals), true);
    auto value = http::percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (!name || !value) return fail(Errc::invalid_argument, "the query has a broken escape in '{}'", pair);
    if (std::ranges::find(known, *name) == known.end())
      return fail_field(*name, "unknown parameter {}{}", *name, did_you_mean(*name, known));
    parameters[*name] = std::move(*value);
  }
  return parameters;
}

std::string value_of(const Parameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

}  // namespace troupe::cluster
