#pragma once
// WeightFiles: the tensors of a model folder, in one file or in several with an index.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/loader/safetensors.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Immutable after opening; const methods are thread-safe.
class WeightFiles {
 public:
  /// Opens `folder`/model.safetensors, or where there is none the files that model.safetensors.index.json names. Each
  /// tensor of the index must lie in the file it is said to lie in, and no tensor in two files. Errors: not_found
  /// naming the missing file or tensor, or those of SafetensorsFile and read_weight_index().
  static Result<WeightFiles> open(const std::filesystem::path& folder);

  struct Found {
    const TensorInfo* info = nullptr;  ///< Null if there is no tensor of that name.
    const SafetensorsFile* file = nullptr;
  };
  /// Valid as long as this object.
  Found find(std::string_view name) const;
  /// All tensor names, sorted.
  std::vector<std::string> names() const;
  /// The path of the one file or of the index, for messages.
  const std::string& name() const noexcept { return name_; }

 private:
  static Result<WeightFiles> open_indexed(const std::filesystem::path& folder, const std::filesystem::path& index);

  std::string name_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, size_t, std::less<>> file_of_;  ///< By tensor: index into files_.
};

}  // namespace troupe::gpu
