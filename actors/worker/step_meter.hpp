#pragma once
// StepMeter: what a back end's compute does, seen from another thread.

#include <atomic>
#include <cstdint>

#include "runtime/base/clock.hpp"

namespace troupe::worker {

/// Steps finished so far, and how long the one that runs now has run; 0 = none does.
struct StepProgress {
  uint64_t steps = 0;
  Duration running{0};
};

/// The computing thread makes a Step around each piece of work; any thread reads.
class StepMeter {
 public:
  explicit StepMeter(const Clock& clock) : clock_(clock) {}

  class Step {
   public:
    explicit Step(StepMeter& meter) : meter_(meter) {
      meter_.begun_.store(meter_.clock_.now().time_since_epoch().count(), std::memory_order_relaxed);
    }
    ~Step() {
      meter_.begun_.store(0, std::memory_order_relaxed);
      meter_.steps_.fetch_add(1, std::memory_order_relaxed);
    }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    StepMeter& meter_;
  };

  StepProgress read() const {
    const Duration begun{begun_.load(std::memory_order_relaxed)};
    const uint64_t steps = steps_.load(std::memory_order_relaxed);
    if (begun == Duration{0}) return {steps, Duration{0}};
    return {steps, std::max(Duration{1}, clock_.now().time_since_epoch() - begun)};
  }

 private:
  const Clock& clock_;
  std::atomic<uint64_t> steps_{0};
  std::atomic<int64_t> begun_{0};  ///< Nanoseconds of the clock; 0 = no step runs.
};

}  // namespace troupe::worker
