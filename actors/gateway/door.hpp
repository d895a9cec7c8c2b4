#pragma once
// Door: how a front end reaches the gateway actor.

#include <functional>

#include "actors/gateway/dispatch_ids.hpp"
#include "actors/gateway/messages.hpp"
#include "runtime/actor/ref.hpp"
#include "runtime/protocol/loading.hpp"

namespace troupe::gateway {

/// Thread-safe.
struct Door {
  /// A failure means that the sink will not be called.
  std::function<Status(Submit)> submit;
  std::function<void(Withdraw)> withdraw;
};

/// Asks the head to load or unload a model for a client whose key allows it. `done` runs once, on any thread.
using AskToLoad = std::function<void(protocol::ChangeLoad, Time deadline, std::function<void(Status)> done)>;

/// The gateway actor's. Must not be used after its host is gone.
inline Door door_to(actor::Ref gateway) {
  return {[gateway](Submit submit) { return gateway.send(std::move(submit)); },
          [gateway](Withdraw withdraw) { static_cast<void>(gateway.send(withdraw)); }};
}

}  // namespace troupe::gateway
