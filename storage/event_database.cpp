#include "storage/event_database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include "runtime/base/assert.hpp"
#include "storage/rocksdb_faults.hpp"
#include "storage/state_record.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

/// Keys from here on are the database's own.
constexpr std::string_view own_keys = "\xff";
constexpr std::string_view schema_key = "\xffschema";
constexpr std::string_view id_key = "\xffstore";
constexpr uint64_t schema_version = 1;
constexpr ByteCount memtables_min = 1_MiB;
/// Who has less than this on a disk need not try to open the database anew.
constexpr size_t room_to_open_bytes = 4 << 20;
constexpr std::chrono::seconds come_back{5};

rocksdb::BlockBasedTableOptions table_options(const EventDatabaseOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  // Indexes and filters lie in the cache too, so that its size bounds them; the top of each stays there.
  table.block_cache = rocksdb::NewLRUCache(options.block_cache.value);
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.pin_top_level_index_and_filter = true;
  // 1 % of the reads of absent keys look into a block in vain.
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.optimize_filters_for_memory = true;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.block_size = 8 << 10;
  table.format_version = 5;
  return table;
}

rocksdb::Options database_options(const EventDatabaseOptions& options, rocksdb::Env& env) {
  rocksdb::Options made;
  made.env = &env;
  made.create_if_missing = true;
  // A torn last record was never acknowledged; damage anywhere else must be seen, not cut off.
  made.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  made.track_and_verify_wals_in_manifest = true;
  made.paranoid_checks = true;
  // mend() alone decides when the database tries again.
  made.max_bgerror_resume_count = 0;
  // Room set aside for a log would hide for thousands of writes that the disk is full.
  made.allow_fallocate = false;
  // One is filled while others are written out.
  made.write_buffer_size = options.memtables.value / 4;
  made.max_write_buffer_number = 4;
  made.db_write_buffer_size = options.memtables.value;
  made.memtable_whole_key_filtering = true;
  made.memtable_prefix_bloom_size_ratio = 0.02;
  made.max_total_wal_size = 2 * options.memtables.value;
  made.max_background_jobs = options.background_threads;
  made.max_open_files = static_cast<int>(options.open_files_max);
  made.level_compaction_dynamic_level_bytes = true;
  made.bytes_per_sync = 1 << 20;
  made.compression = rocksdb::kLZ4Compression;
  made.bottommost_compression = rocksdb::kZSTD;
  made.stats_dump_period_sec = 0;
  made.stats_persist_period_sec = 0;
  made.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  made.max_log_file_size = 1 << 20;
  made.keep_log_file_num = 2;
  if (options.prefix_bytes > 0) made.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(options.prefix_bytes));
  made.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(options)));
  return made;
}

Status check(const EventDatabaseOptions& options) {
  if (options.memtables < memtables_min)
    return fail(Errc::invalid_argument, "the memtables of an event database have at least {}, not {}",
                format_bytes(memtables_min), format_bytes(options.memtables));
  if (options.background_threads < 1)
    return fail(Errc::invalid_argument, "an event database has at least 1 background thread, not {}",
                options.background_threads);
  return {};
}

/// The first key behind all that begin with `prefix`; empty where there is none.
std::string behind_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

std::string_view end_of(const KeyRange& range) {
  return range.to.empty() || range.to > own_keys ? own_keys : std::string_view(range.to);
}

/// Whether all keys of the range share their first bytes, so that filters of prefixes tell which tables have none.
bool is_within_prefix(const KeyRange& range, size_t prefix_bytes) {
  if (prefix_bytes == 0 || range.from.size() < prefix_bytes || range.to.empty()) return false;
  const std::string behind = behind_prefix(range.from.substr(0, prefix_bytes));
  return behind.empty() || range.to <= behind;
}

bool is_taken(std::string_view key) {
  return !key.empty() && key.front() != own_keys.front();
}

rocksdb::ReadOptions reads_of(const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.snapshot = snapshot;
  return options;
}

}  // namespace

std::string StoreId::str() const {
  return fmt::format("{:016x}{:016x}", high, low);
}

KeyRange KeyRange::of_prefix(std::string prefix) {
  std::string behind = behind_prefix(prefix);
  return {std::move(prefix), std::move(behind)};
}

EventBatch::EventBatch() : batch_(std::make_unique<rocksdb::WriteBatch>()) {}
EventBatch::EventBatch(EventBatch&&) noexcept = default;
EventBatch& EventBatch::operator=(EventBatch&&) noexcept = default;
EventBatch::~EventBatch() = default;

void EventBatch::put(std::string_view key, std::string_view value) {
  TROUPE_ASSERT(is_taken(key) && batch_->Put(key, value).ok());
}

void EventBatch::erase(std::string_view key) {
  TROUPE_ASSERT(is_taken(key) && batch_->Delete(key).ok());
}

void EventBatch::erase(const KeyRange& range) {
  const std::string_view to = end_of(range);
  // RocksDB takes a range that is the wrong way round for a defect.
  if (range.from < to) TROUPE_ASSERT(batch_->DeleteRange(range.from, to).ok());
}

