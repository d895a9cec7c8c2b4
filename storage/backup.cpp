#include "storage/backup.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <set>

#include "storage/crash_point.hpp"
#include "storage/file_tree.hpp"
#include "storage/rocksdb_state_store.hpp"
#include "storage/sha256.hpp"
#include "storage/state_image.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view manifest_name = "backup.json";
constexpr std::string_view digest_name = "backup.sha256";
constexpr std::string_view state_name = "control.state";
constexpr std::string_view models_prefix = "models/";
constexpr std::string_view node_prefix = "node/";
constexpr ByteCount manifest_bytes_max = 256_MiB;
constexpr ByteCount state_bytes_max = 256_MiB;
constexpr mode_t secret_mode = 0600;

/// Of a data folder: what is backed up in a form of its own, what belongs to a running node, and what is made anew.
/// Databases that a node writes meanwhile are no files to copy.
constexpr std::array<std::string_view, 13> not_copied{
    "control", "models",    "model-mirror", "logs",  "replica-logs", "run",         "scratch",
    "answers", "node.json", "node.lock",    "venvs", "events",       "experiments",
};

std::string sha256_of(std::string_view text) {
  Sha256 sha;
  sha.update(std::as_bytes(std::span(text)));
  return sha.hex();
}

/// A directory being filled beside its final place; deleted unless it gets there.
class Partial {
 public:
  static Result<Partial> make(const fs::path& target) {
    const fs::path path = target.parent_path() / ("." + target.filename().string() + ".partial");
    if (::mkdir(path.c_str(), 0700) == 0) return Partial(path);
    if (errno == EEXIST)
      return fail(Errc::already_exists,
                  "{} is there already: left by one that was interrupted, or being written now; "
                  "remove it if nobody writes it",
                  path.string());
    if (errno == ENOENT) return fail(Errc::not_found, "there is no directory {}", target.parent_path().string());
    return write_failure("make the directory", path, errno);
  }
  Partial(Partial&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Partial& operator=(Partial&&) = delete;
  ~Partial() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

  /// Makes everything in it durable and moves it to its place, which must not exist or be an empty directory.
  Status finish(const fs::path& target) {
    std::error_code error;
    for (fs::recursive_directory_iterator it(path_, error), end; !error && it != end; it.increment(error))
      if (it->is_directory()) TROUPE_CHECK(sync_directory(it->path()));
    if (error) return fail(Errc::io_error, "cannot list {}: {}", path_.string(), error.message());
    TROUPE_CHECK(sync_directory(path_));
    if (std::rename(path_.c_str(), target.c_str()) != 0) {
      if (errno == ENOTEMPTY || errno == EEXIST) return fail(Errc::already_exists, "{} exists", target.string());
      return write_failure("make", target, errno);
    }
    path_.clear();
    return sync_directory(target.parent_path());
  }

 private:
  explicit Partial(fs::path path) : path_(std::move(path)) {}

  fs::path path_;
};

Status copy_to_backup(const fs::path& from, const fs::path& backup, const std::string& path, mode_t mode,
                      std::vector<BackupFile>& files) {
  TROUPE_CHECK(make_directory((backup / path).parent_path()));
  TROUPE_TRY(FileDigest digest, copy_file_synced(from, backup / path, mode));
  files.push_back({path, digest.size, std::move(digest.sha256)});
  crash_point("backup.after_file");
  return {};
}

Status copy_models(const ModelStore& store, const fs::path& backup, std::vector<BackupFile>& files) {
  TROUPE_TRY(const auto models, store.list());
  for (const ModelManifest& model : models) {
    TROUPE_TRY(const fs::path folder, store.path_of(model.name, model.version));
    const std::string prefix = fmt::format("{}{}/{}/", models_prefix, model.name, model.version);
    for (const ModelFile& file : model.files) {
      TROUPE_CHECK(copy_to_backup(folder / file.path, backup, prefix + file.path, model_file_mode, files));
      if (files.back().size != file.size || files.back().sha256 != file.sha256)
        return fail(
            Errc::corrupt_data,
            "{} is damaged: it is not what its manifest says. Remove {}@{} from the store (or add it again) and "
            "make the backup then",
            (folder / file.path).string(), model.name, model.version);
    }
    const std::string manifest(manifest_file_name);
    TROUPE_CHECK(copy_to_backup(folder / manifest, backup, prefix + manifest, model_file_mode, files));
  }
  return {};
}

/// Keys, tokens, ids: small files that the nodes of this version know by name and later ones may add to.
Status copy_node_files(const fs::path& data_dir, const fs::path& backup, std::vector<BackupFile>& files) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(data_dir, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it.depth() == 0 && std::ranges::find(not_copied, name) != not_copied.end()) {
      it.disable_recursion_pending();
      continue;
    }
    if (std::error_code ignored; !fs::is_regular_file(it->symlink_status(ignored))) continue;
    const std::string path = it->path().lexically_relative(data_dir).generic_string();
    const Status copied = copy_to_backup(it->path(), backup, std::string(node_prefix) + path, secret_mode, files);
    // One that was replaced just now is there under its name or was not meant to stay.
    if (!copied && copied.error().code != Errc::not_found) return copied;
  }
  if (error) return fail(Errc::io_error, "cannot list {}: {}", data_dir.string(), error.message());
  return {};
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_normal().lexically_relative(folder.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

Result<BackupManifest> read_manifest(const fs::path& backup) {
  const fs::path file = backup / manifest_name;
  auto text = read_file(file, manifest_bytes_max);
  if (!text && text.error().code == Errc::not_found)
    return fail(Errc::not_found, "{} is no backup: it has no {}", backup.string(), manifest_name);
  if (!text) return fail(std::move(text.error()));
  auto digest = read_file(backup / digest_name, 1_KiB);
  if (!digest) return fail(Errc::corrupt_data, "{} cannot be read: {}", digest_name, digest.error().message);
  if (sha256_of(*text) + "\n" != *digest)
    return fail(Errc::corrupt_data, "{} is damaged: its sha256 is not the one in {}", file.string(), digest_name);
  return backup_manifest_from_json(*text, file.string());
}

Status verify_file(const fs::path& backup, const BackupFile& file) {
  const fs::path path = backup / file.path;
  const auto digest = digest_file(path);
  if (!digest && digest.error().code == Errc::not_found)
    return fail(Errc::corrupt_data, "{} is missing from the backup", path.string());
  if (!digest) return fail(digest.error());
  if (digest->size != file.size)
    return fail(Errc::corrupt_data, "{} has {} bytes; the backup was made with {}", path.string(), digest->size.value,
                file.size.value);
  if (digest->sha256 != file.sha256)
    return fail(Errc::corrupt_data, "{} is damaged: it has the sha256 {}; the backup was made with {}", path.string(),
                digest->sha256, file.sha256);
  return {};
}

Status check_nothing_else(const fs::path& backup, const BackupManifest& manifest) {
  std::set<std::string> known{std::string(manifest_name), std::string(digest_name)};
  for (const BackupFile& file : manifest.files) known.insert(file.path);
  std::error_code error;
  for (fs::recursive_directory_iterator it(backup, error), end; !error && it != end; it.increment(error)) {
    if (std::error_code ignored; fs::is_directory(it->symlink_status(ignored))) continue;
    if (!known.contains(it->path().lexically_relative(backup).generic_string()))
      return fail(Errc::corrupt_data, "{} is not in the backup's manifest", it->path().string());
  }
  if (error) return fail(Errc::io_error, "cannot list {}: {}", backup.string(), error.message());
  return {};
}

/// Where a file of a backup lies in a data folder.
std::string restored_path(const std::string& path) {
  return path.starts_with(node_prefix) ? path.substr(node_prefix.size()) : path;
}

Status check_empty(const fs::path& data_dir) {
  std::error_code error;
  if (!fs::exists(data_dir, error)) return {};
  if (fs::is_directory(data_dir, error) && fs::is_empty(data_dir, error) && !error) return {};
  return fail(Errc::failed_precondition,
              "{} is not empty; a backup is restored into a new folder. Move it away first, and keep it until the "
              "restored head serves",
              data_dir.string());
}

}  // namespace

