#pragma once
// ControlDatabase: the RocksDB under the embedded StateStore: synced batches of keys, and what happens when the disk
// refuses or has damaged them. On one thread at a time; blocks on disk.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"

namespace rocksdb {
class DB;
class Env;
class Status;
}  // namespace rocksdb

namespace troupe::storage {

/// Keys with their new values; none deletes the key.
using KeyBatch = std::vector<std::pair<std::string, std::optional<std::string>>>;

class ControlDatabase {
 public:
  /// Makes the directory and the database if they are missing; `env` is where files lie, null = this machine's.
  /// Errors: unavailable (another process has it open), corrupt_data (names the file where that is known, and says what
  /// to do), resource_exhausted (the disk is full), io_error.
  static Result<ControlDatabase> open(const std::filesystem::path& directory, rocksdb::Env* env = nullptr);
  ControlDatabase(ControlDatabase&&) noexcept;
  ControlDatabase& operator=(ControlDatabase&&) = delete;
  ~ControlDatabase();

  /// Errors: corrupt_data, io_error.
  Result<std::optional<std::string>> get(const std::string& key) const;
  /// All keys with this prefix, in order. Errors: corrupt_data, io_error, those of `on_entry`.
  Status each(const std::string& prefix,
              const std::function<Status(std::string_view key, std::string_view value)>& on_entry) const;
  bool empty() const;

  /// All of `batch` or nothing, safe against a loss of power when it returns. A write that the disk refuses leaves the
  /// database readable, and the next write tries whether the disk takes it again: nobody needs to start anything anew.
  /// What was refused stays undone, unless the process dies before the next write that is not: then it may have
  /// happened. Errors: resource_exhausted (the disk is full), unavailable (it refuses for another reason).
  Status write(const KeyBatch& batch);
  /// What write() begins with, for who reads before it writes: after a refusal, whether the disk takes writes again.
  Status mend();

  const std::string& directory() const noexcept { return directory_; }

 private:
  ControlDatabase(std::unique_ptr<rocksdb::DB> db, std::string directory, rocksdb::Env* env);

  rocksdb::Status write_synced(const KeyBatch& batch);
  Status begin_anew();
  Result<KeyBatch> as_it_is(const KeyBatch& batch) const;

  std::unique_ptr<rocksdb::DB> db_;  ///< Null while it can't even be opened for reading.
  std::string directory_;
  rocksdb::Env* env_;
  std::optional<KeyBatch> undo_;  ///< After a refused write: what its keys held before.
};

}  // namespace troupe::storage
