#include "storage/model_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "runtime/base/assert.hpp"
#include "runtime/base/nearest.hpp"
#include "runtime/base/random.hpp"
#include "storage/crash_point.hpp"
#include "storage/file_tree.hpp"
#include "storage/model_folder.hpp"
#include "storage/model_ref.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

Status check_ref(std::string_view name, std::string_view version) {
  TROUPE_CHECK(check_model_name(name));
  return check_model_version(version);
}

/// An invisible directory being filled. The lock on it tells other processes that it is no leftover; what is still
/// there in the end is deleted.
class Incoming {
 public:
  static Result<Incoming> make(const fs::path& root) {
    Incoming incoming(incoming_folder(root) / fmt::format("{:016x}", secure_random_u64()));
    TROUPE_CHECK(make_directory(incoming.path_));
    incoming.lock_ = FileDescriptor(::open(incoming.path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!incoming.lock_ || ::flock(incoming.lock_.get(), LOCK_EX | LOCK_NB) != 0)
      return fail(Errc::unavailable, "{} was cleared away by another troupe that started just now; try again",
                  incoming.path_.string());
    return incoming;
  }
  Incoming(Incoming&& other) noexcept : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  Incoming& operator=(Incoming&&) = delete;
  ~Incoming() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

 private:
  explicit Incoming(fs::path path) : path_(std::move(path)) {}

  fs::path path_;
  FileDescriptor lock_;
};

Result<FileTree> walk_source(const fs::path& source) {
  TROUPE_TRY(FileTree tree, walk(source));
  if (tree.files.empty()) return fail(Errc::invalid_argument, "{} has no files to publish", source.string());
  if (std::ranges::binary_search(tree.files, manifest_file_name))
    return fail(Errc::invalid_argument, "{} has a file {}, a name that the model store keeps for itself: rename it",
                source.string(), manifest_file_name);
  return tree;
}

Result<std::vector<ModelFile>> digest_all(const fs::path& source, const FileTree& tree) {
  std::vector<ModelFile> files;
  for (const std::string& path : tree.files) {
    TROUPE_TRY(FileDigest digest, digest_file(source / path));
    files.push_back({path, digest.size, std::move(digest.sha256)});
  }
  return files;
}

Result<std::vector<ModelFile>> copy_all(const fs::path& source, const FileTree& tree, const fs::path& target) {
  for (const std::string& path : tree.directories) TROUPE_CHECK(make_directory(target / path));
  std::vector<ModelFile> files;
  for (const std::string& path : tree.files) {
    TROUPE_TRY(FileDigest digest, copy_file_synced(source / path, target / path));
    crash_point("model.after_file");
    files.push_back({path, digest.size, std::move(digest.sha256)});
  }
  for (const std::string& path : tree.directories) TROUPE_CHECK(sync_directory(target / path));
  return files;
}

std::vector<std::string> subdirectories(const fs::path& directory) {
  std::vector<std::string> found;
  std::error_code error;
  fs::directory_iterator it(directory, error);
  for (const fs::directory_iterator end; !error && it != end; it.increment(error))
    if (std::error_code ignored; fs::is_directory(it->symlink_status(ignored)))
      found.push_back(it->path().filename().string());
  return found;
}

uint64_t next_number(const std::vector<std::string>& versions) {
  uint64_t highest = 0;
  for (const std::string& version : versions) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
    if (error == std::errc{} && end == version.data() + version.size()) highest = std::max(highest, number);
  }
  return highest + 1;
}

/// A link or pipe among published files was not put there by add().
Error as_damage(Error error) {
  if (error.code == Errc::invalid_argument || error.code == Errc::too_large) error.code = Errc::corrupt_data;
  return error;
}

Status verify_file(const fs::path& directory, const ModelFile& file) {
  const fs::path path = directory / file.path;
  auto digest = digest_file(path);
  if (!digest && digest.error().code == Errc::not_found)
    return fail(Errc::corrupt_data, "{} is missing", path.string());
  if (!digest) return fail(as_damage(std::move(digest.error())));
  if (digest->size != file.size)
    return fail(Errc::corrupt_data, "{} has {} bytes; its manifest says {}", path.string(), digest->size.value,
                file.size.value);
  if (digest->sha256 != file.sha256)
    return fail(Errc::corrupt_data, "{} has the sha256 {}; its manifest says {}", path.string(), digest->sha256,
                file.sha256);
  return {};
}

}  // namespace

