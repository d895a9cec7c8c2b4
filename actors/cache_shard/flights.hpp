#pragma once
// Flights: who asks for a key while its answer is on its way (single-flight). Pure.

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/cache_shard/messages.hpp"

namespace troupe::cache_shard {

/// Of all who ask for one key at a time the first flies; the others wait for its answer.
class Flights {
 public:
  /// True: `lookup` is the first and must fly now. False: it waits.
  bool join(const Lookup& lookup);

  /// The flight of `key` has brought its answer: all who waited for it, the one that flew excluded.
  std::vector<Lookup> land(const std::string& key);

  /// The flight of `key` has failed or was given up: who flies next, if anybody waits.
  std::optional<Lookup> next(const std::string& key);

  /// `id` wants no answer any more. True if it was waiting; false if it flies or is unknown.
  bool withdraw(balancer::DispatchId id);
  /// What `id` flies for; none if it waits or is unknown.
  std::optional<Lookup> flying(balancer::DispatchId id) const;

  size_t waiting() const noexcept { return waiting_; }

 private:
  struct Flight {
    Lookup leader;
    std::deque<Lookup> followers;
  };

  std::unordered_map<std::string, Flight> flights_;
  std::unordered_map<balancer::DispatchId, std::string> keys_;
  size_t waiting_ = 0;
};

}  // namespace troupe::cache_shard