void EventBatch::clear() {
  batch_->Clear();
}

size_t EventBatch::size() const {
  return batch_->Count();
}

ByteCount EventBatch::bytes() const {
  return {batch_->GetDataSize()};
}

EventDatabase::EventDatabase(std::string directory, const EventDatabaseOptions& options, rocksdb::Env& env)
    : directory_(std::move(directory)), options_(options), env_(env) {}
EventDatabase::~EventDatabase() = default;

Result<std::unique_ptr<EventDatabase>> EventDatabase::open(const fs::path& directory,
                                                           const EventDatabaseOptions& options, Random& random,
                                                           rocksdb::Env* env) {
  TROUPE_CHECK(check(options));
  std::unique_ptr<EventDatabase> made(
      new EventDatabase(directory.string(), options, env == nullptr ? *rocksdb::Env::Default() : *env));
  TROUPE_CHECK(made->begin(random));
  return made;
}

Status EventDatabase::begin(Random& random) {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) return fail(Errc::io_error, "cannot make the directory {}: {}", directory_, error.message());
  if (const auto left = find_beheaded(directory_))
    return fail(to_error(rocksdb::Status::Corruption(fmt::format("it has {} but no {}/CURRENT", *left, directory_))));
  if (const rocksdb::Status opened = open_database(); !opened.ok()) return fail(to_error(opened));
  return check_or_mint(random);
}

Status EventDatabase::check_or_mint(Random& random) {
  TROUPE_TRY(const auto schema, get(schema_key));
  if (!schema) {
    id_ = {random.next(), random.next()};
    EventBatch batch;
    const bool made = batch.batch_->Put(schema_key, encode_u64(schema_version)).ok() &&
                      batch.batch_->Put(id_key, encode_u64(id_.high) + encode_u64(id_.low)).ok();
    TROUPE_ASSERT(made);
    return write(batch, Durability::synced);
  }
  TROUPE_TRY(const uint64_t found, decode_u64(fmt::format("the schema record in {}", directory_), *schema));
  if (found > schema_version)
    return fail(Errc::failed_precondition,
                "the event database in {} has schema {}, written by a newer troupe; this one reads up to {}: start the "
                "newer one",
                directory_, found, schema_version);
  TROUPE_TRY(const auto id, get(id_key));
  if (!id || id->size() != 16) return fail(to_error(rocksdb::Status::Corruption("its id is missing")));
  TROUPE_TRY(id_.high, decode_u64("the id", std::string_view(*id).substr(0, 8)));
  TROUPE_TRY(id_.low, decode_u64("the id", std::string_view(*id).substr(8)));
  return {};
}

/// With mutex_, or before anybody else knows it.
rocksdb::Status EventDatabase::open_database() {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(database_options(options_, env_), directory_, &opened);
  database_.reset(opened);
  return status;
}

Result<std::shared_ptr<rocksdb::DB>> EventDatabase::database() const {
  const std::lock_guard lock(mutex_);
  if (!database_)
    return fail(Errc::unavailable, "the event database in {} cannot be read at the moment: its disk refuses",
                directory_);
  return database_;
}

Result<std::optional<std::string>> EventDatabase::get(std::string_view key) const {
  TROUPE_TRY(const auto database, this->database());
  std::string value;
  const rocksdb::Status status = database->Get(reads_of(nullptr), key, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return fail(to_error(status));
  return value;
}

Result<std::vector<std::optional<std::string>>> EventDatabase::get_many(std::span<const std::string> keys) const {
  TROUPE_TRY(const auto database, this->database());
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  database->MultiGet(reads_of(nullptr), database->DefaultColumnFamily(), keys.size(), slices.data(), found.data(),
                     statuses.data());
  std::vector<std::optional<std::string>> values(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok())
      values[i].emplace(found[i].data(), found[i].size());
    else if (!statuses[i].IsNotFound())
      return fail(to_error(statuses[i]));
  }
  return values;
}

Status EventDatabase::each(const KeyRange& range, const KeyVisitor& visit) const {
  TROUPE_TRY(const auto database, this->database());
  return each_in(*database, nullptr, range, visit);
}

Status EventDatabase::each_in(rocksdb::DB& database, const rocksdb::Snapshot* snapshot, const KeyRange& range,
                              const KeyVisitor& visit) const {
  rocksdb::ReadOptions options = reads_of(snapshot);
  const rocksdb::Slice end = end_of(range);
  options.iterate_upper_bound = &end;
  options.prefix_same_as_start = is_within_prefix(range, options_.prefix_bytes);
  options.total_order_seek = !options.prefix_same_as_start;
  // A long range must not push what point reads need out of the cache.
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(database.NewIterator(options));
  for (it->Seek(range.from); it->Valid(); it->Next())
    TROUPE_CHECK(visit(it->key().ToStringView(), it->value().ToStringView()));
  if (!it->status().ok()) return fail(to_error(it->status()));
  return {};
}

Result<EventSnapshot> EventDatabase::snapshot() const {
  TROUPE_TRY(auto database, this->database());
  return EventSnapshot(*this, std::move(database));
}

