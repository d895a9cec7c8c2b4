#pragma once
// ShardStore: the events of some slots, and what they come to, on disk; shard_keys.hpp says how they lie there. Blocks
// on disk: on a thread of its own.
//
// A block, what it changes and the log's position are one write: each event counts once, whatever dies when.

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "actors/experiment/ledger/event_batch.hpp"
#include "actors/experiment/shard/stored_block.hpp"
#include "storage/event_database.hpp"

namespace troupe::experiment {

/// Since the store was opened.
struct ShardCounts {
  uint64_t blocks = 0;
  uint64_t events = 0;
  uint64_t repeated = 0;  ///< Events that were there already: sent again, or outcomes of a known id.
  uint64_t foreign = 0;   ///< Of experiments that are not known here.
};

/// What a slot knows of a gateway's log.
struct StreamState {
  uint64_t next = 0;     ///< The first event that is not here.
  uint64_t missing = 0;  ///< Those that the log no longer had.
  uint64_t damaged = 0;  ///< Bytes that are no event: passed over.
  uint64_t lost = 0;     ///< Those that the log could not take: they have no number.
};

/// Events that gateways saw, and those that are here.
struct DeliveryCounts {
  uint64_t expected = 0;
  uint64_t received = 0;  ///< At most `expected`.
  bool operator==(const DeliveryCounts&) const = default;
};

class ShardStore {
 public:
  /// Reads the rows of all slots. `database` must outlive it. Errors: of reading, corrupt_data.
  static Result<std::unique_ptr<ShardStore>> open(storage::EventDatabase& database);

  /// The rules of all experiments that are counted, of those with numbers up to `known_through`; replaces what was
  /// known. Events of others up to it (deleted ones, say) are kept as they came and counted as foreign. Errors: of
  /// writing; then what was known before stands.
  Status set_rules(std::vector<Rules> all, uint32_t known_through);
  /// Forgets an experiment's records and rows; raw blocks stay. Errors: of writing.
  Status remove_experiment(uint32_t experiment);

  /// Takes what is new of the block. Its answer may be sent once sync() has succeeded. invalid_argument where the bytes
  /// are no block or the slot is none; unavailable before the first set_rules(), and where an experiment of the block
  /// is newer than those rules: it is taken once they are known. Other errors are of the disk. Whoever sends the block
  /// again finds out what of it was taken.
  Result<protocol::EventBlockHeld> take(const protocol::EventBlock& block, WallTime now);
  Status sync();

  /// Over all slots.
  const Aggregates& aggregates() const noexcept { return aggregates_; }
  const ShardCounts& counts() const noexcept { return counts_; }
  /// Of all events since the store has known of the experiment, whichever they are about: its own can't be told from
  /// others where they are lost. Not received are events that a gateway's log could not take or no longer had, and
  /// bytes that were no event.
  DeliveryCounts delivery(uint32_t experiment) const;

  /// The rows of a slot as they are kept.
  Result<Aggregates> rows_of(uint32_t slot) const;

  /// Removes raw blocks of the slot that were taken before `before`, at most `blocks_max` of them, from the oldest.
  /// What they came to stays. Says how many. Errors: of reading and writing.
  Result<size_t> remove_old_blocks(uint32_t slot, WallTime before, size_t blocks_max);

  /// Everything of a slot, as another store takes it: pairs of key and value, in order, to `visit`.
  Status export_slot(uint32_t slot, const storage::KeyVisitor& visit) const;
  /// Puts some of them. The slot counts from finish_import() on.
  Status import(std::span<const std::pair<std::string, std::string>> entries);
  Status finish_import(uint32_t slot);
  /// The slot is another shard's now.
  Status drop_slot(uint32_t slot);

 private:
  explicit ShardStore(storage::EventDatabase& database) : database_(database) {}

  struct SlotState {
    std::map<StreamKey, StreamState> streams;
    std::map<uint32_t, DeliveryCounts> before;  ///< What had been delivered when experiments began to be counted.
    uint64_t blocks = 0;
    uint64_t first_block = 0;  ///< Those before were removed.
    DeliveryCounts delivered() const;
  };

  Status load();
  Status load_slot(uint32_t slot);
  Status load_streams(uint32_t slot, SlotState& state) const;
  Status load_deliveries(uint32_t slot, SlotState& state) const;
  Status write(const storage::EventBatch& writes, storage::Durability durability);
  Status begin_deliveries(const std::vector<Rules>& all);
  Status note_loss(uint32_t slot, const StreamKey& stream, uint64_t lost);
  Status apply(uint32_t slot, const std::vector<protocol::Event>& events, storage::EventBatch& writes,
               EventBatch::Applied& applied);

  storage::EventDatabase& database_;
  RuleBook rules_;
  std::optional<uint32_t> known_through_;  ///< None: nothing is known of what is counted.
  std::array<SlotState, 64> slots_;
  Aggregates aggregates_;
  ShardCounts counts_;
  bool is_stale_ = false;  ///< A write failed: what the database has come to is read anew before anything else.
};

}  // namespace troupe::experiment
