#pragma once
// Probability distributions: the only door to Boost.Math, whose headers take seconds to compile.
//
// For each distribution D:
//   cdf(D, x)             P(X <= x)
//   survival(D, x)        P(X > x), which keeps its digits where cdf is 1 to the last bit
//   quantile(D, p)        the least x with cdf(x) >= p; 0 and 1 are answered with the ends of the support
//   quantile_upper(D, q)  the least x with survival(x) <= q: quantile(1 - q) for a q too small to be taken from 1
// Both tails keep their relative precision (1e-10 and better) down to the smallest double, with parameters up to 1e12;
// those of the noncentral t have an absolute one of 1e-15. `x` may be infinite, but not NaN. Parameters outside the
// stated ranges are refused by name, as are degrees of freedom, shapes, a and b over 1e17. Nothing throws, and no
// answer is NaN.
//
// Sources: probabilities of counts and large beta functions by Loader, "Fast and accurate computation of binomial
// probabilities" (2000), and the continued fraction of DiDonato and Morris, "Significant digit computation of the
// incomplete beta function ratios" (1992); gamma with a shape over 1e7 by Temme's uniform expansion (NIST DLMF 8.12);
// the rest by Boost.Math, with the noncentral t after Benton and Krishnamoorthy (2003).

#include <concepts>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

struct Normal {
  double mean = 0;
  double deviation = 1;  ///< > 0
};

struct StudentT {
  double df = 1;  ///< > 0
};

struct ChiSquared {
  double df = 1;  ///< > 0
};

struct FisherF {
  double df1 = 1;  ///< > 0, of the numerator
  double df2 = 1;  ///< > 0, of the denominator
};

struct Beta {
  double a = 1;  ///< > 0
  double b = 1;  ///< > 0
};

struct Gamma {
  double shape = 1;  ///< > 0
  double scale = 1;  ///< > 0; mean = shape * scale
};

struct NoncentralT {
  double df = 1;     ///< > 0
  double shift = 0;  ///< |shift| <= 1000
};

struct Binomial {
  double trials = 1;         ///< Whole, 0 to 2^53.
  double probability = 0.5;  ///< [0, 1]
};

struct Poisson {
  double mean = 1;  ///< 0 to 2^53
};

/// Marked ones among `draws` taken without replacement from `population`, of which `marked` are marked.
struct Hypergeometric {
  double population = 1;  ///< Whole, 0 to 1e13: the work grows with its square root.
  double marked = 0;      ///< Whole, 0 to population.
  double draws = 0;       ///< Whole, 0 to population.
};

template <class D, class... Others>
concept OneOf = (std::same_as<D, Others> || ...);

template <class D>
concept CountDistribution = OneOf<D, Binomial, Poisson, Hypergeometric>;

template <class D>
concept Distribution =
    CountDistribution<D> || OneOf<D, Normal, StudentT, ChiSquared, FisherF, Beta, Gamma, NoncentralT>;

template <Distribution D>
Result<double> cdf(const D&, double x);

template <Distribution D>
Result<double> survival(const D&, double x);

template <Distribution D>
Result<double> quantile(const D&, double p);

template <Distribution D>
Result<double> quantile_upper(const D&, double q);

/// P(X = k); 0 where k is not a value of the distribution.
template <CountDistribution D>
Result<double> mass(const D&, double k);

}  // namespace troupe::experiment
