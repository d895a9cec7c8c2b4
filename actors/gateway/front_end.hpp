#pragma once
// FrontEnd: what a door that speaks the APIs of models stands on.

#include <memory>
#include <string>

#include "actors/experiment/events/event_recorder.hpp"
#include "actors/gateway/door.hpp"
#include "actors/gateway/gateway_metrics.hpp"
#include "actors/gateway/key_ring.hpp"
#include "actors/gateway/routing_table.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::gateway {

struct FrontEnd {
  Door door;
  AskToLoad ask_to_load;  ///< Empty: models are not loaded by request.
  std::shared_ptr<const RoutingBoard> routing;
  std::shared_ptr<DispatchIds> ids;
  std::shared_ptr<KeyRing> keys;                      ///< None: everybody may ask.
  std::shared_ptr<experiment::EventRecorder> events;  ///< None: outcomes are not taken.
  std::shared_ptr<const GatewayMetrics> metrics;      ///< For statistics; none: there are none.
  const Clock* clock = nullptr;                       ///< Must outlive the server.
  uint64_t seed = 0;                                  ///< Of request ids: a random number.
  std::string software = "unknown";                   ///< Troupe's version, shown to who asks what this is.

  /// Takes requests: it has its routes and keys, and is not about to stop.
  bool is_ready() const { return routing->is_ready() && (keys == nullptr || keys->is_known()); }
};

}  // namespace troupe::gateway
