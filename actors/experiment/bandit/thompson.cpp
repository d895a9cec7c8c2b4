#include "actors/experiment/bandit/thompson.hpp"

#include <cmath>

#include "actors/experiment/bandit/allocation.hpp"
#include "actors/experiment/bandit/draws.hpp"

namespace troupe::experiment {

namespace {

constexpr double rewards_min = 4;

Status check(size_t arms, const ThompsonOptions& options) {
  TROUPE_CHECK(check_arms(arms, options.floor));
  if (options.draws < 1 || options.draws > 1'000'000) {
    return fail_field("draws", "there are {} draws; it must be 1 to 1000000", options.draws);
  }
  if (options.prior.a > 0 && std::isfinite(options.prior.a) && options.prior.b > 0 && std::isfinite(options.prior.b)) {
    return {};
  }
  return fail_field("prior", "the prior is Beta({}, {}); both must be above 0 and finite", options.prior.a,
                    options.prior.b);
}

/// The index of the greatest of `arms` values of draw(arm).
template <class Draw>
size_t best_of(size_t arms, const Draw& draw) {
  size_t best = 0;
  double best_value = draw(size_t{0});
  for (size_t arm = 1; arm < arms; ++arm) {
    const double value = draw(arm);
    if (value <= best_value) continue;
    best = arm;
    best_value = value;
  }
  return best;
}

template <class Choose>
std::vector<double> shares_of(size_t arms, uint32_t draws, const Choose& choose) {
  std::vector<double> shares(arms);
  for (uint32_t i = 0; i < draws; ++i) shares[choose()] += 1.0 / draws;
  return shares;
}

}  // namespace

Result<BetaThompson> BetaThompson::make(size_t arms, ThompsonOptions options) {
  TROUPE_CHECK(check(arms, options));
  return BetaThompson(arms, options);
}

Status BetaThompson::add(size_t arm, double successes, double failures) {
  TROUPE_CHECK(check_arm(arm, posteriors_.size()));
  TROUPE_CHECK(check_count(successes, "successes"));
  TROUPE_CHECK(check_count(failures, "failures"));
  posteriors_[arm].a += successes;
  posteriors_[arm].b += failures;
  return {};
}

size_t BetaThompson::choose(Random& random) const {
  return best_of(posteriors_.size(),
                 [&](size_t arm) { return draw_beta(posteriors_[arm].a, posteriors_[arm].b, random); });
}

std::vector<double> BetaThompson::weights(Random& random) const {
  return with_floor(shares_of(posteriors_.size(), options_.draws, [&] { return choose(random); }), options_.floor);
}

Result<GaussianThompson> GaussianThompson::make(size_t arms, ThompsonOptions options) {
  TROUPE_CHECK(check(arms, options));
  return GaussianThompson(arms, options);
}

Status GaussianThompson::add(size_t arm, const Moments& rewards) {
  TROUPE_CHECK(check_arm(arm, rewards_.size()));
  TROUPE_CHECK(check(rewards, "the batch"));
  // Chan, Golub and LeVeque 1983: moments of two samples together.
  auto& all = rewards_[arm];
  const double n = all.n + rewards.n, off = rewards.mean - all.mean;
  all.m2 += rewards.m2 + off * off * all.n * rewards.n / n;
  all.mean += off * rewards.n / n;
  all.n = n;
  return {};
}

std::vector<size_t> GaussianThompson::unknown() const {
  std::vector<size_t> arms;
  for (size_t arm = 0; arm < rewards_.size(); ++arm) {
    if (rewards_[arm].n < rewards_min || rewards_[arm].m2 == 0) arms.push_back(arm);
  }
  return arms;
}

size_t GaussianThompson::choose(Random& random) const {
  if (const auto first = unknown(); !first.empty()) return first[random.below(first.size())];
  return best_of(rewards_.size(), [&](size_t arm) {
    const auto& own = rewards_[arm];
    return own.mean + std::sqrt(own.m2 / (own.n - 1) / own.n) * draw_t(own.n - 1, random);
  });
}

std::vector<double> GaussianThompson::weights(Random& random) const {
  if (const auto first = unknown(); !first.empty()) {
    std::vector<double> shares(rewards_.size());
    for (const size_t arm : first) shares[arm] = 1 / static_cast<double>(first.size());
    return with_floor(std::move(shares), options_.floor);
  }
  return with_floor(shares_of(rewards_.size(), options_.draws, [&] { return choose(random); }), options_.floor);
}

}  // namespace troupe::experiment