Result<ModelStore> ModelStore::open(const fs::path& root) {
  TROUPE_CHECK(make_directory(incoming_folder(root)));
  ModelStore store(root);
  store.clear_leftovers();
  return store;
}

void ModelStore::clear_leftovers() const {
  for (const std::string& name : subdirectories(incoming_folder(root_))) {
    // What comes in piece by piece is gone on with.
    if (name.find('@') != std::string::npos) continue;
    const fs::path path = incoming_folder(root_) / name;
    const FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::error_code ignored;
    if (directory && ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) fs::remove_all(path, ignored);
  }
}

Result<ModelManifest> ModelStore::add(std::string_view name, std::string_view version, const fs::path& source_dir,
                                      WallTime now, const std::map<std::string, std::string>& metadata) {
  TROUPE_CHECK(check_ref(name, version));
  TROUPE_TRY(const FileTree tree, walk_source(source_dir));
  if (auto existing = find(name, version)) {
    TROUPE_TRY(const auto files, digest_all(source_dir, tree));
    return same_or_refused(*existing, files);
  } else if (existing.error().code != Errc::not_found) {
    return existing;
  }

  TROUPE_TRY(const Incoming incoming, Incoming::make(root_));
  ModelManifest manifest{std::string(name), std::string(version), now, source_dir.string(), {}, metadata};
  // Refuses what cannot be written down before gigabytes are copied.
  TROUPE_CHECK(to_json(manifest));
  crash_point("model.before_files");
  TROUPE_TRY(manifest.files, copy_all(source_dir, tree, incoming.path()));
  crash_point("model.before_manifest");
  TROUPE_TRY(const std::string json, to_json(manifest));
  TROUPE_CHECK(write_file_synced(incoming.path() / manifest_file_name, json));
  TROUPE_CHECK(sync_directory(incoming.path()));
  crash_point("model.before_rename");
  if (auto published = publish_folder(root_, incoming.path(), directory_of(name, version)); !published) {
    // Another process was first.
    if (published.error().code != Errc::already_exists) return fail(std::move(published.error()));
    TROUPE_TRY(const ModelManifest theirs, find(name, version));
    return same_or_refused(theirs, manifest.files);
  }
  return find(name, version);
}

Result<ModelManifest> ModelStore::same_or_refused(const ModelManifest& existing,
                                                  const std::vector<ModelFile>& files) const {
  if (existing.files == files) return existing;
  return fail(Errc::already_exists,
              "{0}@{1} exists with other content, and versions are immutable: publish it as {0}@{2}", existing.name,
              existing.version, next_number(versions_of(existing.name)));
}

Result<std::vector<ModelManifest>> ModelStore::list(std::vector<Error>* damaged) const {
  std::vector<ModelManifest> manifests;
  for (const std::string& name : names()) {
    for (const std::string& version : versions_of(name)) {
      auto manifest = find(name, version);
      // A version removed during the listing is simply not in it.
      if (!manifest && manifest.error().code == Errc::not_found) continue;
      if (!manifest && damaged != nullptr) {
        damaged->push_back(std::move(manifest.error()));
        continue;
      }
      if (!manifest) return fail(std::move(manifest.error()));
      manifests.push_back(std::move(*manifest));
    }
  }
  return manifests;
}

Result<ModelManifest> ModelStore::find(std::string_view name, std::string_view version) const {
  TROUPE_TRY(const fs::path directory, path_of(name, version));
  auto manifest = read_model_manifest(directory);
  if (!manifest && manifest.error().code == Errc::not_found) {
    if (std::error_code ignored; !fs::exists(directory, ignored)) return no_such_version(name, version);
    return fail(Errc::corrupt_data, "{} has lost its {}", directory.string(), manifest_file_name);
  }
  if (manifest && (manifest->name != name || manifest->version != version))
    return fail(Errc::corrupt_data, "{} holds the manifest of {}@{}", directory.string(), manifest->name,
                manifest->version);
  return manifest;
}

