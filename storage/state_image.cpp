#include "storage/state_image.hpp"

#include <nlohmann/json.hpp>

namespace troupe::storage {
namespace {

using nlohmann::json;

constexpr int64_t format_version = 1;

/// Throws nlohmann's exceptions for missing fields and wrong types.
Result<RangeResult> read_fields(const json& image, std::string_view where) {
  if (const auto format = image.at("format").get<int64_t>(); format > format_version)
    return fail(Errc::failed_precondition, "{} has format {}, written by a newer troupe; this one reads up to {}",
                where, format, format_version);
  RangeResult state;
  state.revision.value = image.at("revision").get<uint64_t>();
  for (const json& row : image.at("entries")) {
    const json::binary_t& value = row.at(1).get_binary();
    StateEntry entry{row.at(0).get<std::string>(),
                     std::string(value.begin(), value.end()),
                     {row.at(2).get<uint64_t>()},
                     {row.at(3).get<uint64_t>()}};
    if (!check_state_key(entry.key) || entry.value.size() > state_value_bytes_max ||
        entry.mod_revision > state.revision || entry.create_revision > entry.mod_revision)
      return fail(Errc::corrupt_data, "{} has an entry '{}' that no store can have", where, entry.key);
    state.entries.push_back(std::move(entry));
  }
  return state;
}

}  // namespace

std::string encode_state_image(const RangeResult& state) {
  json entries = json::array();
  for (const StateEntry& entry : state.entries)
    entries.push_back({entry.key, json::binary({entry.value.begin(), entry.value.end()}), entry.create_revision.value,
                       entry.mod_revision.value});
  const json image{{"format", format_version}, {"revision", state.revision.value}, {"entries", std::move(entries)}};
  std::string bytes;
  json::to_msgpack(image, bytes);
  return bytes;
}

Result<RangeResult> decode_state_image(std::string_view bytes, std::string_view where) {
  try {
    return read_fields(json::from_msgpack(bytes.begin(), bytes.end()), where);
  } catch (const json::exception& error) {
    return fail(Errc::corrupt_data, "{} is no image of a control state: {}", where, error.what());
  }
}

}  // namespace troupe::storage
