#pragma once
// ModelRef: how people name a model version: "clerk@2", or "clerk" for whatever version is the stable one.

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace troupe::storage {

struct ModelRef {
  std::string name;
  std::string version;  ///< Empty: none was named.

  auto operator<=>(const ModelRef&) const = default;
};

/// Errors: invalid_argument, with what a name or version looks like.
Result<ModelRef> parse_model_ref(std::string_view text);
/// "clerk@2", or "clerk" without a version.
std::string to_string(const ModelRef& ref);

/// [a-z0-9][a-z0-9._-]{0,63}: safe as a directory, a URL segment and a metric label.
Status check_model_name(std::string_view name);
/// [A-Za-z0-9][A-Za-z0-9._-]{0,31}
Status check_model_version(std::string_view version);

/// Orders versions as people count them: numbers by value and before words ("2" < "10" < "rc1").
bool version_before(std::string_view a, std::string_view b) noexcept;

}  // namespace troupe::storage
