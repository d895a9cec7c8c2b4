#include "actors/cache_shard/result_cache.hpp"

#include "runtime/protocol/payload.hpp"

namespace troupe::cache_shard {

ByteCount size_of(const protocol::ResultPart& result) {
  return {sizeof result + result.version.size() + protocol::payload_bytes(result)};
}

CachedResult ResultCache::find(const std::string& key, Time now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const auto entry = found->second;
  if (entry->expires <= now) {
    erase(entry);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->result;
}

void ResultCache::insert(const std::string& key, CachedResult result, Duration ttl, Time now) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) erase(found->second);
  const ByteCount size{size_of(*result).value + key.size() + sizeof(Entry)};
  if (size > capacity_) return;
  while (size_.value + size.value > capacity_.value) erase(std::prev(entries_.end()));
  entries_.push_front({key, std::move(result), now + ttl, size});
  by_key_[entries_.front().key] = entries_.begin();
  size_.value += size.value;
}

void ResultCache::erase(Entries::iterator entry) {
  size_.value -= entry->size.value;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace troupe::cache_shard