Result<fs::path> ModelStore::path_of(std::string_view name, std::string_view version) const {
  TROUPE_CHECK(check_ref(name, version));
  fs::path directory = directory_of(name, version);
  std::error_code ignored;
  if (!fs::is_directory(fs::symlink_status(directory, ignored))) return no_such_version(name, version);
  return directory;
}

Status verify_model_folder(const fs::path& directory) {
  TROUPE_TRY(const ModelManifest manifest, read_model_manifest(directory));
  for (const ModelFile& file : manifest.files) TROUPE_CHECK(verify_file(directory, file));
  const auto tree = walk(directory);
  if (!tree) return fail(as_damage(tree.error()));
  for (const std::string& path : tree->files) {
    const bool known =
        path == manifest_file_name || std::ranges::find(manifest.files, path, &ModelFile::path) != manifest.files.end();
    if (!known)
      return fail(Errc::corrupt_data, "{} is not in the manifest of {}@{}", (directory / path).string(), manifest.name,
                  manifest.version);
  }
  return {};
}

Status ModelStore::verify(std::string_view name, std::string_view version) const {
  TROUPE_TRY(const fs::path directory, path_of(name, version));
  return verify_model_folder(directory);
}

Status ModelStore::remove(std::string_view name, std::string_view version) {
  TROUPE_TRY(const fs::path directory, path_of(name, version));
  TROUPE_TRY(const Incoming grave, Incoming::make(root_));
  crash_point("model.before_remove");
  // Onto the empty directory, which rename replaces: the version disappears in one step.
  if (std::rename(directory.c_str(), grave.path().c_str()) != 0) {
    if (errno == ENOENT) return no_such_version(name, version);
    return write_failure("remove", directory, errno);
  }
  crash_point("model.after_remove");
  TROUPE_CHECK(sync_directory(directory.parent_path()));
  std::error_code not_empty;
  fs::remove(directory.parent_path(), not_empty);
  return {};
}

Status ModelStore::mark_used(std::string_view name, std::string_view version, WallTime now) const {
  TROUPE_TRY(const fs::path directory, path_of(name, version));
  const int64_t micros = unix_microseconds(now);
  const timespec used{micros / 1'000'000, micros % 1'000'000 * 1'000};
  const std::array<timespec, 2> times{used, used};
  if (::utimensat(AT_FDCWD, directory.c_str(), times.data(), 0) != 0)
    return write_failure("mark as used", directory, errno);
  return {};
}

Result<WallTime> ModelStore::last_used(std::string_view name, std::string_view version) const {
  TROUPE_TRY(const fs::path directory, path_of(name, version));
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) != 0) return no_such_version(name, version);
  return wall_time_from_unix_microseconds(facts.st_mtim.tv_sec * 1'000'000 + facts.st_mtim.tv_nsec / 1'000);
}

fs::path ModelStore::directory_of(std::string_view name, std::string_view version) const {
  // An absolute or ".." part would leave the root, and remove() deletes what this names.
  TROUPE_ASSERT(check_ref(name, version).has_value());
  return root_ / name / version;
}

std::vector<std::string> ModelStore::names() const {
  std::vector<std::string> names = subdirectories(root_);
  std::erase_if(names, [](const std::string& name) { return !check_model_name(name); });
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> ModelStore::versions_of(std::string_view name) const {
  std::vector<std::string> versions = subdirectories(root_ / name);
  std::erase_if(versions, [](const std::string& version) { return !check_model_version(version); });
  std::ranges::sort(versions, version_before);
  return versions;
}

tl::unexpected<Error> ModelStore::no_such_version(std::string_view name, std::string_view version) const {
  const std::vector<std::string> versions = versions_of(name);
  if (versions.empty()) return fail(Errc::not_found, "no model named {}{}", name, did_you_mean(name, names()));
  return fail(Errc::not_found, "{} has no version {}; it has {}", name, version, fmt::join(versions, ", "));
}

}  // namespace troupe::storage
