#pragma once
// EventRecorder: where a gateway's events go. Behind it is the gateway's log.

#include <functional>
#include <vector>

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
  /// Outcomes: `done` hears when all are safe against a loss of power, or that not all can be: those that were taken
  /// stay, and sent again they count once by their ids. On any thread.
  virtual void record_outcomes(const std::vector<protocol::Event>& outcomes, std::function<void(Status)> done) = 0;
};

}  // namespace troupe::experiment
