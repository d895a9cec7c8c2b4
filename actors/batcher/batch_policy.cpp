#include "actors/batcher/batch_policy.hpp"

#include <algorithm>

namespace troupe::batcher {

bool BatchPolicy::add(Id id, Time now) {
  if (queue_.size() >= options_.queue_max) return false;
  queue_.push_back({id, now});
  return true;
}

bool BatchPolicy::remove(Id id) {
  const auto found = std::find_if(queue_.begin(), queue_.end(), [&](const Waiting& w) { return w.id == id; });
  if (found == queue_.end()) return false;
  queue_.erase(found);
  return true;
}

std::vector<BatchPolicy::Id> BatchPolicy::next_batch(Time now, uint32_t free_slots) {
  const size_t size = std::min<size_t>({queue_.size(), options_.size_max, free_slots});
  if (size == 0) return {};
  const bool full = queue_.size() >= options_.size_max;
  if (!full && now < queue_.front().since + options_.delay_max) return {};
  std::vector<Id> batch;
  batch.reserve(size);
  for (size_t i = 0; i < size; ++i) {
    batch.push_back(queue_.front().id);
    queue_.pop_front();
  }
  return batch;
}

std::optional<Time> BatchPolicy::due() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.front().since + options_.delay_max;
}

}  // namespace troupe::batcher
