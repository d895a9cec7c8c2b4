#pragma once
// A whole file mapped read-only into memory.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// The bytes stay mapped as long as a copy of `owner` lives. Nobody may shorten the file meanwhile: the kernel answers
/// a read behind its end with SIGBUS.
struct MappedFile {
  std::shared_ptr<const void> owner;  ///< Null for an empty file.
  std::span<const std::byte> data;

  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(data.data()), data.size()}; }
};

/// Follows symbolic links. Errors: not_found, invalid_argument (not a regular file), io_error.
Result<MappedFile> map_file(const std::filesystem::path& path);

}  // namespace troupe::gpu