Result<ByteCount> EventDatabase::approximate_size(const KeyRange& range) const {
  TROUPE_TRY(const auto database, this->database());
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  const rocksdb::Range asked(range.from, end_of(range));
  ByteCount size;
  const rocksdb::Status status =
      database->GetApproximateSizes(options, database->DefaultColumnFamily(), &asked, 1, &size.value);
  if (!status.ok()) return fail(to_error(status));
  return size;
}

Status EventDatabase::write(const EventBatch& batch, Durability durability) {
  TROUPE_CHECK(mend());
  const bool may_try_again = !has_unsynced_;
  rocksdb::Status status = try_write(batch, durability);
  // It may be an old fault that a background write met and that is long mended. Where something else is not synced, who
  // wrote it must hear that it may be lost.
  if (!status.ok() && may_try_again && mend()) status = try_write(batch, durability);
  return status.ok() ? Status{} : refused(status);
}

rocksdb::Status EventDatabase::try_write(const EventBatch& batch, Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::synced;
  const rocksdb::Status status = database_->Write(options, batch.batch_.get());
  is_refused_ = !status.ok();
  if (status.ok()) has_unsynced_ = !options.sync;
  return status;
}

Status EventDatabase::sync() {
  TROUPE_CHECK(mend());
  if (!has_unsynced_) return {};
  const rocksdb::Status status = database_->SyncWAL();
  if (!status.ok()) return refused(status);
  has_unsynced_ = false;
  return {};
}

Status EventDatabase::checkpoint(const fs::path& directory) {
  TROUPE_CHECK(mend());
  std::error_code error;
  if (fs::exists(directory, error)) return fail(Errc::already_exists, "{} exists already", directory.string());
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(database_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(directory.string());
  if (status.ok()) return {};
  return fail(status.IsNoSpace() ? Errc::resource_exhausted : Errc::unavailable,
              "the event database in {} cannot be copied to {}: {}", directory_, directory.string(), status.ToString());
}

/// After a refusal: RocksDB takes no write until it is opened anew. That needs a disk that takes writes, so the disk is
/// asked first and the old handle serves reads until then.
Status EventDatabase::mend() {
  if (!is_refused_) return {};
  if (const rocksdb::Status room = probe_disk(env_, directory_, room_to_open_bytes); !room.ok()) return refused(room);
  const std::lock_guard lock(mutex_);
  if (database_.use_count() > 1)
    return fail(Error{Errc::unavailable,
                      fmt::format("the event database in {} is opened anew when nobody reads it any more", directory_),
                      {},
                      come_back});
  database_.reset();
  rocksdb::Status status = open_database();
  if (status.ok()) {
    is_refused_ = has_unsynced_ = false;
    return {};
  }
  rocksdb::DB* opened = nullptr;
  rocksdb::DB::OpenForReadOnly(database_options(options_, env_), directory_, &opened).PermitUncheckedError();
  database_.reset(opened);
  return refused(status);
}

Status EventDatabase::refused(const rocksdb::Status& status) {
  is_refused_ = true;
  return fail(Error{status.IsNoSpace() ? Errc::resource_exhausted : Errc::unavailable,
                    fmt::format("the event database in {} cannot be written: {}; writes are taken again as soon as the "
                                "disk takes them",
                                directory_, status.ToString()),
                    {},
                    come_back});
}

Error EventDatabase::to_error(const rocksdb::Status& status) const {
  if (is_held_by_another(status))
    return {Errc::unavailable, fmt::format("the event database in {} is in use by another troupe", directory_), {}, {}};
  // A file that its manifest names and that is not there is damage too.
  if (status.IsCorruption() || status.IsPathNotFound())
    return {Errc::corrupt_data,
            fmt::format("the event database in {0} is damaged: {1}. Move {0} away to begin anew; gateways send again "
                        "what they keep",
                        directory_, damage_with_file(status, directory_)),
            {},
            {}};
  const Errc code = status.IsNoSpace()   ? Errc::resource_exhausted
                    : status.IsIOError() ? Errc::io_error
                                         : Errc::internal;
  return {code, fmt::format("the event database in {}: {}", directory_, status.ToString()), {}, {}};
}

EventSnapshot::EventSnapshot(const EventDatabase& owner, std::shared_ptr<rocksdb::DB> database)
    : owner_(&owner), database_(std::move(database)), snapshot_(database_->GetSnapshot()) {}

EventSnapshot::EventSnapshot(EventSnapshot&& other) noexcept
    : owner_(other.owner_), database_(std::move(other.database_)), snapshot_(std::exchange(other.snapshot_, nullptr)) {}

EventSnapshot::~EventSnapshot() {
  if (snapshot_ != nullptr) database_->ReleaseSnapshot(snapshot_);
}

Result<std::optional<std::string>> EventSnapshot::get(std::string_view key) const {
  std::string value;
  const rocksdb::Status status = database_->Get(reads_of(snapshot_), key, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return fail(owner_->to_error(status));
  return value;
}

Status EventSnapshot::each(const KeyRange& range, const KeyVisitor& visit) const {
  return owner_->each_in(*database_, snapshot_, range, visit);
}

}  // namespace troupe::storage
