#include "actors/experiment/analysis/bandit_weights.hpp"

#include <algorithm>
#include <cmath>

#include "actors/experiment/analysis/contextual_weights.hpp"
#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/bandit/epsilon_greedy.hpp"
#include "actors/experiment/bandit/thompson.hpp"
#include "actors/experiment/bandit/ucb1.hpp"

namespace troupe::experiment {
namespace {

/// Smaller changes are not worth moving units.
constexpr double change_min = 0.005;

/// What an arm's units earned.
struct Earned {
  Moments rewards;  ///< n 0: no units yet.
  double successes = 0;
};

std::vector<Earned> earnings(const ExperimentRecord& record, const Aggregates& rows, uint32_t metric) {
  const MetricView view(rows, record.number, metric);
  const bool is_less_better = record.definition.metrics[metric].direction == Direction::decrease;
  std::vector<Earned> all(record.definition.variants.size());
  for (uint32_t arm = 0; arm < all.size(); ++arm) {
    const UnitSums sums = view.whole(arm).sums;
    if (sums.units < 1) continue;
    all[arm].rewards = moments_of(sums);
    all[arm].successes = static_cast<double>(sums.x >> fixed_bits);
    if (!is_less_better) continue;
    all[arm].rewards.mean = -all[arm].rewards.mean;
    all[arm].successes = all[arm].rewards.n - all[arm].successes;
  }
  return all;
}

Result<std::vector<double>> by_thompson(const std::vector<Earned>& arms, bool are_rates, double floor, Random& random) {
  const ThompsonOptions options{.floor = floor};
  if (are_rates) {
    TROUPE_TRY(BetaThompson bandit, BetaThompson::make(arms.size(), options));
    for (size_t arm = 0; arm < arms.size(); ++arm)
      TROUPE_CHECK(bandit.add(arm, arms[arm].successes, arms[arm].rewards.n - arms[arm].successes));
    return bandit.weights(random);
  }
  TROUPE_TRY(GaussianThompson bandit, GaussianThompson::make(arms.size(), options));
  for (size_t arm = 0; arm < arms.size(); ++arm)
    if (arms[arm].rewards.n > 0) TROUPE_CHECK(bandit.add(arm, arms[arm].rewards));
  return bandit.weights(random);
}

Result<std::vector<double>> by_ucb1(const std::vector<Earned>& arms, double floor) {
  TROUPE_TRY(Ucb1 bandit, Ucb1::make(arms.size(), floor));
  for (size_t arm = 0; arm < arms.size(); ++arm)
    if (arms[arm].rewards.n > 0) TROUPE_CHECK(bandit.add(arm, arms[arm].rewards.n, arms[arm].successes));
  return bandit.weights();
}

Result<std::vector<double>> by_epsilon(const std::vector<Earned>& arms, const BanditDefinition& asked) {
  TROUPE_TRY(EpsilonGreedy bandit, EpsilonGreedy::make(arms.size(), {.epsilon = asked.epsilon, .floor = asked.floor}));
  for (size_t arm = 0; arm < arms.size(); ++arm)
    if (arms[arm].rewards.n > 0)
      TROUPE_CHECK(bandit.add(arm, arms[arm].rewards.n, arms[arm].rewards.n * arms[arm].rewards.mean));
  return bandit.weights();
}

Result<std::vector<double>> weights_of(const Definition& definition, const std::vector<Earned>& arms, bool are_rates,
                                       Random& random) {
  switch (definition.bandit->policy) {
    case BanditPolicy::ucb1:
      return by_ucb1(arms, definition.bandit->floor);
    case BanditPolicy::epsilon_greedy:
      return by_epsilon(arms, *definition.bandit);
    case BanditPolicy::thompson:
    case BanditPolicy::linear:
      break;
  }
  return by_thompson(arms, are_rates, definition.bandit->floor, random);
}

Result<std::vector<SegmentWeights>> all_weights(const ExperimentRecord& record, const Aggregates& rows) {
  const Definition& definition = record.definition;
  const auto goal = std::ranges::find(definition.metrics, MetricRole::goal, &MetricDefinition::role);
  const auto metric = static_cast<uint32_t>(goal - definition.metrics.begin());
  if (weighs_segments(definition)) return contextual_weights(record, rows, metric);
  SeededRandom random((uint64_t{record.number} << 32) | record.revisions.back().number);
  TROUPE_TRY(auto weights,
             weights_of(definition, earnings(record, rows, metric), goal->kind == MetricKind::conversion, random));
  return std::vector<SegmentWeights>{{0, std::move(weights)}};
}

bool is_change(const std::vector<double>& before, const std::vector<double>& after) {
  for (size_t arm = 0; arm < after.size(); ++arm)
    if (std::abs(after[arm] - before[arm]) > change_min) return true;
  return false;
}

}  // namespace

Result<std::vector<SegmentWeights>> bandit_weights(const ExperimentRecord& record, const Aggregates& rows,
                                                   WallTime now) {
  const auto& bandit = record.definition.bandit;
  std::vector<SegmentWeights> changes;
  if (!bandit || now < wall_time_from_unix_microseconds(record.revisions.back().at_unix_us) + bandit->every)
    return changes;
  TROUPE_TRY(changes, all_weights(record, rows));
  const std::vector<const Revision*> present = present_revisions(record);
  std::erase_if(changes, [&](const SegmentWeights& one) {
    const auto last =
        std::ranges::find(present, one.segment, [](const Revision* revision) { return revision->segment; });
    return !is_change((*last)->weights, one.weights);
  });
  return changes;
}

}  // namespace troupe::experiment
