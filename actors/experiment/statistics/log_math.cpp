#include "actors/experiment/statistics/log_math.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double log_two_pi = std::log(2 * std::numbers::pi);

// std::lgamma writes a global (signgam).
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

}  // namespace

double log_sum_exp(std::span<const double> values) {
  if (values.empty()) return -infinity;
  const double top = *std::max_element(values.begin(), values.end());
  if (std::isinf(top)) return top;
  double sum = 0;
  for (const double value : values) sum += std::exp(value - top);
  return top + std::log(sum);
}

double stirling_error(double x) {
  if (x < 16) return log_gamma(x) - ((x - 0.5) * std::log(x) - x + 0.5 * log_two_pi);
  // The first term left out is below 2e-16.
  const double y = 1 / (x * x);
  return (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188 - y * 691.0 / 360360))))) / x;
}

double deviance(double x, double mean) {
  if (x == 0) return mean;
  const double difference = x - mean;
  if (std::abs(difference) > 0.1 * (x + mean)) return x * std::log(x / mean) - difference;
  // With v = (x - mean) / (x + mean), log(x / mean) = 2 (v + v^3/3 + v^5/5 + ...).
  const double v = difference / (x + mean);
  double sum = difference * v;
  double term = 2 * x * v;
  for (int k = 3;; k += 2) {
    term *= v * v;
    const double next = sum + term / k;
    if (next == sum) return next;
    sum = next;
  }
}

double log_beta(double a, double b) {
  const double n = a + b;
  return -a * std::log1p(b / a) - b * std::log1p(a / b) + 0.5 * (log_two_pi + std::log(n / a) - std::log(b)) +
         stirling_error(a) + stirling_error(b) - stirling_error(n);
}

double log_beta_mixture_ratio(double a, double b, double successes, double failures, double p) {
  if ((p <= 0 && successes > 0) || (p >= 1 && failures > 0)) return infinity;
  if (p <= 0 || p >= 1) return log_beta(a + successes, b + failures) - log_beta(a, b);
  const double x = a + successes, y = b + failures, n = x + y, q = 1 - p;
  const double posterior = deviance(x, n * p) + deviance(y, n * q) +
                           0.5 * (log_two_pi + std::log(n / x) - std::log(y)) + stirling_error(x) + stirling_error(y) -
                           stirling_error(n);
  return posterior + a * std::log(p) + b * std::log1p(-p) - log_beta(a, b);
}

double log_binomial(double k, double n, double p) {
  if (n == 0) return 0;
  if (k == 0) return n * std::log1p(-p);
  if (k == n) return n * std::log(p);
  return stirling_error(n) - stirling_error(k) - stirling_error(n - k) - deviance(k, n * p) -
         deviance(n - k, n * (1 - p)) + 0.5 * (std::log(n / k) - std::log(n - k) - log_two_pi);
}

}  // namespace troupe::experiment
