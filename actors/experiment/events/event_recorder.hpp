#pragma once
// EventRecorder: where a gateway's events go. Behind it is the gateway's log.

#include <functional>

#include "runtime/base/result.hpp"
#include "runtime/protocol/events.hpp"

namespace troupe::experiment {

/// Thread-safe; never waits for a disk.
class EventRecorder {
 public:
  virtual ~EventRecorder() = default;

  /// Written when it returns, safe against a loss of power some milliseconds later. What can't be written is counted as
  /// lost and told to the experiment: serving goes on.
  virtual void record(const protocol::Event& event) = 0;
  /// An exposure, unless the same was recorded lately.
  virtual void expose(protocol::Event exposure) = 0;
  /// An outcome: `done` hears when it is safe against a loss of power, or why it can't be. On any thread.
  virtual void record_outcome(const protocol::Event& outcome, std::function<void(Status)> done) = 0;
};

}  // namespace troupe::experiment
