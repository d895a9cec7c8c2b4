#pragma once
// Counters of what a node's doors cut off to protect themselves: troupe_door_cuts_total{door, reason}.

#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/clock.hpp"
#include "runtime/http/options.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/observe/metrics.hpp"

namespace troupe::cluster {

/// For HttpOptions::on_cut. `metrics` must outlive the server.
std::function<void(http::Cut)> count_http_cuts(observe::Metrics& metrics, const std::string& door);
/// For doors that tell the reason by name.
std::function<void(std::string_view)> count_cuts(observe::Metrics& metrics, const std::string& door);

/// For KeyRing: counts troupe_key_refusals_total{reason}, and logs one of them a second at most. `metrics` and `clock`
/// must outlive the ring.
std::function<void(std::string_view reason, const std::string& id)> count_key_refusals(observe::Metrics& metrics,
                                                                                       observe::Logger log,
                                                                                       const Clock& clock);

}  // namespace troupe::cluster