Result<BackupManifest> create_backup(const fs::path& data_dir, const RangeResult& state, const ModelStore* models,
                                     BackupManifest about, const fs::path& target) {
  if (!target.is_absolute() || !target.has_filename())
    return fail(Errc::invalid_argument, "'{}' is no absolute path of a new folder", target.string());
  if (lies_in(target, fs::absolute(data_dir)))
    return fail(Errc::invalid_argument, "{} lies in the data folder {}, with which it would be lost", target.string(),
                data_dir.string());
  std::error_code error;
  if (fs::exists(fs::symlink_status(target, error)))
    return fail(Errc::already_exists, "{} exists; a backup is a new folder", target.string());
  TROUPE_TRY(Partial partial, Partial::make(target));

  about.revision = state.revision.value;
  about.files.clear();
  const std::string image = encode_state_image(state);
  TROUPE_CHECK(write_file_synced(partial.path() / state_name, image, secret_mode));
  about.files.push_back({std::string(state_name), {image.size()}, sha256_of(image)});
  if (models != nullptr) TROUPE_CHECK(copy_models(*models, partial.path(), about.files));
  TROUPE_CHECK(copy_node_files(data_dir, partial.path(), about.files));
  crash_point("backup.before_manifest");
  const std::string manifest = to_json(about);
  TROUPE_CHECK(write_file_synced(partial.path() / manifest_name, manifest, secret_mode));
  TROUPE_CHECK(write_file_synced(partial.path() / digest_name, sha256_of(manifest) + "\n", secret_mode));
  crash_point("backup.before_rename");
  TROUPE_CHECK(partial.finish(target));
  return about;
}

