#pragma once
// UnitComparison: two samples of units in one metric, compared by the metric's method.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/experiment/statistics/quantiles.hpp"
#include "actors/experiment/statistics/summary.hpp"
#include "actors/experiment/table/table_metric.hpp"

namespace troupe::experiment {

/// What of a UnitColumn belongs to some units.
struct UnitSample {
  uint64_t units = 0;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> covariate;
  std::vector<UnitValue> values;
};

/// What the method estimates where that is no difference: a ratio of rates or hazards, a chance.
struct NamedEstimate {
  std::string_view name;
  double value = 0;
  Interval interval;
};

struct NamedNumber {
  std::string_view name;
  double value = 0;
};

struct UnitComparison {
  std::optional<double>
      control;  ///< Values: a rate, a mean, a ratio, a quantile, a median time; none where there is none.
  std::optional<double> treated;
  std::string method;
  std::optional<double> difference;  ///< treated - control, adjusted where there is a covariate.
  std::optional<Interval> interval;  ///< Of the difference; credible, of the Bayesian method.
  std::optional<double> relative;    ///< To the control's value.
  std::optional<Interval> relative_interval;
  std::optional<NamedEstimate> estimate;
  std::optional<double> statistic;
  std::optional<double> df;
  std::optional<double> p_value;
  std::optional<NamedNumber> effect_size;  ///< Cohen's d or h.
  std::optional<double>
      probability_greater;  ///< Of the Bayesian method: that the treated arm's value is the greater one.
  std::optional<double> variance_reduction;  ///< Of a covariate.
  std::optional<double> dispersion;          ///< Of the negative binomial model.
  std::string reason;                        ///< Why there is no answer; else empty.
};

/// Intervals are at options.confidence. Relative intervals: Katz's for proportions, the ratio's own for rates of
/// counts, else by the delta method. A conversion's absolute interval is Newcombe's; that of counts is the delta
/// method's, units being clusters. A quantile is compared by clusters where a unit has several values. Hazard ratios
/// are Cox's (Efron).
UnitComparison compare_units(const TableMetric& metric, const UnitSample& control, const UnitSample& treated,
                             const TestOptions& options);

}  // namespace troupe::experiment
