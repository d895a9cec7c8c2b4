#pragma once
// The file with the key of the admin API.

#include <filesystem>
#include <string>

#include "runtime/base/result.hpp"

namespace troupe::cluster {

/// The key in `file`: 64 hex digits of the kernel's randomness, made with mode 0600 where there is no such file.
/// failed_precondition where others than its owner may touch the file, corrupt_data where it holds no key, io_error.
Result<std::string> load_or_create_admin_key(const std::filesystem::path& file);

}  // namespace troupe::cluster
