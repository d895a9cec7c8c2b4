#include "actors/experiment/statistics/means.hpp"

#include <cmath>
#include <limits>

#include "actors/experiment/statistics/inference.hpp"

namespace troupe::experiment {

namespace {

Status check_both(const Moments& first, const Moments& second) {
  TROUPE_CHECK(check(first, "first arm"));
  TROUPE_CHECK(check(second, "second arm"));
  if (first.n >= 2 && second.n >= 2) return {};
  return fail(Errc::invalid_argument, "a variance needs at least two units in each arm: there are {} and {}", first.n,
              second.n);
}

double variance_of_mean(const Moments& arm) {
  return arm.m2 / (arm.n - 1) / arm.n;
}

double pooled_variance(const Moments& first, const Moments& second) {
  return (first.m2 + second.m2) / (first.n + second.n - 2);
}

/// The lifts r - 1 of all ratios r with (m2 - r m1)^2 <= z^2 (v2 + r^2 v1), all of it over m1^2.
Interval fieller_interval(const Estimated& first, const Estimated& second, double z) {
  const double lift = (second.value - first.value) / first.value;
  const double ratio = second.value / first.value;
  const double v1 = z * z * (first.variance / first.value / first.value);
  const double v2 = z * z * (second.variance / first.value / first.value);
  const double a = 1 - v1;
  if (!(a > 0)) return {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  const double root = std::sqrt(v2 * a + ratio * ratio * v1);
  return {(lift + v1 - root) / a, (lift + v1 + root) / a};
}

}  // namespace

Result<TestResult> student_t(const Moments& first, const Moments& second, const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second));
  const double error = std::sqrt(pooled_variance(first, second) * (1 / first.n + 1 / second.n));
  return wald_test("Student's t", second.mean - first.mean, error, first.n + second.n - 2, options);
}

Result<TestResult> welch_t(const Moments& first, const Moments& second, const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second));
  const double variance = variance_of_mean(first) + variance_of_mean(second);
  if (variance == 0) return wald_test("Welch's t", second.mean - first.mean, 0, {}, options);
  const double share1 = variance_of_mean(first) / variance;
  const double share2 = variance_of_mean(second) / variance;
  const double df = 1 / (share1 * share1 / (first.n - 1) + share2 * share2 / (second.n - 1));
  return wald_test("Welch's t", second.mean - first.mean, std::sqrt(variance), df, options);
}

Result<TestResult> relative_lift_of_means(const Moments& first, const Moments& second, LiftInterval method,
                                          const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second));
  const Estimated one{first.mean, variance_of_mean(first)};
  const Estimated two{second.mean, variance_of_mean(second)};
  TROUPE_TRY(TestResult result, relative_lift_by_delta("relative lift of means, delta", one, two, options));
  if (method == LiftInterval::delta) return result;
  result.method = "relative lift of means, Fieller";
  const double difference = second.mean - first.mean;
  result.statistic = std::copysign(1.0, first.mean) * difference / std::sqrt(one.variance + two.variance);
  TROUPE_TRY(result.p_value, p_value(result.statistic, {}, options.alternative));
  TROUPE_TRY(const double z, critical_value(options));
  result.interval = one_sided(fieller_interval(one, two, z), options.alternative);
  return result;
}

Result<double> cohens_d(const Moments& first, const Moments& second, bool hedges_correction) {
  TROUPE_CHECK(check_both(first, second));
  const double deviation = std::sqrt(pooled_variance(first, second));
  if (deviation == 0) {
    return fail(Errc::invalid_argument, "Cohen's d has no answer where nothing varies: the deviation is 0");
  }
  const double d = (second.mean - first.mean) / deviation;
  if (!std::isfinite(d)) return fail(Errc::invalid_argument, "Cohen's d is too large for a number here");
  return hedges_correction ? d * (1 - 3 / (4 * (first.n + second.n) - 9)) : d;
}

}  // namespace troupe::experiment
