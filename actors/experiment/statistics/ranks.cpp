#include "actors/experiment/statistics/ranks.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "actors/experiment/statistics/inference.hpp"

namespace troupe::experiment {

namespace {

Result<std::vector<double>> sorted_arm(std::span<const double> values, std::string_view name) {
  if (values.size() < 2) {
    return fail(Errc::invalid_argument, "the {} has {} units: ranks need at least two", name, values.size());
  }
  for (const double value : values) TROUPE_CHECK(check_finite(value, fmt::format("a value of the {}", name)));
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

/// For each value of `own`, how many of `others` are below it, equal ones half: its placement.
std::vector<double> placements(const std::vector<double>& own, const std::vector<double>& others) {
  std::vector<double> result;
  result.reserve(own.size());
  size_t below = 0;
  size_t not_above = 0;
  for (const double value : own) {
    while (below < others.size() && others[below] < value) ++below;
    while (not_above < others.size() && others[not_above] <= value) ++not_above;
    result.push_back(static_cast<double>(below + not_above) / 2);
  }
  return result;
}

/// sum of t^3 - t over the groups of t equal values.
double tie_term(const std::vector<double>& first, const std::vector<double>& second) {
  std::vector<double> all(first.size() + second.size());
  std::merge(first.begin(), first.end(), second.begin(), second.end(), all.begin());
  double sum = 0;
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end] == all[begin]) ++end;
    const double t = static_cast<double>(end - begin);
    sum += t * (t * t - 1);
  }
  return sum;
}

double sum_of_squares(const std::vector<double>& values, double mean) {
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum;
}

/// P(U = u) for all u of n1 and n2 values without ties. The largest value is of either arm with the odds of their
/// sizes; if it is of the second it beats all of the first (Mann and Whitney 1947, recursion as probabilities).
std::vector<double> distribution_of_u(size_t n1, size_t n2) {
  // row[b]: of a values of the first arm and b of the second.
  std::vector<std::vector<double>> row(n2 + 1, std::vector<double>{1.0});
  for (size_t a = 1; a <= n1; ++a) {
    for (size_t b = 1; b <= n2; ++b) {
      const double of_first = static_cast<double>(a) / static_cast<double>(a + b);
      std::vector<double> next(a * b + 1);
      for (size_t u = 0; u < row[b].size(); ++u) next[u] += of_first * row[b][u];
      for (size_t u = 0; u < row[b - 1].size(); ++u) next[u + a] += (1 - of_first) * row[b - 1][u];
      row[b] = std::move(next);
    }
  }
  return row[n2];
}

/// P(U >= u) where there are no ties.
double exact_tail(const std::vector<double>& distribution, double u) {
  double sum = 0;
  for (size_t i = distribution.size(); i-- > static_cast<size_t>(u);) sum += distribution[i];
  return std::min(1.0, sum);
}

double exact_p(size_t n1, size_t n2, double u, Alternative alternative) {
  const auto distribution = distribution_of_u(n1, n2);
  const double opposite = static_cast<double>(n1 * n2) - u;
  if (alternative == Alternative::greater) return exact_tail(distribution, u);
  if (alternative == Alternative::less) return exact_tail(distribution, opposite);
  return std::min(1.0, 2 * exact_tail(distribution, std::max(u, opposite)));
}

/// P(U >= u) for the alternative's side of U, by the normal distribution.
Result<double> asymptotic_p(double pairs, double u, double deviation, const RankOptions& options) {
  const double correction = options.continuity ? 0.5 : 0;
  const double up = u - pairs / 2;
  const double distance = options.test.alternative == Alternative::greater ? up
                          : options.test.alternative == Alternative::less  ? -up
                                                                           : std::abs(up);
  TROUPE_TRY(const double tail, p_value((distance - correction) / deviation, {}, Alternative::greater));
  return options.test.alternative == Alternative::two_sided ? std::min(1.0, 2 * tail) : tail;
}

/// DeLong's interval of the chance that a value of the second arm is larger.
Result<Interval> interval_of_chance(double chance, const std::vector<double>& placed1,
                                    const std::vector<double>& placed2, const TestOptions& options) {
  const double n1 = static_cast<double>(placed1.size());
  const double n2 = static_cast<double>(placed2.size());
  const double squares1 = sum_of_squares(placed1, (1 - chance) * n2) / (n2 * n2);
  const double squares2 = sum_of_squares(placed2, chance * n1) / (n1 * n1);
  const double variance = squares1 / (n1 * (n1 - 1)) + squares2 / (n2 * (n2 - 1));
  if (variance == 0) return Interval{0, 1};
  TROUPE_TRY(const double z, critical_value(options));
  const double half = z * std::sqrt(variance);
  const Interval sided = one_sided({chance - half, chance + half}, options.alternative);
  return Interval{std::max(0.0, sided.low), std::min(1.0, sided.high)};
}

Result<bool> use_exact(double n1, double n2, bool tied, RankMethod method) {
  const bool fits = n1 * n2 <= mann_whitney_exact_max;
  if (method == RankMethod::automatic) return !tied && fits && std::min(n1, n2) <= 8;
  if (method == RankMethod::asymptotic) return false;
  if (tied) return fail(Errc::invalid_argument, "the exact test needs values that all differ: use the asymptotic one");
  if (fits) return true;
  return fail(Errc::invalid_argument, "{} and {} units are too many for the exact test: their product may be {}", n1,
              n2, mann_whitney_exact_max);
}

}  // namespace

Result<TestResult> mann_whitney(std::span<const double> first, std::span<const double> second,
                                const RankOptions& options) {
  TROUPE_CHECK(check(options.test));
  TROUPE_TRY(const auto one, sorted_arm(first, "first arm"));
  TROUPE_TRY(const auto two, sorted_arm(second, "second arm"));
  const double n1 = static_cast<double>(one.size());
  const double n2 = static_cast<double>(two.size());
  const double n = n1 + n2;
  const auto placed2 = placements(two, one);
  const double ties = tie_term(one, two);
  TestResult result{.method = "Mann-Whitney, asymptotic"};
  for (const double each : placed2) result.statistic += each;
  const double variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)));
  if (one.front() == one.back() && two.front() == two.back() && one.front() == two.front()) {
    return fail(Errc::invalid_argument, "all values are equal: they have no ranks");
  }
  TROUPE_TRY(const bool exact, use_exact(n1, n2, ties > 0, options.method));
  if (exact) {
    result.method = "Mann-Whitney, exact";
    result.p_value = exact_p(one.size(), two.size(), result.statistic, options.test.alternative);
  } else {
    TROUPE_TRY(result.p_value, asymptotic_p(n1 * n2, result.statistic, std::sqrt(variance), options));
  }
  result.estimate = result.statistic / (n1 * n2);
  TROUPE_TRY(result.interval, interval_of_chance(result.estimate, placements(one, two), placed2, options.test));
  return result;
}

}  // namespace troupe::experiment
