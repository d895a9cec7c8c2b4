#include "storage/record_store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <mutex>

#include "storage/rocksdb_faults.hpp"
#include "storage/serial_thread.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds come_back{1000};

rocksdb::Options database_options(rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  options.create_if_missing = true;
  // A torn last record was never acknowledged; damage anywhere else must be seen, not cut off.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.paranoid_checks = true;
  options.max_bgerror_resume_count = 0;  // Opening it anew is how it tries again.
  options.write_buffer_size = 4 << 20;
  options.allow_fallocate = false;
  options.max_total_wal_size = 16 << 20;
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

class RocksdbRecordStore final : public RecordStore {
 public:
  RocksdbRecordStore(const fs::path& directory, RecordStoreOptions options, rocksdb::Env* env)
      : directory_(directory.string()), options_(std::move(options)), env_(env), thread_(queue_length_max, 1_GiB) {}

  /// Called once, before anything else.
  Status open() {
    std::error_code error;
    fs::create_directories(directory_, error);
    if (error) return fail(Errc::io_error, "cannot make the directory {}: {}", directory_, error.message());
    TROUPE_CHECK(check_not_beheaded());
    return open_database();
  }

  void load(std::function<void(Result<Records>)> done) override {
    auto queued = thread_.post(0, [this, done] { done(read()); });
    if (!queued) done(fail(std::move(queued.error())));
  }

  void write(std::string key, std::optional<std::string> value, std::function<void(Status)> done) override {
    if (Status queued = enqueue({std::move(key), std::move(value), done}); !queued && done) done(std::move(queued));
  }

 private:
  static constexpr size_t queue_length_max = 1024;  // Of flushes and loads: writes wait in waiting_.

  struct Write {
    std::string key;
    std::optional<std::string> value;
    std::function<void(Status)> done;
    size_t bytes() const { return key.size() + (value ? value->size() : 0); }
  };

  Status enqueue(Write write) {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty() && waiting_bytes_ + write.bytes() > options_.queue_bytes_max.value)
      return fail(Error{Errc::overloaded,
                        fmt::format("{} bytes wait to be written to {}, as many as may", waiting_bytes_, directory_),
                        {},
                        come_back});
    // The flush of those that wait already takes this one along.
    if (waiting_.empty()) TROUPE_CHECK(thread_.post(0, [this] { flush(); }));
    waiting_bytes_ += write.bytes();
    waiting_.push_back(std::move(write));
    return {};
  }

  void flush() {
    std::vector<Write> writes;
    {
      const std::lock_guard lock(mutex_);
      writes.swap(waiting_);
      waiting_bytes_ = 0;
    }
    const Status outcome = commit(writes);
    for (const Write& write : writes)
      if (write.done) write.done(outcome);
  }

  Status commit(const std::vector<Write>& writes) {
    if (is_refused_) {
      database_.reset();
      TROUPE_CHECK(open_database());
      is_refused_ = false;
    }
    rocksdb::WriteBatch batch;
    for (const Write& write : writes) write.value ? batch.Put(write.key, *write.value) : batch.Delete(write.key);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const rocksdb::Status status = database_->Write(synced, &batch);
    if (status.ok()) return {};
    is_refused_ = true;
    return fail(refusal(status));
  }

  Result<Records> read() const {
    if (!database_) return fail(Errc::io_error, "{} in {} cannot be read at the moment", options_.what, directory_);
    Records records;
    rocksdb::ReadOptions verified;
    verified.verify_checksums = true;
    const std::unique_ptr<rocksdb::Iterator> it(database_->NewIterator(verified));
    for (it->SeekToFirst(); it->Valid(); it->Next()) records.emplace_back(it->key().ToString(), it->value().ToString());
    if (!it->status().ok()) return fail(to_error(it->status()));
    return records;
  }

  Status open_database() {
    rocksdb::DB* opened = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(database_options(env_), directory_, &opened);
    database_.reset(opened);
    return status.ok() ? Status{} : Status(fail(to_error(status)));
  }

  Status check_not_beheaded() const {
    if (const auto left = find_beheaded(directory_))
      return fail(damaged(fmt::format("there is {} but no CURRENT", *left)));
    return {};
  }

  Error damaged(const std::string& what) const {
    return {Errc::corrupt_data,
            fmt::format("{} in {} are damaged: {}. Move the folder away to begin anew; {}", options_.what, directory_,
                        what, options_.when_lost),
            {},
            {}};
  }

  Error to_error(const rocksdb::Status& status) const {
    if (is_held_by_another(status))
      return {
          Errc::unavailable, fmt::format("{} in {} are in use by another troupe", options_.what, directory_), {}, {}};
    if (status.IsCorruption() || status.IsPathNotFound()) return damaged(status.ToString());
    return refusal(status);
  }

  Error refusal(const rocksdb::Status& status) const {
    return {status.IsNoSpace() ? Errc::resource_exhausted : Errc::unavailable,
            fmt::format("{} in {} cannot be written: {}", options_.what, directory_, status.ToString()),
            {},
            come_back};
  }

  const std::string directory_;
  const RecordStoreOptions options_;
  rocksdb::Env* const env_;
  std::mutex mutex_;
  std::vector<Write> waiting_;  ///< Guarded, as waiting_bytes_.
  size_t waiting_bytes_ = 0;
  // Of the thread, which is destroyed first and finishes its queue then.
  std::unique_ptr<rocksdb::DB> database_;  ///< Null while it can't be opened.
  bool is_refused_ = false;                ///< RocksDB takes no write after a failed one until it is opened anew.
  SerialThread thread_;
};

}  // namespace

Result<std::unique_ptr<RecordStore>> open_rocksdb_record_store(const fs::path& directory, RecordStoreOptions options,
                                                               rocksdb::Env* env) {
  auto store = std::make_unique<RocksdbRecordStore>(directory, std::move(options),
                                                    env == nullptr ? rocksdb::Env::Default() : env);
  TROUPE_CHECK(store->open());
  return store;
}

}  // namespace troupe::storage
