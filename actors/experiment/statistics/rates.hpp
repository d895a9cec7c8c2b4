#pragma once
// Rates of two arms, second against first, of events that come one by one: Poisson counts over an exposure (time,
// requests). Counts that vary more than that need negative_binomial.hpp. The estimate is the ratio rate2 / rate1; it is
// infinite where the first arm has no event. All refuse two arms without events.

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

struct Rate {
  double count = 0;     ///< Events: whole, 0 to 2^53.
  double exposure = 0;  ///< > 0, of one unit for both arms.
};

/// Exact, given the sum of both counts (Przyborowski and Wilenski 1940): count2 is binomial with exposure2 / (exposure1
/// + exposure2). Two-sided as binomial_exact(). Interval: that of Clopper and Pearson as a ratio. statistic: count2.
Result<TestResult> poisson_exact(const Rate& first, const Rate& second, const TestOptions& options = {});

/// Score test, z = (c2 - c1 d) / sqrt((c1 + c2) d) with d = exposure2 / exposure1 (Gu, Ng, Tang and Schucany 2008, W2).
/// The interval inverts the test: Wilson's of the share c2 / (c1 + c2), as a ratio.
Result<TestResult> poisson_score(const Rate& first, const Rate& second, const TestOptions& options = {});

/// Wald's test of the log of the ratio, variance 1/c1 + 1/c2 (Gu et al. 2008, W3). Refuses an arm without events.
Result<TestResult> poisson_log(const Rate& first, const Rate& second, const TestOptions& options = {});

}  // namespace troupe::experiment
