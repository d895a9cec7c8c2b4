#pragma once
// BackupManifest: what a backup consists of and where it came from; lies as `backup.json` in it.

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::storage {

struct BackupFile {
  std::string path;  ///< Relative to the backup, with '/'.
  ByteCount size;
  std::string sha256;  ///< 64 lower-case hex digits.

  bool operator==(const BackupFile&) const = default;
};

struct BackupManifest {
  std::string cluster;    ///< Id of the cluster.
  uint64_t epoch = 0;     ///< Of the head that made it.
  uint64_t revision = 0;  ///< Of the control state in it.
  std::string software;   ///< Version of troupe that made it.
  uint32_t protocol = 0;  ///< Of the bus, as that version spoke it.
  WallTime created;
  std::vector<BackupFile> files;

  ByteCount total_bytes() const noexcept;
  bool operator==(const BackupManifest&) const = default;
};

std::string to_json(const BackupManifest& manifest);

/// Trusts nothing: paths that leave the directory, bad digests and wrong types are corrupt_data; a format newer than
/// this troupe knows is failed_precondition. `where` names the file in messages.
Result<BackupManifest> backup_manifest_from_json(std::string_view text, std::string_view where);

}  // namespace troupe::storage
