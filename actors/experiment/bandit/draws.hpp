#pragma once
// Random numbers of some distributions, from uniform bits: the same on every machine, unlike the standard library's.

#include "runtime/base/random.hpp"

namespace troupe::experiment {

/// N(0, 1), by Marsaglia's polar method (1964).
double draw_normal(Random& random);
/// Gamma(shape, scale 1), shape > 0 (Marsaglia and Tsang 2000).
double draw_gamma(double shape, Random& random);
/// Beta(a, b), a, b > 0: a ratio of gammas.
double draw_beta(double a, double b, Random& random);
/// Student's t, df > 0: a normal over the root of a gamma.
double draw_t(double df, Random& random);

}  // namespace troupe::experiment
