#include "actors/experiment/statistics/power.hpp"

#include <cmath>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/proportions.hpp"

namespace troupe::experiment {

namespace {

constexpr double size_max = 1e15;
constexpr double size_min = 2;
constexpr double effect_max = 100;
/// Past it the noncentral t distribution is not computed, and power is 1 anyway.
constexpr double shift_max = 1000;

Status check_options(const PowerOptions& options) {
  TROUPE_CHECK(check_open_unit(options.alpha, "alpha"));
  if (options.ratio > 0 && std::isfinite(options.ratio)) return {};
  return fail(Errc::invalid_argument, "ratio is {}: it must be a finite number over 0", options.ratio);
}

Status check_size(double n, double ratio) {
  if (!(n >= size_min && n <= size_max)) {
    return fail(Errc::invalid_argument, "n is {}: it must lie from {} to {}", n, size_min, size_max);
  }
  if (n * ratio >= 1) return {};
  return fail(Errc::invalid_argument, "the second arm has {} units: it must have at least one", n * ratio);
}

Status check_proportion(double p) {
  return check_open_unit(p, "a proportion");
}

double tail_of(const PowerOptions& options) {
  return options.alternative == Alternative::two_sided ? options.alpha / 2 : options.alpha;
}

/// The chance of a normal statistic with mean `shift` and deviation 1 beyond +-`critical`, on the sides asked about.
Result<double> normal_power(double shift, double critical_up, double critical_down, Alternative alternative) {
  double power = 0;
  if (alternative != Alternative::less) {
    TROUPE_TRY(const double up, survival(Normal{}, critical_up - shift));
    power += up;
  }
  if (alternative != Alternative::greater) {
    TROUPE_TRY(const double down, cdf(Normal{}, -critical_down - shift));
    power += down;
  }
  return power;
}

Result<double> arcsine_power(double first, double second, double n, const PowerOptions& options) {
  TROUPE_TRY(const double h, cohens_h(first, second));
  TROUPE_TRY(const double critical, quantile_upper(Normal{}, tail_of(options)));
  const double shift = h * std::sqrt(n * options.ratio / (1 + options.ratio));
  return normal_power(shift, critical, critical, options.alternative);
}

Result<double> z_power(double first, double second, double n, const PowerOptions& options) {
  const double pooled = (first + options.ratio * second) / (1 + options.ratio);
  const double null = std::sqrt(pooled * (1 - pooled) * (1 + 1 / options.ratio));
  const double real = std::sqrt(first * (1 - first) + second * (1 - second) / options.ratio);
  TROUPE_TRY(const double critical, quantile_upper(Normal{}, tail_of(options)));
  const double scaled = critical * null / real;
  return normal_power((second - first) * std::sqrt(n) / real, scaled, scaled, options.alternative);
}

/// As power_of_means(), of arguments that have been checked.
Result<double> t_power(double effect, double n, const PowerOptions& options) {
  const double df = n * (1 + options.ratio) - 2;
  TROUPE_TRY(const double critical, quantile_upper(StudentT{df}, tail_of(options)));
  const double shift = std::clamp(effect * std::sqrt(n * options.ratio / (1 + options.ratio)), -shift_max, shift_max);
  double power = 0;
  if (options.alternative != Alternative::less) {
    TROUPE_TRY(const double up, survival(NoncentralT{df, shift}, critical));
    power += up;
  }
  if (options.alternative != Alternative::greater) {
    TROUPE_TRY(const double down, cdf(NoncentralT{df, shift}, -critical));
    power += down;
  }
  return power;
}

/// Where a growing function of [low, high] reaches `power`; low or high may be answered where it does so there.
template <class Function>
Result<double> solve(Function function, double low, double high, double power) {
  TROUPE_TRY(double excess_low, function(low));
  excess_low -= power;
  if (excess_low >= 0) return low;
  TROUPE_TRY(double excess_high, function(high));
  excess_high -= power;
  if (excess_high < 0) {
    return fail(Errc::invalid_argument, "a power of {} is out of reach: at most {} can be had", power,
                excess_high + power);
  }
  // Regula falsi as long as it halves the bracket within three steps, or else halving.
  for (int i = 0; i < 400 && high - low > 4e-16 * high; ++i) {
    const bool halve = i % 3 == 2;
    double middle = halve ? (low + high) / 2 : low + (high - low) * (excess_low / (excess_low - excess_high));
    if (!(middle > low && middle < high)) middle = (low + high) / 2;
    if (!(middle > low && middle < high)) break;
    TROUPE_TRY(double excess, function(middle));
    excess -= power;
    if (std::abs(excess) < 1e-14) return middle;
    (excess < 0 ? low : high) = middle;
    (excess < 0 ? excess_low : excess_high) = excess;
  }
  return high;
}

/// The least n with `power`, between doubled ones.
template <class Function>
Result<SampleSize> solve_size(Function function, double power, double ratio) {
  // Each arm has at least what check_size() wants.
  const double least = std::max(size_min, 1 / ratio);
  double high = 2 * least;
  for (;; high *= 2) {
    TROUPE_TRY(const double at, function(high));
    if (at >= power) break;
    if (high > size_max) {
      return fail(Errc::invalid_argument, "no size up to {} has a power of {} for this effect", size_max, power);
    }
  }
  TROUPE_TRY(const double n, solve(function, high / 2, high, power));
  return SampleSize{n, n * ratio};
}

Status check_direction(double effect, Alternative alternative) {
  if (effect == 0 || !std::isfinite(effect)) {
    return fail(Errc::invalid_argument, "the effect is {}: a size needs a finite one that is not 0", effect);
  }
  if ((alternative == Alternative::greater && effect < 0) || (alternative == Alternative::less && effect > 0)) {
    return fail(Errc::invalid_argument, "an effect of {} is on the side that the one-sided test does not look at",
                effect);
  }
  return {};
}

Result<double> proportion_power(double first, double second, double n, ProportionPower method,
                                const PowerOptions& options) {
  return method == ProportionPower::z ? z_power(first, second, n, options) : arcsine_power(first, second, n, options);
}

}  // namespace

Result<double> power_of_proportions(double first, double second, double n, ProportionPower method,
                                    const PowerOptions& options) {
  TROUPE_CHECK(check_options(options));
  TROUPE_CHECK(check_proportion(first));
  TROUPE_CHECK(check_proportion(second));
  TROUPE_CHECK(check_size(n, options.ratio));
  return proportion_power(first, second, n, method, options);
}

Result<SampleSize> sample_size_for_proportions(double first, double second, double power, ProportionPower method,
                                               const PowerOptions& options) {
  TROUPE_CHECK(check_options(options));
  TROUPE_CHECK(check_proportion(first));
  TROUPE_CHECK(check_proportion(second));
  TROUPE_CHECK(check_open_unit(power, "power"));
  TROUPE_CHECK(check_direction(second - first, options.alternative));
  return solve_size([&](double n) { return proportion_power(first, second, n, method, options); }, power,
                    options.ratio);
}

Result<double> detectable_proportion(double first, double n, double power, ProportionPower method,
                                     const PowerOptions& options) {
  TROUPE_CHECK(check_options(options));
  TROUPE_CHECK(check_proportion(first));
  TROUPE_CHECK(check_size(n, options.ratio));
  TROUPE_CHECK(check_open_unit(power, "power"));
  const bool down = options.alternative == Alternative::less;
  const double room = (down ? first : 1 - first) * (1 - 1e-9);
  TROUPE_TRY(const double distance,
             solve([&](double d) { return proportion_power(first, down ? first - d : first + d, n, method, options); },
                   0, room, power));
  return down ? first - distance : first + distance;
}

Result<double> power_of_means(double effect, double n, const PowerOptions& options) {
  TROUPE_CHECK(check_options(options));
  TROUPE_CHECK(check_finite(effect, "effect"));
  TROUPE_CHECK(check_size(n, options.ratio));
  return t_power(effect, n, options);
}

Result<SampleSize> sample_size_for_means(double effect, double power, const PowerOptions& options) {
  TROUPE_CHECK(check_options(options));
  TROUPE_CHECK(check_open_unit(power, "power"));
  TROUPE_CHECK(check_direction(effect, options.alternative));
  return solve_size([&](double n) { return t_power(effect, n, options); }, power, options.ratio);
}

Result<double> detectable_effect(double n, double power, const PowerOptions& options) {
  TROUPE_CHECK(check_options(options));
  TROUPE_CHECK(check_size(n, options.ratio));
  TROUPE_CHECK(check_open_unit(power, "power"));
  const double sign = options.alternative == Alternative::less ? -1 : 1;
  TROUPE_TRY(const double size, solve([&](double d) { return t_power(sign * d, n, options); }, 0, effect_max, power));
  return sign * size;
}

Result<double> days_until(const SampleSize& size, double units_per_day, double exposed) {
  const double units = size.first + size.second;
  if (!(size.first > 0 && size.second > 0 && std::isfinite(units))) {
    return fail(Errc::invalid_argument, "the size is {} and {}: both must be finite and over 0", size.first,
                size.second);
  }
  if (!(units_per_day > 0 && std::isfinite(units_per_day))) {
    return fail(Errc::invalid_argument, "units_per_day is {}: it must be a finite number over 0", units_per_day);
  }
  if (!(exposed > 0 && exposed <= 1)) {
    return fail(Errc::invalid_argument, "exposed is {}: it must be over 0 and at most 1", exposed);
  }
  // Whole units of each arm first: half a unit can't come.
  return std::ceil((std::ceil(size.first) + std::ceil(size.second)) / (units_per_day * exposed));
}

}  // namespace troupe::experiment
