#include "cluster/agent/fetch_retry.hpp"

#include <algorithm>

namespace troupe::cluster {

void FetchRetry::begin_round(std::vector<protocol::RoutedNode> sources) {
  sources_ = std::move(sources);
  next_ = 0;
}

const protocol::RoutedNode* FetchRetry::source() const {
  return next_ < sources_.size() ? &sources_[next_] : nullptr;
}

void FetchRetry::source_failed() {
  if (next_ < sources_.size()) ++next_;
}

void FetchRetry::progressed() {
  failures_ = 0;
}

Duration FetchRetry::round_failed() {
  constexpr uint32_t doublings_max = 16;
  const Duration wait = options_.backoff_first * (int64_t{1} << std::min(failures_, doublings_max));
  ++failures_;
  return std::min(wait, options_.backoff_max);
}

}  // namespace troupe::cluster
