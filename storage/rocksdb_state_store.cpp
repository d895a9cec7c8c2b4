#include "storage/rocksdb_state_store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "storage/serial_thread.hpp"
#include "storage/state_record.hpp"
#include "storage/state_transaction.hpp"
#include "storage/watch_hub.hpp"

namespace troupe::storage {
namespace {

// Entries lie under "e" + key; "m…" are the store's own records.
constexpr char entry_table = 'e';
constexpr std::string_view schema_key = "m/schema";
constexpr std::string_view revision_key = "m/revision";
constexpr uint64_t schema_version = 1;

std::string entry_key(std::string_view key) {
  return entry_table + std::string(key);
}

Error to_error(const rocksdb::Status& status, const std::string& directory) {
  const std::string text = status.ToString();
  // RocksDB has no status code of its own for a held LOCK file; these are its two messages.
  if (status.IsIOError() && (text.find("While lock file") != std::string::npos ||
                             text.find("lock hold by current process") != std::string::npos))
    return {Errc::unavailable,
            fmt::format("the directory {} is in use by another troupe; stop it or choose another data directory",
                        directory),
            {},
            {}};
  const Errc code = status.IsCorruption() ? Errc::corrupt_data : status.IsIOError() ? Errc::io_error : Errc::internal;
  return {code, fmt::format("the control database in {}: {}", directory, text), {}, {}};
}

rocksdb::Options small_database_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  // A torn last record was never acknowledged; damage anywhere else must be seen, not cut off.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.write_buffer_size = 1 << 20;
  options.max_total_wal_size = 4 << 20;
  options.max_background_jobs = 2;
  options.max_open_files = 64;
  options.compression = rocksdb::kNoCompression;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_log_file_size = 1 << 20;
  options.keep_log_file_num = 2;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(1 << 20);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// The database with Troupe's keys and errors; on one thread at a time.
class Database {
 public:
  Database(std::unique_ptr<rocksdb::DB> db, std::string directory)
      : db_(std::move(db)), directory_(std::move(directory)) {}

  Result<std::optional<std::string>> get(const std::string& key) const {
    std::string value;
    const rocksdb::Status status = db_->Get(read_options(), key, &value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return fail(to_error(status, directory_));
    return value;
  }

  Result<std::vector<StateEntry>> entries(std::string_view prefix) const {
    const std::string from = entry_key(prefix);
    std::vector<StateEntry> found;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read_options()));
    for (it->Seek(from); it->Valid() && it->key().starts_with(from); it->Next()) {
      const std::string_view key = it->key().ToStringView().substr(1);
      TROUPE_TRY(const StateRecord record, decode_record(key, it->value().ToStringView()));
      found.push_back({std::string(key), std::string(record.value), record.create_revision, record.mod_revision});
    }
    if (!it->status().ok()) return fail(to_error(it->status(), directory_));
    return found;
  }

  bool empty() const {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read_options()));
    it->SeekToFirst();
    return !it->Valid() && it->status().ok();
  }

  Status write(rocksdb::WriteBatch& batch) {
    rocksdb::WriteOptions options;
    options.sync = true;
    const rocksdb::Status status = db_->Write(options, &batch);
    if (!status.ok()) return fail(to_error(status, directory_));
    return {};
  }

  const std::string& directory() const { return directory_; }

 private:
  static rocksdb::ReadOptions read_options() {
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    return options;
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::string directory_;
};

Status check_or_write_schema(Database& database) {
  TROUPE_TRY(const auto stored, database.get(std::string(schema_key)));
  if (!stored) {
    if (!database.empty())
      return fail(Errc::failed_precondition, "{} holds a database that is not troupe's control state",
                  database.directory());
    rocksdb::WriteBatch batch;
    batch.Put(schema_key, encode_u64(schema_version));
    return database.write(batch);
  }
  TROUPE_TRY(const uint64_t found, decode_u64(fmt::format("the schema record in {}", database.directory()), *stored));
  if (found > schema_version)
    return fail(Errc::failed_precondition,
                "the control database in {} has schema {}, written by a newer troupe; this one reads up to {}: start "
                "the newer one, or restore a backup of before the upgrade",
                database.directory(), found, schema_version);
  return {};
}

class RocksdbStateStore final : public StateStore {
 public:
  RocksdbStateStore(Database database, Revision revision, uint64_t live_bytes, const StateStoreOptions& options)
      : database_(std::move(database)),
        revision_(revision),
        live_bytes_(live_bytes),
        live_bytes_max_(options.live_bytes_max),
        hub_(revision, options.history_events_max, options.history_bytes_max),
        thread_(options.queue_length_max, options.queue_bytes_max) {}

