#pragma once
// What the head keeps in the StateStore about a model beside its files: labels, what is retired, and notes.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "runtime/base/result.hpp"

namespace troupe::cluster {

/// Of one version; what is in its manifest is not here.
struct VersionNotes {
  bool is_retired = false;
  std::map<std::string, std::string> metadata;  ///< Stands before the manifest's of the same key.

  bool operator==(const VersionNotes&) const = default;
  static constexpr auto fields() { return std::tuple{&VersionNotes::is_retired, &VersionNotes::metadata}; }
};

/// Written under "model/NAME".
struct ModelRecord {
  uint32_t schema = 1;
  std::string name;
  std::map<std::string, std::string> labels;       ///< "stable" -> "2".
  std::map<std::string, VersionNotes> versions{};  ///< Those with notes.

  bool operator==(const ModelRecord&) const = default;
  static constexpr auto fields() {
    using M = ModelRecord;
    return std::tuple{&M::schema, &M::name, &M::labels, &M::versions};
  }
};

inline constexpr std::string_view model_prefix = "model/";

std::string key_of(const ModelRecord& record);
std::string encode(const ModelRecord& record);
/// corrupt_data names the key; failed_precondition where a newer Troupe wrote it.
Result<ModelRecord> decode_model(const std::string& key, const std::string& value);

}  // namespace troupe::cluster
