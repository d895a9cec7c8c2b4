#include "actors/experiment/statistics/rate_sequence.hpp"

#include <algorithm>
#include <cmath>

#include "actors/experiment/statistics/log_math.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

namespace {

struct Arm {
  double successes, failures;
  double rate() const { return successes / (successes + failures); }
};

Result<Arm> arm_of(RateCounts counts) {
  if (counts.trials == 0) return fail(Errc::invalid_argument, "an arm has no trials: it has no rate");
  if (counts.successes > counts.trials) {
    return fail(Errc::invalid_argument, "an arm has {} successes in {} trials", counts.successes, counts.trials);
  }
  return Arm{static_cast<double>(counts.successes), static_cast<double>(counts.trials - counts.successes)};
}

Status check(const RateSequenceOptions& options) {
  TROUPE_CHECK(check_open_unit(options.alpha, "alpha"));
  for (const double prior : {options.prior_successes, options.prior_failures}) {
    if (prior > 0 && prior <= 1e9) continue;
    return fail_field("prior", "a prior count is {}; it must be above 0 and at most 1e9", prior);
  }
  return {};
}

/// Where `inside` turns to `outside`: `holds` is true at `inside` and, if anywhere, false towards `outside`.
template <class Predicate>
double border(double inside, double outside, const Predicate& holds) {
  if (holds(outside)) return outside;
  for (int i = 0; i < 100 && inside != outside; ++i) {
    const double middle = 0.5 * (inside + outside);
    if (middle == inside || middle == outside) break;
    (holds(middle) ? inside : outside) = middle;
  }
  return outside;
}

double log_ratio(const Arm& arm, const RateSequenceOptions& options, double p) {
  return log_beta_mixture_ratio(options.prior_successes, options.prior_failures, arm.successes, arm.failures, p);
}

/// d/dp of log_ratio: rises with p, through 0 at the arm's rate.
double log_ratio_slope(const Arm& arm, double p) {
  return (arm.failures > 0 ? arm.failures / (1 - p) : 0) - (arm.successes > 0 ? arm.successes / p : 0);
}

/// min over p of log E_a(p) + log E_b(p + difference): the sum is convex, so its slope is bisected.
double log_joint(const Arm& a, const Arm& b, const RateSequenceOptions& options, double difference) {
  double low = std::max(0.0, -difference), high = std::min(1.0, 1 - difference);
  for (int i = 0; i < 100; ++i) {
    const double p = 0.5 * (low + high);
    if (p == low || p == high) break;
    (log_ratio_slope(a, p) + log_ratio_slope(b, p + difference) < 0 ? low : high) = p;
  }
  const double p = 0.5 * (low + high);
  return log_ratio(a, options, p) + log_ratio(b, options, std::clamp(p + difference, 0.0, 1.0));
}

}  // namespace

Result<Interval> rate_sequence(RateCounts counts, RateSequenceOptions options) {
  TROUPE_CHECK(check(options));
  TROUPE_TRY(const Arm arm, arm_of(counts));
  const double level = -std::log(options.alpha);
  const auto holds = [&](double p) { return log_ratio(arm, options, p) < level; };
  return Interval{border(arm.rate(), 0, holds), border(arm.rate(), 1, holds)};
}

Result<TestResult> rate_difference_sequence(RateCounts a, RateCounts b, RateSequenceOptions options) {
  TROUPE_CHECK(check(options));
  TROUPE_TRY(const Arm first, arm_of(a));
  TROUPE_TRY(const Arm second, arm_of(b));
  const double level = -std::log(options.alpha);
  const auto holds = [&](double d) { return log_joint(first, second, options, d) < level; };
  TestResult result;
  result.method = "beta-binomial confidence sequence";
  result.statistic = log_joint(first, second, options, 0);
  result.p_value = std::min(1.0, std::exp(-result.statistic));
  result.estimate = second.rate() - first.rate();
  result.interval = {border(result.estimate, -1, holds), border(result.estimate, 1, holds)};
  return result;
}

}  // namespace troupe::experiment
