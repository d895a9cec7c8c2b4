#include "actors/experiment/statistics/incomplete_functions.hpp"

#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "actors/experiment/statistics/boost_policy.hpp"
#include "actors/experiment/statistics/log_math.hpp"

namespace troupe::experiment {

namespace bm = boost::math;

double beta_kernel(double a, double b, double x, double y) {
  const double n = a + b;
  const double logarithm =
      stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x) - deviance(b, n * y);
  return std::exp(logarithm) * std::sqrt(a * (b / n) / (2 * std::numbers::pi));
}

namespace {

/// From this a + b on the kernel above has more digits than Boost's.
constexpr double beta_large = 1e4;

/// The lower tail at x = 1 - y below the mean, by the continued fraction of DiDonato and Morris (1992, eq. 9) and
/// Lentz's method: some sqrt(a + b) terms at the mean, few in the tail.
double beta_fraction(double a, double b, double x, double y) {
  const double distance = x < y ? a - (a + b) * x : (a + b) * y - b;
  const auto denominator = [&](double n) {
    return n + n * (b - n) * x / (a + 2 * n - 1) + (a + n) / (a + 2 * n + 1) * (distance + 1 + n * (1 + y));
  };
  const double start = a / (a + 1) * (distance + 1);
  double c = start;
  double d = 0;
  double product = 1 / start;
  for (double n = 1; n < 1e8; ++n) {
    const double last = a + 2 * n - 1;
    const double numerator = (a + n - 1) / last * ((a + b + n - 1) / last * n * (b - n) * x * x);
    d = 1 / (denominator(n) + numerator * d);
    c = denominator(n) + numerator / c;
    product /= c * d;
    if (std::abs(c * d - 1) < 1e-15) return beta_kernel(a, b, x, y) * product;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// From this on, for both a and b, the lower tail is integrated: its work does not grow.
constexpr double beta_huge = 1e5;

/// The lower tail at x = 1 - y below the mean: the density at x times the integral of its fall from there outwards, in
/// units of x, over panels in which it falls by a few times e.
double beta_integral(double a, double b, double x, double y) {
  const double slope = std::fma(-(a + b - 2), x, a - 1) / y;
  const double odds = x / y;
  const auto fall = [&](double t) {
    return std::exp((a - 1) * bm::log1pmx(-t, Quiet()) + (b - 1) * bm::log1pmx(t * odds, Quiet()) - slope * t);
  };
  const double panel = 2 / (std::abs(slope) + std::sqrt(a + b * odds * odds));
  double sum = 0;
  for (double from = 0; from + panel < 1; from += panel) {
    const double part = bm::quadrature::gauss<double, 30, Quiet>::integrate(fall, from, from + panel);
    sum += part;
    if (!(part > sum * 1e-17)) break;
  }
  return beta_kernel(a, b, x, y) / y * sum;
}

/// The incomplete gamma function by Temme's uniform expansion: for shapes over 1e7 three terms are more than a double
/// holds. DLMF 8.12.3 to 8.12.8, with x = shape (1 + mu).
double gamma_large(double shape, double x, Tail tail) {
  const double mu = (x - shape) / shape;
  const double half_square = -bm::log1pmx(mu, Quiet());
  const double eta = std::copysign(std::sqrt(2 * half_square), mu);
  const double c0 = -1.0 / 3 + eta * (1.0 / 12 + eta * (-2.0 / 135 + eta * (1.0 / 864 + eta / 2835)));
  const double c1 = -1.0 / 540 + eta * (-1.0 / 288 + eta / 378);
  const double rest = std::exp(-shape * half_square) / std::sqrt(2 * std::numbers::pi * shape) * (c0 + c1 / shape);
  const double sign = tail == Tail::lower ? -1 : 1;
  return std::erfc(sign * eta * std::sqrt(shape / 2)) / 2 + sign * rest;
}

constexpr double shape_large = 1e7;

double gamma_quantile_large(double shape, double p, Tail tail) {
  const auto reaches = [&](double x) {
    const double at = gamma_tail(shape, x, tail);
    return tail == Tail::lower ? at >= p : at <= p;
  };
  double low = 0;
  double high = shape;
  while (!reaches(high)) {
    low = high;
    high *= 2;
  }
  for (double middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    (reaches(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

double beta_tail(double a, double b, double x, double y, Tail tail) {
  if (a + b <= beta_large) {
    // Boost takes one of the two: the one that has its digits.
    if (x > y) return beta_tail(b, a, y, x, other(tail));
    return tail == Tail::lower ? bm::ibeta(a, b, x, Quiet()) : bm::ibetac(a, b, x, Quiet());
  }
  const bool below_mean = x * (a + b + 2) < a + 1;
  const auto lower = std::min(a, b) > beta_huge ? beta_integral : beta_fraction;
  const double small = below_mean ? lower(a, b, x, y) : lower(b, a, y, x);
  return below_mean == (tail == Tail::lower) ? small : 1 - small;
}

/// Boost's inverse, and Newton's steps from it on the logarithms of the tail and of the smaller part.
Fraction beta_quantile(double a, double b, double p, Tail tail) {
  Fraction f;
  f.x = tail == Tail::lower ? bm::ibeta_inv(a, b, p, &f.rest, Quiet()) : bm::ibetac_inv(a, b, p, &f.rest, Quiet());
  for (int i = 0; i < 3 && f.x > 0 && f.rest > 0; ++i) {
    const double at = beta_tail(a, b, f.x, f.rest, tail);
    const double kernel = beta_kernel(a, b, f.x, f.rest);
    const double step = (std::log(p) - std::log(at)) * at / kernel * (tail == Tail::lower ? 1 : -1);
    if (!(std::abs(step) < 0.1)) break;
    if (f.x < f.rest) {
      f.x *= std::exp(step * f.rest);
      f.rest = 1 - f.x;
    } else {
      f.rest *= std::exp(-step * f.x);
      f.x = 1 - f.rest;
    }
  }
  return f;
}

double poisson_kernel(double k, double mean) {
  return std::exp(-stirling_error(k) - deviance(k, mean)) / std::sqrt(2 * std::numbers::pi * k);
}

double gamma_tail(double shape, double x, Tail tail) {
  if (shape > shape_large) return std::clamp(gamma_large(shape, x, tail), 0.0, 1.0);
  return tail == Tail::lower ? bm::gamma_p(shape, x, Quiet()) : bm::gamma_q(shape, x, Quiet());
}

double gamma_quantile(double shape, double p, Tail tail) {
  if (shape > shape_large) return gamma_quantile_large(shape, p, tail);
  return tail == Tail::lower ? bm::gamma_p_inv(shape, p, Quiet()) : bm::gamma_q_inv(shape, p, Quiet());
}

}  // namespace troupe::experiment
