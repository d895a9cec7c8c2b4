#pragma once
// The index of weights in several files: which tensor lies in which (model.safetensors.index.json, as transformers
// writes it).

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Tensor name to file name.
using WeightIndex = std::map<std::string, std::string, std::less<>>;

/// Reads `weight_map`: at least one tensor, none twice, each in a file that is named without a path, so that it cannot
/// lie outside the index's own folder. The files are not looked at. Errors: corrupt_data, too_large or
/// invalid_argument, naming index and tensor.
Result<WeightIndex> read_weight_index(const std::filesystem::path& file);

}  // namespace troupe::gpu
