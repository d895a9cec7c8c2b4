#include "gpu/loader/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace troupe::gpu {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

auto failed(const std::filesystem::path& path, std::string_view verb, int error) {
  return fail(error == ENOENT ? Errc::not_found : Errc::io_error, "{}: cannot {} it: {}", path.string(), verb,
              std::generic_category().message(error));
}

}  // namespace

Result<MappedFile> map_file(const std::filesystem::path& path) {
  // Without O_NONBLOCK the open of a named pipe would wait for a writer.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return failed(path, "open", errno);

  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return failed(path, "examine", errno);
  if (!S_ISREG(info.st_mode)) return fail(Errc::invalid_argument, "{}: not a regular file", path.string());
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return MappedFile{};

  void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (start == MAP_FAILED) return failed(path, "map", errno);
  std::shared_ptr<const void> owner(start, [size](const void* p) { ::munmap(const_cast<void*>(p), size); });
  return MappedFile{std::move(owner), {static_cast<const std::byte*>(start), size}};
}

}  // namespace troupe::gpu
