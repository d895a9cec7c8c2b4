#pragma once
// What a cache shard is told. Local to a gateway's process.

#include "actors/balancer/messages.hpp"
#include "runtime/actor/ref.hpp"

namespace troupe::cache_shard {

/// Answer `dispatch` from the cache if `key` is there; else let the first asker of `key` go to `balancer` and give its
/// answer to all who ask meanwhile (single-flight). If that one fails or is cancelled, the next in line goes.
struct Lookup {
  std::string key;  ///< From cache_key(): the exact canonical form.
  Duration ttl{0};
  actor::Ref balancer;
  balancer::Dispatch dispatch;
};

}  // namespace troupe::cache_shard
