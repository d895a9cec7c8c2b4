#include "actors/experiment/shard/stored_block.hpp"

#include <algorithm>

#include "actors/experiment/shard/shard_keys.hpp"

namespace troupe::experiment {
namespace {

constexpr size_t header_numbers = 5;  // When it was taken, the stream's two, the first event's, how many experiments.
constexpr size_t header_bytes = header_numbers * number_bytes;
constexpr size_t experiment_number_bytes = 4;

template <class Store>
Status visit_blocks(const Store& store, uint32_t slot, uint64_t number, const BlockVisitor& visit) {
  storage::KeyRange range = storage::KeyRange::of_prefix(key_prefix(slot, KeyKind::raw));
  range.from = raw_key(slot, number);
  bool is_over = false;
  const Status read = store.each(range, [&](std::string_view key, std::string_view value) -> Status {
    TROUPE_TRY(const auto found, numbers_from<1>(key.substr(key_prefix_bytes), "a block's number"));
    TROUPE_TRY(const StoredBlock block, decode_stored_block(value));
    TROUPE_TRY(const bool goes_on, visit(found[0], block));
    if (goes_on) return {};
    is_over = true;
    return fail(Errc::cancelled, "that was enough");
  });
  return is_over ? Status{} : read;
}

}  // namespace

bool StoredBlock::is_counted_for(uint32_t experiment) const {
  return std::ranges::binary_search(experiments, experiment);
}

std::string encode(const StoredBlock& block) {
  std::string bytes = numbers_to_bytes(block.taken_unix_us, block.stream.high, block.stream.low, block.first_seq,
                                       block.experiments.size());
  for (const uint32_t experiment : block.experiments) bytes += experiment_bytes(experiment);
  return bytes += block.events;
}

Result<StoredBlock> decode_stored_block(std::string_view bytes) {
  TROUPE_TRY(const auto header, numbers_from<header_numbers>(bytes.substr(0, header_bytes), "a block"));
  StoredBlock block{static_cast<int64_t>(header[0]), {header[1], header[2]}, header[3], {}, {}};
  bytes.remove_prefix(header_bytes);
  const uint64_t experiments = header[4];
  if (experiments > bytes.size() / experiment_number_bytes)
    return fail(Errc::corrupt_data, "the store of events is damaged: a block is counted for {} experiments",
                experiments);
  for (uint64_t i = 0; i < experiments; ++i) {
    block.experiments.push_back(static_cast<uint32_t>(from_big_endian(bytes.substr(0, experiment_number_bytes))));
    bytes.remove_prefix(experiment_number_bytes);
  }
  block.events = bytes;
  return block;
}

Status each_block(const storage::EventDatabase& database, uint32_t slot, uint64_t number, const BlockVisitor& visit) {
  return visit_blocks(database, slot, number, visit);
}

Status each_block(const storage::EventSnapshot& snapshot, uint32_t slot, uint64_t number, const BlockVisitor& visit) {
  return visit_blocks(snapshot, slot, number, visit);
}

}  // namespace troupe::experiment
