#include "actors/experiment/statistics/family.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "actors/experiment/statistics/log_math.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

namespace {

double log_add(double a, double b) {
  const std::array<double, 2> both{a, b};
  return log_sum_exp(both);
}

Status check(std::span<const Hypothesis> family, double alpha) {
  TROUPE_CHECK(check_open_unit(alpha, "alpha"));
  if (family.empty()) return fail(Errc::invalid_argument, "the family has no hypotheses");
  for (const auto& hypothesis : family) {
    if (std::isnan(hypothesis.log_e))
      return fail(Errc::invalid_argument, "a hypothesis has evidence that is not a number");
    if (hypothesis.weight > 0 && std::isfinite(hypothesis.weight)) continue;
    return fail_field("weight", "a hypothesis has weight {}; it must be above 0 and finite", hypothesis.weight);
  }
  return {};
}

}  // namespace

Result<std::vector<FamilyVerdict>> family_verdicts(std::span<const Hypothesis> family, double alpha) {
  TROUPE_CHECK(check(family, alpha));
  std::vector<size_t> order(family.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return family[a].log_e < family[b].log_e; });

  double weights = 0;
  for (const auto& hypothesis : family) weights += hypothesis.weight;

  std::vector<FamilyVerdict> verdicts(family.size());
  for (size_t at = 0; at < order.size(); ++at) {
    const auto& own = family[order[at]];
    // Only smaller e-values lower the mean, and the smallest do so most: the least mean is over a prefix of the order.
    double least = own.log_e;
    double log_sum = own.log_e + std::log(own.weight), weight = own.weight;
    for (size_t i = 0; i < at; ++i) {
      const auto& other = family[order[i]];
      log_sum = log_add(log_sum, other.log_e + std::log(other.weight));
      weight += other.weight;
      least = std::min(least, log_sum - std::log(weight));
    }
    auto& verdict = verdicts[order[at]];
    verdict.adjusted_p = std::min(1.0, std::exp(-least));
    verdict.rejected = least >= -std::log(alpha);
    verdict.alpha = alpha * own.weight / weights;
  }
  return verdicts;
}

}  // namespace troupe::experiment
