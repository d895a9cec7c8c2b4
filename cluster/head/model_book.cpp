#include "cluster/head/model_book.hpp"

#include <algorithm>

#include "runtime/base/nearest.hpp"

namespace troupe::cluster {
namespace {

constexpr size_t label_length_max = 32;
constexpr size_t labels_max = 64;

bool has_version(const std::vector<storage::ModelManifest>& models, const std::string& name,
                 const std::string& version) {
  return std::ranges::any_of(models, [&](const auto& m) { return m.name == name && m.version == version; });
}

Status check_version(const std::vector<storage::ModelManifest>& models, const std::string& name,
                     const std::string& version) {
  if (has_version(models, name, version)) return {};
  const std::string asked = name + "@" + version;
  std::vector<std::string> known;
  for (const storage::ModelManifest& model : models) known.push_back(model.name + "@" + model.version);
  return fail(Errc::not_found, "the store has no {}{}", asked, did_you_mean(asked, known));
}

}  // namespace

Status check_label(std::string_view label) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto allowed = [&](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  if (label.empty() || label.size() > label_length_max || !is_lower(label.front()) ||
      !std::ranges::all_of(label, allowed))
    return fail_field("label",
                      "'{}' is no label; it has 1 to {} of a-z, 0-9, '.', '_' and '-' and starts with a letter, like "
                      "stable",
                      label.substr(0, label_length_max), label_length_max);
  return {};
}

ModelRecord ModelBook::record_of(const std::string& name) const {
  const auto found = records_.find(name);
  if (found != records_.end()) return found->second;
  ModelRecord record;
  record.name = name;
  return record;
}

const VersionNotes* ModelBook::notes_of(const std::string& name, const std::string& version) const {
  const auto record = records_.find(name);
  if (record == records_.end()) return nullptr;
  const auto notes = record->second.versions.find(version);
  return notes == record->second.versions.end() ? nullptr : &notes->second;
}

Result<ModelRecord> ModelBook::promoted(const std::string& name, const std::string& version, const std::string& label,
                                        const std::vector<storage::ModelManifest>& models) const {
  TROUPE_CHECK(check_label(label));
  TROUPE_CHECK(check_version(models, name, version));
  if (has_version(models, name, label))
    return fail_field("label", "{0} has a version {1}, so no label can be named so: {0}@{1} means that", name, label);
  if (is_retired(name, version)) return fail(Errc::failed_precondition, "{}@{} is retired", name, version);
  ModelRecord record = record_of(name);
  record.labels[label] = version;
  if (record.labels.size() > labels_max)
    return fail_field("label", "{} has {} labels already; remove one that nobody needs", name, labels_max);
  return record;
}

Result<ModelRecord> ModelBook::without_label(const std::string& name, const std::string& label) const {
  ModelRecord record = record_of(name);
  if (record.labels.erase(label) > 0) return record;
  std::vector<std::string> labels;
  for (const auto& [known, version] : record.labels) labels.push_back(known);
  return fail(Errc::not_found, "{} has no label {}{}", name, label, did_you_mean(label, labels));
}

Result<ModelRecord> ModelBook::retired(const std::string& name, const std::string& version, bool is_retired,
                                       const std::vector<storage::ModelManifest>& models) const {
  TROUPE_CHECK(check_version(models, name, version));
  if (const auto labels = labels_of(name, version); is_retired && !labels.empty())
    return fail(Errc::failed_precondition, "the label {1} points to {0}@{2}; promote another version to it first", name,
                labels.front(), version);
  ModelRecord record = record_of(name);
  record.versions[version].is_retired = is_retired;
  return record;
}

Result<ModelRecord> ModelBook::noted(const std::string& name, const std::string& version,
                                     const std::map<std::string, std::string>& notes,
                                     const std::vector<storage::ModelManifest>& models) const {
  TROUPE_CHECK(check_version(models, name, version));
  ModelRecord record = record_of(name);
  auto& metadata = record.versions[version].metadata;
  for (const auto& [key, value] : notes) {
    if (value.empty()) {
      metadata.erase(key);
    } else {
      metadata[key] = value;
    }
  }
  TROUPE_CHECK(storage::check_metadata(metadata));
  return record;
}

Result<std::optional<ModelRecord>> ModelBook::without_version(const std::string& name,
                                                              const std::string& version) const {
  if (const auto labels = labels_of(name, version); !labels.empty())
    return fail(Errc::failed_precondition,
                "the label {1} points to {0}@{2}; promote another version to it, or remove the label", name,
                labels.front(), version);
  ModelRecord record = record_of(name);
  if (record.versions.erase(version) == 0) return std::optional<ModelRecord>();
  return std::optional(std::move(record));
}

bool ModelBook::is_retired(const std::string& name, const std::string& version) const {
  const VersionNotes* const notes = notes_of(name, version);
  return notes != nullptr && notes->is_retired;
}

Status ModelBook::check_version_name(const std::string& name, const std::string& version) const {
  if (const std::string labelled = version_of(name, version); !labelled.empty())
    return fail_field("version", "{} is a label of {} (it points to {}); choose another version", version, name,
                      labelled);
  return {};
}

std::string ModelBook::version_of(const std::string& name, const std::string& label) const {
  const auto record = records_.find(name);
  if (record == records_.end()) return {};
  const auto found = record->second.labels.find(label);
  return found == record->second.labels.end() ? std::string() : found->second;
}

std::vector<std::string> ModelBook::labels_of(const std::string& name, const std::string& version) const {
  std::vector<std::string> labels;
  const auto record = records_.find(name);
  if (record == records_.end()) return labels;
  for (const auto& [label, target] : record->second.labels)
    if (target == version) labels.push_back(label);
  return labels;
}

std::map<std::string, std::string> ModelBook::metadata_of(const storage::ModelManifest& manifest) const {
  std::map<std::string, std::string> metadata = manifest.metadata;
  if (const VersionNotes* const notes = notes_of(manifest.name, manifest.version))
    for (const auto& [key, value] : notes->metadata) metadata[key] = value;
  return metadata;
}

}  // namespace troupe::cluster
