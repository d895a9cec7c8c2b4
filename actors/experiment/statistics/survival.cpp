#include "actors/experiment/statistics/survival.hpp"

#include <cmath>
#include <limits>

#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/event_table.hpp"
#include "actors/experiment/statistics/inference.hpp"

namespace troupe::experiment {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Interval log_log_interval(double survival, double greenwood, double z) {
  const double reach = z * std::sqrt(greenwood) / -std::log(survival);
  const double hazard = -std::log(survival);
  return {std::exp(-hazard * std::exp(reach)), std::exp(-hazard * std::exp(-reach))};
}

/// x' A^-1 x of a symmetric A by Cholesky's decomposition; none where A is singular.
std::optional<double> quadratic_form(std::vector<std::vector<double>> a, std::vector<double> x) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double whole = a[i][i];
    for (size_t k = 0; k < i; ++k) a[i][i] -= a[i][k] * a[i][k];
    if (!(a[i][i] > whole * 1e-12)) return std::nullopt;
    a[i][i] = std::sqrt(a[i][i]);
    for (size_t j = i + 1; j < x.size(); ++j) {
      for (size_t k = 0; k < i; ++k) a[j][i] -= a[j][k] * a[i][k];
      a[j][i] /= a[i][i];
    }
    for (size_t k = 0; k < i; ++k) x[i] -= a[i][k] * x[k];
    x[i] /= a[i][i];
    sum += x[i] * x[i];
  }
  return sum;
}

}  // namespace

Result<SurvivalCurve> kaplan_meier(std::span<const SurvivalUnit> units, double confidence) {
  TROUPE_TRY(const double z, critical_value({.confidence = confidence}));
  TROUPE_TRY(const auto table, event_table(std::vector{units}));
  SurvivalCurve curve{.median_interval = {infinity, infinity}};
  double survival = 1;
  double greenwood = 0;
  Interval interval{1, 1};
  for (const EventTime& at : table) {
    const double n = at.at_risk[0];
    const double d = at.events[0];
    survival *= (n - d) / n;
    if (survival > 0) {
      greenwood += d / (n * (n - d));
      interval = log_log_interval(survival, greenwood, z);
    } else {
      interval.low = 0;
    }
    curve.steps.push_back({at.time, n, d, survival, survival * std::sqrt(greenwood), interval});
    if (survival <= 0.5 && !curve.median) curve.median = at.time;
    if (interval.low <= 0.5) curve.median_interval.low = std::min(curve.median_interval.low, at.time);
    if (interval.high <= 0.5) curve.median_interval.high = std::min(curve.median_interval.high, at.time);
  }
  return curve;
}

Result<TestResult> log_rank(std::span<const SurvivalUnit> first, std::span<const SurvivalUnit> second,
                            const TestOptions& options) {
  TROUPE_CHECK(check(options));
  TROUPE_TRY(const auto table, event_table(std::vector{first, second}));
  const LogRankScore score = log_rank_score(table);
  if (score.variance == 0) {
    return fail(Errc::invalid_argument, "no event happened while both arms were at risk: they can't be compared");
  }
  return wald_test_of_log("log-rank", score.difference / score.variance, 1 / std::sqrt(score.variance), options);
}

Result<OmnibusResult> log_rank(std::span<const std::vector<SurvivalUnit>> arms) {
  if (arms.size() < 2 || arms.size() > 64) {
    return fail(Errc::invalid_argument, "{} arms can't be compared: there must be 2 to 64", arms.size());
  }
  TROUPE_TRY(const auto table, event_table(std::vector<std::span<const SurvivalUnit>>(arms.begin(), arms.end())));
  // One arm follows from the others.
  const size_t free = arms.size() - 1;
  std::vector<double> difference(free);
  std::vector<std::vector<double>> variance(free, std::vector<double>(free));
  for (const EventTime& at : table) {
    for (size_t a = 0; a < free; ++a) {
      difference[a] += at.events[a] - expected_events(at, a);
      for (size_t b = 0; b <= a; ++b) variance[a][b] += covariance_of_events(at, a, b);
    }
  }
  const auto statistic = quadratic_form(variance, difference);
  if (!statistic) {
    return fail(Errc::invalid_argument,
                "an arm was not at risk together with others when events happened: it can't be compared");
  }
  OmnibusResult result{.method = "log-rank", .statistic = *statistic, .df = static_cast<double>(free)};
  TROUPE_TRY(result.p_value, survival(ChiSquared{result.df}, *statistic));
  return result;
}

}  // namespace troupe::experiment