Result<BackupManifest> verify_backup(const fs::path& backup) {
  TROUPE_TRY(BackupManifest manifest, read_manifest(backup));
  for (const BackupFile& file : manifest.files) TROUPE_CHECK(verify_file(backup, file));
  TROUPE_CHECK(check_nothing_else(backup, manifest));
  const fs::path image = backup / state_name;
  TROUPE_TRY(const std::string bytes, read_file(image, state_bytes_max));
  TROUPE_CHECK(decode_state_image(bytes, image.string()));
  return manifest;
}

Result<BackupManifest> restore_backup(const fs::path& backup, const fs::path& data_dir) {
  TROUPE_CHECK(check_empty(data_dir));
  TROUPE_TRY(BackupManifest manifest, verify_backup(backup));
  const fs::path target = fs::absolute(data_dir).lexically_normal();
  TROUPE_CHECK(make_directory(target.parent_path()));
  TROUPE_TRY(Partial partial, Partial::make(target));
  for (const BackupFile& file : manifest.files) {
    if (file.path == state_name) continue;
    const fs::path to = partial.path() / restored_path(file.path);
    TROUPE_CHECK(make_directory(to.parent_path()));
    const mode_t mode = file.path.starts_with(models_prefix) ? model_file_mode : secret_mode;
    TROUPE_TRY(const FileDigest digest, copy_file_synced(backup / file.path, to, mode));
    if (digest.sha256 != file.sha256)
      return fail(Errc::corrupt_data, "{} changed while it was restored", (backup / file.path).string());
    crash_point("restore.after_file");
  }
  TROUPE_TRY(const std::string image, read_file(backup / state_name, state_bytes_max));
  TROUPE_TRY(const RangeResult state, decode_state_image(image, (backup / state_name).string()));
  TROUPE_CHECK(import_rocksdb_state(partial.path() / "control", state));
  crash_point("restore.before_rename");
  TROUPE_CHECK(partial.finish(target));
  return manifest;
}

}  // namespace troupe::storage
