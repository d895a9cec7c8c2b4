#include "storage/model_folder.hpp"

#include <cerrno>
#include <cstdio>

#include "storage/crash_point.hpp"
#include "storage/file_tree.hpp"

namespace troupe::storage {

namespace fs = std::filesystem;

fs::path incoming_folder(const fs::path& root) {
  return root / ".incoming";
}

Result<ModelManifest> read_model_manifest(const fs::path& directory) {
  const fs::path file = directory / manifest_file_name;
  TROUPE_TRY(const std::string text, read_file(file, manifest_bytes_max));
  return manifest_from_json(text, file.string());
}

Status publish_folder(const fs::path& root, const fs::path& incoming, const fs::path& target) {
  // A removal of the last version of this name may take its directory away in between.
  for (int attempt = 0; attempt < 3; ++attempt) {
    TROUPE_CHECK(make_directory(target.parent_path()));
    TROUPE_CHECK(sync_directory(root));
    if (std::rename(incoming.c_str(), target.c_str()) == 0) {
      crash_point("model.after_rename");
      return sync_directory(target.parent_path());
    }
    if (errno == ENOTEMPTY || errno == EEXIST) return fail(Errc::already_exists, "{} exists already", target.string());
    if (errno != ENOENT) break;
  }
  return write_failure("publish", target, errno);
}

}  // namespace troupe::storage
