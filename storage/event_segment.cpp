#include "storage/event_segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

size_t page_bytes() noexcept {
  static const auto bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

Status allocate_new(const FileDescriptor& file, const fs::path& path, uint64_t bytes, SegmentDisk& disk) {
  if (const int code = disk.allocate(file.get(), bytes); code != 0) return write_failure("make room for", path, code);
  TROUPE_CHECK(sync_file(file, path));
  return sync_directory(path.parent_path());
}

}  // namespace

int SegmentDisk::allocate(int fd, uint64_t bytes) {
  return ::posix_fallocate(fd, 0, static_cast<off_t>(bytes));
}

int SegmentDisk::sync(std::byte* from, size_t bytes) {
  return ::msync(from, bytes, MS_SYNC) == 0 ? 0 : errno;
}

Status cut_segment(const FileDescriptor& file, const fs::path& path, uint64_t bytes, WallTime now) {
  if (::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) return write_failure("cut", path, errno);
  const int64_t us = unix_microseconds(now);
  const timespec time{us / 1'000'000, us % 1'000'000 * 1000};
  const std::array<timespec, 2> times{time, time};
  if (::futimens(file.get(), times.data()) != 0) return write_failure("set the time of", path, errno);
  return {};
}

Result<std::shared_ptr<EventSegment>> EventSegment::create(const fs::path& path, uint64_t bytes, SegmentDisk& disk) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return write_failure("create", path, errno);
  const std::shared_ptr<EventSegment> segment(new EventSegment(path, std::move(file)));
  Status made = allocate_new(segment->file_, path, bytes, disk);
  if (made) made = segment->map_file(PROT_READ | PROT_WRITE);
  if (made) return segment;
  std::error_code ignored;
  fs::remove(path, ignored);
  return fail(std::move(made.error()));
}

Result<std::shared_ptr<EventSegment>> EventSegment::map(const fs::path& path) {
  TROUPE_TRY(FileDescriptor file, open_regular(path));
  const std::shared_ptr<EventSegment> segment(new EventSegment(path, std::move(file)));
  TROUPE_CHECK(segment->map_file(PROT_READ));
  return segment;
}

EventSegment::~EventSegment() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

Status EventSegment::map_file(int protection) {
  struct stat facts {};
  if (::fstat(file_.get(), &facts) != 0) return fail(Errc::io_error, "cannot look at {}", path_.string());
  const auto size = static_cast<size_t>(facts.st_size);
  if (size == 0) return {};
  void* mapped = ::mmap(nullptr, size, protection, MAP_SHARED, file_.get(), 0);
  if (mapped == MAP_FAILED)
    return fail(Errc::io_error, "cannot map {}: {}", path_.string(), std::generic_category().message(errno));
  data_ = static_cast<std::byte*>(mapped);
  size_ = size;
  return {};
}

Status EventSegment::sync(size_t from, size_t to, SegmentDisk& disk) {
  const size_t first = from / page_bytes() * page_bytes();
  if (const int code = disk.sync(data_ + first, to - first); code != 0) return write_failure("sync", path_, code);
  return {};
}

Status EventSegment::write_again(size_t from, size_t to) {
  while (from < to) {
    const ssize_t written = ::pwrite(file_.get(), data_ + from, to - from, static_cast<off_t>(from));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return write_failure("write", path_, errno);
    from += static_cast<size_t>(written);
  }
  return {};
}

void EventSegment::prefault(size_t from, size_t bytes) noexcept {
  const size_t first = from / page_bytes() * page_bytes();
  if (first >= size_) return;
  // A kernel before 5.14 does not know it; then who writes waits for the page.
  static_cast<void>(::madvise(data_ + first, std::min(bytes, size_ - first), MADV_POPULATE_WRITE));
}

Status EventSegment::seal(uint64_t bytes, WallTime now) {
  return cut_segment(file_, path_, bytes, now);
}

}  // namespace troupe::storage
