#pragma once
// BatchPolicy: when which requests leave together. Pure: `now` is an argument.

#include <deque>
#include <optional>
#include <vector>

#include "runtime/actor/reply.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::batcher {

struct BatchOptions {
  uint32_t size_max = 1;     ///< Requests a batch at most.
  Duration delay_max{0};     ///< How long the oldest may wait for company; 0 = not at all.
  uint32_t queue_max = 256;  ///< Requests that wait at most.
};

/// Order of arrival, one queue. A batch leaves when it is full or its oldest request has waited delay_max, and a slot
/// of the back end is free. With a full queue batches are full; with delay_max 0 nothing waits that could run.
class BatchPolicy {
 public:
  using Id = actor::ReplyId;

  explicit BatchPolicy(BatchOptions options) : options_(options) {}

  /// False where the queue is full.
  bool add(Id id, Time now);
  /// False where `id` does not wait (any more).
  bool remove(Id id);

  /// Takes the next batch of at most `free_slots`, or nothing.
  std::vector<Id> next_batch(Time now, uint32_t free_slots);
  /// When next_batch() has something although nothing is added: the oldest one's patience ends. None: nothing waits.
  std::optional<Time> due() const;

  size_t waiting() const noexcept { return queue_.size(); }

 private:
  struct Waiting {
    Id id;
    Time since;
  };

  BatchOptions options_;
  std::deque<Waiting> queue_;
};

}  // namespace troupe::batcher
