#pragma once
// ShardStore: the events of some slots, and what they come to, on disk. Blocks on disk: on a thread of its own.
//
// Everything of a slot lies under keys that begin with its number, so that a slot is moved as a range:
//   SLOT 'w' STREAM      the next sequence number of a gateway's log
//   SLOT 'c'             how many blocks were taken
//   SLOT 'r' NUMBER      a block as it came, in the order in which they were taken
//   SLOT 'u' UNIT KEY    the record of a unit in an experiment
//   SLOT 'a' ROW KEY     a row of aggregates, of this slot's units
// A block, what it changes and the log's position are one write: each event counts once, whatever dies when.

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "actors/experiment/ledger/event_batch.hpp"
#include "storage/event_database.hpp"

namespace troupe::experiment {

/// A gateway's log, from its making until it is thrown away.
struct StreamKey {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const StreamKey&) const = default;
};

struct ShardCounts {
  uint64_t blocks = 0;
  uint64_t events = 0;
  uint64_t repeated = 0;  ///< Events that were there already: sent again, or outcomes of a known id.
  uint64_t foreign = 0;   ///< Of experiments that are not known here.
  uint64_t damaged = 0;   ///< Bytes that are no event: passed over.
  uint64_t missing = 0;   ///< That their log no longer keeps: they will not come.
};

class ShardStore {
 public:
  /// Reads the rows of all slots. `database` must outlive it. Errors: of reading, corrupt_data.
  static Result<std::unique_ptr<ShardStore>> open(storage::EventDatabase& database);

  /// The rules of all experiments that are counted, of those with numbers up to `known_through`; replaces what was
  /// known. Events of others up to it (deleted ones, say) are kept as they came and counted as foreign.
  void set_rules(std::vector<Rules> all, uint32_t known_through);
  /// Forgets an experiment's records and rows; raw blocks stay. Errors: of writing.
  Status remove_experiment(uint32_t experiment);

  /// Takes what is new of the block. Its answer may be sent once sync() has succeeded. invalid_argument where the bytes
  /// are no block or the slot is none; unavailable before the first set_rules(), and where an experiment of the block
  /// is newer than those rules: it is taken once they are known. Other errors are of the disk. Whoever sends the block
  /// again finds out what of it was taken.
  Result<protocol::EventBlockHeld> take(const protocol::EventBlock& block);
  Status sync();

  /// Over all slots.
  const Aggregates& aggregates() const noexcept { return aggregates_; }
  const ShardCounts& counts() const noexcept { return counts_; }

  /// The records of an experiment's units in all slots, in no order.
  Status each_unit(uint32_t experiment, const std::function<void(const UnitRecord&)>& visit) const;

  /// All over again from the raw blocks: what the rows of a slot should be. Changes nothing.
  Result<Aggregates> recount(uint32_t slot) const;
  /// The rows of a slot as they are kept.
  Result<Aggregates> rows_of(uint32_t slot) const;

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
    std::map<StreamKey, uint64_t> next;  ///< By stream.
    uint64_t blocks = 0;
  };

  Status load();
  Status load_slot(uint32_t slot);
  Status write(const storage::EventBatch& writes, storage::Durability durability);
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
