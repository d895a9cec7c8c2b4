#include "storage/backup_manifest.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace troupe::storage {
namespace {

using nlohmann::json;

constexpr int64_t format_version = 1;

bool is_safe_path(const std::string& text) {
  const std::filesystem::path path(text);
  return !text.empty() && path.is_relative() && text.find('\0') == std::string::npos &&
         std::ranges::none_of(path, [](const auto& part) { return part.empty() || part == ".." || part == "."; });
}

/// Throws nlohmann's exceptions for missing fields and wrong types.
Result<BackupManifest> read_fields(const json& document, std::string_view where) {
  if (const auto format = document.at("format").get<int64_t>(); format > format_version)
    return fail(Errc::failed_precondition, "{} has format {}, written by a newer troupe; this one reads up to {}",
                where, format, format_version);
  BackupManifest manifest;
  manifest.cluster = document.at("cluster").get<std::string>();
  manifest.epoch = document.at("epoch").get<uint64_t>();
  manifest.revision = document.at("revision").get<uint64_t>();
  manifest.software = document.at("troupe").get<std::string>();
  manifest.protocol = document.at("protocol").get<uint32_t>();
  manifest.created = wall_time_from_unix_microseconds(document.at("created_unix_us").get<int64_t>());
  for (const json& file : document.at("files")) {
    BackupFile entry{
        file.at("path").get<std::string>(), {file.at("size").get<uint64_t>()}, file.at("sha256").get<std::string>()};
    if (!is_safe_path(entry.path))
      return fail(Errc::corrupt_data, "{} names a file '{}' outside of its directory", where, entry.path);
    manifest.files.push_back(std::move(entry));
  }
  return manifest;
}

}  // namespace

ByteCount BackupManifest::total_bytes() const noexcept {
  ByteCount total;
  for (const BackupFile& file : files) total.value += file.size.value;
  return total;
}

std::string to_json(const BackupManifest& manifest) {
  json files = json::array();
  for (const BackupFile& file : manifest.files)
    files.push_back({{"path", file.path}, {"size", file.size.value}, {"sha256", file.sha256}});
  const json document = {{"format", format_version},
                         {"cluster", manifest.cluster},
                         {"epoch", manifest.epoch},
                         {"revision", manifest.revision},
                         {"troupe", manifest.software},
                         {"protocol", manifest.protocol},
                         {"created", to_iso8601(manifest.created)},
                         {"created_unix_us", unix_microseconds(manifest.created)},
                         {"total_bytes", manifest.total_bytes().value},
                         {"files", std::move(files)}};
  return document.dump(2) + "\n";
}

Result<BackupManifest> backup_manifest_from_json(std::string_view text, std::string_view where) {
  try {
    return read_fields(json::parse(text), where);
  } catch (const json::exception& error) {
    return fail(Errc::corrupt_data, "{} is no backup's manifest: {}", where, error.what());
  }
}

}  // namespace troupe::storage
