#pragma once
// RecordStore: records by key that outlive a crash, for what one node alone keeps. (What the cluster agrees on lies in
// the StateStore.)

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace rocksdb {
class Env;
}

namespace troupe::storage {

using Records = std::vector<std::pair<std::string, std::string>>;

/// Thread-safe. Callbacks run on the store's thread, or inside the call that was refused; they must not block.
class RecordStore {
 public:
  virtual ~RecordStore() = default;

  /// All records. Errors: corrupt_data, io_error, overloaded.
  virtual void load(std::function<void(Result<Records>)> done) = 0;

  /// Puts the record, or deletes it where `value` is none. Writes take effect in the order of the calls; `done` (may be
  /// empty) hears when this one is safe against a loss of power. One that fails may have happened all the same.
  /// Errors: resource_exhausted (the disk is full), unavailable (it refuses for another reason), overloaded.
  virtual void write(std::string key, std::optional<std::string> value, std::function<void(Status)> done) = 0;
};

struct RecordStoreOptions {
  std::string what = "the records";  ///< For errors: "the gateway's records of idempotent requests".
  std::string when_lost = "what lies there is lost then";  ///< What it means to move the folder away.
  ByteCount queue_bytes_max = 64_MiB;                      ///< Of writes that wait; more are refused as overloaded.
};

/// The store in a RocksDB database of its own; makes `directory` where it is missing. Writes that come while the disk
/// is busy share its next sync. After a write that the disk refused the next one tries anew.
/// Blocks on disk: for start-up. Errors: unavailable (another process has it open), corrupt_data (says what to do),
/// resource_exhausted, io_error. `env` is where files lie, for tests of disk faults; null = this machine.
Result<std::unique_ptr<RecordStore>> open_rocksdb_record_store(const std::filesystem::path& directory,
                                                               RecordStoreOptions options = {},
                                                               rocksdb::Env* env = nullptr);

}  // namespace troupe::storage
