#pragma once
// ChildHealth: is the back end in a child process getting on? Pure: frames and ticks in, a verdict out.

#include <optional>
#include <string>

#include "actors/worker/step_meter.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::worker {

/// docs/worker-protocol.md states these.
struct ChildHealthOptions {
  Duration hello_patience = std::chrono::seconds{10};
  Duration silence_max = std::chrono::seconds{2};  ///< Without any frame, once warm.
  /// While it loads: the import of a large library may keep Python's lock for many seconds.
  Duration silence_max_loading = std::chrono::seconds{30};
  Duration step_grace = std::chrono::seconds{1};    ///< Beyond what a step was declared to take …
  Duration step_min = std::chrono::seconds{2};      ///< … but never before a step has run so long.
  Duration step_default = std::chrono::seconds{1};  ///< Where the child declares nothing.
  Duration tick_every = std::chrono::milliseconds{200};
  Duration tick_gap_max = std::chrono::seconds{1};  ///< Later ticks: it was the observer who stood still.
};

/// `now` must not go backwards. Give it what has arrived before each tick.
class ChildHealth {
 public:
  ChildHealth(ChildHealthOptions options, Time started);

  void on_frame(Time now) { heard_ = now; }
  void on_hello() { greeted_ = true; }
  /// From here on steps are judged. `longest_step` 0 = nothing declared.
  void on_warm(Duration longest_step);
  void on_progress(const StepProgress& progress) { progress_ = progress; }

  /// Why the child must be given up; none: it gets on.
  std::optional<std::string> tick(Time now);
  Time next_tick() const { return ticked_ + options_.tick_every; }
  const StepProgress& progress() const { return progress_; }

 private:
  const ChildHealthOptions options_;
  Time started_;
  Time heard_;
  Time ticked_;
  bool greeted_ = false;
  std::optional<Duration> step_max_;  ///< Once warm.
  StepProgress progress_;
};

}  // namespace troupe::worker
