#pragma once
// UnitSums: what analysis needs of one metric in one arm, as exact sums over units.

#include "actors/experiment/ledger/fixed_point.hpp"

namespace troupe::experiment {

/// One unit's value of a metric; of ratios (and where there is a covariate) a second one. Of quantiles how many values
/// it has.
struct MetricValue {
  Fixed x = 0;
  Fixed y = 0;
  bool operator==(const MetricValue&) const = default;
};

/// Over units: their number, sums, sums of squares and of products. Adding is exact, commutative and associative, and
/// subtracting undoes it, so that merging in any order gives the same bits.
struct UnitSums {
  int64_t units = 0;
  Int128 x = 0;
  Int128 y = 0;
  Int128 xx = 0;
  Int128 yy = 0;
  Int128 xy = 0;

  void add(const MetricValue& value) noexcept { put(value, 1); }
  void remove(const MetricValue& value) noexcept { put(value, -1); }
  UnitSums& operator+=(const UnitSums& other) noexcept;
  UnitSums& operator-=(const UnitSums& other) noexcept;
  bool operator==(const UnitSums&) const = default;
  bool is_zero() const noexcept { return *this == UnitSums{}; }

 private:
  void put(const MetricValue& value, int sign) noexcept {
    units += sign;
    x += sign * Int128{value.x};
    y += sign * Int128{value.y};
    xx += sign * Int128{value.x} * value.x;
    yy += sign * Int128{value.y} * value.y;
    xy += sign * Int128{value.x} * value.y;
  }
};

inline UnitSums& UnitSums::operator+=(const UnitSums& other) noexcept {
  units += other.units;
  x += other.x;
  y += other.y;
  xx += other.xx;
  yy += other.yy;
  xy += other.xy;
  return *this;
}

inline UnitSums& UnitSums::operator-=(const UnitSums& other) noexcept {
  units -= other.units;
  x -= other.x;
  y -= other.y;
  xx -= other.xx;
  yy -= other.yy;
  xy -= other.xy;
  return *this;
}

}  // namespace troupe::experiment
