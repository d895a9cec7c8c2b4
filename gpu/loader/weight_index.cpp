#include "gpu/loader/weight_index.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "gpu/loader/clipped.hpp"
#include "gpu/loader/mapped_file.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;

/// Some hundred thousand tensors.
constexpr uint64_t max_index_bytes = 64 << 20;
/// As many as file systems allow.
constexpr size_t max_file_name = 255;

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= max_file_name && name.front() != '.' &&
         name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

/// The object under "weight_map". A name given twice would silently lose its first file, so names are watched.
Result<json> parse_weight_map(const std::string& file, std::string_view text) {
  std::array<std::set<std::string>, 2> seen;
  std::optional<std::string> duplicate;
  bool in_map = false;
  // "weight_map" (1) > tensor (2): what lies deeper is no part of the format and is not kept.
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event != json::parse_event_t::key || depth > 2) return depth <= 2;
    const auto& key = parsed.get_ref<const std::string&>();
    if (depth == 1) in_map = key == "weight_map";
    // One weight_map, and each tensor in it once.
    if (in_map && !seen[static_cast<size_t>(depth - 1)].insert(key).second) duplicate = key;
    return true;
  };
  try {
    json index = json::parse(text, watch);
    if (duplicate) return fail(Errc::corrupt_data, "{}: {}: the index has it twice", file, clipped(*duplicate));
    if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
      return fail(Errc::corrupt_data, "{}: weight_map: expected an object of tensor names and files", file);
    }
    return std::move(index["weight_map"]);
  } catch (const std::exception& error) {
    return fail(Errc::corrupt_data, "{}: not JSON: {}", file, clipped(error.what()));
  }
}

}  // namespace

Result<WeightIndex> read_weight_index(const std::filesystem::path& path) {
  const std::string file = path.string();
  TROUPE_TRY(const MappedFile mapped, map_file(path));
  if (mapped.data.size() > max_index_bytes) {
    return fail(Errc::too_large, "{}: has {} bytes, at most {} are allowed", file, mapped.data.size(), max_index_bytes);
  }
  TROUPE_TRY(const json map, parse_weight_map(file, mapped.view()));
  if (map.empty()) return fail(Errc::corrupt_data, "{}: weight_map: names no tensor", file);
  WeightIndex index;
  for (const auto& [tensor, value] : map.items()) {
    if (!value.is_string() || !is_plain_name(value.get_ref<const std::string&>())) {
      return fail(Errc::corrupt_data, "{}: tensor {}: expected the name of a file in the same folder, found {}", file,
                  clipped(tensor), clipped(value.dump()));
    }
    index.emplace(tensor, value.get<std::string>());
  }
  return index;
}

}  // namespace troupe::gpu
