#include "actors/experiment/statistics/mean_sequence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double ratio_max = 1e100;

Status check(const Estimate& estimate, double prior_sd) {
  if (!std::isfinite(estimate.value)) {
    return fail(Errc::invalid_argument, "the estimate is {}; it must be finite", estimate.value);
  }
  if (!(estimate.standard_error > 0 && std::isfinite(estimate.standard_error))) {
    return fail(Errc::invalid_argument,
                "the estimate's standard error is {}; it must be above 0 and finite (what never varies has no test)",
                estimate.standard_error);
  }
  if (!(prior_sd > 0 && std::isfinite(prior_sd))) {
    return fail(Errc::invalid_argument, "the prior's standard deviation is {}; it must be above 0 and finite",
                prior_sd);
  }
  // Their squares must be finite.
  if (std::abs(estimate.value) / estimate.standard_error < ratio_max &&
      prior_sd / estimate.standard_error < ratio_max) {
    return {};
  }
  return fail(Errc::invalid_argument,
              "the standard error {} is too small beside the estimate {} and the prior's standard deviation {}",
              estimate.standard_error, estimate.value, prior_sd);
}

/// log(2 Phi(w) exp(w^2 / 2)), also where Phi(w) is too small for a double.
double log_scaled_normal_cdf(double w) {
  if (w > -30) return 0.5 * w * w + std::log(std::erfc(-w / std::numbers::sqrt2));
  const double v = 1 / (w * w);
  return -std::log(-w * std::sqrt(std::numbers::pi / 2)) + std::log1p(-v * (1 - 3 * v * (1 - 5 * v * (1 - 7 * v))));
}

double log_evidence_of(double z, double x, Alternative alternative) {
  const double w = z * std::sqrt(x / (1 + x)), prior = 0.5 * std::log1p(x);
  if (alternative == Alternative::two_sided) return 0.5 * w * w - prior;
  return log_scaled_normal_cdf(alternative == Alternative::greater ? w : -w) - prior;
}

/// The z at which the evidence reaches log(1 / alpha); it rises with z towards the alternative.
double critical_z(double x, double alpha, Alternative alternative) {
  const double two_sided = std::sqrt((1 + 1 / x) * (std::log1p(x) - 2 * std::log(alpha)));
  if (alternative == Alternative::two_sided) return two_sided;
  double low = 0, high = two_sided;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (log_evidence_of(middle, x, Alternative::greater) < -std::log(alpha) ? low : high) = middle;
  }
  return high;
}

double intrinsic(const Estimate& estimate, double prior_sd) {
  const double ratio = prior_sd / estimate.standard_error;
  return ratio * ratio;
}

}  // namespace

Result<double> tuned_prior_sd(double standard_error, double alpha) {
  TROUPE_CHECK(check_open_unit(alpha, "alpha"));
  TROUPE_CHECK(check({.standard_error = standard_error}, standard_error));
  double x = 1 - 2 * std::log(alpha);
  for (int i = 0; i < 200; ++i) x = std::log1p(x) - 2 * std::log(alpha);
  return std::sqrt(x) * standard_error;
}

Result<double> log_mean_evidence(const Estimate& estimate, double prior_sd, Alternative alternative) {
  TROUPE_CHECK(check(estimate, prior_sd));
  return log_evidence_of(estimate.value / estimate.standard_error, intrinsic(estimate, prior_sd), alternative);
}

Result<Interval> mean_sequence(const Estimate& estimate, double prior_sd, double alpha, Alternative alternative) {
  TROUPE_CHECK(check_open_unit(alpha, "alpha"));
  TROUPE_CHECK(check(estimate, prior_sd));
  const double reach = estimate.standard_error * critical_z(intrinsic(estimate, prior_sd), alpha, alternative);
  return Interval{alternative == Alternative::less ? -infinity : estimate.value - reach,
                  alternative == Alternative::greater ? infinity : estimate.value + reach};
}

Result<MeanWatch> MeanWatch::make(MeanSequenceOptions options) {
  TROUPE_CHECK(check_open_unit(options.alpha, "alpha"));
  if (options.units_planned == 0) return fail_field("units_planned", "units_planned is 0; it must be above 0");
  if (options.units_min < 2) {
    return fail_field("units_min", "units_min is {}; a variance needs at least 2 units", options.units_min);
  }
  return MeanWatch(options);
}

Status MeanWatch::look(const Estimate& estimate) {
  if (std::min(estimate.units_a, estimate.units_b) < options_.units_min) return {};
  TROUPE_CHECK(check(estimate, estimate.standard_error));
  if (!last_) {
    const auto units = static_cast<double>(estimate.units_a + estimate.units_b);
    const double planned = estimate.standard_error * std::sqrt(units / static_cast<double>(options_.units_planned));
    TROUPE_TRY(prior_sd_, tuned_prior_sd(planned, options_.alpha));
  }
  last_ = estimate;
  TROUPE_TRY(log_e_, log_mean_evidence(estimate, prior_sd_, options_.alternative));
  log_e_max_ = std::max(log_e_max_, log_e_);
  return {};
}

Result<TestResult> MeanWatch::now() const {
  if (!last_) {
    return fail(Errc::invalid_argument, "no look yet at {} units of each arm: before that nothing is said",
                options_.units_min);
  }
  TestResult result;
  result.method = "asymptotic confidence sequence";
  result.statistic = log_e_;
  result.p_value = std::exp(-log_e_max_);
  result.estimate = last_->value;
  TROUPE_TRY(result.interval, mean_sequence(*last_, prior_sd_, options_.alpha, options_.alternative));
  return result;
}

}  // namespace troupe::experiment
