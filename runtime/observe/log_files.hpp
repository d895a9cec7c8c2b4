#pragma once
// Log files on disk, opened together: what happens to their names afterwards changes nothing for the reader.

#include <filesystem>
#include <memory>

#include "runtime/observe/log_pages.hpp"

namespace troupe::observe {

/// Not thread-safe.
class OpenLogFiles final : public LogFiles {
 public:
  OpenLogFiles() = default;
  OpenLogFiles(OpenLogFiles&&) noexcept = default;
  OpenLogFiles& operator=(OpenLogFiles&&) noexcept = default;

  /// A newer file than those before. False where there is none of that name, or one that is no plain file of its own: a
  /// link is not followed.
  bool add(const std::filesystem::path& file, uint64_t key);

  const std::vector<File>& files() const override { return files_; }
  Result<std::string> read(size_t index, uint64_t offset, size_t bytes) const override;
  /// When the newest of them was last written to.
  WallTime last_written() const noexcept { return last_written_; }

 private:
  class Descriptor;
  friend Result<OpenLogFiles> open_rotated_log(const std::filesystem::path&, size_t);

  /// Of the only file that was added; not_found where it is too short to have one yet.
  Result<uint64_t> lasting_key() const;

  std::vector<File> files_;
  std::vector<std::shared_ptr<const Descriptor>> descriptors_;
  WallTime last_written_{};
  uint64_t inode_ = 0;  ///< Of the newest.
};

/// The files of a LogSink: `file` and up to `old_files_max` before it. not_found where there is none.
Result<OpenLogFiles> open_rotated_log(const std::filesystem::path& file, size_t old_files_max);

}  // namespace troupe::observe
