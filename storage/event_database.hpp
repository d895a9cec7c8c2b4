#pragma once
// EventDatabase: the RocksDB of an experiment shard. Keys are ordered bytes; what they mean is the shard's. Made for
// batches of many small reads, most of which find nothing, beside larger values that are written in order, with bounded
// memory.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace rocksdb {
class DB;
class Env;
class Snapshot;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace troupe::storage {

/// What it takes of memory is the sum of the first two, about 10 MiB, and the blocks that iterations stand on.
struct EventDatabaseOptions {
  ByteCount block_cache = 64_MiB;  ///< Of blocks that were read, with indexes and filters.
  ByteCount memtables = 64_MiB;    ///< Of what is written and not in a table yet; at least 1 MiB.
  size_t prefix_bytes = 0;         ///< The first bytes of a key by which ranges are mostly read; 0 = no such.
  int background_threads = 2;      ///< Of compactions and flushes together.
  size_t open_files_max = 256;
};

/// 128 random bits: one database from its making until it is thrown away.
struct StoreId {
  uint64_t high = 0;
  uint64_t low = 0;

  bool operator==(const StoreId&) const = default;
  /// 32 lower-case hex digits.
  std::string str() const;
};

/// Keys [from, to); an empty `to` is the end of all keys.
struct KeyRange {
  std::string from;
  std::string to;

  /// All keys that begin so.
  static KeyRange of_prefix(std::string prefix);
};

/// Changes that take effect together, in order. Keys have at least one byte, and the first is not 0xff. On one thread
/// at a time.
class EventBatch {
 public:
  EventBatch();
  EventBatch(EventBatch&&) noexcept;
  EventBatch& operator=(EventBatch&&) noexcept;
  ~EventBatch();

  void put(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  void erase(const KeyRange& range);
  void clear();
  size_t size() const;  ///< Changes.
  ByteCount bytes() const;

 private:
  friend class EventDatabase;
  std::unique_ptr<rocksdb::WriteBatch> batch_;
};

enum class Durability : uint8_t {
  synced,    ///< Safe against a loss of power when write() returns, with all that was written before.
  unsynced,  ///< Safe against the death of the process; against a loss of power after the next sync.
};

using KeyVisitor = std::function<Status(std::string_view key, std::string_view value)>;
class EventSnapshot;

/// Reads from any thread; writes, sync() and checkpoint() from one thread at a time. All functions block on disk.
///
/// A write that the disk refuses leaves the database readable, and the next write tries whether the disk takes it
/// again: nobody needs to start anything anew. What was refused may have happened all the same, as a whole, and what
/// was written since the last sync may be undone, from some batch on: who goes on after an error reads first how far
/// the database has come.
class EventDatabase {
 public:
  /// Makes the directory and the database if they are missing. `env` is where files lie, for tests of disk faults; null
  /// = this machine's. Errors: invalid_argument (options), unavailable (another process has it open), corrupt_data
  /// (says what to do), failed_precondition (a newer troupe's), resource_exhausted (the disk is full), io_error.
  static Result<std::unique_ptr<EventDatabase>> open(const std::filesystem::path& directory,
                                                     const EventDatabaseOptions& options, Random& random,
                                                     rocksdb::Env* env = nullptr);
  EventDatabase(const EventDatabase&) = delete;
  EventDatabase& operator=(const EventDatabase&) = delete;
  /// Snapshots are gone by then.
  ~EventDatabase();

  const StoreId& id() const noexcept { return id_; }

  /// Errors of all reads: corrupt_data, io_error, unavailable (it can't be opened again after a fault).
  Result<std::optional<std::string>> get(std::string_view key) const;
  /// As many values as keys; faster than one by one.
  Result<std::vector<std::optional<std::string>>> get_many(std::span<const std::string> keys) const;
  /// In order of the keys, as they were when it was called. Errors: also those of `visit`, which end it.
  Status each(const KeyRange& range, const KeyVisitor& visit) const;
  /// The database as it is now, for several reads while writes go on. While one lives, space is not given back, and a
  /// database that a disk fault broke is not opened anew.
  Result<EventSnapshot> snapshot() const;
  /// On disk, compressed, good to some blocks; and in memory, which is guessed from where few keys lie.
  Result<ByteCount> approximate_size(const KeyRange& range) const;

  /// All of `batch` or nothing. Errors: resource_exhausted (the disk is full), unavailable (it refuses for another
  /// reason, or a snapshot is in the way).
  Status write(const EventBatch& batch, Durability durability);
  /// Makes durable what was written unsynced: one sync for several batches. Errors: as write().
  Status sync();
  /// A copy that can be opened as a database, in `directory`, which must not exist (its parent must); files are shared
  /// by hard links where that is possible. It has this store's id. Errors: already_exists, and as write().
  Status checkpoint(const std::filesystem::path& directory);

 private:
  friend class EventSnapshot;

  EventDatabase(std::string directory, const EventDatabaseOptions& options, rocksdb::Env& env);

  Status begin(Random& random);
  Status check_or_mint(Random& random);
  rocksdb::Status open_database();
  Result<std::shared_ptr<rocksdb::DB>> database() const;
  Status each_in(rocksdb::DB& database, const rocksdb::Snapshot* snapshot, const KeyRange& range,
                 const KeyVisitor& visit) const;
  rocksdb::Status try_write(const EventBatch& batch, Durability durability);
  Status mend();
  Status refused(const rocksdb::Status& status);
  Error to_error(const rocksdb::Status& status) const;

  const std::string directory_;
  const EventDatabaseOptions options_;
  rocksdb::Env& env_;
  StoreId id_;
  mutable std::mutex mutex_;
  std::shared_ptr<rocksdb::DB> database_;  ///< Guarded; null while it can't be opened. Readers hold it while they read.
  // The writing thread's own.
  bool is_refused_ = false;  ///< RocksDB takes no write after a failed one until it is opened anew.
  bool has_unsynced_ = false;
};

/// On one thread at a time; must not outlive the database.
class EventSnapshot {
 public:
  EventSnapshot(EventSnapshot&& other) noexcept;
  EventSnapshot& operator=(EventSnapshot&&) = delete;
  ~EventSnapshot();

  /// As those of EventDatabase.
  Result<std::optional<std::string>> get(std::string_view key) const;
  Status each(const KeyRange& range, const KeyVisitor& visit) const;

 private:
  friend class EventDatabase;
  EventSnapshot(const EventDatabase& owner, std::shared_ptr<rocksdb::DB> database);

  const EventDatabase* owner_;
  std::shared_ptr<rocksdb::DB> database_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace troupe::storage
