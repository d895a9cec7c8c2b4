#pragma once
// ModelManifest: what a published model version consists of; lies as `troupe-manifest.json` beside its files.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::storage {

inline constexpr std::string_view manifest_file_name = "troupe-manifest.json";
inline constexpr ByteCount manifest_bytes_max{16 << 20};  ///< Of its JSON.
inline constexpr size_t metadata_entries_max = 64;
inline constexpr size_t metadata_bytes_max = 4096;  ///< Of each key and of each value.

struct ModelFile {
  std::string path;  ///< Relative to the version's directory, with '/'.
  ByteCount size;
  std::string sha256;  ///< 64 lower-case hex digits.

  bool operator==(const ModelFile&) const = default;
};

struct ModelManifest {
  std::string name;
  std::string version;
  WallTime created;              ///< To the microsecond.
  std::string source;            ///< The directory it was added from; for people.
  std::vector<ModelFile> files;  ///< Sorted by path.
  std::map<std::string, std::string> metadata;

  ByteCount total_bytes() const noexcept;
  /// SHA-256 of paths, sizes and checksums of the files: two versions with the same digest hold the same bytes.
  std::string digest() const;
  bool operator==(const ModelManifest&) const = default;
};

/// At most metadata_entries_max of metadata_bytes_max each: invalid_argument says which is not.
Status check_metadata(const std::map<std::string, std::string>& metadata);

/// Errors: invalid_argument where a text is not UTF-8, or the metadata is over its limits.
Result<std::string> to_json(const ModelManifest& manifest);

/// Trusts nothing: paths that leave the directory, bad digests and wrong types are corrupt_data; a format newer than
/// this troupe knows is failed_precondition. `where` names the file in messages.
Result<ModelManifest> manifest_from_json(std::string_view json, std::string_view where);

}  // namespace troupe::storage
