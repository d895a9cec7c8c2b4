#include "actors/experiment/statistics/distributions.hpp"

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numbers>

#include "actors/experiment/statistics/boost_policy.hpp"
#include "actors/experiment/statistics/incomplete_functions.hpp"

namespace troupe::experiment {

namespace {

namespace bm = boost::math;
constexpr double infinity = std::numeric_limits<double>::infinity();

// ---- Probabilities: P(X <= x) or P(X > x), parameters checked, x not NaN. ----

double probability(const Normal& d, double x, Tail tail) {
  const double z = (x - d.mean) / d.deviation;
  return std::erfc((tail == Tail::lower ? -z : z) / std::numbers::sqrt2) / 2;
}

/// From these degrees of freedom on beta_tail() has more digits than Boost's t.
constexpr double df_large = 1e4;

double probability(const StudentT& d, double x, Tail tail) {
  if (std::isinf(x)) return (x > 0) == (tail == Tail::lower) ? 1 : 0;
  if (x == 0) return 0.5;
  if (d.df <= df_large) {
    return bm::cdf(bm::students_t_distribution<double, Quiet>(d.df), tail == Tail::lower ? x : -x);
  }
  const double ratio = x / std::sqrt(d.df) * (x / std::sqrt(d.df));
  if (std::isinf(ratio)) return (x > 0) == (tail == Tail::lower) ? 1 : 0;
  const double beyond = beta_tail(d.df / 2, 0.5, 1 / (1 + ratio), ratio / (1 + ratio), Tail::lower) / 2;
  return (x > 0) == (tail == Tail::upper) ? beyond : 1 - beyond;
}

double probability(const Gamma& d, double x, Tail tail) {
  if (x <= 0) return tail == Tail::lower ? 0 : 1;
  if (std::isinf(x)) return tail == Tail::lower ? 1 : 0;
  return gamma_tail(d.shape, x / d.scale, tail);
}

double probability(const ChiSquared& d, double x, Tail tail) {
  return probability(Gamma{.shape = d.df / 2, .scale = 2}, x, tail);
}

double probability(const Beta& d, double x, Tail tail) {
  if (x <= 0) return tail == Tail::lower ? 0 : 1;
  if (x >= 1) return tail == Tail::lower ? 1 : 0;
  return beta_tail(d.a, d.b, x, 1 - x, tail);
}

double probability(const FisherF& d, double x, Tail tail) {
  const double ratio = x * (d.df1 / d.df2);
  if (ratio <= 0) return tail == Tail::lower ? 0 : 1;
  if (std::isinf(ratio)) return tail == Tail::lower ? 1 : 0;
  return beta_tail(d.df1 / 2, d.df2 / 2, ratio / (1 + ratio), 1 / (1 + ratio), tail);
}

double probability(const NoncentralT& d, double x, Tail tail) {
  if (std::isinf(x)) return (x > 0) == (tail == Tail::lower) ? 1 : 0;
  if (d.shift == 0) return probability(StudentT{d.df}, x, tail);
  const bm::non_central_t_distribution<double, Quiet> distribution(d.df, d.shift);
  const double p = tail == Tail::lower ? bm::cdf(distribution, x) : bm::cdf(bm::complement(distribution, x));
  return std::clamp(p, 0.0, 1.0);
}

double probability(const Binomial& d, double x, Tail tail) {
  const double k = std::floor(x);
  if (k < 0) return tail == Tail::lower ? 0 : 1;
  if (k >= d.trials) return tail == Tail::lower ? 1 : 0;
  return probability(Beta{k + 1, d.trials - k}, d.probability, other(tail));
}

double probability(const Poisson& d, double x, Tail tail) {
  const double k = std::floor(x);
  if (k < 0) return tail == Tail::lower ? 0 : 1;
  if (std::isinf(k)) return tail == Tail::lower ? 1 : 0;
  return probability(Gamma{.shape = k + 1}, d.mean, other(tail));
}

double mass_at(const Binomial& d, double k) {
  if (k < 0 || k > d.trials || k != std::floor(k)) return 0;
  if (d.probability == 0) return k == 0 ? 1 : 0;
  if (d.probability == 1) return k == d.trials ? 1 : 0;
  if (k == 0) return std::exp(d.trials * std::log1p(-d.probability));
  if (k == d.trials) return std::exp(d.trials * std::log(d.probability));
  const double n = d.trials;
  return beta_kernel(k, n - k, d.probability, 1 - d.probability) * (n / k / (n - k));
}

double mass_at(const Poisson& d, double k) {
  if (k < 0 || k != std::floor(k) || std::isinf(k)) return 0;
  if (d.mean == 0) return k == 0 ? 1 : 0;
  if (k == 0) return std::exp(-d.mean);
  return poisson_kernel(k, d.mean);
}

double least(const Hypergeometric& d) {
  return std::max(0.0, d.draws + d.marked - d.population);
}

double most(const Hypergeometric& d) {
  return std::min(d.draws, d.marked);
}

/// Loader's form: each factor is near its largest value, so that none over- or underflows for itself.
double mass_at(const Hypergeometric& d, double k) {
  if (k < least(d) || k > most(d) || k != std::floor(k)) return 0;
  if (least(d) == most(d)) return 1;
  const double p = d.draws / d.population;
  return mass_at(Binomial{d.marked, p}, k) * mass_at(Binomial{d.population - d.marked, p}, d.draws - k) /
         mass_at(Binomial{d.population, p}, d.draws);
}

/// The sum of masses from k outwards, on the side where they fall: a few thousand terms for a million units.
double sum_outwards(const Hypergeometric& d, double k, Tail tail) {
  double term = mass_at(d, k);
  double sum = term;
  while (term > sum * 1e-18) {
    const double free = d.population - d.marked - d.draws;
    if (tail == Tail::lower) {
      term *= k * (free + k) / ((d.marked - k + 1) * (d.draws - k + 1));
      k -= 1;
    } else {
      term *= (d.marked - k) * (d.draws - k) / ((k + 1) * (free + k + 1));
      k += 1;
    }
    sum += term;
  }
  return std::min(sum, 1.0);
}

double probability(const Hypergeometric& d, double x, Tail tail) {
  const double k = std::floor(x);
  if (k < least(d)) return tail == Tail::lower ? 0 : 1;
  if (k >= most(d)) return tail == Tail::lower ? 1 : 0;
  const double mode = std::floor((d.draws + 1) * (d.marked + 1) / (d.population + 2));
  const Tail small = k < mode ? Tail::lower : Tail::upper;
  const double sum = sum_outwards(d, small == Tail::lower ? k : k + 1, small);
  return small == tail ? sum : 1 - sum;
}

// ---- Quantiles: p > 0 and < 1. ----

double quantile_at(const Normal& d, double p, Tail tail) {
  const double z = std::numbers::sqrt2 * bm::erfc_inv(2 * p, Quiet());
  return d.mean + (tail == Tail::lower ? -z : z) * d.deviation;
}

double quantile_at(const StudentT& d, double p, Tail tail) {
  const double x = bm::quantile(bm::students_t_distribution<double, Quiet>(d.df), p);
  return tail == Tail::lower ? x : -x;
}

template <class D>
bool reaches(const D& d, double x, double p, Tail tail) {
  const double at = probability(d, x, tail);
  return tail == Tail::lower ? at >= p : at <= p;
}

double quantile_at(const Gamma& d, double p, Tail tail) {
  return d.scale * gamma_quantile(d.shape, p, tail);
}

double quantile_at(const ChiSquared& d, double p, Tail tail) {
  return quantile_at(Gamma{.shape = d.df / 2, .scale = 2}, p, tail);
}

double quantile_at(const Beta& d, double p, Tail tail) {
  return beta_quantile(d.a, d.b, p, tail).x;
}

double quantile_at(const FisherF& d, double p, Tail tail) {
  const Fraction f = beta_quantile(d.df1 / 2, d.df2 / 2, p, tail);
  return d.df2 / d.df1 * (f.x / f.rest);
}

double quantile_at(const NoncentralT& d, double p, Tail tail) {
  if (d.shift == 0) return quantile_at(StudentT{d.df}, p, tail);
  const bm::non_central_t_distribution<double, Quiet> distribution(d.df, d.shift);
  return tail == Tail::lower ? bm::quantile(distribution, p) : bm::quantile(bm::complement(distribution, p));
}

/// The least count that reaches p, by doubling steps from `guess` and halving them.
template <class D>
double count_quantile(const D& d, double low, double high, double guess, double p, Tail tail) {
  double below = low - 1;  // does not reach p
  double above = high;     // reaches p
  guess = std::clamp(std::floor(guess), low, high);
  for (double step = 1; reaches(d, guess, p, tail); step *= 2) {
    above = guess;
    if (guess == low) return low;
    guess = std::max(low, guess - step);
  }
  below = guess;
  for (double step = 1; below + step < above; step *= 2) {
    if (reaches(d, below + step, p, tail)) {
      above = below + step;
      break;
    }
    below += step;
  }
  while (above - below > 1) {
    const double middle = below + std::floor((above - below) / 2);
    (reaches(d, middle, p, tail) ? above : below) = middle;
  }
  return above;
}

double quantile_at(const Binomial& d, double p, Tail tail) {
  const double mean = d.trials * d.probability;
  const double guess = quantile_at(Normal{mean, std::sqrt(mean * (1 - d.probability)) + 1}, p, tail);
  return count_quantile(d, 0, d.trials, guess, p, tail);
}

double quantile_at(const Poisson& d, double p, Tail tail) {
  const double guess = quantile_at(Normal{d.mean, std::sqrt(d.mean) + 1}, p, tail);
  return count_quantile(d, 0, infinity, guess, p, tail);
}

double quantile_at(const Hypergeometric& d, double p, Tail tail) {
  if (least(d) == most(d)) return least(d);
  const double share = d.marked / d.population;
  const double mean = d.draws * share;
  const double guess =
      quantile_at(Normal{mean, std::sqrt(mean * (1 - share) * (1 - d.draws / d.population)) + 1}, p, tail);
  return count_quantile(d, least(d), most(d), guess, p, tail);
}

// ---- Ranges of parameters and supports. ----

struct Support {
  double low = -infinity;
  double high = infinity;
};

Support support(const Normal&) {
  return {};
}
Support support(const StudentT&) {
  return {};
}
Support support(const NoncentralT&) {
  return {};
}
Support support(const ChiSquared&) {
  return {0, infinity};
}
Support support(const FisherF&) {
  return {0, infinity};
}
Support support(const Gamma&) {
  return {0, infinity};
}
Support support(const Poisson& d) {
  return {0, d.mean > 0 ? infinity : 0};
}
Support support(const Beta&) {
  return {0, 1};
}
Support support(const Hypergeometric& d) {
  return {least(d), most(d)};
}
Support support(const Binomial& d) {
  return {d.probability == 1 ? d.trials : 0, d.probability == 0 ? 0 : d.trials};
}

constexpr double parameter_max = 1e17;
constexpr double whole_max = 9007199254740992.0;  // 2^53: up to there every whole number is a double

Status positive(double value, std::string_view name, double max = parameter_max) {
  if (value > 0 && value <= max) return {};
  return fail(Errc::invalid_argument, "{} is {}: it must be over 0 and at most {}", name, value, max);
}

Status whole(double value, double max, std::string_view name) {
  if (value >= 0 && value <= max && value == std::floor(value)) return {};
  return fail(Errc::invalid_argument, "{} is {}: it must be a whole number from 0 to {}", name, value, max);
}

Status check(const Normal& d) {
  if (!std::isfinite(d.mean)) return fail(Errc::invalid_argument, "mean is {}: it must be finite", d.mean);
  return positive(d.deviation, "deviation", std::numeric_limits<double>::max());
}

Status check(const StudentT& d) {
  return positive(d.df, "df");
}

Status check(const ChiSquared& d) {
  return positive(d.df, "df");
}

Status check(const FisherF& d) {
  TROUPE_CHECK(positive(d.df1, "df1"));
  return positive(d.df2, "df2");
}

Status check(const Beta& d) {
  TROUPE_CHECK(positive(d.a, "a"));
  return positive(d.b, "b");
}

Status check(const Gamma& d) {
  TROUPE_CHECK(positive(d.shape, "shape"));
  return positive(d.scale, "scale", std::numeric_limits<double>::max());
}

Status check(const NoncentralT& d) {
  TROUPE_CHECK(positive(d.df, "df"));
  if (std::abs(d.shift) <= 1000) return {};
  return fail(Errc::invalid_argument, "shift is {}: it must lie from -1000 to 1000", d.shift);
}

Status check(const Binomial& d) {
  TROUPE_CHECK(whole(d.trials, whole_max, "trials"));
  if (d.probability >= 0 && d.probability <= 1) return {};
  return fail(Errc::invalid_argument, "probability is {}: it must lie from 0 to 1", d.probability);
}

Status check(const Poisson& d) {
  if (d.mean >= 0 && d.mean <= whole_max) return {};
  return fail(Errc::invalid_argument, "mean is {}: it must lie from 0 to 2^53", d.mean);
}

Status check(const Hypergeometric& d) {
  TROUPE_CHECK(whole(d.population, 1e13, "population"));
  TROUPE_CHECK(whole(d.marked, d.population, "marked"));
  return whole(d.draws, d.population, "draws");
}

/// Nothing throws and nothing is NaN past here.
template <class Compute>
Result<double> guarded(Compute compute) {
  try {
    const double value = compute();
    if (!std::isnan(value)) return value;
    return fail(Errc::invalid_argument, "the distribution can't be computed there: its parameters are too extreme");
  } catch (const std::exception& e) {
    return fail(Errc::invalid_argument, "the distribution can't be computed there: {}", e.what());
  }
}

template <class D>
Result<double> checked_probability(const D& d, double x, Tail tail) {
  TROUPE_CHECK(check(d));
  if (std::isnan(x)) return fail(Errc::invalid_argument, "x is not a number: it must be one");
  return guarded([&] { return probability(d, x, tail); });
}

template <class D>
Result<double> checked_quantile(const D& d, double p, Tail tail) {
  TROUPE_CHECK(check(d));
  if (!(p >= 0 && p <= 1)) return fail(Errc::invalid_argument, "probability is {}: it must lie from 0 to 1", p);
  const Support ends = support(d);
  if (p == 0) return tail == Tail::lower ? ends.low : ends.high;
  if (p == 1) return tail == Tail::lower ? ends.high : ends.low;
  return guarded([&] { return quantile_at(d, p, tail); });
}

template <class D>
Result<double> checked_mass(const D& d, double k) {
  TROUPE_CHECK(check(d));
  if (std::isnan(k)) return fail(Errc::invalid_argument, "k is not a number: it must be one");
  return guarded([&] { return mass_at(d, k); });
}

}  // namespace

template <Distribution D>
Result<double> cdf(const D& d, double x) {
  return checked_probability(d, x, Tail::lower);
}

template <Distribution D>
Result<double> survival(const D& d, double x) {
  return checked_probability(d, x, Tail::upper);
}

template <Distribution D>
Result<double> quantile(const D& d, double p) {
  return checked_quantile(d, p, Tail::lower);
}

template <Distribution D>
Result<double> quantile_upper(const D& d, double q) {
  return checked_quantile(d, q, Tail::upper);
}

template <CountDistribution D>
Result<double> mass(const D& d, double k) {
  return checked_mass(d, k);
}

template Result<double> cdf(const Normal&, double);
template Result<double> cdf(const StudentT&, double);
template Result<double> cdf(const ChiSquared&, double);
template Result<double> cdf(const FisherF&, double);
template Result<double> cdf(const Beta&, double);
template Result<double> cdf(const Gamma&, double);
template Result<double> cdf(const NoncentralT&, double);
template Result<double> cdf(const Binomial&, double);
template Result<double> cdf(const Poisson&, double);
template Result<double> cdf(const Hypergeometric&, double);
template Result<double> survival(const Normal&, double);
template Result<double> survival(const StudentT&, double);
template Result<double> survival(const ChiSquared&, double);
template Result<double> survival(const FisherF&, double);
template Result<double> survival(const Beta&, double);
template Result<double> survival(const Gamma&, double);
template Result<double> survival(const NoncentralT&, double);
template Result<double> survival(const Binomial&, double);
template Result<double> survival(const Poisson&, double);
template Result<double> survival(const Hypergeometric&, double);
template Result<double> quantile(const Normal&, double);
template Result<double> quantile(const StudentT&, double);
template Result<double> quantile(const ChiSquared&, double);
template Result<double> quantile(const FisherF&, double);
template Result<double> quantile(const Beta&, double);
template Result<double> quantile(const Gamma&, double);
template Result<double> quantile(const NoncentralT&, double);
template Result<double> quantile(const Binomial&, double);
template Result<double> quantile(const Poisson&, double);
template Result<double> quantile(const Hypergeometric&, double);
template Result<double> quantile_upper(const Normal&, double);
template Result<double> quantile_upper(const StudentT&, double);
template Result<double> quantile_upper(const ChiSquared&, double);
template Result<double> quantile_upper(const FisherF&, double);
template Result<double> quantile_upper(const Beta&, double);
template Result<double> quantile_upper(const Gamma&, double);
template Result<double> quantile_upper(const NoncentralT&, double);
template Result<double> quantile_upper(const Binomial&, double);
template Result<double> quantile_upper(const Poisson&, double);
template Result<double> quantile_upper(const Hypergeometric&, double);
template Result<double> mass(const Binomial&, double);
template Result<double> mass(const Poisson&, double);
template Result<double> mass(const Hypergeometric&, double);

}  // namespace troupe::experiment
