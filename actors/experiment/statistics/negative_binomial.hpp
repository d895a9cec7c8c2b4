#pragma once
// Rates of two arms, second against first, of counts that vary more between units than Poisson's: the negative binomial
// model NB2, in which a unit with expected count mu has variance mu + dispersion mu^2, the dispersion being one for
// both arms (Cameron and Trivedi, "Regression Analysis of Count Data", 2013, section 3.3.1).

#include <span>

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

struct CountedUnit {
  double count = 0;     ///< Events: whole, 0 to counted_unit_max.
  double exposure = 1;  ///< > 0, of one kind for all units.
};

/// The fit takes time with the largest count.
inline constexpr double counted_unit_max = 1e6;

struct NegativeBinomialResult {
  TestResult test;        ///< estimate: rate2 / rate1; statistic: Wald's z of its log, from the observed information.
  double dispersion = 0;  ///< 0 where the counts vary no more than Poisson's: then the test is that of Poisson rates.
};

/// By maximum likelihood, 1e-9 relative. Refuses an arm of fewer than two units or without events. O(n log n).
Result<NegativeBinomialResult> negative_binomial_rates(std::span<const CountedUnit> first,
                                                       std::span<const CountedUnit> second,
                                                       const TestOptions& options = {});

}  // namespace troupe::experiment
