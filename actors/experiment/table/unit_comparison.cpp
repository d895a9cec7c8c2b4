#include "actors/experiment/table/unit_comparison.hpp"

#include <cmath>
#include <numeric>

#include "actors/experiment/statistics/bayesian.hpp"
#include "actors/experiment/statistics/cox.hpp"
#include "actors/experiment/statistics/cuped.hpp"
#include "actors/experiment/statistics/estimate.hpp"
#include "actors/experiment/statistics/exact_tests.hpp"
#include "actors/experiment/statistics/inference.hpp"
#include "actors/experiment/statistics/means.hpp"
#include "actors/experiment/statistics/negative_binomial.hpp"
#include "actors/experiment/statistics/proportions.hpp"
#include "actors/experiment/statistics/ranks.hpp"
#include "actors/experiment/statistics/rates.hpp"
#include "actors/experiment/statistics/ratios.hpp"
#include "actors/experiment/statistics/survival.hpp"

namespace troupe::experiment {
namespace {

using Kind = TableMetricKind;
using Method = TableMethod;

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double mean_of(const std::vector<double>& values) {
  return sum_of(values) / static_cast<double>(values.size());
}

/// sum (a - mean a)(b - mean b)
double deviations(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean_of(a);
  const double mean_b = mean_of(b);
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum;
}

Moments moments_of(const UnitSample& sample) {
  return {static_cast<double>(sample.units), mean_of(sample.x), deviations(sample.x, sample.x)};
}

Proportion proportion_of(const UnitSample& sample) {
  return {sum_of(sample.x), static_cast<double>(sample.units)};
}

Rate rate_of(const UnitSample& sample) {
  return {sum_of(sample.x), sum_of(sample.y)};
}

/// Of sum x / sum y, in the names of the statistics: they divide y by x.
RatioMoments ratio_moments_of(const UnitSample& sample) {
  RatioMoments moments;
  moments.n = static_cast<double>(sample.units);
  moments.sum_x = sum_of(sample.y);
  moments.sum_y = sum_of(sample.x);
  for (size_t i = 0; i < sample.x.size(); ++i) {
    moments.sum_xx += sample.y[i] * sample.y[i];
    moments.sum_yy += sample.x[i] * sample.x[i];
    moments.sum_xy += sample.x[i] * sample.y[i];
  }
  return moments;
}

CovariateMoments covariate_moments_of(const UnitSample& sample) {
  CovariateMoments moments;
  moments.n = static_cast<double>(sample.units);
  moments.mean_y = mean_of(sample.x);
  moments.mean_x = mean_of(sample.covariate);
  moments.m2_y = deviations(sample.x, sample.x);
  moments.m2_x = deviations(sample.covariate, sample.covariate);
  moments.m_xy = deviations(sample.x, sample.covariate);
  return moments;
}

std::vector<CountedUnit> counted(const UnitSample& sample) {
  std::vector<CountedUnit> units;
  for (size_t i = 0; i < sample.x.size(); ++i) units.push_back({sample.x[i], sample.y[i]});
  return units;
}

std::vector<SurvivalUnit> survivals(const UnitSample& sample) {
  std::vector<SurvivalUnit> units;
  for (size_t i = 0; i < sample.x.size(); ++i) units.push_back({sample.x[i], sample.y[i] == 1});
  return units;
}

/// What a test says of itself.
void set_test(UnitComparison& said, const TestResult& test) {
  said.method = test.method;
  said.statistic = test.statistic;
  said.df = test.df;
  said.p_value = test.p_value;
}

void set_difference(UnitComparison& said, double difference, const Interval& interval) {
  said.difference = difference;
  said.interval = interval;
}

/// Where there is none, such as to a control of 0, it is left out. Of a loss (a control below 0) less of it is an
/// increase, as in live experiments.
void set_relative(UnitComparison& said, const Result<TestResult>& lift) {
  if (!lift) return;
  const bool is_loss = said.control && *said.control < 0;
  said.relative = is_loss ? -lift->estimate : lift->estimate;
  said.relative_interval = is_loss ? Interval{-lift->interval.high, -lift->interval.low} : lift->interval;
}

/// Of a method that estimates a ratio.
void set_ratio(UnitComparison& said, std::string_view name, const TestResult& test) {
  said.estimate = NamedEstimate{name, test.estimate, test.interval};
  if (!std::isfinite(test.estimate)) return;
  said.relative = test.estimate - 1;
  said.relative_interval = Interval{test.interval.low - 1, test.interval.high - 1};
}

Status set_belief(UnitComparison& said, std::string method, const Result<Posterior>& control,
                  const Result<Posterior>& treated, double confidence) {
  if (!control) return fail(control.error());
  if (!treated) return fail(treated.error());
  TROUPE_TRY(const DifferenceBelief belief, compare_two(*control, *treated, 0, confidence));
  said.method = std::move(method);
  set_difference(said, belief.mean, belief.credible);
  said.probability_greater = belief.probability_greater;
  return {};
}

void set_cohens_h(UnitComparison& said, const Proportion& first, const Proportion& second) {
  if (const auto h = cohens_h(first.successes / first.trials, second.successes / second.trials))
    said.effect_size = NamedNumber{"Cohen's h", *h};
}

void set_cohens_d(UnitComparison& said, const Moments& first, const Moments& second) {
  if (const auto d = cohens_d(first, second)) said.effect_size = NamedNumber{"Cohen's d", *d};
}

/// By units' values less what the covariate tells of them. The relative interval by the delta method: with the adjusted
/// difference d, the control's mean m and its variance V, the adjusted mean's covariance with m being
/// C = V - theta cov(y, x) / n, var(d / m) = var(d) / m^2 + d^2 V / m^4 + 2 d C / m^3.
Status compare_with_covariate(const UnitSample& control, const UnitSample& treated, const TestOptions& options,
                              UnitComparison& said) {
  const CovariateMoments first = covariate_moments_of(control);
  TROUPE_TRY(const AdjustedEstimate estimate, cuped(first, covariate_moments_of(treated)));
  const double difference = estimate.adjusted.value;
  const double error = estimate.adjusted.standard_error;
  TROUPE_TRY(const TestResult test, wald_test("z, adjusted for the covariate (CUPED)", difference, error, {}, options));
  set_test(said, test);
  set_difference(said, difference, test.interval);
  said.variance_reduction = estimate.variance_reduction;
  const double m = first.mean_y;
  if (m == 0) return {};
  const double variance = first.m2_y / (first.n - 1) / first.n;
  const double covariance = variance - estimate.theta * first.m_xy / (first.n - 1) / first.n;
  const double relative_variance = error * error / (m * m) + difference * difference * variance / (m * m * m * m) +
                                   2 * difference * covariance / (m * m * m);
  if (!(relative_variance > 0)) return {};
  set_relative(said, wald_test("", difference / m, std::sqrt(relative_variance), {}, options));
  return {};
}

Status compare_conversions(Method method, const UnitSample& control, const UnitSample& treated,
                           const TestOptions& options, UnitComparison& said) {
  const Proportion first = proportion_of(control);
  const Proportion second = proportion_of(treated);
  set_cohens_h(said, first, second);
  if (method == Method::bayesian)
    return set_belief(said, "Bayesian, uniform priors", rate_posterior(first), rate_posterior(second),
                      options.confidence);
  const auto test = method == Method::fisher    ? fisher_exact(first, second, options)
                    : method == Method::barnard ? barnard_exact(first, second, options)
                                                : two_proportion_z(first, second, {.test = options});
  if (!test) return fail(test.error());
  set_test(said, *test);
  set_difference(said, test->estimate, test->interval);
  set_relative(said, relative_lift_of_proportions(first, second, options));
  return {};
}

Status compare_ranks(const UnitSample& control, const UnitSample& treated, const TestOptions& options,
                     UnitComparison& said) {
  TROUPE_TRY(const TestResult test, mann_whitney(control.x, treated.x, {.test = options}));
  set_test(said, test);
  said.difference = *said.treated - *said.control;
  said.estimate = NamedEstimate{"chance that the treated one is larger", test.estimate, test.interval};
  return {};
}

Status compare_means(Method method, const UnitSample& control, const UnitSample& treated, const TestOptions& options,
                     UnitComparison& said) {
  const Moments first = moments_of(control);
  const Moments second = moments_of(treated);
  set_cohens_d(said, first, second);
  if (method == Method::mann_whitney) return compare_ranks(control, treated, options, said);
  if (method == Method::bayesian)
    return set_belief(said, "Bayesian, Jeffreys' priors", mean_posterior(first), mean_posterior(second),
                      options.confidence);
  Result<TestResult> test = method == Method::t ? student_t(first, second, options) : welch_t(first, second, options);
  if (method == Method::z) {
    TROUPE_TRY(const Estimate estimate, difference_of_means(first, second));
    test = wald_test("z of means", estimate.value, estimate.standard_error, {}, options);
  }
  if (!test) return fail(test.error());
  set_test(said, *test);
  set_difference(said, test->estimate, test->interval);
  set_relative(said, relative_lift_of_means(first, second, LiftInterval::delta, options));
  return {};
}

Status compare_counts(Method method, const UnitSample& control, const UnitSample& treated, const TestOptions& options,
                      UnitComparison& said) {
  const Rate first = rate_of(control);
  const Rate second = rate_of(treated);
  if (method == Method::bayesian)
    return set_belief(said, "Bayesian, Jeffreys' priors", event_rate_posterior(first.count, first.exposure),
                      event_rate_posterior(second.count, second.exposure), options.confidence);
  said.difference = *said.treated - *said.control;
  if (const auto robust = ratio_difference(ratio_moments_of(control), ratio_moments_of(treated), options))
    said.interval = robust->interval;
  if (method == Method::poisson || method == Method::poisson_score) {
    const auto test =
        method == Method::poisson ? poisson_exact(first, second, options) : poisson_score(first, second, options);
    if (!test) return fail(test.error());
    set_test(said, *test);
    set_ratio(said, "rate ratio", *test);
    return {};
  }
  TROUPE_TRY(const NegativeBinomialResult fitted, negative_binomial_rates(counted(control), counted(treated), options));
  set_test(said, fitted.test);
  set_ratio(said, "rate ratio", fitted.test);
  said.dispersion = fitted.dispersion;
  return {};
}

Status compare_ratios(const UnitSample& control, const UnitSample& treated, const TestOptions& options,
                      UnitComparison& said) {
  const RatioMoments first = ratio_moments_of(control);
  const RatioMoments second = ratio_moments_of(treated);
  TROUPE_TRY(const TestResult test, ratio_difference(first, second, options));
  set_test(said, test);
  set_difference(said, test.estimate, test.interval);
  set_relative(said, relative_lift_of_ratios(first, second, options));
  return {};
}

Status compare_quantiles(double quantile, const UnitSample& control, const UnitSample& treated,
                         const TestOptions& options, UnitComparison& said) {
  const bool is_clustered = control.values.size() > control.units || treated.values.size() > treated.units;
  const auto estimate = [&](const UnitSample& sample) {
    if (is_clustered) return quantile_of_clusters(sample.values, quantile, options.confidence);
    std::vector<double> values;
    for (const UnitValue& one : sample.values) values.push_back(one.value);
    return quantile_of_values(values, quantile, options.confidence);
  };
  TROUPE_TRY(const QuantileEstimate first, estimate(control));
  TROUPE_TRY(const QuantileEstimate second, estimate(treated));
  said.control = first.value;
  said.treated = second.value;
  TROUPE_TRY(const TestResult test, quantile_difference(first, second, options));
  set_test(said, test);
  set_difference(said, test.estimate, test.interval);
  set_relative(said, relative_lift_by_delta("", {first.value, first.standard_error * first.standard_error},
                                            {second.value, second.standard_error * second.standard_error}, options));
  return {};
}

Status compare_times(Method method, const UnitSample& control, const UnitSample& treated, const TestOptions& options,
                     UnitComparison& said) {
  const auto first = survivals(control);
  const auto second = survivals(treated);
  TROUPE_TRY(const SurvivalCurve control_curve, kaplan_meier(first, options.confidence));
  TROUPE_TRY(const SurvivalCurve treated_curve, kaplan_meier(second, options.confidence));
  said.control = control_curve.median;
  said.treated = treated_curve.median;
  const auto cox = cox_hazard_ratio(first, second, Ties::efron, options);
  if (cox) said.estimate = NamedEstimate{"hazard ratio", cox->estimate, cox->interval};
  if (method == Method::cox && !cox) return fail(cox.error());
  if (method == Method::cox) {
    set_test(said, *cox);
    return {};
  }
  TROUPE_TRY(const TestResult test, log_rank(first, second, options));
  set_test(said, test);
  return {};
}

/// Of all kinds but quantiles and times, which estimate theirs.
std::optional<double> value_of(Kind kind, const UnitSample& sample) {
  if (kind == Kind::quantile || kind == Kind::time) return std::nullopt;
  const double value =
      kind == Kind::mean || kind == Kind::conversion ? mean_of(sample.x) : sum_of(sample.x) / sum_of(sample.y);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

Status compare(const TableMetric& metric, Method method, const UnitSample& control, const UnitSample& treated,
               const TestOptions& options, UnitComparison& said) {
  if (!metric.covariate.empty()) return compare_with_covariate(control, treated, options, said);
  switch (metric.kind) {
    case Kind::conversion:
      return compare_conversions(method, control, treated, options, said);
    case Kind::mean:
      return compare_means(method, control, treated, options, said);
    case Kind::count:
      if (method == Method::welch || method == Method::t || method == Method::z || method == Method::mann_whitney)
        return compare_means(method, control, treated, options, said);
      return compare_counts(method, control, treated, options, said);
    case Kind::ratio:
      return compare_ratios(control, treated, options, said);
    case Kind::quantile:
      return compare_quantiles(metric.quantile, control, treated, options, said);
    case Kind::time:
      return compare_times(method, control, treated, options, said);
  }
  return {};
}

}  // namespace

UnitComparison compare_units(const TableMetric& metric, const UnitSample& control, const UnitSample& treated,
                             const TestOptions& options) {
  UnitComparison said;
  if (control.units == 0 || treated.units == 0) {
    said.reason = control.units == 0 ? "the control has no units" : "the variant has no units";
    return said;
  }
  said.control = value_of(metric.kind, control);
  said.treated = value_of(metric.kind, treated);
  const Method method = metric.method == Method::automatic ? methods_of(metric).front() : metric.method;
  if (const Status compared = compare(metric, method, control, treated, options, said); !compared)
    said.reason = compared.error().message;
  return said;
}

}  // namespace troupe::experiment
