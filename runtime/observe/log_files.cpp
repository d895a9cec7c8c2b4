#include "runtime/observe/log_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace troupe::observe {

class OpenLogFiles::Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  const int fd_;
};

bool OpenLogFiles::add(const std::filesystem::path& file, uint64_t key) {
  auto descriptor =
      std::make_shared<const Descriptor>(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (descriptor->get() < 0 || ::fstat(descriptor->get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  files_.push_back({key, static_cast<uint64_t>(info.st_size)});
  descriptors_.push_back(std::move(descriptor));
  inode_ = info.st_ino;
  last_written_ = WallTime{std::chrono::duration_cast<WallTime::duration>(
      std::chrono::seconds{info.st_mtim.tv_sec} + std::chrono::nanoseconds{info.st_mtim.tv_nsec})};
  return true;
}

Result<std::string> OpenLogFiles::read(size_t index, uint64_t offset, size_t bytes) const {
  std::string text(bytes, '\0');
  size_t got = 0;
  while (got < bytes) {
    const ssize_t count =
        ::pread(descriptors_[index]->get(), text.data() + got, bytes - got, static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      return fail(Errc::io_error, "cannot read a log file: {}",
                  count == 0 ? "it has become shorter" : std::generic_category().message(errno));
    got += static_cast<size_t>(count);
  }
  return text;
}

/// A file keeps its name until the next rotation only, and a new one may get the inode of one that was removed; but
/// then it does not begin with the same time.
Result<uint64_t> OpenLogFiles::lasting_key() const {
  constexpr size_t identifying_bytes = 40;
  constexpr uint64_t fnv_offset = 0xcbf29ce484222325;  // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
  constexpr uint64_t fnv_prime = 0x100000001b3;
  if (files_[0].bytes < identifying_bytes) return fail(Errc::not_found, "too little is in it yet");
  TROUPE_TRY(const std::string begin, read(0, 0, identifying_bytes));
  uint64_t hash = fnv_offset ^ inode_;
  for (const char c : begin) hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
  return std::max<uint64_t>(hash, 1);
}

namespace {

std::filesystem::path numbered(const std::filesystem::path& file, size_t number) {
  if (number == 0) return file;
  return file.parent_path() / fmt::format("{}.{}{}", file.stem().string(), number, file.extension().string());
}

}  // namespace

Result<OpenLogFiles> open_rotated_log(const std::filesystem::path& file, size_t old_files_max) {
  OpenLogFiles all;
  bool is_any = false;
  // The newest first: while files get older names this meets one twice rather than not at all.
  for (size_t number = 0; number <= old_files_max; ++number) {
    OpenLogFiles one;
    if (!one.add(numbered(file, number), 0)) continue;
    is_any = true;
    const auto key = one.lasting_key();
    if (!key || std::ranges::find(all.files_, *key, &LogFiles::File::key) != all.files_.end()) continue;
    if (all.files_.empty()) all.last_written_ = one.last_written_;
    all.files_.insert(all.files_.begin(), {*key, one.files_[0].bytes});
    all.descriptors_.insert(all.descriptors_.begin(), std::move(one.descriptors_[0]));
  }
  if (!is_any) return fail(Errc::not_found, "there is no log file {}", file.string());
  return all;
}

}  // namespace troupe::observe
