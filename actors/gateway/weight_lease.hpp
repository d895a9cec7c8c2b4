#pragma once
// WeightLease: how long a gateway goes by the head's weights without hearing from the head. Pure.

#include <optional>

#include "runtime/base/clock.hpp"

namespace troupe::gateway {

class WeightLease {
 public:
  explicit WeightLease(Duration term) : term_(term) {}

  /// The head has said that the weights hold; it was asked at `asked`, so that an answer that was long on its way is
  /// worth no more than it must be. One from before the last changes nothing.
  void renew(Time asked) {
    if (!ends_ || asked + term_ > *ends_) ends_ = asked + term_;
  }
  /// False until it was granted.
  bool holds(Time now) const { return ends_ && now < *ends_; }
  /// When it runs out, or ran out; none: it was never granted.
  std::optional<Time> ends() const { return ends_; }

 private:
  Duration term_;
  std::optional<Time> ends_;
};

}  // namespace troupe::gateway
