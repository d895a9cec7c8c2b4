#include "gpu/engine/stop_matcher.hpp"

#include <algorithm>
#include <utility>

namespace troupe::gpu {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {}

StopMatcher::Output StopMatcher::push(std::string_view text) {
  pending_ += text;
  size_t end = std::string::npos;
  for (const std::string& stop : stops_) end = std::min(end, pending_.find(stop));
  const bool matched = end != std::string::npos;
  if (!matched) end = held_from();

  Output output{pending_.substr(0, end), matched};
  pending_.erase(0, matched ? pending_.size() : end);
  return output;
}

std::string StopMatcher::flush() {
  return std::exchange(pending_, {});
}

/// Start of the longest tail of the pending text that begins a stop string.
size_t StopMatcher::held_from() const {
  size_t from = pending_.size();
  for (const std::string& stop : stops_) {
    for (size_t length = std::min(stop.size() - 1, pending_.size()); length > pending_.size() - from; --length) {
      if (std::string_view(pending_).ends_with(std::string_view(stop).substr(0, length))) {
        from = pending_.size() - length;
        break;
      }
    }
  }
  return from;
}

}  // namespace troupe::gpu
