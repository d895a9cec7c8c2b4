#include "actors/experiment/statistics/proportions.hpp"

#include <cmath>

#include "actors/experiment/statistics/inference.hpp"

namespace troupe::experiment {

namespace {

Status check_both(const Proportion& first, const Proportion& second) {
  TROUPE_CHECK(check(first, "first arm"));
  return check(second, "second arm");
}

double share(const Proportion& arm) {
  return arm.successes / arm.trials;
}

double failures(const Proportion& arm) {
  return arm.trials - arm.successes;
}

/// Shares of huge counts may be equal to many digits, most of all where they are nearly 1.
double share_difference(const Proportion& first, const Proportion& second) {
  const auto precise = [](double part, double whole) { return static_cast<long double>(part) / whole; };
  if (failures(first) < first.successes && failures(second) < second.successes) {
    return static_cast<double>(precise(failures(first), first.trials) - precise(failures(second), second.trials));
  }
  return static_cast<double>(precise(second.successes, second.trials) - precise(first.successes, first.trials));
}

double variance(const Proportion& arm) {
  return share(arm) * (failures(arm) / arm.trials) / arm.trials;
}

/// The lower end as p^2 over the upper root, so that nothing cancels.
Interval wilson(const Proportion& arm, double z) {
  const double p = share(arm);
  const double n = arm.trials;
  const double sum = p + z * z / (2 * n) + z * std::sqrt(variance(arm) + z * z / (4 * n * n));
  const double high = sum / (1 + z * z / n);
  return {p * p / sum, failures(arm) == 0 ? 1 : std::min(1.0, high)};
}

Interval interval_of_difference(const Proportion& first, const Proportion& second, ProportionInterval method,
                                double z) {
  const double difference = share_difference(first, second);
  if (method == ProportionInterval::wald) {
    const double half = z * std::sqrt(variance(first) + variance(second));
    return {difference - half, difference + half};
  }
  const Interval a = wilson(first, z);
  const Interval b = wilson(second, z);
  return {difference - std::hypot(share(second) - b.low, a.high - share(first)),
          difference + std::hypot(b.high - share(second), share(first) - a.low)};
}

double standard_error(const Proportion& first, const Proportion& second, ProportionVariance kind) {
  if (kind == ProportionVariance::unpooled) return std::sqrt(variance(first) + variance(second));
  const double trials = first.trials + second.trials;
  const double p = (first.successes + second.successes) / trials;
  const double q = (failures(first) + failures(second)) / trials;
  return std::sqrt(p * q * (1 / first.trials + 1 / second.trials));
}

}  // namespace

Result<TestResult> two_proportion_z(const Proportion& first, const Proportion& second,
                                    const ProportionOptions& options) {
  TROUPE_CHECK(check_both(first, second));
  const double difference = share_difference(first, second);
  const bool pooled = options.variance == ProportionVariance::pooled;
  TROUPE_TRY(TestResult result,
             wald_test(pooled ? "two-proportion z, pooled" : "two-proportion z, unpooled", difference,
                       standard_error(first, second, options.variance), {}, options.test));
  TROUPE_TRY(result.interval, difference_interval(first, second, options.interval, options.test));
  return result;
}

Result<Interval> difference_interval(const Proportion& first, const Proportion& second, ProportionInterval method,
                                     const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second));
  TROUPE_TRY(const double z, critical_value(options));
  return one_sided(interval_of_difference(first, second, method, z), options.alternative);
}

Result<TestResult> relative_lift_of_proportions(const Proportion& first, const Proportion& second,
                                                const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second));
  if (first.successes == 0 || second.successes == 0) {
    return fail(Errc::invalid_argument, "the relative lift needs successes in both arms: there are {} and {}",
                first.successes, second.successes);
  }
  const double lift = share_difference(first, second) / share(first);
  // 1/x - 1/n with its digits where x is nearly n.
  const double error =
      std::sqrt(failures(first) / first.successes / first.trials + failures(second) / second.successes / second.trials);
  TROUPE_TRY(TestResult result,
             wald_test("relative lift of proportions, log ratio", std::log1p(lift), error, {}, options));
  result.interval = {std::expm1(result.interval.low), std::expm1(result.interval.high)};
  result.estimate = lift;
  return result;
}

Result<Interval> wilson_interval(const Proportion& arm, double confidence) {
  TROUPE_CHECK(check(arm, "arm"));
  TROUPE_TRY(const double z, critical_value({.confidence = confidence}));
  return wilson(arm, z);
}

Result<double> cohens_h(double first, double second) {
  for (const double p : {first, second}) {
    if (!(p >= 0 && p <= 1)) return fail(Errc::invalid_argument, "a proportion is {}: it must lie from 0 to 1", p);
  }
  return 2 * (std::asin(std::sqrt(second)) - std::asin(std::sqrt(first)));
}

}  // namespace troupe::experiment
