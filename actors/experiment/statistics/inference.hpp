#pragma once
// What the tests of this folder have in common: from a statistic to a p value, from a standard error to an interval.

#include <optional>
#include <string_view>

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

/// Of a statistic that is standard normal, or Student's t where `df` is given, if there is no difference.
Result<double> p_value(double statistic, std::optional<double> df, Alternative alternative);

/// How many standard errors an interval reaches from its estimate.
Result<double> critical_value(const TestOptions& options, std::optional<double> df = {});

/// `interval`, unbounded on the side that a one-sided test does not ask about.
Interval one_sided(Interval interval, Alternative alternative);

/// Wald's test and interval: (estimate - 0) / standard_error. Refuses a standard error that is 0 or not finite.
Result<TestResult> wald_test(std::string_view method, double estimate, double standard_error, std::optional<double> df,
                             const TestOptions& options);

/// As above for a ratio that is estimated on the log scale: the estimate is exp(log_estimate), unbounded sides are 0
/// and infinity.
Result<TestResult> wald_test_of_log(std::string_view method, double log_estimate, double standard_error,
                                    const TestOptions& options);

/// An estimated number and the variance of its estimator.
struct Estimated {
  double value = 0;
  double variance = 0;
};

/// second / first - 1 of two independent estimates by the delta method (Deng, Knoblich and Lu, KDD 2018, eq. 4):
/// variance = second.variance / first^2 + second^2 first.variance / first^4. Refuses first = 0.
Result<TestResult> relative_lift_by_delta(std::string_view method, const Estimated& first, const Estimated& second,
                                          const TestOptions& options);

}  // namespace troupe::experiment
