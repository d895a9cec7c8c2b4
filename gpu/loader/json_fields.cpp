#include "gpu/loader/json_fields.hpp"

#include <nlohmann/json.hpp>

#include "gpu/loader/mapped_file.hpp"

namespace troupe::gpu {

using nlohmann::json;

namespace {

bool is_integer_in(const json& value, int64_t low, int64_t high) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) return false;
  const auto number = value.get<int64_t>();
  return number >= low && number <= high;
}

}  // namespace

Result<json> read_json_object(const std::filesystem::path& path, uint64_t max_bytes) {
  TROUPE_TRY(const MappedFile file, map_file(path));
  if (file.data.size() > max_bytes) {
    return fail(Errc::too_large, "{}: has {} bytes, at most {} are allowed", path.string(), file.data.size(),
                max_bytes);
  }
  try {
    json value = json::parse(file.view());
    if (!value.is_object()) return fail(Errc::corrupt_data, "{}: expected a JSON object", path.string());
    return value;
  } catch (const json::exception& error) {
    return fail(Errc::corrupt_data, "{}: not JSON: {}", path.string(), error.what());
  }
}

const json* JsonFields::find(std::string_view key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

Result<int64_t> JsonFields::integer(std::string_view key, int64_t low, int64_t high,
                                    std::optional<int64_t> fallback) const {
  const json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr || !is_integer_in(*value, low, high)) {
    return wrong(key, fmt::format("an integer from {} to {}", low, high));
  }
  return value->get<int64_t>();
}

Result<double> JsonFields::number(std::string_view key, double low, double high, std::optional<double> fallback) const {
  const json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr || !value->is_number() || value->get<double>() < low || value->get<double>() > high) {
    return wrong(key, fmt::format("a number from {} to {}", low, high));
  }
  return value->get<double>();
}

Result<bool> JsonFields::boolean(std::string_view key, bool fallback) const {
  const json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) return wrong(key, "true or false");
  return value->get<bool>();
}

Result<std::string> JsonFields::text(std::string_view key, std::optional<std::string> fallback) const {
  const json* value = find(key);
  if (value == nullptr && fallback) return *std::move(fallback);
  if (value == nullptr || !value->is_string()) return wrong(key, "a string");
  return value->get<std::string>();
}

Result<std::vector<int32_t>> JsonFields::ids(std::string_view key, int64_t low, int64_t high) const {
  const json* value = find(key);
  if (value == nullptr) return std::vector<int32_t>{};
  const json list = value->is_array() ? *value : json::array({*value});
  std::vector<int32_t> ids;
  for (const json& id : list) {
    if (!is_integer_in(id, low, high))
      return wrong(key, fmt::format("an id from {} to {}, or a list of ids", low, high));
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

tl::unexpected<Error> JsonFields::wrong(std::string_view key, std::string_view expected) const {
  const auto found = object_.find(key);
  const std::string there = found == object_.end() ? "nothing" : found->dump().substr(0, 100);
  return fail_field(prefix_ + std::string(key), "{}: {}{}: expected {}, found {}", file_, prefix_, key, expected,
                    there);
}

}  // namespace troupe::gpu
