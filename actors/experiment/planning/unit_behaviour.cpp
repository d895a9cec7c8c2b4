#include "actors/experiment/planning/unit_behaviour.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "actors/experiment/bandit/draws.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/ledger/fixed_point.hpp"
#include "actors/experiment/statistics/distributions.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::experiment {
namespace {

const std::string requests_measure = "requests";
const std::string errors_measure = "errors";
const std::string latency_measure = "latency_ms";
constexpr double mean_max = 1e6;
constexpr double latency_ms_max = 1e9;
constexpr double survival_seconds_max = 1e8;

bool is_of_attempts(const std::string& measure) {
  const auto names = attempt_measure_names();
  return std::ranges::find(names, measure) != names.end();
}

bool is_of_requests(const MetricDefinition& metric) {
  return metric.kind == MetricKind::ratio || metric.kind == MetricKind::quantile;
}

/// Null where there is none of the name.
const MetricDefinition* find_metric(const Definition& definition, const std::string& name) {
  const auto found = std::ranges::find(definition.metrics, name, &MetricDefinition::name);
  return found == definition.metrics.end() ? nullptr : &*found;
}

Status check_drawn(const MetricDefinition& metric) {
  const auto unsupported = [&](std::string_view why) {
    return fail(Errc::unimplemented, "metric {}: {}", metric.name, why);
  };
  const std::string& measure = measure_of(metric);
  const bool is_drawn_of_attempts = measure == errors_measure || measure == latency_measure;
  if (is_of_attempts(measure) && !(is_of_requests(metric) && is_drawn_of_attempts))
    return unsupported(fmt::format(
        "{} is measured of attempts, of which errors (as a ratio) and latency_ms (as a ratio or quantile) are drawn",
        measure));
  if (!metric.per.empty() && metric.per != requests_measure)
    return unsupported(fmt::format("ratios are drawn by requests, and not by {}", metric.per));
  if (metric.covariate) return unsupported("what units did before, its `covariate`, is not drawn");
  if (metric.least || metric.most) return unsupported("its true value with `least` and `most` is not known");
  return {};
}

Status check_rate(double rate) {
  if (rate >= 0 && rate <= 1) return {};
  return fail(Errc::invalid_argument, "a rate must lie from 0 to 1, found {}", rate);
}

Status check_mean(MetricKind kind, double mean, double deviation) {
  if (!(std::abs(mean) <= mean_max))
    return fail(Errc::invalid_argument, "a mean must lie from -1e6 to 1e6, found {}", mean);
  if (!(deviation >= 0 && deviation <= mean_max))
    return fail(Errc::invalid_argument, "a standard deviation must lie from 0 to 1e6, found {}", deviation);
  if (kind == MetricKind::ratio || kind == MetricKind::quantile) {
    if (!(mean >= value_mean_min))
      return fail(Errc::invalid_argument, "the mean of a request's value must be at least {}, found {}", value_mean_min,
                  mean);
    if (!(deviation <= value_spread_max * mean))
      return fail(Errc::invalid_argument, "the standard deviation of a request's value is at most {} times its mean {}",
                  value_spread_max, mean);
  }
  if (kind != MetricKind::count) return {};
  if (!(mean >= 0 && mean <= count_mean_max))
    return fail(Errc::invalid_argument, "the mean of a count must lie from 0 to {}, found {}", count_mean_max, mean);
  if (deviation * deviation < mean * (1 - 1e-6))
    return fail(Errc::invalid_argument, "counts of mean {} have a standard deviation of at least {:.4g}, found {}",
                mean, std::sqrt(mean), deviation);
  return {};
}

/// Whether the kind has standard deviations in this behaviour; of a ratio both are possible.
Result<bool> has_deviations(const MetricDefinition& metric, const MetricBehaviour& behaviour) {
  const bool given = !behaviour.deviations.empty();
  switch (metric.kind) {
    case MetricKind::conversion:
      if (given) return fail(Errc::invalid_argument, "a conversion has rates, and no standard deviations");
      return false;
    case MetricKind::survival:
      if (given)
        return fail(Errc::invalid_argument, "the time until something happens has a mean, and no standard deviation");
      return false;
    case MetricKind::ratio:
      if (given && measure_of(metric) == errors_measure)
        return fail(Errc::invalid_argument, "errors have rates, and no standard deviations");
      if (!given && measure_of(metric) == latency_measure)
        return fail(Errc::invalid_argument, "latency has means and standard deviations, and no rates");
      return given;
    default:
      return true;
  }
}

Status check_numbers(const MetricDefinition& metric, const MetricBehaviour& behaviour, size_t variants) {
  const auto named = [&](const Error& error) { return fail(error.code, "metric {}: {}", metric.name, error.message); };
  const auto deviates = has_deviations(metric, behaviour);
  if (!deviates) return named(deviates.error());
  if (behaviour.means.size() != variants)
    return fail(Errc::invalid_argument, "metric {}: there are {} values for {} variants", metric.name,
                behaviour.means.size(), variants);
  if (*deviates && behaviour.deviations.size() != variants)
    return fail(Errc::invalid_argument, "metric {}: there are {} standard deviations for {} variants", metric.name,
                behaviour.deviations.size(), variants);
  for (size_t arm = 0; arm < variants; ++arm) {
    const double mean = behaviour.means[arm];
    if (metric.kind == MetricKind::survival) {
      if (!(mean > 0 && mean <= survival_seconds_max))
        return fail(Errc::invalid_argument, "metric {}: a mean of seconds must lie above 0 and up to 1e8, found {}",
                    metric.name, mean);
      continue;
    }
    const Status checked = *deviates ? check_mean(metric.kind, mean, behaviour.deviations[arm]) : check_rate(mean);
    if (!checked) return named(checked.error());
  }
  return {};
}

double draw_poisson(double mean, Random& random) {
  // A sum of such: exp(-mean) must be no denormal.
  constexpr double part_max = 30;
  double count = 0;
  for (double left = mean; left > 0; left -= part_max) {
    const double limit = std::exp(-std::min(left, part_max));
    for (double product = random.uniform(); product > limit; product *= random.uniform()) ++count;
  }
  return count;
}

double draw_count(double mean, double deviation, Random& random) {
  const double extra = deviation * deviation - mean;
  if (mean == 0 || extra <= mean * 1e-6) return draw_poisson(mean, random);
  return draw_poisson(draw_gamma(mean * mean / extra, random) * extra / mean, random);
}

double draw_sum(double mean, double deviation, Random& random) {
  if (deviation == 0) return mean;
  if (mean <= 0) return mean + deviation * draw_normal(random);
  const double scale = deviation * deviation / mean;
  return draw_gamma(mean / scale, random) * scale;
}

/// Of the logarithm of a lognormal value.
struct LogMoments {
  double mean;
  double deviation;
};

LogMoments log_moments(double mean, double deviation) {
  const double spread = deviation / mean;
  const double variance = std::log1p(spread * spread);
  return {std::log(mean) - variance / 2, std::sqrt(variance)};
}

double true_value(const MetricDefinition& metric, const MetricBehaviour& behaviour, size_t arm) {
  if (metric.kind != MetricKind::quantile) return behaviour.means[arm];
  const LogMoments logs = log_moments(behaviour.means[arm], behaviour.deviations[arm]);
  return std::exp(logs.mean + logs.deviation * quantile(Normal{}, metric.quantile).value());
}

}  // namespace

