#include "storage/model_manifest.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "storage/model_ref.hpp"
#include "storage/sha256.hpp"

namespace troupe::storage {
namespace {

using nlohmann::json;

constexpr int64_t format_version = 1;

bool is_safe_path(const std::string& text) {
  const std::filesystem::path path(text);
  return !text.empty() && path.is_relative() && text.find('\0') == std::string::npos &&
         text.find("//") == std::string::npos &&  // Another spelling of a path that may be there too.
         std::ranges::none_of(path, [](const auto& part) { return part.empty() || part == ".." || part == "."; });
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Throws nlohmann's exceptions for missing fields and wrong types.
Result<ModelManifest> read_fields(const json& document, std::string_view where) {
  if (const auto format = document.at("format").get<int64_t>(); format > format_version)
    return fail(Errc::failed_precondition, "{} has format {}, written by a newer troupe; this one reads up to {}",
                where, format, format_version);
  ModelManifest manifest;
  manifest.name = document.at("name").get<std::string>();
  manifest.version = document.at("version").get<std::string>();
  if (!check_model_name(manifest.name) || !check_model_version(manifest.version))
    return fail(Errc::corrupt_data, "{} has a name or version that no model can have", where);
  manifest.created = wall_time_from_unix_microseconds(document.at("created_unix_us").get<int64_t>());
  manifest.source = document.at("source").get<std::string>();
  manifest.metadata = document.at("metadata").get<std::map<std::string, std::string>>();
  for (const json& file : document.at("files")) {
    ModelFile entry{
        file.at("path").get<std::string>(), {file.at("size").get<uint64_t>()}, file.at("sha256").get<std::string>()};
    if (!is_safe_path(entry.path) || !is_sha256(entry.sha256))
      return fail(Errc::corrupt_data, "{} names a file '{}' outside of its directory or with a bad sha256", where,
                  entry.path);
    manifest.files.push_back(std::move(entry));
  }
  return manifest;
}

}  // namespace

Status check_metadata(const std::map<std::string, std::string>& metadata) {
  if (metadata.size() > metadata_entries_max)
    return fail_field("metadata", "{} metadata entries; at most {} are allowed", metadata.size(), metadata_entries_max);
  for (const auto& [key, value] : metadata)
    if (key.empty() || key.size() > metadata_bytes_max || value.size() > metadata_bytes_max)
      return fail_field("metadata", "the metadata '{}' is empty or over {} bytes", key.substr(0, 64),
                        metadata_bytes_max);
  return {};
}

ByteCount ModelManifest::total_bytes() const noexcept {
  ByteCount total;
  for (const ModelFile& file : files) total.value += file.size.value;
  return total;
}

std::string ModelManifest::digest() const {
  Sha256 sha;
  for (const ModelFile& file : files) {
    const std::string line = fmt::format("{} {} {}\n", file.sha256, file.size.value, file.path);
    sha.update(std::as_bytes(std::span(line)));
  }
  return sha.hex();
}

Result<std::string> to_json(const ModelManifest& manifest) {
  TROUPE_CHECK(check_metadata(manifest.metadata));
  json files = json::array();
  for (const ModelFile& file : manifest.files)
    files.push_back({{"path", file.path}, {"size", file.size.value}, {"sha256", file.sha256}});
  const json document = {{"format", format_version},
                         {"name", manifest.name},
                         {"version", manifest.version},
                         {"created", to_iso8601(manifest.created)},
                         {"created_unix_us", unix_microseconds(manifest.created)},
                         {"source", manifest.source},
                         {"total_bytes", manifest.total_bytes().value},
                         {"metadata", manifest.metadata},
                         {"files", std::move(files)}};
  try {
    return document.dump(2) + "\n";
  } catch (const json::exception&) {
    return fail(Errc::invalid_argument, "the metadata or source path of {}@{} is not valid UTF-8", manifest.name,
                manifest.version);
  }
}

Result<ModelManifest> manifest_from_json(std::string_view text, std::string_view where) {
  try {
    return read_fields(json::parse(text), where);
  } catch (const json::exception& error) {
    return fail(Errc::corrupt_data, "{} is no model manifest: {}", where, error.what());
  }
}

}  // namespace troupe::storage
