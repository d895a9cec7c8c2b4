#pragma once
// What the units of a rehearsal do: the events that one of them sends, drawn so that the true effects are known. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "actors/experiment/definition/definition.hpp"
#include "runtime/base/random.hpp"
#include "runtime/protocol/events.hpp"

namespace troupe::experiment {

/// What the units of each variant do in one metric, by its kind:
/// - a conversion: a rate of units, without deviations;
/// - a count: a unit's events, negative binomial, or Poisson's where the variance is the mean;
/// - a sum: a unit's value, gamma where the mean is above 0, else normal;
/// - a ratio: a rate of requests, without deviations, or else a request's value, lognormal;
/// - a quantile: a request's value, lognormal;
/// - survival: the seconds until it happens, exponential, without deviations.
struct MetricBehaviour {
  std::string metric;              ///< Its name in the definition.
  std::vector<double> means;       ///< One for each variant: the rates or means.
  std::vector<double> deviations;  ///< One for each variant, or none.
};

struct UnitBehaviour {
  std::vector<MetricBehaviour> metrics;  ///< Of others nothing happens.
  double requests = 1;                   ///< Of a unit on average: one, and a Poisson number more.
  /// Between the requests of a unit, in each metric of requests: of rates the intraclass correlation (rates of units
  /// are beta distributed), of values that of their logarithms. [0, 1)
  double correlation = 0;
};

inline constexpr double count_mean_max = 200;     ///< Of counts: a unit's events are kept one by one.
inline constexpr double unit_requests_max = 200;  ///< On average.
inline constexpr double value_mean_min = 1e-3;    ///< Of requests' values, which are kept to 1e-6.
inline constexpr double value_spread_max = 1000;  ///< Of requests' values: the standard deviation by the mean.

/// Errors: invalid_argument where a behaviour does not fit its metric, unimplemented where a metric is not drawn: of
/// attempts all but errors and latency_ms, ratios by something other than requests, covariates and winsorising.
/// Requires check(definition).
Status check(const UnitBehaviour& behaviour, const Definition& definition);

/// What the metric's analysis estimates: the difference of means, rates or quantiles; of survival the hazard ratio
/// less 1, which Peto's estimate comes near to where it is not far from 0 (to 2 % at 1, 14 % too high at 3).
double true_effect(const MetricDefinition& metric, const MetricBehaviour& behaviour, size_t arm);

/// Draws units one by one. The definition and the behaviour, which must pass check(), outlive it.
class UnitDraws {
 public:
  UnitDraws(const Definition& definition, const UnitBehaviour& behaviour);

  /// Adds what a unit does that comes at `time_unix_us`, its exposure first. What happens later has its later time.
  void draw(const std::string& unit, protocol::ArmOf place, int64_t time_unix_us, Random& random,
            std::vector<protocol::Event>& events);

 private:
  struct Drawn {
    const MetricDefinition* metric;
    const MetricBehaviour* behaviour;
  };
  /// One metric of requests, and what all requests of the present unit have in common.
  struct OfRequests {
    Drawn drawn;
    double rate = 0;
    double log_center = 0;
    double log_spread = 0;
  };
  /// The present unit, to whom `events` are added.
  struct Unit {
    const std::string& name;
    protocol::ArmOf place;
    int64_t time_unix_us;
    Random& random;
    std::vector<protocol::Event>& events;
  };

  void draw_of_unit(const Drawn& drawn, const Unit& unit);
  void set_unit(OfRequests& metric, const Unit& unit) const;
  void draw_request(const Unit& unit);
  void add_outcome(const Unit& unit, const MetricDefinition& metric, double value, int64_t after_us = 0);

  const UnitBehaviour& behaviour_;
  protocol::UnitKind unit_kind_;
  double window_us_;  ///< What happens to a unit after it counts nowhere, and is not drawn.
  std::vector<Drawn> of_units_;
  std::vector<OfRequests> of_requests_;
  bool has_attempts_ = false;  ///< Some metric is measured of them.
  uint64_t outcomes_ = 0;
};

}  // namespace troupe::experiment
