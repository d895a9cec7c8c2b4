#include "gpu/loader/json_fields.hpp"

#include <nlohmann/json.hpp>

#include "gpu/loader/clipped.hpp"
#include "gpu/loader/mapped_file.hpp"

namespace troupe::gpu {

using nlohmann::json;

namespace {

/// More than any model's files have; deeper ones would exhaust the stack of what walks them.
constexpr int max_depth = 64;

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
  bool too_deep = false;
  const auto watch = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > max_depth;
    return depth <= max_depth;
  };
  try {
    json value = json::parse(file.view(), watch);
    if (too_deep) return fail(Errc::corrupt_data, "{}: values are nested deeper than {}", path.string(), max_depth);
    if (!value.is_object()) return fail(Errc::corrupt_data, "{}: expected a JSON object", path.string());
    return value;
  } catch (const json::exception& error) {
    return fail(Errc::corrupt_data, "{}: not JSON: {}", path.string(), error.what());
  }
}

const json* JsonFields::find(std::string_view key) const {
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

bool JsonFields::contains(std::string_view key) const {
  return object_->find(key) != object_->end();
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

Result<std::vector<std::string>> JsonFields::texts(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::vector<std::string>{};
  if (!value->is_array()) return wrong(key, "a list of strings");
  std::vector<std::string> texts;
  for (const json& text : *value) {
    if (!text.is_string()) return wrong(key, "a list of strings");
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

Result<std::optional<JsonFields>> JsonFields::object(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return wrong(key, "an object or null");
  return JsonFields(file_, *value, prefix_ + std::string(key) + ".");
}

tl::unexpected<Error> JsonFields::wrong(std::string_view key, std::string_view expected) const {
  return fail_field(prefix_ + std::string(key), "{}: {}{}: expected {}, found {}", file_, prefix_, key, expected,
                    found(key));
}

tl::unexpected<Error> JsonFields::unsupported(std::string_view key, std::string_view supported) const {
  return fail(
      Error{Errc::unimplemented,
            fmt::format("{}: {}{}: {} is not supported; supported: {}", file_, prefix_, key, found(key), supported),
            prefix_ + std::string(key),
            {}});
}

std::string JsonFields::found(std::string_view key) const {
  const auto value = object_->find(key);
  return value == object_->end() ? "nothing" : std::string(clipped(value->dump(), 100));
}

}  // namespace troupe::gpu
