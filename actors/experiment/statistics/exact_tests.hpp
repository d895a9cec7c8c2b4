#pragma once
// Exact tests of proportions: right for any counts, and slower than two_proportion_z().

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

/// Fisher's exact test (Fisher 1935) of two arms with all margins given. Two-sided: the probability of all tables no
/// likelier than the one seen. statistic: successes of the second arm. estimate: p2 - p1, with Newcombe's interval
/// (proportions.hpp). At most 1e13 trials in both arms together.
Result<TestResult> fisher_exact(const Proportion& first, const Proportion& second, const TestOptions& options = {});

/// The trials of both arms together that barnard_exact() takes: its work grows with their square, to about a second.
inline constexpr double barnard_trials_max = 2000;

/// Barnard's unconditional exact test with the pooled z statistic (Barnard 1945; Suissa and Shuster 1985): the largest
/// probability, over all common success rates, of a z at least as far out. More powerful than Fisher's. The maximum is
/// looked for on a grid finer than the counts are, and then refined: 1e-6 relative. estimate and interval as above.
Result<TestResult> barnard_exact(const Proportion& first, const Proportion& second, const TestOptions& options = {});

/// The exact binomial test of one arm against `probability` (Clopper and Pearson 1934). Two-sided: the probability of
/// all counts no likelier than the one seen. statistic: the successes. estimate: their share, with the Clopper-Pearson
/// interval.
Result<TestResult> binomial_exact(const Proportion& arm, double probability, const TestOptions& options = {});

}  // namespace troupe::experiment
