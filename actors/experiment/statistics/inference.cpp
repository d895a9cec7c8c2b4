#include "actors/experiment/statistics/inference.hpp"

#include <cmath>
#include <limits>

#include "actors/experiment/statistics/distributions.hpp"

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Result<double> upper_tail(double statistic, std::optional<double> df) {
  return df ? survival(StudentT{*df}, statistic) : survival(Normal{}, statistic);
}

Status check_standard_error(std::string_view method, double estimate, double standard_error) {
  if (standard_error == 0) {
    return fail(Errc::invalid_argument, "{} has no answer where nothing varies: the standard error is 0", method);
  }
  if (std::isfinite(estimate) && std::isfinite(standard_error) && standard_error > 0) return {};
  return fail(Errc::invalid_argument, "{} has no answer here: the numbers are too large or too small for it", method);
}

}  // namespace

Result<double> p_value(double statistic, std::optional<double> df, Alternative alternative) {
  if (alternative == Alternative::greater) return upper_tail(statistic, df);
  if (alternative == Alternative::less) return upper_tail(-statistic, df);
  TROUPE_TRY(const double tail, upper_tail(std::abs(statistic), df));
  return 2 * tail;
}

Result<double> critical_value(const TestOptions& options, std::optional<double> df) {
  TROUPE_CHECK(check(options));
  const double outside = 1 - options.confidence;
  const double tail = options.alternative == Alternative::two_sided ? outside / 2 : outside;
  return df ? quantile_upper(StudentT{*df}, tail) : quantile_upper(Normal{}, tail);
}

Interval one_sided(Interval interval, Alternative alternative) {
  if (alternative == Alternative::less) interval.low = -infinity;
  if (alternative == Alternative::greater) interval.high = infinity;
  return interval;
}

Result<TestResult> wald_test(std::string_view method, double estimate, double standard_error, std::optional<double> df,
                             const TestOptions& options) {
  TROUPE_CHECK(check_standard_error(method, estimate, standard_error));
  TROUPE_TRY(const double critical, critical_value(options, df));
  TestResult result{.method = method, .statistic = estimate / standard_error, .df = df, .estimate = estimate};
  TROUPE_TRY(result.p_value, p_value(result.statistic, df, options.alternative));
  const double half = critical * standard_error;
  result.interval = one_sided({estimate - half, estimate + half}, options.alternative);
  return result;
}

Result<TestResult> wald_test_of_log(std::string_view method, double log_estimate, double standard_error,
                                    const TestOptions& options) {
  TROUPE_TRY(TestResult result, wald_test(method, log_estimate, standard_error, {}, options));
  result.estimate = std::exp(log_estimate);
  result.interval = {std::exp(result.interval.low), std::exp(result.interval.high)};
  return result;
}

Result<TestResult> relative_lift_by_delta(std::string_view method, const Estimated& first, const Estimated& second,
                                          const TestOptions& options) {
  if (first.value == 0) {
    return fail(Errc::invalid_argument, "{} needs a first arm whose value is not 0: nothing is relative to 0", method);
  }
  const double ratio = second.value / first.value;
  const double error = std::sqrt(second.variance + ratio * ratio * first.variance) / std::abs(first.value);
  return wald_test(method, (second.value - first.value) / first.value, error, {}, options);
}

}  // namespace troupe::experiment
