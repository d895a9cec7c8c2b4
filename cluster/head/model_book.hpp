#pragma once
// ModelBook: labels, retirement and notes of the versions in the store. Pure: says what a record would become; whoever
// stores it says set().

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/spec/model_record.hpp"
#include "storage/model_manifest.hpp"

namespace troupe::cluster {

/// [a-z][a-z0-9._-]{0,31}: "stable", "canary".
Status check_label(std::string_view label);

class ModelBook {
 public:
  void set(ModelRecord record) { records_[record.name] = std::move(record); }

  // What becomes of a record. `models` is what the store holds. Errors: not_found, with the nearest names;
  // invalid_argument; failed_precondition, with what stands in the way.

  /// `label` points to this version from now on.
  Result<ModelRecord> promoted(const std::string& name, const std::string& version, const std::string& label,
                               const std::vector<storage::ModelManifest>& models) const;
  Result<ModelRecord> without_label(const std::string& name, const std::string& label) const;
  /// Or taken back. A version that a label points to is not retired.
  Result<ModelRecord> retired(const std::string& name, const std::string& version, bool is_retired,
                              const std::vector<storage::ModelManifest>& models) const;
  /// With these; an empty value takes a note away.
  Result<ModelRecord> noted(const std::string& name, const std::string& version,
                            const std::map<std::string, std::string>& notes,
                            const std::vector<storage::ModelManifest>& models) const;
  /// The version is about to leave the store: none where nothing is kept of it.
  Result<std::optional<ModelRecord>> without_version(const std::string& name, const std::string& version) const;

  bool is_retired(const std::string& name, const std::string& version) const;
  /// Whether a version may be stored under this name: no label has it.
  Status check_version_name(const std::string& name, const std::string& version) const;
  /// Empty where there is no such label.
  std::string version_of(const std::string& name, const std::string& label) const;
  std::vector<std::string> labels_of(const std::string& name, const std::string& version) const;
  /// The manifest's and the notes on it.
  std::map<std::string, std::string> metadata_of(const storage::ModelManifest& manifest) const;

 private:
  ModelRecord record_of(const std::string& name) const;
  const VersionNotes* notes_of(const std::string& name, const std::string& version) const;

  std::map<std::string, ModelRecord> records_;
};

}  // namespace troupe::cluster
