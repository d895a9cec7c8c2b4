#pragma once
// Text that a verb is given: a file, or what is piped into it.

#include <string>

#include "runtime/base/result.hpp"

namespace troupe::cli {

/// Of a file, or of stdin for "-".
Result<std::string> read_text(const std::string& file);
/// What messages call it.
std::string name_of_text(const std::string& file);

}  // namespace troupe::cli
