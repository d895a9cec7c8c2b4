#include "cluster/head/admin_key.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "runtime/base/random.hpp"

namespace troupe::cluster {
namespace {

constexpr size_t key_digits = 64;

/// Closes its file.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  const int fd_;
};

tl::unexpected<Error> file_error(const char* what, const std::filesystem::path& file) {
  return fail(Errc::io_error, "{} the admin key file {}: {}", what, file.string(),
              std::system_category().message(errno));
}

Result<std::string> write_key(const FileDescriptor& fd, const std::filesystem::path& file) {
  std::string key;
  for (size_t i = 0; i < key_digits / 16; ++i) key += fmt::format("{:016x}", secure_random_u64());
  const std::string line = key + '\n';
  if (::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(fd.get()) != 0) {
    const auto error = file_error("cannot write", file);
    ::unlink(file.c_str());
    return error;
  }
  return key;
}

Result<std::string> read_key(const std::filesystem::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0) return file_error("cannot read", file);
  if (!S_ISREG(info.st_mode)) return fail(Errc::failed_precondition, "the admin key file {} is no file", file.string());
  if ((info.st_mode & 077) != 0) {
    return fail(Errc::failed_precondition,
                "others than its owner may use the admin key file {} (mode {:03o}); chmod 600 it", file.string(),
                info.st_mode & 0777);
  }
  std::array<char, key_digits + 1> text{};
  const ssize_t count = ::read(fd.get(), text.data(), text.size());
  if (count < 0) return file_error("cannot read", file);
  const std::string_view key = std::string_view(text.data(), static_cast<size_t>(count)).substr(0, key_digits);
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (info.st_size > static_cast<off_t>(text.size()) || key.size() != key_digits ||
      !std::ranges::all_of(key, is_digit)) {
    return fail(Errc::corrupt_data,
                "the admin key file {} does not hold {} hex digits; delete it to have a new key made", file.string(),
                key_digits);
  }
  return std::string(key);
}

}  // namespace

Result<std::string> load_or_create_admin_key(const std::filesystem::path& file) {
  const FileDescriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() >= 0) return write_key(fd, file);
  if (errno != EEXIST) return file_error("cannot make", file);
  return read_key(file);
}

}  // namespace troupe::cluster
