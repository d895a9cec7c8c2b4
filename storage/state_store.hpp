#pragma once
// StateStore: the control state of a cluster (config, registry, releases, experiments, keys). A small ordered map with
// revisions, transactions and watches, in the terms that etcd has too: RocksDB is behind it on one head
// (rocksdb_state_store.hpp), etcd can be behind it for several.
//
// Threads: calls may come from any thread and return at once. Results come by callback on the store's own thread, in
// the order of the calls; refusals that need no look at the data (invalid_argument, too_large, overloaded, unavailable
// while closing) come on the calling thread, before the call returns. A callback must neither block nor throw: an
// actor's callback posts the result to the actor.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::storage {

/// The store's age: +1 with every committed transaction that changes something. 0 = an empty, new store; as a key's
/// revision 0 = "does not exist".
using Revision = Id64<struct RevisionTag>;

// Limits of every implementation; a transaction stays under etcd's default request limit of 1.5 MiB.
inline constexpr size_t state_key_bytes_max = 512;
inline constexpr size_t state_value_bytes_max = 512 * 1024;
inline constexpr size_t transaction_ops_max = 128;  ///< And as many compares.
inline constexpr size_t transaction_bytes_max = 1280 * 1024;

struct StateEntry {
  std::string key;
  std::string value;
  Revision create_revision;  ///< Of the transaction that made the key, since it was last absent.
  Revision mod_revision;     ///< Of the transaction that last wrote it.

  bool operator==(const StateEntry&) const = default;
};

struct RangeResult {
  std::vector<StateEntry> entries;  ///< In byte order of their keys.
  Revision revision;                ///< Of the store at the time of reading.
};

/// Holds if `key` was last written at `mod_revision`; 0 = the key must not exist.
struct Compare {
  std::string key;
  Revision mod_revision;
};

struct Put {
  std::string key;
  std::string value;
};

/// Deleting an absent key is no error and no change.
struct Delete {
  std::string key;
};

using StateOp = std::variant<Put, Delete>;

/// All or nothing: either every compare holds and every op is applied at one revision, or nothing happens.
struct Transaction {
  std::vector<Compare> compares;
  std::vector<StateOp> ops;  ///< At least one; at most one per key.
};

struct KeyChange {
  std::string key;
  std::optional<std::string> value;  ///< None: the key was deleted.
  Revision create_revision;          ///< 0 for a deleted key.

  bool operator==(const KeyChange&) const = default;
};

/// What one transaction did to the keys of a watch, or the end of the watch.
struct WatchEvent {
  enum class Kind : uint8_t {
    changed = 1,
    compacted = 2,  ///< The history no longer reaches back that far: range again and start a new watch.
  };

  Kind kind = Kind::changed;
  Revision revision;  ///< changed: of the transaction. compacted: of the store.
  std::vector<KeyChange> changes;

  bool operator==(const WatchEvent&) const = default;
};

using RangeCallback = std::function<void(Result<RangeResult>)>;
using CommitCallback = std::function<void(Result<Revision>)>;
using WatchCallback = std::function<void(const WatchEvent&)>;

/// Keeps a watch alive. Its destructor ends the watch: no callback runs once it has returned (it waits for a running
/// one, unless it is called from within it). May outlive the store.
class [[nodiscard]] WatchHandle {
 public:
  WatchHandle() = default;
  explicit WatchHandle(std::function<void()> end) : end_(std::move(end)) {}
  WatchHandle(WatchHandle&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  WatchHandle& operator=(WatchHandle&& other) noexcept;
  ~WatchHandle() { reset(); }

  void reset();

 private:
  std::function<void()> end_;
};

struct StateStoreOptions {
  size_t queue_length_max = 256;        ///< Calls waiting for the store's thread; more are `overloaded`.
  ByteCount queue_bytes_max = 16_MiB;   ///< And the keys and values in them.
  ByteCount live_bytes_max = 64_MiB;    ///< Keys and values in the store; a commit beyond is `resource_exhausted`.
  size_t history_events_max = 1024;     ///< Transactions kept in memory for watches that start in the past.
  ByteCount history_bytes_max = 8_MiB;  ///< And the keys and values in them.
};

class StateStore {
 public:
  /// Finishes the calls already made, with their callbacks. Not to be called from a callback.
  virtual ~StateStore() = default;

  /// All entries whose key starts with `prefix` ("" = all), as of one revision.
  /// Errors: invalid_argument, too_large, overloaded, corrupt_data, io_error.
  virtual void range(std::string prefix, RangeCallback done) = 0;

  /// Applies `transaction` and answers with its revision once it is safe against a loss of power. A transaction that
  /// changes nothing (deletes of absent keys) answers with the store's revision as it is.
  /// Errors: failed_precondition (a compare does not hold; `Error::field` is its key), invalid_argument, too_large,
  /// resource_exhausted (also a full disk), overloaded, corrupt_data, unavailable (the disk refuses writes; try again),
  /// io_error. After an error nothing is changed; only if the process then dies at once, what a failing disk refused
  /// may be found done.
  virtual void commit(Transaction transaction, CommitCallback done) = 0;

  /// Calls `on_event` for every transaction later than `after` that touches a key under `prefix`, in revision order and
  /// once each; `after` is what the consumer has seen, e.g. `RangeResult::revision`. If the history does not reach back
  /// to `after`, or `after` lies beyond the store's revision, the only event is `compacted`. Whether the callback of a
  /// commit or its event comes first is not promised. Errors: invalid_argument, too_large, overloaded, unavailable.
  virtual Result<WatchHandle> watch(std::string prefix, Revision after, WatchCallback on_event) = 0;
};

/// A key is 1 to 512 printable ASCII characters, such as "deployment/clerk".
Status check_state_key(std::string_view key);
/// As a key, but may be empty.
Status check_state_prefix(std::string_view prefix);

}  // namespace troupe::storage
