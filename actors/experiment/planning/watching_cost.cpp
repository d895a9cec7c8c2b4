#include "actors/experiment/planning/watching_cost.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "actors/experiment/bandit/draws.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {
namespace {

constexpr size_t paths = 4000;
constexpr int looks_per_sample = 100;
constexpr double step = 1.0 / looks_per_sample;

/// When one path's evidence reaches 1 / alpha; none by the end.
std::optional<double> found_at(const WatchedTest& test, Random& random) {
  const double threshold = -std::log(test.alpha);
  double score = 0;
  for (int look = 1; look <= looks_per_sample * static_cast<int>(watched_max); ++look) {
    score += test.shift * step + std::sqrt(step) * draw_normal(random);
    const double time = look * step;
    if (time < test.first_look) continue;
    // log_mean_evidence() with z = score / sqrt(time).
    const double x = test.prior_ratio * test.prior_ratio * time;
    if (score * score / time * x / (2 * (1 + x)) - std::log1p(x) / 2 >= threshold) return time;
  }
  return std::nullopt;
}

}  // namespace

Result<WatchingCost> watching_cost(const WatchedTest& test) {
  TROUPE_CHECK(check_open_unit(test.alpha, "alpha"));
  TROUPE_CHECK(check_open_unit(test.power, "power"));
  if (!(std::isfinite(test.shift) && test.shift != 0))
    return fail(Errc::invalid_argument, "shift is {}: it must be finite and not 0", test.shift);
  if (!(std::isfinite(test.prior_ratio) && test.prior_ratio > 0))
    return fail(Errc::invalid_argument, "prior_ratio is {}: it must be finite and above 0", test.prior_ratio);
  SeededRandom random(1);
  std::vector<double> found;
  for (size_t path = 0; path < paths; ++path)
    if (const auto at = found_at(test, random)) found.push_back(*at);
  std::ranges::sort(found);
  WatchingCost cost;
  cost.mean = watched_max * static_cast<double>(paths - found.size());
  for (const double at : found) cost.mean += at;
  cost.mean /= static_cast<double>(paths);
  const auto quantile = [&](double share) {
    const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(paths)));
    return rank >= 1 && rank <= found.size() ? std::optional(found[rank - 1]) : std::nullopt;
  };
  cost.median = quantile(0.5);
  cost.for_power = quantile(test.power);
  const auto by_plan = std::ranges::upper_bound(found, 1 + step / 2) - found.begin();
  cost.found_by_plan = static_cast<double>(by_plan) / static_cast<double>(paths);
  return cost;
}

}  // namespace troupe::experiment