Status check(const UnitBehaviour& behaviour, const Definition& definition) {
  if (behaviour.metrics.empty())
    return fail(Errc::invalid_argument, "nothing happens: say what the units do in at least one goal");
  if (!(behaviour.requests >= 1 && behaviour.requests <= unit_requests_max))
    return fail(Errc::invalid_argument, "a unit makes 1 to {} requests on average, found {}", unit_requests_max,
                behaviour.requests);
  if (!(behaviour.correlation >= 0 && behaviour.correlation < 1))
    return fail(Errc::invalid_argument, "the correlation of a unit's requests must lie from 0 to below 1, found {}",
                behaviour.correlation);
  std::vector<std::string> names;
  for (const MetricDefinition& metric : definition.metrics) names.push_back(metric.name);
  bool has_goal = false;
  std::set<std::string> measures;
  for (const MetricBehaviour& one : behaviour.metrics) {
    const MetricDefinition* const metric = find_metric(definition, one.metric);
    if (metric == nullptr)
      return fail(Errc::invalid_argument, "experiment {} has no metric {}{}", definition.name, one.metric,
                  did_you_mean(one.metric, names));
    TROUPE_CHECK(check_drawn(*metric));
    TROUPE_CHECK(check_numbers(*metric, one, definition.variants.size()));
    if (!measures.insert(measure_of(*metric)).second)
      return fail(Errc::invalid_argument, "{} is said twice: metric {} is of the same measure as another",
                  measure_of(*metric), metric->name);
    has_goal = has_goal || metric->role == MetricRole::goal;
  }
  if (!has_goal) return fail(Errc::invalid_argument, "nothing happens in any goal, so nothing could be decided");
  return {};
}

double true_effect(const MetricDefinition& metric, const MetricBehaviour& behaviour, size_t arm) {
  const double control = true_value(metric, behaviour, 0);
  const double treated = true_value(metric, behaviour, arm);
  return metric.kind == MetricKind::survival ? control / treated - 1 : treated - control;
}

