#pragma once
// StoredBlock: a block of events as a shard keeps it.

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "storage/event_database.hpp"

namespace troupe::experiment {

/// A gateway's log, from its making until it is thrown away.
struct StreamKey {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const StreamKey&) const = default;
};

struct StoredBlock {
  int64_t taken_unix_us = 0;
  StreamKey stream;
  uint64_t first_seq = 0;
  /// That were counted when it was taken: who counts it again counts it for them alone. Ascending.
  std::vector<uint32_t> experiments;
  std::string_view events;  ///< See events_of_block().

  bool is_counted_for(uint32_t experiment) const;
};

std::string encode(const StoredBlock& block);
/// Its events lie in `bytes`. corrupt_data where it is no block.
Result<StoredBlock> decode_stored_block(std::string_view bytes);

/// False: no more.
using BlockVisitor = std::function<Result<bool>(uint64_t number, const StoredBlock& block)>;
/// The blocks of a slot from `number` on, in order. Errors: of reading, corrupt_data, those of `visit`.
Status each_block(const storage::EventDatabase& database, uint32_t slot, uint64_t number, const BlockVisitor& visit);
Status each_block(const storage::EventSnapshot& snapshot, uint32_t slot, uint64_t number, const BlockVisitor& visit);

}  // namespace troupe::experiment
