#pragma once
// Proportions of two arms, second against first, for large counts; exact_tests.hpp has tests for small ones.

#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

/// Under which hypothesis the variance of the z statistic is estimated: no difference (as a test should), or as seen.
enum class ProportionVariance { pooled, unpooled };

/// newcombe: hybrid of Wilson's score intervals (Newcombe 1998, method 10), good for small counts and near 0 and 1.
/// wald: p2 - p1 +- z sqrt(p1 q1 / n1 + p2 q2 / n2), for large counts only.
enum class ProportionInterval { newcombe, wald };

struct ProportionOptions {
  TestOptions test;
  ProportionVariance variance = ProportionVariance::pooled;
  ProportionInterval interval = ProportionInterval::newcombe;
};

/// The z test of p2 - p1 (Fleiss, Levin and Paik, "Statistical Methods for Rates and Proportions", 2003, chapter 3):
/// pooled, z = (p2 - p1) / sqrt(p q (1 / n1 + 1 / n2)) with p = (x1 + x2) / (n1 + n2). Refuses where all units of both
/// arms did the same.
Result<TestResult> two_proportion_z(const Proportion& first, const Proportion& second,
                                    const ProportionOptions& options = {});

/// p2 / p1 - 1 with Katz's interval (Katz et al. 1978): normal on the log of the ratio, with variance
/// 1/x2 - 1/n2 + 1/x1 - 1/n1. Refuses an arm without successes, and two arms without failures.
Result<TestResult> relative_lift_of_proportions(const Proportion& first, const Proportion& second,
                                                const TestOptions& options = {});

/// p2 - p1 by `method`; always has an answer.
Result<Interval> difference_interval(const Proportion& first, const Proportion& second, ProportionInterval method,
                                     const TestOptions& options = {});

/// Wilson's score interval of one proportion (Wilson 1927), within [0, 1]; low for no success is 0, high for no
/// failure 1.
Result<Interval> wilson_interval(const Proportion& arm, double confidence = 0.95);

/// Cohen's h = 2 asin(sqrt p2) - 2 asin(sqrt p1) (Cohen 1988, chapter 6).
Result<double> cohens_h(double first, double second);

}  // namespace troupe::experiment
