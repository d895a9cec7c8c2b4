#pragma once
// ShardReader: what a shard's store says when it is asked, beside the one that writes to it. Blocks on disk; any
// thread.

#include <optional>
#include <string>
#include <vector>

#include "actors/experiment/ledger/event_batch.hpp"
#include "storage/event_database.hpp"

namespace troupe::experiment {

/// Where the next page of events begins. As text "SLOT.BLOCK.EVENT".
struct EventCursor {
  uint32_t slot = 0;
  uint64_t block = 0;
  uint32_t event = 0;  ///< Of the block.
  bool operator==(const EventCursor&) const = default;
  std::string str() const;
};
/// invalid_argument where it is none.
Result<EventCursor> event_cursor_from(std::string_view text);

struct EventPage {
  struct Entry {
    uint32_t slot = 0;
    protocol::Event event;
  };
  std::vector<Entry> events;        ///< In each slot in the order in which they came; may be none although more follow.
  std::optional<EventCursor> next;  ///< None: that was all.
};

/// A slot's rows of an experiment, as they are kept and as its raw events come to.
struct SlotRecount {
  uint64_t blocks = 0;
  uint64_t events = 0;  ///< That changed something.
  Aggregates kept;
  Aggregates counted;
};

class ShardReader {
 public:
  /// Of a page: so much of raw events is read at the most, whoever they are about.
  static constexpr ByteCount page_bytes_max = 4_MiB;

  /// `database` must outlive it.
  explicit ShardReader(const storage::EventDatabase& database) : database_(database) {}

  // Errors of all: of reading, corrupt_data.

  /// Raw events of an experiment, as they came: exposures, attempts, and outcomes of measures that it has, from the
  /// time on that it was counted; one that a client sent again is there again. At most `limit`, which is at least 1.
  Result<EventPage> events(const Rules& rules, const EventCursor& from, size_t limit) const;
  /// Counts a slot's raw events all over again, as of one moment. The records of the experiment's units in the slot are
  /// in memory meanwhile.
  Result<SlotRecount> recount(const Rules& rules, uint32_t slot) const;
  /// Raw events that were taken up to then are gone, of some slot at least; none: all are there.
  Result<std::optional<WallTime>> removed_until() const;
  /// Of the experiment's units and rows, on disk and in memory, compressed.
  Result<ByteCount> bytes_of(uint32_t experiment) const;
  /// Of the raw events of all experiments.
  Result<ByteCount> raw_bytes() const;

 private:
  const storage::EventDatabase& database_;
};

}  // namespace troupe::experiment
