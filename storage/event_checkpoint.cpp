#include "storage/event_checkpoint.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>

namespace troupe::storage {
namespace {

constexpr uint64_t checkpoint_magic = 0x3150'4b43'5456'4554;  // "TEVTCKP1"
constexpr uint64_t checkpoint_version = 2;

/// As it lies on disk.
struct RawCopy {
  uint64_t magic;
  uint64_t version;
  uint64_t checksum;  ///< Of what follows.
  uint64_t generation;
  EventCheckpoint checkpoint;
};
static_assert(sizeof(RawCopy) == 8 * (4 + 4 + 3 * event_slots + event_loss_kinds) &&
              sizeof(RawCopy) <= checkpoint_copy_bytes);

uint64_t checksum_of(const RawCopy& raw) noexcept {
  return XXH3_64bits(&raw.generation, sizeof raw - offsetof(RawCopy, generation));
}

}  // namespace

std::string encode_checkpoint(const EventCheckpoint& checkpoint, uint64_t generation) {
  RawCopy raw{checkpoint_magic, checkpoint_version, 0, generation, checkpoint};
  raw.checksum = checksum_of(raw);
  std::string bytes(checkpoint_copy_bytes, '\0');
  std::memcpy(bytes.data(), &raw, sizeof raw);
  return bytes;
}

Result<std::optional<CheckpointCopy>> decode_checkpoint(std::string_view bytes) {
  RawCopy raw{};
  if (bytes.size() < sizeof raw) return std::nullopt;
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (raw.magic == checkpoint_magic && raw.version > checkpoint_version)
    return fail(Errc::failed_precondition, "it has the format {}; this troupe knows {}", raw.version,
                checkpoint_version);
  if (raw.magic != checkpoint_magic || raw.version != checkpoint_version || raw.checksum != checksum_of(raw))
    return std::nullopt;
  return CheckpointCopy{raw.checkpoint, raw.generation};
}

Result<CheckpointFile> CheckpointFile::open(const std::filesystem::path& directory,
                                            std::optional<EventCheckpoint>& found) {
  const auto path = directory / "checkpoint";
  CheckpointFile file(path, FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)));
  if (!file.file_) return write_failure("open", path, errno);
  std::string bytes(2 * checkpoint_copy_bytes, '\0');
  const ssize_t got = ::pread(file.file_.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) return fail(Errc::io_error, "cannot read {}", path.string());
  bytes.resize(static_cast<size_t>(got));
  found.reset();
  for (size_t at = 0; at < bytes.size(); at += checkpoint_copy_bytes) {
    auto copy = decode_checkpoint(std::string_view(bytes).substr(at, checkpoint_copy_bytes));
    if (!copy) return fail(copy.error().code, "{}: {}", path.string(), copy.error().message);
    if (!*copy || (found && (*copy)->generation <= file.generation_)) continue;
    found = (*copy)->checkpoint;
    file.generation_ = (*copy)->generation;
  }
  // Zeros alone: the power went before the first copy was written.
  if (!found && bytes.find_first_not_of('\0') != std::string::npos)
    return fail(Errc::corrupt_data, "{} is damaged", path.string());
  return file;
}

Status CheckpointFile::write(const EventCheckpoint& checkpoint) {
  const uint64_t generation = generation_ + 1;
  const std::string bytes = encode_checkpoint(checkpoint, generation);
  const auto at = static_cast<off_t>(generation % 2 * checkpoint_copy_bytes);
  const ssize_t written = ::pwrite(file_.get(), bytes.data(), bytes.size(), at);
  if (written != static_cast<ssize_t>(bytes.size())) return write_failure("write", path_, written < 0 ? errno : ENOSPC);
  generation_ = generation;
  return {};
}

Status CheckpointFile::sync() {
  return sync_file(file_, path_);
}

}  // namespace troupe::storage
