#pragma once
// Logarithms of probabilities that stay exact for counts of 1e9 and more: no difference of two large log-gammas.

#include <span>

namespace troupe::experiment {

/// log(sum of exp(values)); -infinity where there are none.
double log_sum_exp(std::span<const double> values);

/// log Gamma(x) - [(x - 1/2) log x - x + log(2 pi)/2], x > 0: what Stirling's formula leaves out.
double stirling_error(double x);

/// x log(x / mean) + mean - x >= 0 for x >= 0, mean > 0, without cancellation where x is near mean (Loader 2000, "Fast
/// and accurate computation of binomial probabilities").
double deviance(double x, double mean);

/// log B(a, b), a, b > 0.
double log_beta(double a, double b);

/// log [ B(a + successes, b + failures) / B(a, b) ] - successes log p - failures log(1 - p): the likelihood ratio of a
/// Beta(a, b) mixture over success probabilities against p. 0 <= p <= 1; +infinity where p excludes what was seen.
double log_beta_mixture_ratio(double a, double b, double successes, double failures, double p);

/// log of C(n, k) p^k (1-p)^(n-k), 0 <= k <= n, 0 < p < 1.
double log_binomial(double k, double n, double p);

}  // namespace troupe::experiment
