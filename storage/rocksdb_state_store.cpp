#include "storage/rocksdb_state_store.hpp"

#include "storage/acknowledged_mark.hpp"
#include "storage/control_database.hpp"
#include "storage/crash_point.hpp"
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

Result<std::vector<StateEntry>> entries(const ControlDatabase& database, std::string_view prefix) {
  std::vector<StateEntry> found;
  TROUPE_CHECK(database.each(entry_key(prefix), [&](std::string_view stored_key, std::string_view bytes) -> Status {
    const std::string_view key = stored_key.substr(1);
    TROUPE_TRY(const StateRecord record, decode_record(key, bytes));
    found.push_back({std::string(key), std::string(record.value), record.create_revision, record.mod_revision});
    return {};
  }));
  return found;
}

Status check_or_write_schema(ControlDatabase& database) {
  TROUPE_TRY(const auto stored, database.get(std::string(schema_key)));
  if (!stored) {
    if (!database.empty())
      return fail(Errc::failed_precondition, "{} holds a database that is not troupe's control state",
                  database.directory());
    return database.write({{std::string(schema_key), encode_u64(schema_version)}});
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
  RocksdbStateStore(ControlDatabase database, AcknowledgedMark mark, Revision revision, uint64_t live_bytes,
                    const StateStoreOptions& options)
      : database_(std::move(database)),
        mark_(std::move(mark)),
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
    TROUPE_TRY(auto found, entries(database_, prefix));
    return RangeResult{std::move(found), revision_};
  }

  Result<std::optional<KeyFacts>> facts(const std::string& key) const {
    TROUPE_TRY(const auto bytes, database_.get(entry_key(key)));
    if (!bytes) return std::nullopt;
    TROUPE_TRY(const StateRecord record, decode_record(key, *bytes));
    return KeyFacts{record.create_revision, record.mod_revision, record.value.size()};
  }

  Result<Revision> apply(Transaction transaction) {
    TROUPE_CHECK(database_.mend());
    const Revision next{revision_.value + 1};
    TROUPE_TRY(CommitPlan plan, plan_commit(std::move(transaction), next, live_bytes_, live_bytes_max_,
                                            [this](const std::string& key) { return facts(key); }));
    if (plan.changes.empty()) return revision_;

    KeyBatch batch{{std::string(revision_key), encode_u64(next.value)}};
    for (const KeyChange& change : plan.changes) {
      std::optional<std::string> record;
      if (change.value) record = encode_record(change.create_revision, next, *change.value);
      batch.emplace_back(entry_key(change.key), std::move(record));
    }
    crash_point("control.before_commit");
    TROUPE_CHECK(database_.write(batch));
    crash_point("control.after_commit");
    mark_.set(next);

    revision_ = next;
    live_bytes_ = plan.live_bytes;
    hub_.publish({WatchEvent::Kind::changed, next, std::move(plan.changes)});
    return next;
  }

  // All but thread_ belong to that thread, which is destroyed first and finishes its queue then.
  ControlDatabase database_;
  AcknowledgedMark mark_;
  Revision revision_;
  uint64_t live_bytes_;
  const ByteCount live_bytes_max_;
  WatchHub hub_;
  SerialThread thread_;
};

}  // namespace

Result<std::unique_ptr<StateStore>> open_rocksdb_state_store(const std::filesystem::path& directory,
                                                             const StateStoreOptions& options, rocksdb::Env* env) {
  TROUPE_TRY(ControlDatabase database, ControlDatabase::open(directory, env));
  TROUPE_CHECK(check_or_write_schema(database));
  TROUPE_TRY(const auto stored_revision, database.get(std::string(revision_key)));
  Revision revision;
  if (stored_revision) {
    TROUPE_TRY(revision.value, decode_u64(fmt::format("the revision in {}", directory.string()), *stored_revision));
  }
  TROUPE_TRY(AcknowledgedMark mark, AcknowledgedMark::check(directory, revision));
  TROUPE_TRY(const auto stored, entries(database, ""));
  uint64_t live_bytes = 0;
  for (const StateEntry& entry : stored) live_bytes += entry.key.size() + entry.value.size();
  return std::make_unique<RocksdbStateStore>(std::move(database), std::move(mark), revision, live_bytes, options);
}

Status import_rocksdb_state(const std::filesystem::path& directory, const RangeResult& state) {
  std::error_code error;
  if (std::filesystem::exists(directory, error))
    return fail(Errc::already_exists, "{} exists already", directory.string());
  TROUPE_TRY(ControlDatabase database, ControlDatabase::open(directory));
  TROUPE_CHECK(check_or_write_schema(database));
  KeyBatch batch{{std::string(revision_key), encode_u64(state.revision.value)}};
  for (const StateEntry& entry : state.entries) {
    batch.emplace_back(entry_key(entry.key), encode_record(entry.create_revision, entry.mod_revision, entry.value));
    if (batch.size() < transaction_ops_max) continue;
    TROUPE_CHECK(database.write(batch));
    batch.clear();
  }
  return database.write(batch);
}

}  // namespace troupe::storage
