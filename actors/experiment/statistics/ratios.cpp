#include "actors/experiment/statistics/ratios.hpp"

#include <cmath>

#include "actors/experiment/statistics/inference.hpp"

namespace troupe::experiment {

namespace {

Result<RatioEstimate> estimate(const RatioMoments& arm, std::string_view name) {
  TROUPE_CHECK(check(arm, name));
  if (arm.n < 2) return fail(Errc::invalid_argument, "the {} has {} units: a variance needs two", name, arm.n);
  if (arm.sum_x == 0) return fail(Errc::invalid_argument, "sum_x of the {} is 0: a ratio needs another", name);
  const double ratio = arm.sum_y / arm.sum_x;
  // The three large terms nearly cancel where the ratio is the same in all units.
  const long double r = static_cast<long double>(arm.sum_y) / arm.sum_x;
  const long double squares = arm.sum_yy - 2 * r * arm.sum_xy + r * r * arm.sum_xx;
  const double positive = std::max(0.0, static_cast<double>(squares));
  const double error = std::sqrt(positive * (arm.n / (arm.n - 1))) / std::abs(arm.sum_x);
  if (std::isfinite(ratio) && std::isfinite(error)) return RatioEstimate{ratio, error};
  return fail(Errc::invalid_argument, "the sums of the {} are too large or too small for a ratio", name);
}

}  // namespace

Result<RatioEstimate> ratio_of_sums(const RatioMoments& arm) {
  return estimate(arm, "arm");
}

Result<TestResult> ratio_difference(const RatioMoments& first, const RatioMoments& second, const TestOptions& options) {
  TROUPE_TRY(const RatioEstimate one, estimate(first, "first arm"));
  TROUPE_TRY(const RatioEstimate two, estimate(second, "second arm"));
  return wald_test("difference of ratios, delta", two.ratio - one.ratio,
                   std::hypot(one.standard_error, two.standard_error), {}, options);
}

Result<TestResult> relative_lift_of_ratios(const RatioMoments& first, const RatioMoments& second,
                                           const TestOptions& options) {
  TROUPE_TRY(const RatioEstimate one, estimate(first, "first arm"));
  TROUPE_TRY(const RatioEstimate two, estimate(second, "second arm"));
  return relative_lift_by_delta("relative lift of ratios, delta", {one.ratio, one.standard_error * one.standard_error},
                                {two.ratio, two.standard_error * two.standard_error}, options);
}

}  // namespace troupe::experiment
