#pragma once
// CacheShardActor: answers repeated requests from memory, and asks the model once where many ask the same at a time. At
// "cache/<n>" beside every gateway. Takes Lookup, and balancer::CancelDispatch for what it was given.

#include "actors/cache_shard/flights.hpp"
#include "actors/cache_shard/result_cache.hpp"
#include "runtime/actor/actor.hpp"

namespace troupe::cache_shard {

struct CacheOptions {
  ByteCount capacity = 64_MiB;
  size_t waiting_max = 65536;  ///< Requests that wait for flights of others; more are refused as overloaded.
};

class CacheShardActor final : public actor::Actor {
 public:
  CacheShardActor(actor::Context& context, CacheOptions options);

 private:
  class Recorder;

  void lookup(const Lookup& lookup);
  void fly(const Lookup& lookup);
  void landed(const Lookup& leader, const CachedResult& result);
  void failed(balancer::DispatchId leader);
  void cancel(const balancer::CancelDispatch& cancel);

  CacheOptions options_;
  ResultCache cache_;
  Flights flights_;
};

}  // namespace troupe::cache_shard
