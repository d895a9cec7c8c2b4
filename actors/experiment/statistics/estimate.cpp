#include "actors/experiment/statistics/estimate.hpp"

#include <algorithm>
#include <cmath>

#include "actors/experiment/statistics/ratios.hpp"

namespace troupe::experiment {

namespace {

struct Value {
  double value, variance;
};

Result<Estimate> difference(Value a, Value b, double units_a, double units_b) {
  const double variance = a.variance + b.variance;
  if (!(variance > 0)) return fail(Errc::invalid_argument, "the arms' values never vary: there is no standard error");
  return Estimate{b.value - a.value, std::sqrt(variance), static_cast<uint64_t>(units_a),
                  static_cast<uint64_t>(units_b)};
}

}  // namespace

Result<Estimate> difference_of_means(const Moments& a, const Moments& b) {
  TROUPE_CHECK(check(a, "first arm"));
  TROUPE_CHECK(check(b, "second arm"));
  if (std::min(a.n, b.n) < 2) {
    return fail(Errc::invalid_argument, "the arms have {} and {} units; a variance needs at least 2 of each", a.n, b.n);
  }
  return difference({a.mean, a.m2 / (a.n - 1) / a.n}, {b.mean, b.m2 / (b.n - 1) / b.n}, a.n, b.n);
}

Result<Estimate> difference_of_ratios(const RatioMoments& a, const RatioMoments& b) {
  TROUPE_TRY(const RatioEstimate first, ratio_of_sums(a));
  TROUPE_TRY(const RatioEstimate second, ratio_of_sums(b));
  return difference({first.ratio, first.standard_error * first.standard_error},
                    {second.ratio, second.standard_error * second.standard_error}, a.n, b.n);
}

}  // namespace troupe::experiment
