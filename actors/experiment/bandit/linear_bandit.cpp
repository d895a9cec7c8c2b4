#include "actors/experiment/bandit/linear_bandit.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "actors/experiment/bandit/allocation.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {
namespace {

constexpr size_t features_max = 128;

}  // namespace

Result<LinearBandit> LinearBandit::make(size_t arms, LinearBanditOptions options) {
  TROUPE_CHECK(check_arms(arms, options.floor));
  if (options.features < 1 || options.features > features_max) {
    return fail_field("features", "there are {} features; a linear bandit has 1 to {}", options.features, features_max);
  }
  if (!(options.ridge > 0 && std::isfinite(options.ridge))) {
    return fail_field("ridge", "ridge is {}; it must be above 0 and finite", options.ridge);
  }
  if (!(options.exploration >= 0 && std::isfinite(options.exploration))) {
    return fail_field("exploration", "exploration is {}; it must be at least 0 and finite", options.exploration);
  }
  return LinearBandit(arms, options);
}

LinearBandit::LinearBandit(size_t arms, LinearBanditOptions options) : options_(options) {
  Model model{std::vector<double>(options.features * options.features), std::vector<double>(options.features)};
  for (size_t i = 0; i < options.features; ++i) model.inverse[i * options.features + i] = 1 / options.ridge;
  arms_.assign(arms, model);
}

Status LinearBandit::check_context(std::span<const double> context) const {
  if (context.size() != options_.features) {
    return fail_field("context", "the context has {} features; this bandit has {}", context.size(), options_.features);
  }
  for (const double feature : context) TROUPE_CHECK(check_finite(feature, "a feature of the context"));
  return {};
}

std::vector<double> LinearBandit::inverse_times(const Model& model, std::span<const double> context) const {
  std::vector<double> product(context.size());
  for (size_t i = 0; i < context.size(); ++i) {
    const double* row = model.inverse.data() + i * context.size();
    product[i] = std::inner_product(context.begin(), context.end(), row, 0.0);
  }
  return product;
}

Status LinearBandit::add(size_t arm, std::span<const double> context, double pulls, double reward) {
  TROUPE_CHECK(check_arm(arm, arms_.size()));
  TROUPE_CHECK(check_context(context));
  TROUPE_CHECK(check_count(pulls, "pulls"));
  if (pulls == 0) return fail_field("pulls", "a batch has no pulls");
  TROUPE_CHECK(check_finite(reward, "reward"));
  auto& model = arms_[arm];
  const auto product = inverse_times(model, context);
  const double scale = pulls / (1 + pulls * std::inner_product(context.begin(), context.end(), product.begin(), 0.0));
  for (size_t i = 0; i < context.size(); ++i) {
    for (size_t j = 0; j < context.size(); ++j) {
      model.inverse[i * context.size() + j] -= product[i] * product[j] * scale;
    }
    model.earned[i] += reward * context[i];
  }
  return {};
}

Result<std::vector<double>> LinearBandit::scores(std::span<const double> context) const {
  TROUPE_CHECK(check_context(context));
  std::vector<double> scores;
  for (const auto& model : arms_) {
    const auto product = inverse_times(model, context);
    const double mean = std::inner_product(product.begin(), product.end(), model.earned.begin(), 0.0);
    const double variance = std::inner_product(product.begin(), product.end(), context.begin(), 0.0);
    scores.push_back(mean + options_.exploration * std::sqrt(std::max(0.0, variance)));
  }
  return scores;
}

Result<std::vector<double>> LinearBandit::weights(std::span<const double> context) const {
  TROUPE_TRY(const auto all, scores(context));
  const auto best = std::max_element(all.begin(), all.end()) - all.begin();
  return all_to(static_cast<size_t>(best), all.size(), options_.floor);
}

}  // namespace troupe::experiment
