#pragma once
// Backups of a head's data folder, as directories that appear whole or not at all:
//
//   backup.json      what is in it: sizes and SHA-256 of every file, cluster, epoch, revision, versions
//   backup.sha256    the SHA-256 of backup.json
//   control.state    the control state at one revision
//   models/…         the published models, as in the model store
//   node/…           the other files of the data folder: node id, keys, tokens
//
// A backup holds keys: it is made with mode 0700, its files outside of models/ with 0600. Everything here blocks on
// disk: never on a scheduler thread. Errors name the file; what writes fails as file_tree.hpp says.

#include <filesystem>

#include "storage/backup_manifest.hpp"
#include "storage/model_store.hpp"
#include "storage/state_store.hpp"

namespace troupe::storage {

/// Backs up `state`, `models` (none: they are kept elsewhere) and the other files of `data_dir` to `target`, an
/// absolute path that does not exist yet, in a directory that does. `about` says where it comes from; its revision and
/// files are filled in. While this runs nothing may be removed from `models`. Errors: already_exists (`target`, or what
/// an interrupted backup left beside it), invalid_argument (a relative path, or one inside of `data_dir`), not_found
/// (its parent), corrupt_data (a damaged model: it would be no backup), resource_exhausted, unavailable, io_error.
/// After an error nothing is left.
Result<BackupManifest> create_backup(const std::filesystem::path& data_dir, const RangeResult& state,
                                     const ModelStore* models, BackupManifest about,
                                     const std::filesystem::path& target);

/// Reads every file of it. Errors: not_found (no backup there), corrupt_data naming the first file that is missing,
/// extra, or of another size or checksum; failed_precondition (made by a newer troupe).
Result<BackupManifest> verify_backup(const std::filesystem::path& backup);

/// Verifies the backup and makes the data folder `data_dir` of it, whole or not at all. Errors: failed_precondition
/// (`data_dir` has something in it), already_exists (what an interrupted restore left beside it), those of
/// verify_backup() and of writing.
Result<BackupManifest> restore_backup(const std::filesystem::path& backup, const std::filesystem::path& data_dir);

}  // namespace troupe::storage
