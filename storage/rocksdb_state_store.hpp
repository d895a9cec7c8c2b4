#pragma once
// The embedded StateStore: one RocksDB database of a few MB, one thread, every commit synced.

#include <filesystem>
#include <memory>

#include "storage/state_store.hpp"

namespace troupe::storage {

/// Opens the control database in `directory`, making it if it is missing. Reads all of it once, so damage shows here.
/// Blocks on disk: for start-up, never on a scheduler thread.
/// Errors: unavailable (another process has it open), failed_precondition (written by a newer troupe, or not a control
/// database), corrupt_data, io_error; each names the directory.
Result<std::unique_ptr<StateStore>> open_rocksdb_state_store(const std::filesystem::path& directory,
                                                             const StateStoreOptions& options = {});

}  // namespace troupe::storage
