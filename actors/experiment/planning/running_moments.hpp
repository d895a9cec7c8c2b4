#pragma once
// RunningMoments: mean and squared deviations of values that come one by one, O(1) each (Welford 1962).

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

class RunningMoments {
 public:
  void add(double value) {
    moments_.n += 1;
    const double off = value - moments_.mean;
    moments_.mean += off / moments_.n;
    moments_.m2 += off * (value - moments_.mean);
  }
  const Moments& moments() const { return moments_; }

 private:
  Moments moments_;
};

}  // namespace troupe::experiment
