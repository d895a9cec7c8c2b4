#pragma once
// ResultCache: finished answers by exact key, bounded in bytes and age. Pure: `now` is an argument.

#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "runtime/base/clock.hpp"
#include "runtime/base/units.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::cache_shard {

using CachedResult = std::shared_ptr<const protocol::ResultPart>;

/// Least recently used goes first. `now` must not go backwards.
class ResultCache {
 public:
  explicit ResultCache(ByteCount capacity) : capacity_(capacity) {}

  /// The answer, or nullptr where there is none or it is over age. O(1).
  CachedResult find(const std::string& key, Time now);
  /// Keeps `result` until `now + ttl` or until room is needed. One larger than the whole cache is not kept.
  void insert(const std::string& key, CachedResult result, Duration ttl, Time now);

  ByteCount size() const noexcept { return size_; }
  size_t entries() const noexcept { return by_key_.size(); }

 private:
  struct Entry {
    std::string key;
    CachedResult result;
    Time expires;
    ByteCount size;
  };
  using Entries = std::list<Entry>;
  void erase(Entries::iterator entry);

  ByteCount capacity_;
  ByteCount size_{0};
  Entries entries_;                                                 ///< Most recently used first.
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  ///< Views into the entries' keys.
};

/// Bytes that `result` keeps alive, about.
ByteCount size_of(const protocol::ResultPart& result);

}  // namespace troupe::cache_shard
