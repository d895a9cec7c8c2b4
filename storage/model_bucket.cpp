#include "storage/model_bucket.hpp"

#include <algorithm>

#include "storage/model_ref.hpp"

namespace troupe::storage {
namespace {

std::string folder_key(std::string_view name, std::string_view version) {
  return fmt::format("{}/{}/", name, version);
}

std::string manifest_key(std::string_view name, std::string_view version) {
  return folder_key(name, version) + std::string(manifest_file_name);
}

/// NAME@VERSION, where `key` is that of a version's manifest; others have the prefix for other things, or none of ours.
std::optional<ModelRef> version_of(std::string_view key) {
  const std::string end = "/" + std::string(manifest_file_name);
  if (!key.ends_with(end)) return std::nullopt;
  key.remove_suffix(end.size());
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ModelRef model{std::string(key.substr(0, slash)), std::string(key.substr(slash + 1))};
  if (!check_model_name(model.name) || !check_model_version(model.version)) return std::nullopt;
  return model;
}

}  // namespace

Result<std::vector<ModelManifest>> ModelBucket::list(std::vector<Error>& damaged) {
  TROUPE_TRY(const std::vector<S3Object> objects, client_.list(""));
  std::vector<ModelManifest> manifests;
  for (const S3Object& object : objects) {
    const auto model = version_of(object.key);
    if (!model) continue;
    auto manifest = find(model->name, model->version);
    if (manifest) {
      manifests.push_back(std::move(*manifest));
    } else if (manifest.error().code == Errc::corrupt_data) {
      damaged.push_back(std::move(manifest.error()));
    } else if (manifest.error().code != Errc::not_found) {
      return fail(std::move(manifest.error()));
    }
  }
  std::ranges::sort(manifests, [](const ModelManifest& a, const ModelManifest& b) {
    return a.name != b.name ? a.name < b.name : version_before(a.version, b.version);
  });
  return manifests;
}

Result<ModelManifest> ModelBucket::find(std::string_view name, std::string_view version) {
  TROUPE_CHECK(check_model_name(name));
  TROUPE_CHECK(check_model_version(version));
  const std::string key = manifest_key(name, version);
  TROUPE_TRY(const std::string json, client_.get(key, manifest_bytes_max));
  TROUPE_TRY(ModelManifest manifest, manifest_from_json(json, url() + key));
  if (manifest.name != name || manifest.version != version)
    return fail(Errc::corrupt_data, "{}{} is the manifest of {}@{}", url(), key, manifest.name, manifest.version);
  return manifest;
}

Status ModelBucket::publish(const ModelManifest& manifest, const std::filesystem::path& folder) {
  if (const auto known = find(manifest.name, manifest.version)) {
    if (known->files == manifest.files) return {};
    return fail(Errc::already_exists, "{}@{} exists in {} with other content, and versions are immutable",
                manifest.name, manifest.version, url());
  } else if (known.error().code != Errc::not_found) {
    return fail(known.error());
  }
  const std::string at = folder_key(manifest.name, manifest.version);
  for (const ModelFile& file : manifest.files) TROUPE_CHECK(client_.put_file(at + file.path, folder / file.path));
  TROUPE_TRY(const std::string json, to_json(manifest));
  return client_.put(manifest_key(manifest.name, manifest.version), json, true);
}

Result<std::string> ModelBucket::read(const ModelManifest& manifest, FetchPosition from, uint64_t size) {
  const ModelFile& file = manifest.files.at(from.file);
  const uint64_t left = file.size.value - std::min(from.offset, file.size.value);
  return client_.get_range(folder_key(manifest.name, manifest.version) + file.path, from.offset, std::min(left, size));
}

Status ModelBucket::remove(std::string_view name, std::string_view version) {
  TROUPE_TRY([[maybe_unused]] const ModelManifest manifest, find(name, version));
  TROUPE_CHECK(client_.remove(manifest_key(name, version)));
  TROUPE_TRY(const std::vector<S3Object> objects, client_.list(folder_key(name, version)));
  for (const S3Object& object : objects) TROUPE_CHECK(client_.remove(object.key));
  return {};
}

}  // namespace troupe::storage
