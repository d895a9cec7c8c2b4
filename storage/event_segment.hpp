#pragma once
// EventSegment: one segment file of an EventLog and its mapping. Its room on disk is taken before anything is written,
// so that a full disk is an error of create() and never a signal. (A file system that copies on write, such as btrfs,
// does not promise that; ext4, xfs and tmpfs do.)

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "storage/file_tree.hpp"

namespace troupe::storage {

/// The two calls of the system that a disk refuses; a test puts its own in their place. Any thread.
class SegmentDisk {
 public:
  virtual ~SegmentDisk() = default;
  /// posix_fallocate from 0: 0 or an errno.
  virtual int allocate(int fd, uint64_t bytes);
  /// msync of whole pages: 0 or an errno.
  virtual int sync(std::byte* from, size_t bytes);
};

/// Gives back the room behind `bytes` and sets the file's time. Errors: as write_failure() says.
Status cut_segment(const FileDescriptor& file, const std::filesystem::path& path, uint64_t bytes, WallTime now);

/// The mapping may be written to and read by any thread that keeps others' bytes alone; the functions as they say.
class EventSegment {
 public:
  /// A new file of `bytes` zeros, its room taken and its entry in the directory synced. Blocks on disk. Errors: as
  /// write_failure() says; then nothing is left.
  static Result<std::shared_ptr<EventSegment>> create(const std::filesystem::path& path, uint64_t bytes,
                                                      SegmentDisk& disk);
  /// An existing one, to be read. Errors: not_found, io_error.
  static Result<std::shared_ptr<EventSegment>> map(const std::filesystem::path& path);
  EventSegment(const EventSegment&) = delete;
  EventSegment& operator=(const EventSegment&) = delete;
  ~EventSegment();

  std::byte* data() noexcept { return data_; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  /// Makes [from, to) durable. Blocks on disk. Errors: as write_failure() says.
  Status sync(size_t from, size_t to, SegmentDisk& disk);
  /// Writes [from, to) to the file once more: after a sync that failed the system takes its pages for written.
  Status write_again(size_t from, size_t to);
  /// Makes the pages of the next `bytes` from `from` on writable, so that who writes there need not wait for it.
  void prefault(size_t from, size_t bytes) noexcept;
  /// cut_segment() of its file; nobody may touch what lies behind `bytes` from then on.
  Status seal(uint64_t bytes, WallTime now);

 private:
  EventSegment(std::filesystem::path path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  Status map_file(int protection);

  std::filesystem::path path_;
  FileDescriptor file_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace troupe::storage
