#pragma once
// Files and directories as the model store needs them: walked without following links, copied and hashed in one pass,
// synced to disk. Everything here blocks on disk: never on a scheduler thread. Errors name the file; what writes may
// fail as write_failure() says.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "storage/sha256.hpp"

namespace troupe::storage {

/// Closes its file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct FileTree {
  std::vector<std::string> directories;  ///< Relative, parents before children.
  std::vector<std::string> files;        ///< Relative, with '/', sorted.
};

inline constexpr size_t tree_depth_max = 8;
inline constexpr size_t tree_entries_max = 10'000;

/// What lies under `root`. Errors: not_found (no such directory), invalid_argument (a symbolic link, a device, a name
/// that is not printable ASCII), too_large (deeper than 8 or more than 10,000 entries), io_error.
Result<FileTree> walk(const std::filesystem::path& root);

struct FileDigest {
  ByteCount size;
  std::string sha256;  ///< 64 lower-case hex digits.

  bool operator==(const FileDigest&) const = default;
};

/// Errors: not_found, invalid_argument (a symbolic link or no regular file), io_error.
Result<FileDigest> digest_file(const std::filesystem::path& path);
/// As digest_file(), with the hash still open: for a file that goes on.
struct OpenDigest {
  ByteCount size;
  Sha256 sha256;
};
Result<OpenDigest> hash_file(const std::filesystem::path& path);
/// Published files are read-only.
inline constexpr mode_t model_file_mode = 0444;
/// Copies to a new, synced file; the digest is that of the bytes written. Keeps execute permission beside `mode`.
Result<FileDigest> copy_file_synced(const std::filesystem::path& from, const std::filesystem::path& to,
                                    mode_t mode = model_file_mode);
/// Writes a new, synced file.
Status write_file_synced(const std::filesystem::path& path, std::string_view text, mode_t mode = model_file_mode);
/// Errors: not_found, too_large (over `bytes_max`), io_error.
Result<std::string> read_file(const std::filesystem::path& path, ByteCount bytes_max);
/// The error of a write that the system refused with `code` (an errno): resource_exhausted where the disk is full,
/// unavailable where it is read-only or failing, io_error otherwise.
tl::unexpected<Error> write_failure(std::string_view what, const std::filesystem::path& path, int code);
/// Opens it to be read. Errors: not_found, invalid_argument (a symbolic link or no regular file), io_error.
Result<FileDescriptor> open_regular(const std::filesystem::path& path);
/// Bytes [offset, offset + size); corrupt_data where the file ends before. `path` is for messages, here and below.
Result<std::string> read_at(const FileDescriptor& file, uint64_t offset, size_t size,
                            const std::filesystem::path& path);
Status write_all(const FileDescriptor& file, std::string_view data, const std::filesystem::path& path);
Status sync_file(const FileDescriptor& file, const std::filesystem::path& path);
/// Makes a directory and those above it.
Status make_directory(const std::filesystem::path& path);
/// Makes the entries of a directory durable.
Status sync_directory(const std::filesystem::path& path);

}  // namespace troupe::storage
