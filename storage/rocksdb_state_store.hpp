#pragma once
// The embedded StateStore: one RocksDB database of a few MB, one thread, every commit synced. A disk that refuses
// writes (full, read-only, failing) costs those writes alone: reads go on, and writes do once the disk takes them.

#include <filesystem>
#include <memory>

#include "storage/state_store.hpp"

namespace rocksdb {
class Env;
}

namespace troupe::storage {

/// Opens the control database in `directory`, making it if it is missing. Reads all of it once, so damage shows here:
/// a damaged or missing file, and an acknowledged write that is not there, refuse the whole.
/// Blocks on disk: for start-up, never on a scheduler thread.
/// Errors: unavailable (another process has it open), failed_precondition (written by a newer troupe, or not a control
/// database), corrupt_data (says what to do), resource_exhausted (the disk is full), io_error; each names the
/// directory. `env` is where files lie, for tests of disk faults; null = this machine.
Result<std::unique_ptr<StateStore>> open_rocksdb_state_store(const std::filesystem::path& directory,
                                                             const StateStoreOptions& options = {},
                                                             rocksdb::Env* env = nullptr);

/// Makes a control database in `directory`, which must not exist yet, that holds `state` with its revisions.
Status import_rocksdb_state(const std::filesystem::path& directory, const RangeResult& state);

}  // namespace troupe::storage
