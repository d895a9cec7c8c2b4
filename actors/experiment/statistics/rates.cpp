#include "actors/experiment/statistics/rates.hpp"

#include <cmath>
#include <limits>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/exact_tests.hpp"
#include "actors/experiment/statistics/inference.hpp"

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Status check_arm(const Rate& arm, std::string_view name) {
  TROUPE_CHECK(check_count(arm.count, fmt::format("count of the {}", name)));
  if (arm.exposure > 0 && std::isfinite(arm.exposure)) return {};
  return fail(Errc::invalid_argument, "exposure of the {} is {}: it must be a finite number over 0", name,
              arm.exposure);
}

Status check_both(const Rate& first, const Rate& second, const TestOptions& options) {
  TROUPE_CHECK(check_arm(first, "first arm"));
  TROUPE_CHECK(check_arm(second, "second arm"));
  TROUPE_CHECK(check(options));
  const double d = second.exposure / first.exposure;
  if (!(d > 1e-100 && d < 1e100)) {
    return fail(Errc::invalid_argument, "the exposures {} and {} are too far apart to be compared", first.exposure,
                second.exposure);
  }
  if (first.count + second.count > 0) return {};
  return fail(Errc::invalid_argument, "neither arm has an event: rates need at least one to be compared");
}

double ratio_of_rates(const Rate& first, const Rate& second) {
  return first.count == 0 ? infinity : second.count / first.count * (first.exposure / second.exposure);
}

/// The ends of Clopper and Pearson's interval as odds, each from the two tails that keep their digits.
Result<Interval> exact_odds(double count1, double count2, const TestOptions& options) {
  const double outside = 1 - options.confidence;
  const double tail = options.alternative == Alternative::two_sided ? outside / 2 : outside;
  Interval odds{0, infinity};
  if (count2 > 0 && options.alternative != Alternative::less) {
    TROUPE_TRY(const double p, quantile(Beta{count2, count1 + 1}, tail));
    TROUPE_TRY(const double q, quantile_upper(Beta{count1 + 1, count2}, tail));
    odds.low = p / q;
  }
  if (count1 > 0 && options.alternative != Alternative::greater) {
    TROUPE_TRY(const double p, quantile_upper(Beta{count2 + 1, count1}, tail));
    TROUPE_TRY(const double q, quantile(Beta{count1, count2 + 1}, tail));
    odds.high = p / q;
  }
  return odds;
}

/// The ratios r with (c2 - c1 r d)^2 <= z^2 (c1 + c2) r d, a quadratic in r d.
Interval score_odds(double count1, double count2, double z) {
  const double b = 2 * count1 * count2 + z * z * (count1 + count2);
  const double root = std::sqrt(z * z * (count1 + count2) * (4 * count1 * count2 + z * z * (count1 + count2)));
  return {2 * count2 * count2 / (b + root), count1 == 0 ? infinity : (b + root) / (2 * count1 * count1)};
}

}  // namespace

Result<TestResult> poisson_exact(const Rate& first, const Rate& second, const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second, options));
  const double share = 1 / (1 + first.exposure / second.exposure);
  TROUPE_TRY(TestResult result, binomial_exact({second.count, first.count + second.count}, share, options));
  result.method = "Poisson rates, exact";
  result.estimate = ratio_of_rates(first, second);
  TROUPE_TRY(const Interval odds, exact_odds(first.count, second.count, options));
  const double scale = first.exposure / second.exposure;
  result.interval = {odds.low * scale, odds.high * scale};
  return result;
}

Result<TestResult> poisson_score(const Rate& first, const Rate& second, const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second, options));
  const double d = second.exposure / first.exposure;
  TestResult result{.method = "Poisson rates, score"};
  result.statistic = (second.count - first.count * d) / std::sqrt((first.count + second.count) * d);
  TROUPE_TRY(result.p_value, p_value(result.statistic, {}, options.alternative));
  TROUPE_TRY(const double z, critical_value(options));
  const Interval odds = score_odds(first.count, second.count, z);
  result.estimate = ratio_of_rates(first, second);
  result.interval = {options.alternative == Alternative::less ? 0 : odds.low / d,
                     options.alternative == Alternative::greater ? infinity : odds.high / d};
  return result;
}

Result<TestResult> poisson_log(const Rate& first, const Rate& second, const TestOptions& options) {
  TROUPE_CHECK(check_both(first, second, options));
  if (first.count == 0 || second.count == 0) {
    return fail(Errc::invalid_argument, "the log of the ratio needs events in both arms: there are {} and {}",
                first.count, second.count);
  }
  return wald_test_of_log("Poisson rates, log ratio", std::log(ratio_of_rates(first, second)),
                          std::sqrt(1 / first.count + 1 / second.count), options);
}

}  // namespace troupe::experiment
