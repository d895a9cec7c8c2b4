#pragma once
// ModelStore: published model versions in a directory, ROOT/NAME/VERSION/, each with its files and a manifest. A
// version is immutable and appears whole or not at all (copied into ROOT/.incoming, synced, then renamed).
//
// Every function blocks on disk: never on a scheduler thread. Thread-safe, and safe beside other processes on the same
// root. Names and versions are as model_ref.hpp says; others are invalid_argument, so no path leaves the root.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "storage/model_manifest.hpp"

namespace troupe::storage {

class ModelStore {
 public:
  /// Makes `root` if it is missing and clears what interrupted adds left behind. Errors: io_error.
  static Result<ModelStore> open(const std::filesystem::path& root);

  /// Publishes a copy of the regular files under `source_dir` as `name`@`version`, durably; `now` becomes its creation
  /// time. The same content again returns the existing manifest and changes nothing.
  /// Errors: already_exists (other content under this version; says which number is free), not_found (no source),
  /// invalid_argument (symbolic links and special files, an empty source, a file named troupe-manifest.json), too_large
  /// (limits of file_tree.hpp), resource_exhausted (the disk is full), unavailable (it refuses writes), io_error. After
  /// an error nothing is visible.
  Result<ModelManifest> add(std::string_view name, std::string_view version, const std::filesystem::path& source_dir,
                            WallTime now, const std::map<std::string, std::string>& metadata = {});

  /// All versions, by name and then by version_before(). A damaged manifest fails the list and is named; where
  /// `damaged` is given it goes there instead, and the list has the others.
  Result<std::vector<ModelManifest>> list(std::vector<Error>* damaged = nullptr) const;
  /// Errors: not_found (with the nearest name or the versions there are), corrupt_data.
  Result<ModelManifest> find(std::string_view name, std::string_view version) const;
  /// The directory of a published version. Its files are read-only; do not write there.
  Result<std::filesystem::path> path_of(std::string_view name, std::string_view version) const;

  /// Remembers that the version was used at `now`, beside it on disk; last_used() is otherwise when it was published.
  Status mark_used(std::string_view name, std::string_view version, WallTime now) const;
  Result<WallTime> last_used(std::string_view name, std::string_view version) const;

  /// Reads every file again. Errors: corrupt_data, naming the first file that is missing, extra, or of another size or
  /// checksum than its manifest says.
  Status verify(std::string_view name, std::string_view version) const;
  /// The version disappears at once; its space is free when this returns. Errors: not_found, io_error.
  Status remove(std::string_view name, std::string_view version);

 private:
  explicit ModelStore(std::filesystem::path root) : root_(std::move(root)) {}

  std::filesystem::path directory_of(std::string_view name, std::string_view version) const;
  std::vector<std::string> names() const;
  std::vector<std::string> versions_of(std::string_view name) const;
  tl::unexpected<Error> no_such_version(std::string_view name, std::string_view version) const;
  Result<ModelManifest> same_or_refused(const ModelManifest& existing, const std::vector<ModelFile>& files) const;
  void clear_leftovers() const;

  std::filesystem::path root_;
};

/// As ModelStore::verify, for whoever has the version's directory but not the store: workers, before they load it.
/// Errors: corrupt_data, naming the file; io_error or not_found where the directory or its manifest can't be read.
Status verify_model_folder(const std::filesystem::path& directory);

}  // namespace troupe::storage
