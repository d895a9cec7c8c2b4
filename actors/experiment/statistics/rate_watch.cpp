#include "actors/experiment/statistics/rate_watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "actors/experiment/statistics/quadrature.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double theta_max = OddsLikelihood::theta_max;

struct Range {
  double low, high;
};

Range prior_range(Alternative alternative) {
  return {alternative == Alternative::greater ? 0 : -theta_max, alternative == Alternative::less ? 0 : theta_max};
}

/// The end of {theta : value(theta) > level} on the side of `outer` from `peak`, by bisection; beyond the nodes the
/// likelihood is a line.
double crossing(const OddsLikelihood& likelihood, double level, double peak, double outer) {
  if (likelihood.value(outer) > level) {
    const double slope = likelihood.slope(outer);
    const bool falls = outer > 0 ? slope < 0 : slope > 0;
    return falls ? outer + (level - likelihood.value(outer)) / slope : std::copysign(infinity, outer);
  }
  double inside = peak, outside = outer;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (inside + outside);
    (likelihood.value(middle) > level ? inside : outside) = middle;
  }
  return outside;
}

}  // namespace

Result<RateWatch> RateWatch::make(RateWatchOptions options) {
  TROUPE_CHECK(check_open_unit(options.alpha, "alpha"));
  if (!(options.prior_sd > 0 && options.prior_sd <= 2)) {
    return fail_field("prior_sd", "prior_sd is {}; it must be above 0 and at most 2", options.prior_sd);
  }
  if (options.batch_trials_min < 2) {
    return fail_field("batch_trials_min", "batch_trials_min is {}; a batch needs at least 2 trials",
                      options.batch_trials_min);
  }
  return RateWatch(options);
}

Status RateWatch::add(RateCounts a, RateCounts b) {
  for (const auto& arm : {a, b}) {
    if (static_cast<double>(arm.trials) > count_max) {
      return fail(Errc::invalid_argument, "an arm has {} new trials; at most 2^53 can be told at once", arm.trials);
    }
    if (arm.successes <= arm.trials) continue;
    return fail(Errc::invalid_argument, "an arm has {} successes in {} trials", arm.successes, arm.trials);
  }
  waiting_a_.trials += a.trials;
  waiting_a_.successes += a.successes;
  waiting_b_.trials += b.trials;
  waiting_b_.successes += b.successes;
  if (waiting_a_.trials + waiting_b_.trials >= options_.batch_trials_min) close_batch();
  return {};
}

void RateWatch::close_batch() {
  likelihood_.add(waiting_a_, waiting_b_);
  waiting_a_ = waiting_b_ = {};
  if (!likelihood_.informed()) return;
  log_e_ = log_mixture();
  log_e_max_ = std::max(log_e_max_, log_e_);
}

double RateWatch::log_mixture() const {
  const auto [low, high] = prior_range(options_.alternative);
  const double precision = 1 / (options_.prior_sd * options_.prior_sd);
  const auto log_integrand = [&](double theta) { return likelihood_.value(theta) - 0.5 * precision * theta * theta; };
  const auto slope = [&](double theta) { return likelihood_.slope(theta) - precision * theta; };

  double left = low, right = high;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (left + right);
    (slope(middle) > 0 ? left : right) = middle;
  }
  const double peak = 0.5 * (left + right);
  // Log-concave. Around a peak inside the range it falls like a normal density at least, from one at an end of the
  // range like an exponential.
  const double normal_width = 1 / std::sqrt(precision - likelihood_.curvature(peak));
  const double exponential_width = 1 / std::abs(slope(peak));
  const bool at_end = exponential_width < normal_width;
  const double width = at_end ? exponential_width : normal_width, reach = (at_end ? 40 : 9) * width;
  const double top = log_integrand(peak);
  double integral = 0;
  for (const auto& node : panel_nodes(std::max(low, peak - reach), std::min(high, peak + reach), 3 * width)) {
    integral += node.weight * std::exp(log_integrand(node.x) - top);
  }
  const double root = options_.prior_sd * std::sqrt(2 * std::numbers::pi);
  const double side = std::erf(theta_max / (options_.prior_sd * std::numbers::sqrt2));
  const double prior_mass = options_.alternative == Alternative::two_sided ? side : 0.5 * side;
  return top + std::log(integral / (root * prior_mass));
}

Result<TestResult> RateWatch::now() const {
  if (!likelihood_.informed()) {
    return fail(Errc::invalid_argument,
                "no batch has trials of both arms, a success and a failure: their rates can't be compared yet");
  }
  TestResult result;
  result.method = "sequential conditional odds ratio";
  result.statistic = log_e_;
  result.p_value = std::exp(-log_e_max_);
  const double peak = likelihood_.peak();
  result.estimate = peak;
  const double level = log_e_ + std::log(options_.alpha);
  result.interval = {-infinity, infinity};
  if (options_.alternative != Alternative::less) {
    result.interval.low = crossing(likelihood_, level, peak, -theta_max);
  }
  if (options_.alternative != Alternative::greater) {
    result.interval.high = crossing(likelihood_, level, peak, theta_max);
  }
  return result;
}

}  // namespace troupe::experiment
