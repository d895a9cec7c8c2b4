#include "storage/file_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <system_error>

#include "storage/sha256.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

constexpr size_t block_bytes = 1 << 20;

std::string reason(int code) {
  return std::generic_category().message(code);
}

tl::unexpected<Error> io_failure(std::string_view what, const fs::path& path, int code) {
  return fail(code == ENOENT ? Errc::not_found : Errc::io_error, "cannot {} {}: {}", what, path.string(), reason(code));
}

Result<FileDescriptor> create_new(const fs::path& path, mode_t mode) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return write_failure("create", path, errno);
  return file;
}

Status read_blocks(const FileDescriptor& file, const fs::path& path,
                   const std::function<Status(std::string_view)>& on_block) {
  std::string buffer(block_bytes, '\0');
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_failure("read", path, errno);
    if (got == 0) return {};
    TROUPE_CHECK(on_block(std::string_view(buffer).substr(0, static_cast<size_t>(got))));
  }
}

Result<OpenDigest> hash_blocks(const FileDescriptor& file, const fs::path& path,
                               const std::function<Status(std::string_view)>& on_block) {
  OpenDigest digest;
  TROUPE_CHECK(read_blocks(file, path, [&](std::string_view block) -> Status {
    digest.sha256.update(std::as_bytes(std::span(block)));
    digest.size.value += block.size();
    return on_block(block);
  }));
  return digest;
}

Result<FileDigest> digest_blocks(const FileDescriptor& file, const fs::path& path,
                                 const std::function<Status(std::string_view)>& on_block) {
  TROUPE_TRY(OpenDigest digest, hash_blocks(file, path, on_block));
  return FileDigest{digest.size, digest.sha256.hex()};
}

Status add_entry(FileTree& tree, const fs::directory_entry& entry, const fs::path& root) {
  const std::string path = entry.path().lexically_relative(root).generic_string();
  if (!std::ranges::all_of(path, [](char c) { return c >= ' ' && c <= '~'; }))
    return fail(Errc::invalid_argument, "the name of {} has characters other than printable ASCII",
                entry.path().string());
  std::error_code error;
  const fs::file_type type = entry.symlink_status(error).type();
  if (error) return io_failure("look at", entry.path(), error.value());
  if (type == fs::file_type::directory)
    tree.directories.push_back(path);
  else if (type == fs::file_type::regular)
    tree.files.push_back(path);
  else
    return fail(Errc::invalid_argument, "{} is {}; a model is regular files and directories only",
                entry.path().string(), type == fs::file_type::symlink ? "a symbolic link" : "no regular file");
  if (tree.directories.size() + tree.files.size() > tree_entries_max)
    return fail(Errc::too_large, "{} has more than {} files and directories", root.string(), tree_entries_max);
  return {};
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

tl::unexpected<Error> write_failure(std::string_view what, const fs::path& path, int code) {
  const Errc errc = code == ENOSPC || code == EDQUOT ? Errc::resource_exhausted
                    : code == EROFS || code == EIO   ? Errc::unavailable
                                                     : Errc::io_error;
  return fail({errc, fmt::format("cannot {} {}: {}", what, path.string(), reason(code)), {}, {}});
}

Result<FileDescriptor> open_regular(const fs::path& path) {
  // O_NONBLOCK: opening a pipe without a writer must not hang.
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ELOOP) return fail(Errc::invalid_argument, "{} is a symbolic link", path.string());
  if (!file) return io_failure("open", path, errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return io_failure("look at", path, errno);
  if (!S_ISREG(facts.st_mode)) return fail(Errc::invalid_argument, "{} is not a regular file", path.string());
  return file;
}

Result<std::string> read_at(const FileDescriptor& file, uint64_t offset, size_t size, const fs::path& path) {
  std::string bytes(size, '\0');
  for (size_t got = 0; got < size;) {
    const ssize_t more = ::pread(file.get(), bytes.data() + got, size - got, static_cast<off_t>(offset + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return io_failure("read", path, errno);
    if (more == 0) return fail(Errc::corrupt_data, "{} ends after {} bytes", path.string(), offset + got);
    got += static_cast<size_t>(more);
  }
  return bytes;
}

Status write_all(const FileDescriptor& file, std::string_view data, const fs::path& path) {
  while (!data.empty()) {
    const ssize_t written = ::write(file.get(), data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return write_failure("write", path, errno);
    data.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status sync_file(const FileDescriptor& file, const fs::path& path) {
  if (::fsync(file.get()) != 0) return write_failure("sync", path, errno);
  return {};
}

Status make_directory(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return write_failure("make the directory", path, error.value());
  return {};
}

Result<FileTree> walk(const fs::path& root) {
  std::error_code error;
  const fs::file_status status = fs::status(root, error);
  if (status.type() == fs::file_type::not_found)
    return fail(Errc::not_found, "there is no directory {}", root.string());
  if (error) return io_failure("look at", root, error.value());
  if (status.type() != fs::file_type::directory)
    return fail(Errc::invalid_argument, "{} is not a directory", root.string());

  FileTree tree;
  fs::recursive_directory_iterator it(root, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    if (static_cast<size_t>(it.depth()) >= tree_depth_max)
      return fail(Errc::too_large, "{} lies deeper than {} directories", it->path().string(), tree_depth_max);
    TROUPE_CHECK(add_entry(tree, *it, root));
  }
  if (error) return io_failure("list", root, error.value());
  std::ranges::sort(tree.files);
  return tree;
}

Result<FileDigest> digest_file(const fs::path& path) {
  TROUPE_TRY(const FileDescriptor file, open_regular(path));
  return digest_blocks(file, path, [](std::string_view) -> Status { return {}; });
}

Result<OpenDigest> hash_file(const fs::path& path) {
  TROUPE_TRY(const FileDescriptor file, open_regular(path));
  return hash_blocks(file, path, [](std::string_view) -> Status { return {}; });
}

Result<FileDigest> copy_file_synced(const fs::path& from, const fs::path& to, mode_t mode) {
  TROUPE_TRY(const FileDescriptor source, open_regular(from));
  struct stat facts {};
  if (::fstat(source.get(), &facts) != 0) return io_failure("look at", from, errno);
  TROUPE_TRY(const FileDescriptor target, create_new(to, mode | (facts.st_mode & 0111)));
  TROUPE_TRY(FileDigest digest,
             digest_blocks(source, from, [&](std::string_view block) { return write_all(target, block, to); }));
  TROUPE_CHECK(sync_file(target, to));
  return digest;
}

Status write_file_synced(const fs::path& path, std::string_view text, mode_t mode) {
  TROUPE_TRY(const FileDescriptor file, create_new(path, mode));
  TROUPE_CHECK(write_all(file, text, path));
  return sync_file(file, path);
}

Result<std::string> read_file(const fs::path& path, ByteCount bytes_max) {
  TROUPE_TRY(const FileDescriptor file, open_regular(path));
  std::string text;
  TROUPE_CHECK(read_blocks(file, path, [&](std::string_view block) -> Status {
    text += block;
    if (text.size() > bytes_max.value)
      return fail(Errc::too_large, "{} has more than {}", path.string(), format_bytes(bytes_max));
    return {};
  }));
  return text;
}

Status sync_directory(const fs::path& path) {
  const FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return io_failure("open", path, errno);
  return sync_file(directory, path);
}

}  // namespace troupe::storage
