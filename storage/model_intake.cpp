#include "storage/model_intake.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "runtime/base/assert.hpp"
#include "storage/crash_point.hpp"
#include "storage/model_folder.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

/// Ours alone until it is published.
constexpr mode_t incoming_file_mode = 0600;

Status check_limits(const ModelManifest& manifest) {
  TROUPE_CHECK(check_model_name(manifest.name));
  TROUPE_CHECK(check_model_version(manifest.version));
  if (manifest.files.empty())
    return fail(Errc::invalid_argument, "{}@{} has no files", manifest.name, manifest.version);
  if (manifest.files.size() > tree_entries_max)
    return fail(Errc::invalid_argument, "{}@{} has {} files; at most {} are taken", manifest.name, manifest.version,
                manifest.files.size(), tree_entries_max);
  for (size_t i = 0; i < manifest.files.size(); ++i) {
    const std::string& path = manifest.files[i].path;
    if (path == manifest_file_name)
      return fail(Errc::invalid_argument, "{} is a name that the model store keeps for itself", path);
    if (static_cast<size_t>(std::ranges::count(path, '/')) >= tree_depth_max)
      return fail(Errc::invalid_argument, "{} lies deeper than {} directories", path, tree_depth_max);
    if (i > 0 && manifest.files[i - 1].path >= path)
      return fail(Errc::invalid_argument, "the files are not sorted, or {} is there twice", path);
  }
  return {};
}

ByteCount size_of(const fs::path& folder) {
  ByteCount size;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) size.value += it->file_size(ignored);
  }
  return size;
}

}  // namespace

ModelIntake::ModelIntake(fs::path root, ModelManifest manifest)
    : root_(std::move(root)),
      folder_(incoming_folder(root_) / (manifest.name + '@' + manifest.version)),
      manifest_(std::move(manifest)) {}
ModelIntake::ModelIntake(ModelIntake&&) noexcept = default;
ModelIntake& ModelIntake::operator=(ModelIntake&&) noexcept = default;
ModelIntake::~ModelIntake() = default;

Result<ModelIntake> ModelIntake::open(const fs::path& root, ModelManifest manifest) {
  TROUPE_CHECK(check_limits(manifest));
  ModelIntake intake(root, std::move(manifest));
  TROUPE_CHECK(intake.begin());
  return intake;
}

Status ModelIntake::begin() {
  TROUPE_CHECK(make_directory(folder_));
  lock_ = FileDescriptor(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::already_exists, "{}@{} is coming in already", manifest_.name, manifest_.version);
  if (is_of_this_content()) return take_up();
  std::error_code ignored;
  for (const fs::path& old : fs::directory_iterator(folder_, ignored)) fs::remove_all(old, ignored);
  TROUPE_TRY(const std::string json, to_json(manifest_));
  TROUPE_CHECK(write_file_synced(folder_ / manifest_file_name, json));
  TROUPE_CHECK(sync_directory(folder_));
  return open_next();
}

bool ModelIntake::is_of_this_content() const {
  const auto kept = read_model_manifest(folder_);
  return kept && kept->digest() == manifest_.digest();
}

