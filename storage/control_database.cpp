#include "storage/control_database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "storage/rocksdb_faults.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

/// What opening the database anew may write: a log of a write buffer's size, a manifest, a table.
constexpr size_t room_to_open_bytes = 3 << 20;

rocksdb::Options small_database_options(rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  options.create_if_missing = true;
  // A torn last record was never acknowledged; damage anywhere else must be seen, not cut off.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.paranoid_checks = true;
  // begin_anew() alone decides when the database tries again.
  options.max_bgerror_resume_count = 0;
  options.write_buffer_size = 1 << 20;
  // Room set aside for a log would hide for thousands of writes that the disk is full.
  options.allow_fallocate = false;
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

rocksdb::ReadOptions read_options() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

Error damaged(const std::string& directory, const std::string& what) {
  return {Errc::corrupt_data,
          fmt::format("the control database in {0} is damaged: {1}. What was deployed and configured lies there, so "
                      "nothing is guessed: move {0} away and restore a backup (`troupe backup restore`, "
                      "docs/operations.md); the models beside it are not touched by this",
                      directory, what),
          {},
          {}};
}

Error to_error(const rocksdb::Status& status, const std::string& directory) {
  if (is_held_by_another(status))
    return {Errc::unavailable,
            fmt::format("the directory {} is in use by another troupe; stop it or choose another data directory",
                        directory),
            {},
            {}};
  // A file that its manifest names and that is not there.
  if (status.IsCorruption() || status.IsPathNotFound()) return damaged(directory, damage_with_file(status, directory));
  const Errc code = status.IsNoSpace()   ? Errc::resource_exhausted
                    : status.IsIOError() ? Errc::io_error
                                         : Errc::internal;
  return {code, fmt::format("the control database in {}: {}", directory, status.ToString()), {}, {}};
}

Error refusal(const rocksdb::Status& status, const std::string& directory) {
  return {status.IsNoSpace() ? Errc::resource_exhausted : Errc::unavailable,
          fmt::format("the control state in {} cannot be written, so nothing was changed: {}; what runs goes on, and "
                      "writes are taken again as soon as the disk takes them",
                      directory, status.ToString()),
          {},
          std::chrono::seconds{5}};
}

Status check_not_beheaded(const fs::path& directory) {
  if (const auto left = find_beheaded(directory))
    return fail(
        damaged(directory.string(), fmt::format("it has {} but no {}", *left, (directory / "CURRENT").string())));
  return {};
}

}  // namespace

ControlDatabase::ControlDatabase(std::unique_ptr<rocksdb::DB> db, std::string directory, rocksdb::Env* env)
    : db_(std::move(db)), directory_(std::move(directory)), env_(env) {}
ControlDatabase::ControlDatabase(ControlDatabase&&) noexcept = default;
ControlDatabase::~ControlDatabase() = default;

Result<ControlDatabase> ControlDatabase::open(const fs::path& directory, rocksdb::Env* env) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail(Errc::io_error, "cannot make the directory {}: {}", directory.string(), error.message());
  TROUPE_CHECK(check_not_beheaded(directory));
  if (env == nullptr) env = rocksdb::Env::Default();

  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(small_database_options(env), directory.string(), &opened);
  if (!status.ok()) return fail(to_error(status, directory.string()));
  return ControlDatabase(std::unique_ptr<rocksdb::DB>(opened), directory.string(), env);
}

Result<std::optional<std::string>> ControlDatabase::get(const std::string& key) const {
  if (!db_) return fail(Errc::io_error, "the control database in {} cannot be read at the moment", directory_);
  std::string value;
  const rocksdb::Status status = db_->Get(read_options(), key, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return fail(to_error(status, directory_));
  return value;
}

Status ControlDatabase::each(const std::string& prefix,
                             const std::function<Status(std::string_view, std::string_view)>& on_entry) const {
  if (!db_) return fail(Errc::io_error, "the control database in {} cannot be read at the moment", directory_);
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read_options()));
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next())
    TROUPE_CHECK(on_entry(it->key().ToStringView(), it->value().ToStringView()));
  if (!it->status().ok()) return fail(to_error(it->status(), directory_));
  return {};
}

bool ControlDatabase::empty() const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(read_options()));
  it->SeekToFirst();
  return !it->Valid() && it->status().ok();
}

Status ControlDatabase::write(const KeyBatch& batch) {
  TROUPE_CHECK(mend());
  TROUPE_TRY(auto before, as_it_is(batch));
  if (write_synced(batch).ok()) return {};
  // It may be an old fault that a background write met and that is long mended: try to begin anew.
  undo_ = std::move(before);
  TROUPE_CHECK(mend());
  TROUPE_TRY(undo_, as_it_is(batch));
  if (const rocksdb::Status status = write_synced(batch); !status.ok()) return fail(refusal(status, directory_));
  undo_.reset();
  return {};
}

Status ControlDatabase::mend() {
  return undo_ ? begin_anew() : Status{};
}

rocksdb::Status ControlDatabase::write_synced(const KeyBatch& batch) {
  rocksdb::WriteBatch writes;
  for (const auto& [key, value] : batch) value ? writes.Put(key, *value) : writes.Delete(key);
  rocksdb::WriteOptions options;
  options.sync = true;
  return db_->Write(options, &writes);
}

Result<KeyBatch> ControlDatabase::as_it_is(const KeyBatch& batch) const {
  KeyBatch found;
  for (const auto& [key, value] : batch) {
    TROUPE_TRY(auto stored, get(key));
    found.emplace_back(key, std::move(stored));
  }
  return found;
}

/// RocksDB takes no write after a failed one until it is opened anew. That needs a disk that takes writes, so the disk
/// is asked first and the old handle serves reads until then.
Status ControlDatabase::begin_anew() {
  if (const rocksdb::Status status = probe_disk(*env_, directory_, room_to_open_bytes); !status.ok())
    return fail(refusal(status, directory_));
  const rocksdb::Options options = small_database_options(env_);
  rocksdb::DB* opened = nullptr;
  db_.reset();
  rocksdb::Status status = rocksdb::DB::Open(options, directory_, &opened);
  db_.reset(opened);
  if (!status.ok()) {
    rocksdb::DB::OpenForReadOnly(options, directory_, &opened).PermitUncheckedError();
    db_.reset(opened);
    return fail(refusal(status, directory_));
  }
  // The log may hold what was refused: it was told to nobody, so it is taken back.
  TROUPE_TRY(const KeyBatch now, as_it_is(*undo_));
  if (now != *undo_) {
    if (status = write_synced(*undo_); !status.ok()) return fail(refusal(status, directory_));
  }
  undo_.reset();
  return {};
}

}  // namespace troupe::storage
