#include "cluster/node/door_metrics.hpp"

#include <array>
#include <atomic>
#include <memory>

namespace troupe::cluster {
namespace {

observe::Counter& counter(observe::Metrics& metrics, const std::string& door, std::string_view reason) {
  return metrics.counter("troupe_door_cuts_total",
                         "Connections and requests that a door ended or refused to protect itself.",
                         {{"door", door}, {"reason", std::string(reason)}});
}

}  // namespace

std::function<void(http::Cut)> count_http_cuts(observe::Metrics& metrics, const std::string& door) {
  std::array<observe::Counter*, http::cut_count> counters{};
  for (size_t i = 0; i < counters.size(); ++i)
    counters[i] = &counter(metrics, door, http::to_string(static_cast<http::Cut>(i)));
  return [counters](http::Cut cut) { counters[static_cast<size_t>(cut)]->add(); };
}

std::function<void(std::string_view)> count_cuts(observe::Metrics& metrics, const std::string& door) {
  return [&metrics, door](std::string_view reason) { counter(metrics, door, reason).add(); };
}

std::function<void(std::string_view, const std::string&)> count_key_refusals(observe::Metrics& metrics,
                                                                             observe::Logger log, const Clock& clock) {
  const auto quiet_until = std::make_shared<std::atomic<Time>>();
  return [&metrics, &clock, log = std::move(log), quiet_until](std::string_view reason, const std::string& id) {
    metrics
        .counter("troupe_key_refusals_total", "Requests refused for their API key.", {{"reason", std::string(reason)}})
        .add();
    Time until = quiet_until->load();
    const Time now = clock.now();
    if (now < until || !quiet_until->compare_exchange_strong(until, now + std::chrono::seconds{1})) return;
    log.warn("API key refused", observe::kv("reason", reason), observe::kv("key", id));
  };
}

}  // namespace troupe::cluster
