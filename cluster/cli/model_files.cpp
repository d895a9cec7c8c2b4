#include "cluster/cli/model_files.hpp"

#include <fcntl.h>

#include <algorithm>

#include "storage/file_tree.hpp"
#include "storage/model_card.hpp"
#include "storage/model_manifest.hpp"

namespace troupe::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t piece_bytes = 1000 * 1024;  ///< Fits into a request's body.
constexpr int tries_max = 5;

Result<storage::ModelManifest> manifest_of(const ModelFolder& model) {
  storage::ModelManifest manifest{model.model.name, model.model.version, {}, model.source, {}, model.metadata};
  std::error_code error;
  if (!fs::is_directory(model.folder, error))
    return fail(Errc::not_found, "there is no folder {}", model.folder.string());
  fs::recursive_directory_iterator it(model.folder, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored) && !it->is_symlink(ignored)) continue;
    if (!it->is_regular_file(ignored))
      return fail(Errc::invalid_argument, "{} is no regular file, nor a link to one", it->path().string());
    if (manifest.files.size() >= storage::tree_entries_max)
      return fail(Errc::too_large, "{} has more than {} files", model.folder.string(), storage::tree_entries_max);
    TROUPE_TRY(const storage::FileDigest digest, storage::digest_file(fs::canonical(it->path(), ignored)));
    manifest.files.push_back(
        {it->path().lexically_relative(model.folder).generic_string(), digest.size, digest.sha256});
  }
  if (error) return fail(Errc::io_error, "cannot list {}: {}", model.folder.string(), error.message());
  std::ranges::sort(manifest.files, {}, &storage::ModelFile::path);
  if (const auto readme = storage::read_file(fs::canonical(model.folder / "README.md", error), 1_MiB))
    manifest.metadata.merge(storage::model_card_metadata(*readme));
  return manifest;
}

struct Position {
  size_t file = 0;
  uint64_t offset = 0;
  bool is_whole = false;
};

Position position_of(const nlohmann::json& answer) {
  return {answer.value("file", size_t{0}), answer.value("offset", uint64_t{0}), answer.value("whole", false)};
}

uint64_t bytes_before(const storage::ModelManifest& manifest, const Position& at) {
  uint64_t bytes = at.offset;
  for (size_t file = 0; file < std::min(at.file, manifest.files.size()); ++file)
    bytes += manifest.files[file].size.value;
  return bytes;
}

/// The rest of what is missing. Errors of the connection leave it to the caller to begin again.
Status send_pieces(const AdminClient& admin, const storage::ModelManifest& manifest, const ModelFolder& model,
                   Position at, const OnBytes& on_bytes) {
  const std::string upload = "uploads/" + storage::to_string(model.model);
  size_t open = SIZE_MAX;
  storage::FileDescriptor file;
  while (!at.is_whole) {
    if (at.file >= manifest.files.size())
      return fail(Errc::corrupt_data, "the head asks for file {} of {}", at.file, manifest.files.size());
    const storage::ModelFile& entry = manifest.files[at.file];
    std::error_code ignored;
    const fs::path path = fs::canonical(model.folder / entry.path, ignored);
    if (open != at.file) {
      TROUPE_TRY(file, storage::open_regular(path));
      open = at.file;
    }
    const uint64_t left = entry.size.value - std::min(at.offset, entry.size.value);
    TROUPE_TRY(std::string bytes,
               storage::read_at(file, at.offset, static_cast<size_t>(std::min<uint64_t>(left, piece_bytes)), path));
    TROUPE_TRY(const nlohmann::json answer, admin.put(fmt::format("{}?file={}&offset={}", upload, at.file, at.offset),
                                                      std::move(bytes), "application/octet-stream"));
    at = position_of(answer);
    on_bytes(bytes_before(manifest, at), manifest.total_bytes().value);
  }
  return {};
}

Status pull_file(const AdminClient& admin, const std::string& model, const storage::ModelFile& file,
                 const fs::path& path, const std::function<void(uint64_t)>& on_more) {
  TROUPE_CHECK(storage::make_directory(path.parent_path()));
  const storage::FileDescriptor out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!out) return storage::write_failure("create", path, errno);
  storage::Sha256 sha256;
  for (uint64_t offset = 0; offset < file.size.value;) {
    TROUPE_TRY(const std::string bytes, admin.get_bytes(fmt::format("model-files/{}?path={}&offset={}&size={}", model,
                                                                    percent_encode(file.path), offset, piece_bytes)));
    if (bytes.empty() || bytes.size() > file.size.value - offset)
      return fail(Errc::corrupt_data, "{} came with another length than its manifest says", file.path);
    TROUPE_CHECK(storage::write_all(out, bytes, path));
    sha256.update(std::as_bytes(std::span(bytes)));
    offset += bytes.size();
    on_more(bytes.size());
  }
  if (const std::string digest = sha256.hex(); digest != file.sha256)
    return fail(Errc::corrupt_data, "{} came with the sha256 {}; its manifest says {}", file.path, digest, file.sha256);
  return {};
}

}  // namespace

bool has_links(const fs::path& folder) {
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error))
    if (std::error_code ignored; it->is_symlink(ignored)) return true;
  return false;
}

Result<nlohmann::json> upload_model(const AdminClient& admin, const ModelFolder& model, const OnBytes& on_bytes) {
  TROUPE_TRY(const storage::ModelManifest manifest, manifest_of(model));
  TROUPE_TRY(const std::string json, storage::to_json(manifest));
  Status sent;
  for (int tries = 0; tries < tries_max; ++tries) {
    TROUPE_TRY(const nlohmann::json begun, admin.post("uploads", json, "application/json"));
    sent = send_pieces(admin, manifest, model, position_of(begun), on_bytes);
    if (sent) return admin.post("uploads/" + storage::to_string(model.model) + "/publish", {}, "application/json");
    // A connection that broke, or a piece that the head has and whose answer was lost.
    const Errc code = sent.error().code;
    if (code != Errc::unavailable && code != Errc::deadline_exceeded && code != Errc::failed_precondition) break;
  }
  return fail(sent.error());
}

Result<storage::ModelManifest> pull_model(const AdminClient& admin, const storage::ModelRef& model,
                                          const fs::path& target, const OnBytes& on_bytes) {
  std::error_code error;
  if (fs::exists(target, error) && !fs::is_empty(target, error))
    return fail(Errc::already_exists, "{} is there already, and not empty; name a new folder", target.string());
  const std::string name = storage::to_string(model);
  TROUPE_TRY(const std::string text, admin.get_bytes("model-files/" + name));
  TROUPE_TRY(storage::ModelManifest manifest, storage::manifest_from_json(text, "the head's answer"));
  const fs::path staged = target.string() + ".incoming";
  fs::remove_all(staged, error);
  TROUPE_CHECK(storage::make_directory(staged));
  uint64_t done = 0;
  for (const storage::ModelFile& file : manifest.files) {
    const Status pulled = pull_file(admin, name, file, staged / file.path, [&](uint64_t more) {
      done += more;
      on_bytes(done, manifest.total_bytes().value);
    });
    if (pulled) continue;
    fs::remove_all(staged, error);
    return fail(pulled.error());
  }
  fs::rename(staged, target, error);
  if (error)
    return fail(Errc::io_error, "cannot rename {} to {}: {}", staged.string(), target.string(), error.message());
  return manifest;
}

}  // namespace troupe::cli