/// Whole files that are right stay; of the first that is not whole, what is there is hashed, and the rest of it
/// decides.
Status ModelIntake::take_up() {
  // It tells more than the content: who added it, and when.
  std::error_code ignored;
  fs::remove(folder_ / manifest_file_name, ignored);
  TROUPE_TRY(const std::string json, to_json(manifest_));
  TROUPE_CHECK(write_file_synced(folder_ / manifest_file_name, json));
  while (!is_whole()) {
    const ModelFile& file = manifest_.files[position_.file];
    const fs::path path = path_of(position_.file);
    const auto size = fs::file_size(path, ignored);
    if (ignored || size > file.size.value) break;
    auto hashed = hash_file(path);
    if (!hashed) break;
    if (hashed->size < file.size) {
      file_ = FileDescriptor(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
      if (!file_) break;
      sha256_ = std::make_unique<Sha256>(std::move(hashed->sha256));
      position_.offset = hashed->size.value;
      return {};
    }
    if (hashed->sha256.hex() != file.sha256) break;
    position_ = {position_.file + 1, 0};
  }
  for (size_t file = position_.file; file < manifest_.files.size(); ++file) fs::remove(path_of(file), ignored);
  return open_next();
}

fs::path ModelIntake::path_of(size_t file) const {
  return folder_ / manifest_.files[file].path;
}

/// The file at position_, empty; those that stay so are whole.
Status ModelIntake::open_next() {
  while (!is_whole()) {
    const fs::path path = path_of(position_.file);
    TROUPE_CHECK(make_directory(path.parent_path()));
    file_ =
        FileDescriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, incoming_file_mode));
    if (!file_) return write_failure("create", path, errno);
    sha256_ = std::make_unique<Sha256>();
    if (manifest_.files[position_.file].size.value > 0) return {};
    TROUPE_CHECK(end_file());
  }
  return {};
}

Status ModelIntake::write(std::string_view bytes) {
  TROUPE_ASSERT(!is_whole());
  const ModelFile& file = manifest_.files[position_.file];
  TROUPE_ASSERT(bytes.size() <= file.size.value - position_.offset);
  // After an error of the disk nobody knows how much of it is there.
  if (const Status written = write_all(file_, bytes, path_of(position_.file)); !written) {
    if (::ftruncate(file_.get(), static_cast<off_t>(position_.offset)) != 0 ||
        ::lseek(file_.get(), static_cast<off_t>(position_.offset), SEEK_SET) < 0)
      return fail(Errc::io_error, "{}; and it cannot be cut back", written.error().message);
    return written;
  }
  sha256_->update(std::as_bytes(std::span(bytes)));
  position_.offset += bytes.size();
  crash_point("intake.after_chunk");
  if (position_.offset < file.size.value) return {};
  TROUPE_CHECK(end_file());
  return open_next();
}

Status ModelIntake::end_file() {
  const ModelFile& file = manifest_.files[position_.file];
  const fs::path path = path_of(position_.file);
  if (const std::string sha256 = sha256_->hex(); sha256 != file.sha256) {
    position_.offset = 0;
    TROUPE_CHECK(open_next());
    return fail(Errc::corrupt_data, "{} came with the sha256 {}; the manifest of {}@{} says {}", file.path, sha256,
                manifest_.name, manifest_.version, file.sha256);
  }
  if (::fchmod(file_.get(), model_file_mode) != 0) return write_failure("close", path, errno);
  TROUPE_CHECK(sync_file(file_, path));
  file_ = FileDescriptor();
  position_ = {position_.file + 1, 0};
  return {};
}

Status ModelIntake::publish() {
  TROUPE_ASSERT(is_whole());
  TROUPE_TRY(const FileTree tree, walk(folder_));
  for (const std::string& path : tree.directories) TROUPE_CHECK(sync_directory(folder_ / path));
  TROUPE_CHECK(sync_directory(folder_));
  crash_point("intake.before_publish");
  const fs::path target = root_ / manifest_.name / manifest_.version;
  const Status published = publish_folder(root_, folder_, target);
  if (published || published.error().code != Errc::already_exists) return published;
  const auto theirs = read_model_manifest(target);
  discard();
  if (theirs && theirs->files == manifest_.files) return {};
  return published;
}

void ModelIntake::discard() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::vector<LeftIntake> left_intakes(const fs::path& root) {
  std::vector<LeftIntake> left;
  std::error_code error;
  fs::directory_iterator it(incoming_folder(root), error);
  for (const fs::directory_iterator end; !error && it != end; it.increment(error))
    if (auto model = parse_model_ref(it->path().filename().string()); model && !model->version.empty())
      left.push_back({std::move(*model), size_of(it->path())});
  return left;
}

void remove_intake(const fs::path& root, const ModelRef& model) {
  std::error_code ignored;
  fs::remove_all(incoming_folder(root) / to_string(model), ignored);
}

}  // namespace troupe::storage
