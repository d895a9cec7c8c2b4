#pragma once
// The incomplete beta and gamma functions and what is made of them, for distributions.cpp. Arguments are checked there;
// an iteration without an end answers NaN. Sources are named in distributions.hpp.

namespace troupe::experiment {

/// Which end of the line a probability is counted from.
enum class Tail { lower, upper };

constexpr Tail other(Tail tail) {
  return tail == Tail::lower ? Tail::upper : Tail::lower;
}

/// x^a y^b / B(a, b), of a beta distribution at x = 1 - y: Loader's saddle point, for any a and b.
double beta_kernel(double a, double b, double x, double y);

/// The incomplete beta function at x = 1 - y, both in (0, 1): whoever calls knows the smaller one to its last digit.
double beta_tail(double a, double b, double x, double y, Tail tail);

/// A share and, with its own digits, one less it.
struct Fraction {
  double x = 0;
  double rest = 0;
};

/// Where beta_tail() is p, 0 < p < 1.
Fraction beta_quantile(double a, double b, double p, Tail tail);

/// mean^k e^-mean / k!, the chance of a count k >= 1 of Poisson's distribution.
double poisson_kernel(double k, double mean);

/// The incomplete gamma function at x > 0.
double gamma_tail(double shape, double x, Tail tail);

/// Where gamma_tail() is p, 0 < p < 1.
double gamma_quantile(double shape, double p, Tail tail);

}  // namespace troupe::experiment
