#include "actors/experiment/analysis/exact_moments.hpp"

#include "runtime/base/assert.hpp"

namespace troupe::experiment {
namespace {

__extension__ typedef unsigned __int128 Wrapping;

/// sum (a - mean a)(b - mean b), in the units of values: around the whole parts of the means first. Intermediate values
/// may pass 128 bits and wrap; the sum of deviations does not.
double deviations(int64_t n, Int128 a, Int128 b, Int128 ab) {
  const Int128 whole_a = a / n;
  const Int128 whole_b = b / n;
  const auto around =
      static_cast<Int128>(static_cast<Wrapping>(ab) - static_cast<Wrapping>(whole_a) * static_cast<Wrapping>(b) -
                          static_cast<Wrapping>(whole_b) * static_cast<Wrapping>(a) +
                          static_cast<Wrapping>(n) * static_cast<Wrapping>(whole_a) * static_cast<Wrapping>(whole_b));
  const auto rest_a = static_cast<long double>(a - whole_a * n);
  const auto rest_b = static_cast<long double>(b - whole_b * n);
  const long double exact = static_cast<long double>(around) - rest_a * rest_b / static_cast<long double>(n);
  return static_cast<double>(exact / (static_cast<long double>(fixed_one) * fixed_one));
}

double mean(int64_t n, Int128 sum) {
  return static_cast<double>(static_cast<long double>(sum) / static_cast<long double>(n) / fixed_one);
}

}  // namespace

Moments moments_of(const UnitSums& sums) {
  TROUPE_ASSERT(sums.units >= 1);
  return {static_cast<double>(sums.units), mean(sums.units, sums.x),
          std::max(deviations(sums.units, sums.x, sums.x, sums.xx), 0.0)};
}

RatioMoments ratio_moments_of(const UnitSums& sums) {
  TROUPE_ASSERT(sums.units >= 1);
  RatioMoments ratio;
  ratio.n = static_cast<double>(sums.units);
  ratio.sum_x = from_fixed(sums.y);
  ratio.sum_y = from_fixed(sums.x);
  ratio.sum_xx = from_fixed_product(sums.yy);
  ratio.sum_yy = from_fixed_product(sums.xx);
  ratio.sum_xy = from_fixed_product(sums.xy);
  return ratio;
}

CovariateMoments covariate_moments_of(const UnitSums& sums) {
  TROUPE_ASSERT(sums.units >= 1);
  CovariateMoments moments;
  moments.n = static_cast<double>(sums.units);
  moments.mean_y = mean(sums.units, sums.x);
  moments.mean_x = mean(sums.units, sums.y);
  moments.m2_y = std::max(deviations(sums.units, sums.x, sums.x, sums.xx), 0.0);
  moments.m2_x = std::max(deviations(sums.units, sums.y, sums.y, sums.yy), 0.0);
  moments.m_xy = deviations(sums.units, sums.x, sums.y, sums.xy);
  return moments;
}

}  // namespace troupe::experiment
