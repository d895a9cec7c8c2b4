#include "gpu/loader/weight_files.hpp"

#include <algorithm>

#include "gpu/loader/weight_index.hpp"

namespace troupe::gpu {
namespace {

namespace fs = std::filesystem;

/// Each is a mapping; the largest published models have some hundred.
constexpr size_t max_files = 4096;

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

/// Two copies of a tensor could differ, and nobody would know which one counts.
Status check_unique(const std::vector<SafetensorsFile>& files) {
  std::map<std::string, const SafetensorsFile*> first;
  for (const SafetensorsFile& file : files) {
    for (const std::string& name : file.names()) {
      const auto [known, fresh] = first.emplace(name, &file);
      if (!fresh) {
        return fail(Errc::corrupt_data, "{}: tensor {}: is in {} too; expected it in one file", file.name(), name,
                    known->second->name());
      }
    }
  }
  return {};
}

}  // namespace

Result<WeightFiles> WeightFiles::open(const fs::path& folder) {
  const fs::path single = folder / "model.safetensors";
  const fs::path index = folder / "model.safetensors.index.json";
  if (!is_there(single) && is_there(index)) return open_indexed(folder, index);
  if (!is_there(single)) return fail(Errc::not_found, "{}: model.safetensors is missing", folder.string());

  WeightFiles result;
  TROUPE_TRY(SafetensorsFile file, SafetensorsFile::open(single));
  result.name_ = file.name();
  for (std::string& name : file.names()) result.file_of_.emplace(std::move(name), 0);
  result.files_.push_back(std::move(file));
  return result;
}

Result<WeightFiles> WeightFiles::open_indexed(const fs::path& folder, const fs::path& index_file) {
  TROUPE_TRY(const WeightIndex index, read_weight_index(index_file));
  WeightFiles result;
  result.name_ = index_file.string();
  std::map<std::string, size_t> opened;
  for (const auto& [tensor, file] : index) {
    const auto [place, fresh] = opened.emplace(file, result.files_.size());
    if (fresh) {
      if (opened.size() > max_files) {
        return fail(Errc::too_large, "{}: names more than {} files", result.name_, max_files);
      }
      if (!is_there(folder / file)) {
        return fail(Errc::not_found, "{}: tensor {}: file {} is missing", result.name_, tensor, file);
      }
      TROUPE_TRY(SafetensorsFile weights, SafetensorsFile::open(folder / file));
      result.files_.push_back(std::move(weights));
    }
    if (result.files_[place->second].find(tensor) == nullptr) {
      return fail(Errc::not_found, "{}: tensor {}: expected in {}, which does not have it", result.name_, tensor, file);
    }
    result.file_of_.emplace(tensor, place->second);
  }
  TROUPE_CHECK(check_unique(result.files_));
  return result;
}

WeightFiles::Found WeightFiles::find(std::string_view name) const {
  const auto found = file_of_.find(name);
  if (found == file_of_.end()) return {};
  const SafetensorsFile& file = files_[found->second];
  return {file.find(name), &file};
}

std::vector<std::string> WeightFiles::names() const {
  std::vector<std::string> names;
  names.reserve(file_of_.size());
  for (const auto& [name, file] : file_of_) names.push_back(name);
  return names;
}

}  // namespace troupe::gpu
