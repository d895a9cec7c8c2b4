#include "cluster/node/door_metrics.hpp"

#include <array>

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

std::function<void(std::string_view)> count_zmq_cuts(observe::Metrics& metrics) {
  return [&metrics](std::string_view reason) { counter(metrics, "zmq", reason).add(); };
}

}  // namespace troupe::cluster
