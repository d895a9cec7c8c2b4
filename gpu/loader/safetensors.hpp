#pragma once
// SafetensorsFile: named tensors in one memory-mapped file (https://github.com/huggingface/safetensors, "Format").
//
// The file is: u64 little-endian header length, JSON header, data. The header maps each tensor's name to
// {"dtype", "shape", "data_offsets": [begin, end)}; offsets count from the start of the data.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/loader/mapped_file.hpp"
#include "runtime/base/dtype.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// One tensor: row-major, little-endian, exactly element_size(dtype) * product(shape) bytes.
struct TensorInfo {
  DType dtype;
  std::vector<int64_t> shape;       ///< Empty for a scalar.
  std::span<const std::byte> data;  ///< Lives as long as the file or a copy of its owner(). May be unaligned.
};

/// Immutable after opening; const methods are thread-safe. Longest accepted header: 100 MB, as the reference library.
class SafetensorsFile {
 public:
  /// Maps `path` and checks all of its header: known dtypes, shapes that fit their bytes, every byte of the data in
  /// exactly one tensor, no name twice. Errors: those of map_file(), or corrupt_data naming file and tensor.
  static Result<SafetensorsFile> open(const std::filesystem::path& path);
  /// As open(), over bytes in memory. `name` stands for the path in errors.
  static Result<SafetensorsFile> parse(std::string name, MappedFile file);

  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  /// Null if there is no tensor of that name. Valid as long as this object.
  const TensorInfo* find(std::string_view name) const;
  /// All tensor names, sorted.
  std::vector<std::string> names() const;
  /// Keeps the file mapped.
  std::shared_ptr<const void> owner() const { return owner_; }
  /// The path, for messages.
  const std::string& name() const noexcept { return name_; }

 private:
  SafetensorsFile() = default;

  std::string name_;
  std::shared_ptr<const void> owner_;
  std::map<std::string, TensorInfo, std::less<>> tensors_;
};

/// "F32", "BF16", …: the format's names; empty for a type it does not have.
std::string_view safetensors_name(DType type) noexcept;
/// "[2, 3]"
std::string format_shape(std::span<const int64_t> shape);

}  // namespace troupe::gpu
