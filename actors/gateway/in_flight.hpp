#pragma once
// InFlight: the requests inside a gateway and the actor that has each, so that a withdrawal finds it and a drain can
// wait.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "actors/balancer/messages.hpp"
#include "actors/gateway/admission.hpp"
#include "runtime/actor/ref.hpp"

namespace troupe::gateway {

/// Thread-safe: the gateway actor enters requests, and their sinks let them leave from whichever thread answers last.
/// A lock costs less than a message back to the actor would.
class InFlight {
 public:
  explicit InFlight(AdmissionOptions options) : admission_(options) {}

  /// As Admission::admit; already_exists for an id that is inside.
  Status enter(balancer::DispatchId id, const std::string& model, actor::Ref handler, uint64_t bytes = 0);
  /// Whether it had been withdrawn. Ids that are not inside are ignored.
  bool leave(balancer::DispatchId id);
  /// Notes that the client has gone, and says who has the request; empty where nobody does.
  actor::Ref withdraw(balancer::DispatchId id);
  /// Somebody waits for an answer that is no request inside, or whose request has left already: a drain waits for as
  /// long as this lives.
  std::shared_ptr<const void> hold();
  uint64_t size() const;
  /// Blocks until nothing is inside and nobody holds, at most `patience`. False where something still is.
  bool wait_until_empty(Duration patience);
  Result<Time> deadline(std::optional<Time> asked, Time now) const { return admission_.deadline(asked, now); }

 private:
  struct Entry {
    std::string model;
    actor::Ref handler;
    uint64_t bytes = 0;
    bool withdrawn = false;
  };
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  Admission admission_;  ///< deadline() reads only what never changes.
  std::unordered_map<balancer::DispatchId, Entry> entries_;
  uint64_t holds_ = 0;
};

}  // namespace troupe::gateway