  void range(std::string prefix, RangeCallback done) override {
    if (auto valid = check_state_prefix(prefix); !valid) return done(fail(std::move(valid.error())));
    const size_t bytes = prefix.size();
    submit<RangeResult>(bytes, std::move(done), [this, prefix = std::move(prefix)] { return read(prefix); });
  }

  void commit(Transaction transaction, CommitCallback done) override {
    if (auto valid = check_transaction(transaction); !valid) return done(fail(std::move(valid.error())));
    const size_t bytes = transaction_bytes(transaction);
    submit<Revision>(bytes, std::move(done),
                     [this, transaction = std::move(transaction)]() mutable { return apply(std::move(transaction)); });
  }

  Result<WatchHandle> watch(std::string prefix, Revision after, WatchCallback on_event) override {
    TROUPE_CHECK(check_state_prefix(prefix));
    auto watcher = std::make_shared<Watcher>(std::move(prefix), std::move(on_event));
    TROUPE_CHECK(thread_.post(0, [this, watcher, after] { hub_.add(watcher, after); }));
    return make_watch_handle(std::move(watcher));
  }

 private:
  template <class T>
  void submit(size_t bytes, std::function<void(Result<T>)> done, std::function<Result<T>()> work) {
    auto queued = thread_.post(bytes, [done, work = std::move(work)] { done(work()); });
    if (!queued) done(fail(std::move(queued.error())));
  }

  Result<RangeResult> read(const std::string& prefix) const {
    TROUPE_TRY(auto entries, database_.entries(prefix));
    return RangeResult{std::move(entries), revision_};
  }

  Result<std::optional<KeyFacts>> facts(const std::string& key) const {
    TROUPE_TRY(const auto bytes, database_.get(entry_key(key)));
    if (!bytes) return std::nullopt;
    TROUPE_TRY(const StateRecord record, decode_record(key, *bytes));
    return KeyFacts{record.create_revision, record.mod_revision, record.value.size()};
  }

  Result<Revision> apply(Transaction transaction) {
    const Revision next{revision_.value + 1};
    TROUPE_TRY(CommitPlan plan, plan_commit(std::move(transaction), next, live_bytes_, live_bytes_max_,
                                            [this](const std::string& key) { return facts(key); }));
    if (plan.changes.empty()) return revision_;

    rocksdb::WriteBatch batch;
    batch.Put(revision_key, encode_u64(next.value));
    for (const KeyChange& change : plan.changes) {
      if (change.value)
        batch.Put(entry_key(change.key), encode_record(change.create_revision, next, *change.value));
      else
        batch.Delete(entry_key(change.key));
    }
    TROUPE_CHECK(database_.write(batch));

    revision_ = next;
    live_bytes_ = plan.live_bytes;
    hub_.publish({WatchEvent::Kind::changed, next, std::move(plan.changes)});
    return next;
  }

  // All but thread_ belong to that thread, which is destroyed first and finishes its queue then.
  Database database_;
  Revision revision_;
  uint64_t live_bytes_;
  const ByteCount live_bytes_max_;
  WatchHub hub_;
  SerialThread thread_;
};

}  // namespace

Result<std::unique_ptr<StateStore>> open_rocksdb_state_store(const std::filesystem::path& directory,
                                                             const StateStoreOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail(Errc::io_error, "cannot make the directory {}: {}", directory.string(), error.message());

  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(small_database_options(), directory.string(), &opened);
  Database database(std::unique_ptr<rocksdb::DB>(opened), directory.string());
  if (!status.ok()) return fail(to_error(status, directory.string()));

  TROUPE_CHECK(check_or_write_schema(database));
  TROUPE_TRY(const auto stored_revision, database.get(std::string(revision_key)));
  Revision revision;
  if (stored_revision) {
    TROUPE_TRY(revision.value, decode_u64(fmt::format("the revision in {}", directory.string()), *stored_revision));
  }
  TROUPE_TRY(const auto entries, database.entries(""));
  uint64_t live_bytes = 0;
  for (const StateEntry& entry : entries) live_bytes += entry.key.size() + entry.value.size();
  return std::make_unique<RocksdbStateStore>(std::move(database), revision, live_bytes, options);
}

}  // namespace troupe::storage
