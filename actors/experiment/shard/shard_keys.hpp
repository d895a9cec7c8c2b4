#pragma once
// The keys of a shard's store, and the values that are plain numbers. Everything of a slot lies under keys that begin
// with its number, so that a slot is moved as a range:
//   SLOT 'w' STREAM      a gateway's log: next number | missing | damaged | lost, see StreamState
//   SLOT 'c'             how many blocks were taken
//   SLOT 'd' EXPERIMENT  what of the slot had been expected | received when the experiment began to be counted here
//   SLOT 'r' NUMBER      a block as it came (StoredBlock), in the order in which they were taken
//   SLOT 'x'             blocks that were removed for their age: number of the first that is kept | when the last that
//                        is gone was taken
//   SLOT 'u' UNIT KEY    the record of a unit in an experiment
//   SLOT 'a' ROW KEY     a row of aggregates, of this slot's units
// Numbers are 64 bits, big-endian; experiments 32.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

enum class KeyKind : char {
  watermark = 'w',
  count = 'c',
  delivery = 'd',
  raw = 'r',
  removed = 'x',
  unit = 'u',
  row = 'a',
};

inline constexpr size_t key_prefix_bytes = 2;
inline constexpr size_t number_bytes = 8;

inline std::string key_prefix(uint32_t slot, KeyKind kind) {
  return {static_cast<char>(slot), static_cast<char>(kind)};
}

inline std::string big_endian(uint64_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

inline uint64_t from_big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

/// As it ends keys of experiments, and begins those of their units and rows.
inline std::string experiment_bytes(uint32_t experiment) {
  return big_endian(experiment).substr(4);
}

inline std::string raw_key(uint32_t slot, uint64_t number) {
  return key_prefix(slot, KeyKind::raw) + big_endian(number);
}

template <class... Numbers>
std::string numbers_to_bytes(Numbers... numbers) {
  return (big_endian(static_cast<uint64_t>(numbers)) + ...);
}

/// corrupt_data, naming `what`, where there are not `count` of them.
template <size_t count>
Result<std::array<uint64_t, count>> numbers_from(std::string_view bytes, std::string_view what) {
  if (bytes.size() != count * number_bytes)
    return fail(Errc::corrupt_data, "the store of events is damaged: {} has {} bytes", what, bytes.size());
  std::array<uint64_t, count> numbers;
  for (size_t i = 0; i < count; ++i) numbers[i] = from_big_endian(bytes.substr(i * number_bytes, number_bytes));
  return numbers;
}

/// Damage of a stored value; names what.
inline Error store_damaged(std::string_view what, const Error& error) {
  return {Errc::corrupt_data, fmt::format("the store of events is damaged: {}: {}", what, error.message), {}, {}};
}

}  // namespace troupe::experiment
