#pragma once
// Strong ids: a NodeId is not an Epoch is not a number.

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace troupe {

/// A 64-bit id of one kind. 0 means "none".
template <class Tag>
struct Id64 {
  uint64_t value = 0;

  auto operator<=>(const Id64&) const = default;
  explicit operator bool() const noexcept { return value != 0; }
  /// Sixteen lower-case hex digits.
  std::string str() const { return fmt::format("{:016x}", value); }
};

/// One `troupe` process in a cluster; random, kept in the node's data directory across restarts.
using NodeId = Id64<struct NodeIdTag>;
/// One life of a node: new at every start and whenever it learns that it was declared down. Grows.
using Incarnation = Id64<struct IncarnationTag>;
/// One term of a head. Messages of an older epoch are refused.
using Epoch = Id64<struct EpochTag>;
/// One running copy of a version on one node.
using ReplicaId = Id64<struct ReplicaIdTag>;
/// Pairs a request with its parts, within one node's incarnation.
using CorrelationId = Id64<struct CorrelationIdTag>;

}  // namespace troupe

template <class Tag>
struct std::hash<troupe::Id64<Tag>> {
  size_t operator()(troupe::Id64<Tag> id) const noexcept {
    // Counters and random ids alike spread over all bits (Fibonacci hashing).
    return static_cast<size_t>(id.value * 0x9e3779b97f4a7c15ULL);
  }
};

template <class Tag>
struct fmt::formatter<troupe::Id64<Tag>> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(troupe::Id64<Tag> id, Context& ctx) const {
    return fmt::format_to(ctx.out(), "{:016x}", id.value);
  }
};
