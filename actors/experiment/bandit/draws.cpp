#include "actors/experiment/bandit/draws.hpp"

#include <cmath>

namespace troupe::experiment {

double draw_normal(Random& random) {
  for (;;) {
    const double x = 2 * random.uniform() - 1, y = 2 * random.uniform() - 1;
    const double square = x * x + y * y;
    if (square > 0 && square < 1) return x * std::sqrt(-2 * std::log(square) / square);
  }
}

double draw_gamma(double shape, Random& random) {
  // A shape below 1 is one of shape + 1 times uniform^(1 / shape).
  if (shape < 1) return draw_gamma(shape + 1, random) * std::pow(1 - random.uniform(), 1 / shape);
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = draw_normal(random);
    const double v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    const double log_uniform = std::log(1 - random.uniform());
    if (log_uniform < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double draw_beta(double a, double b, Random& random) {
  const double x = draw_gamma(a, random), y = draw_gamma(b, random);
  // Both are 0 where shapes are too small for doubles; then the mass is at the two ends.
  if (x + y == 0) return random.uniform() * (a + b) < a ? 1 : 0;
  return x / (x + y);
}

double draw_t(double df, Random& random) {
  return draw_normal(random) * std::sqrt(0.5 * df / draw_gamma(0.5 * df, random));
}

}  // namespace troupe::experiment
