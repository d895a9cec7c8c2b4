#include "storage/acknowledged_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace troupe::storage {
namespace {

struct Record {
  uint64_t revision;
  uint64_t inverted;  ///< All bits the other way: a damaged record is none.
};

}  // namespace

Result<AcknowledgedMark> AcknowledgedMark::check(const std::filesystem::path& directory, Revision stored) {
  const auto path = directory / "acknowledged";
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file) return fail(Errc::io_error, "cannot open {}: {}", path.string(), std::generic_category().message(errno));
  Record record{};
  const bool is_whole =
      ::pread(file.get(), &record, sizeof record, 0) == sizeof record && record.inverted == ~record.revision;
  if (is_whole && record.revision > stored.value)
    return fail(Errc::corrupt_data,
                "the control database in {0} ends at revision {1}, but revision {2} was acknowledged: its last {3} "
                "writes are lost, a log file (*.log) in it is damaged or missing. Move {0} away and restore a backup "
                "(`troupe backup restore`, docs/operations.md), or accept the loss by removing {4}",
                directory.string(), stored.value, record.revision, record.revision - stored.value, path.string());
  AcknowledgedMark mark(std::move(file));
  mark.set(stored);
  return mark;
}

void AcknowledgedMark::set(Revision acknowledged) const noexcept {
  const Record record{acknowledged.value, ~acknowledged.value};
  [[maybe_unused]] const ssize_t written = ::pwrite(file_.get(), &record, sizeof record, 0);
}

}  // namespace troupe::storage
