#include "actors/experiment/statistics/negative_binomial.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "actors/experiment/statistics/inference.hpp"

namespace troupe::experiment {

namespace {

/// Units that are alike.
struct Group {
  double count = 0;
  double exposure = 0;
  double units = 0;
};

struct Arm {
  std::vector<Group> groups;
  double events = 0;
  double exposure = 0;
  double rate = 0;  ///< As fitted at the dispersion looked at last.
};

Result<Arm> make_arm(std::span<const CountedUnit> units, std::string_view name) {
  if (units.size() < 2) {
    return fail(Errc::invalid_argument, "the {} has {} units: a dispersion needs at least two", name, units.size());
  }
  Arm arm;
  std::vector<CountedUnit> sorted(units.begin(), units.end());
  for (const CountedUnit& unit : sorted) {
    if (!(unit.count >= 0 && unit.count <= counted_unit_max && unit.count == std::floor(unit.count))) {
      return fail(Errc::invalid_argument, "a count of the {} is {}: it must be a whole number from 0 to {}", name,
                  unit.count, counted_unit_max);
    }
    if (!(unit.exposure > 0 && std::isfinite(unit.exposure))) {
      return fail(Errc::invalid_argument, "an exposure of the {} is {}: it must be a finite number over 0", name,
                  unit.exposure);
    }
    arm.events += unit.count;
    arm.exposure += unit.exposure;
  }
  if (arm.events == 0) return fail(Errc::invalid_argument, "the {} has no event: its rate's log needs one", name);
  const auto key = [](const CountedUnit& unit) { return std::pair(unit.count, unit.exposure); };
  std::sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  for (const CountedUnit& unit : sorted) {
    if (arm.groups.empty() || arm.groups.back().count != unit.count || arm.groups.back().exposure != unit.exposure) {
      arm.groups.push_back({unit.count, unit.exposure, 0});
    }
    ++arm.groups.back().units;
  }
  arm.rate = arm.events / arm.exposure;
  return arm;
}

/// The arm's rate at a dispersion, by Newton's method on its log: the likelihood is concave there.
void fit_rate(Arm& arm, double dispersion) {
  for (int i = 0; i < 100; ++i) {
    double slope = 0;
    double curvature = 0;
    for (const Group& g : arm.groups) {
      const double mu = g.exposure * arm.rate;
      const double spread = 1 + dispersion * mu;
      slope += g.units * (g.count - mu) / spread;
      curvature += g.units * mu * (1 + dispersion * g.count) / (spread * spread);
    }
    const double step = std::clamp(slope / curvature, -1.0, 1.0);
    arm.rate *= std::exp(step);
    if (std::abs(step) < 1e-14) return;
  }
}

/// sum over k of sign^k coefficient(k) x^k from k = first on, for |x| <= 0.01.
template <class Coefficient>
double alternating_series(double x, int first, Coefficient coefficient) {
  double sum = 0;
  double power = std::pow(-x, first);
  for (int k = first; k < first + 9; ++k, power *= -x) sum += coefficient(static_cast<double>(k)) * power;
  return sum;
}

constexpr double series_below = 0.01;

/// (log(1 + x) - x / (1 + x)) / dispersion^2 with x = dispersion mu: nothing cancels.
double slope_term(double mu, double dispersion) {
  const double x = dispersion * mu;
  const double numerator =
      x < series_below ? alternating_series(x, 2, [](double k) { return (k - 1) / k; }) : std::log1p(x) - x / (1 + x);
  return numerator / (dispersion * dispersion);
}

/// (-2 log(1 + x) + 2 x / (1 + x) + x^2 / (1 + x)^2) / dispersion^3, likewise.
double curvature_term(double mu, double dispersion) {
  const double x = dispersion * mu;
  const double share = x / (1 + x);
  const double numerator = x < series_below ? alternating_series(x, 3, [](double k) { return 2 / k + k - 3; })
                                            : -2 * std::log1p(x) + 2 * share + share * share;
  return numerator / (dispersion * dispersion * dispersion);
}

/// sum over all units of sum over j < count of f(j), in one pass over the counts: how many units have more than j.
template <class Term>
double sum_below_counts(const Arm& arm, Term term) {
  double more = 0;
  for (const Group& g : arm.groups) more += g.units;
  double sum = 0;
  double j = 0;
  for (const Group& g : arm.groups) {
    for (; j < g.count; ++j) sum += more * term(j);
    more -= g.units;
  }
  return sum;
}

/// Of the likelihood by the dispersion, at the fitted rate.
double dispersion_slope(const Arm& arm, double dispersion) {
  double slope = sum_below_counts(arm, [&](double j) { return j / (1 + dispersion * j); });
  for (const Group& g : arm.groups) {
    const double mu = g.exposure * arm.rate;
    slope += g.units * (slope_term(mu, dispersion) - g.count * mu / (1 + dispersion * mu));
  }
  return slope;
}

double profile_slope(Arm& first, Arm& second, double dispersion) {
  fit_rate(first, dispersion);
  fit_rate(second, dispersion);
  return dispersion_slope(first, dispersion) + dispersion_slope(second, dispersion);
}

/// The slope at dispersion 0, where the rates are the Poisson ones.
double slope_at_zero(const Arm& arm) {
  double slope = 0;
  for (const Group& g : arm.groups) {
    const double residual = g.count - g.exposure * arm.rate;
    slope += g.units * (residual * residual - g.count) / 2;
  }
  return slope;
}

/// The dispersion at which the profile likelihood is highest; 0 where it falls from 0 on.
Result<double> fit_dispersion(Arm& first, Arm& second) {
  if (slope_at_zero(first) + slope_at_zero(second) <= 0) return 0;
  double low = 1;
  double high = 1;
  while (low > 1e-12 && profile_slope(first, second, low) < 0) low /= 4;
  while (high < 1e12 && profile_slope(first, second, high) > 0) high *= 4;
  if (low <= 1e-12) return 0;
  if (high >= 1e12) return fail(Errc::invalid_argument, "the counts vary too much for a dispersion");
  while (high > low * (1 + 1e-14)) {
    const double middle = std::sqrt(low * high);
    if (middle <= low || middle >= high) break;
    (profile_slope(first, second, middle) > 0 ? low : high) = middle;
  }
  profile_slope(first, second, low);
  return low;
}

/// The arm's part of the observed information of (log rate, dispersion).
struct Information {
  double rate = 0;
  double cross = 0;
  double dispersion = 0;
};

Information information(const Arm& arm, double dispersion) {
  Information sum;
  sum.dispersion = sum_below_counts(arm, [&](double j) {
    const double each = j / (1 + dispersion * j);
    return each * each;
  });
  for (const Group& g : arm.groups) {
    const double mu = g.exposure * arm.rate;
    const double spread = 1 + dispersion * mu;
    sum.rate += g.units * mu * (1 + dispersion * g.count) / (spread * spread);
    sum.cross += g.units * (g.count - mu) * mu / (spread * spread);
    sum.dispersion -= g.units * (curvature_term(mu, dispersion) + g.count * mu * mu / (spread * spread));
  }
  return sum;
}

/// Of log rate2 - log rate1, from the inverse of the 3 x 3 information by its Schur complement.
double variance_of_log_ratio(const Arm& first, const Arm& second, double dispersion) {
  if (dispersion == 0) return 1 / first.events + 1 / second.events;
  const Information a = information(first, dispersion);
  const Information b = information(second, dispersion);
  const double rest = a.dispersion + b.dispersion - a.cross * a.cross / a.rate - b.cross * b.cross / b.rate;
  const double lean = b.cross / b.rate - a.cross / a.rate;
  return 1 / a.rate + 1 / b.rate + lean * lean / rest;
}

}  // namespace

Result<NegativeBinomialResult> negative_binomial_rates(std::span<const CountedUnit> first,
                                                       std::span<const CountedUnit> second,
                                                       const TestOptions& options) {
  TROUPE_CHECK(check(options));
  TROUPE_TRY(Arm one, make_arm(first, "first arm"));
  TROUPE_TRY(Arm two, make_arm(second, "second arm"));
  NegativeBinomialResult result;
  TROUPE_TRY(result.dispersion, fit_dispersion(one, two));
  if (result.dispersion == 0) {
    one.rate = one.events / one.exposure;
    two.rate = two.events / two.exposure;
  }
  TROUPE_TRY(result.test, wald_test_of_log("negative binomial rates", std::log(two.rate / one.rate),
                                           std::sqrt(variance_of_log_ratio(one, two, result.dispersion)), options));
  return result;
}

}  // namespace troupe::experiment
