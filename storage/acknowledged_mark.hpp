#pragma once
// AcknowledgedMark: the newest revision that a store has acknowledged, in a file beside its database. A log whose end
// is damaged looks like one whose last record was being written when the power went; the mark tells them apart. It is
// written after each commit and never synced: it may lag behind after a loss of power, but is never ahead.

#include <filesystem>

#include "runtime/base/result.hpp"
#include "storage/file_tree.hpp"
#include "storage/state_store.hpp"

namespace troupe::storage {

class AcknowledgedMark {
 public:
  /// The mark in `directory`, made with `stored` if there is none that can be read. corrupt_data where it is newer than
  /// `stored`: acknowledged writes are lost.
  static Result<AcknowledgedMark> check(const std::filesystem::path& directory, Revision stored);

  /// What the disk refuses here is let go: the mark then lags, which costs only its own sharpness.
  void set(Revision acknowledged) const noexcept;

 private:
  explicit AcknowledgedMark(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace troupe::storage
