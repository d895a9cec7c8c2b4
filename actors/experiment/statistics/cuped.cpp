#include "actors/experiment/statistics/cuped.hpp"

#include <cmath>
#include <string_view>

namespace troupe::experiment {

namespace {

Status check(const CovariateMoments& arm, std::string_view name) {
  if (!(arm.n >= 3 && arm.n == std::floor(arm.n) && arm.n <= 0x1p53)) {
    return fail(Errc::invalid_argument, "the {} arm has {} units; it needs a whole number of at least 3", name, arm.n);
  }
  if (!(std::isfinite(arm.mean_y) && std::isfinite(arm.mean_x) && std::isfinite(arm.m2_y) && std::isfinite(arm.m2_x) &&
        std::isfinite(arm.m_xy) && arm.m2_y >= 0 && arm.m2_x >= 0)) {
    return fail(Errc::invalid_argument, "the {} arm's moments must be finite, and its sums of squares at least 0",
                name);
  }
  if (arm.m_xy * arm.m_xy > arm.m2_x * arm.m2_y * (1 + 1e-9)) {
    return fail(Errc::invalid_argument,
                "the {} arm's products exceed what its sums of squares allow (correlation above 1)", name);
  }
  return {};
}

double variance_of_mean(const CovariateMoments& arm, double theta) {
  return (arm.m2_y - 2 * theta * arm.m_xy + theta * theta * arm.m2_x) / (arm.n - 1) / arm.n;
}

}  // namespace

Result<AdjustedEstimate> cuped(const CovariateMoments& a, const CovariateMoments& b) {
  TROUPE_CHECK(check(a, "first"));
  TROUPE_CHECK(check(b, "second"));
  const double m2_x = a.m2_x + b.m2_x;
  if (!(m2_x > 0)) return fail(Errc::invalid_argument, "the covariate never varies: there is nothing to adjust by");

  AdjustedEstimate result;
  result.theta = (a.m_xy + b.m_xy) / m2_x;
  const double raw = variance_of_mean(a, 0) + variance_of_mean(b, 0);
  const double adjusted = variance_of_mean(a, result.theta) + variance_of_mean(b, result.theta);
  if (!(adjusted > 1e-14 * raw)) {
    return fail(Errc::invalid_argument,
                "the values do not vary beyond what the covariate says: there is no standard error");
  }
  result.variance_reduction = 1 - adjusted / raw;
  result.raw = {b.mean_y - a.mean_y, std::sqrt(raw), static_cast<uint64_t>(a.n), static_cast<uint64_t>(b.n)};
  result.adjusted = result.raw;
  result.adjusted.value -= result.theta * (b.mean_x - a.mean_x);
  result.adjusted.standard_error = std::sqrt(adjusted);
  return result;
}

}  // namespace troupe::experiment