UnitDraws::UnitDraws(const Definition& definition, const UnitBehaviour& behaviour)
    : behaviour_(behaviour),
      unit_kind_(definition.unit),
      window_us_(std::chrono::duration<double, std::micro>(definition.window).count()) {
  for (const MetricBehaviour& one : behaviour.metrics) {
    const MetricDefinition* const metric = find_metric(definition, one.metric);
    if (!is_of_requests(*metric)) {
      of_units_.push_back({metric, &one});
      continue;
    }
    of_requests_.push_back({{metric, &one}});
    has_attempts_ = has_attempts_ || metric->per == requests_measure || is_of_attempts(measure_of(*metric));
  }
}

void UnitDraws::draw(const std::string& name, protocol::ArmOf place, int64_t time_unix_us, Random& random,
                     std::vector<protocol::Event>& events) {
  const Unit unit{name, place, time_unix_us, random, events};
  events.push_back({time_unix_us, unit_kind_, name, protocol::Exposure{place}});
  for (const Drawn& drawn : of_units_) draw_of_unit(drawn, unit);
  if (of_requests_.empty()) return;
  for (OfRequests& metric : of_requests_) set_unit(metric, unit);
  for (double left = 1 + draw_poisson(behaviour_.requests - 1, random); left >= 1; --left) draw_request(unit);
}

void UnitDraws::draw_of_unit(const Drawn& drawn, const Unit& unit) {
  const double mean = drawn.behaviour->means[unit.place.arm];
  switch (drawn.metric->kind) {
    case MetricKind::conversion:
      if (unit.random.uniform() < mean) add_outcome(unit, *drawn.metric, 1);
      break;
    case MetricKind::count:
      for (double left = draw_count(mean, drawn.behaviour->deviations[unit.place.arm], unit.random); left >= 1; --left)
        add_outcome(unit, *drawn.metric, 1);
      break;
    case MetricKind::survival:
      if (const double after_us = -std::log1p(-unit.random.uniform()) * mean * 1e6; after_us <= window_us_)
        add_outcome(unit, *drawn.metric, 1, static_cast<int64_t>(after_us));
      break;
    default:
      add_outcome(unit, *drawn.metric, draw_sum(mean, drawn.behaviour->deviations[unit.place.arm], unit.random));
  }
}

/// Of values a unit's share of the logarithms' variance is the correlation; of rates Beta(a, b) has the variance
/// p (1 - p) / (a + b + 1), which is to be p (1 - p) correlation.
void UnitDraws::set_unit(OfRequests& metric, const Unit& unit) const {
  const MetricBehaviour& said = *metric.drawn.behaviour;
  const double mean = said.means[unit.place.arm];
  const double correlation = behaviour_.correlation;
  if (said.deviations.empty()) {
    const double total = (1 - correlation) / correlation;
    const bool varies = correlation > 0 && mean > 0 && mean < 1;
    metric.rate = varies ? draw_beta(mean * total, (1 - mean) * total, unit.random) : mean;
    return;
  }
  const LogMoments logs = log_moments(mean, said.deviations[unit.place.arm]);
  metric.log_center = logs.mean;
  if (correlation > 0) metric.log_center += logs.deviation * std::sqrt(correlation) * draw_normal(unit.random);
  metric.log_spread = logs.deviation * std::sqrt(1 - correlation);
}

void UnitDraws::draw_request(const Unit& unit) {
  protocol::Attempt attempt;
  attempt.place = unit.place;
  for (const OfRequests& metric : of_requests_) {
    const MetricDefinition& asked = *metric.drawn.metric;
    const bool is_rate = metric.drawn.behaviour->deviations.empty();
    const double value = is_rate ? static_cast<double>(unit.random.uniform() < metric.rate)
                                 : std::exp(metric.log_center + metric.log_spread * draw_normal(unit.random));
    if (measure_of(asked) == errors_measure) {
      attempt.cause = value > 0 ? static_cast<uint32_t>(Errc::internal) : 0;
    } else if (measure_of(asked) == latency_measure) {
      attempt.latency_us = std::llround(std::min(value, latency_ms_max) * 1000);
    } else {
      add_outcome(unit, asked, value);
    }
  }
  if (has_attempts_) unit.events.push_back({unit.time_unix_us, unit_kind_, unit.name, attempt});
}

void UnitDraws::add_outcome(const Unit& unit, const MetricDefinition& metric, double value, int64_t after_us) {
  const Fixed fixed = to_fixed(std::clamp(value, -value_max, value_max)).value();
  unit.events.push_back({unit.time_unix_us + after_us, unit_kind_, unit.name,
                         protocol::Outcome{0, ++outcomes_, measure_of(metric), fixed}});
}

}  // namespace troupe::experiment
