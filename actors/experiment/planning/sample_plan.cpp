#include "actors/experiment/planning/sample_plan.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "actors/experiment/statistics/mean_sequence.hpp"
#include "actors/experiment/statistics/power.hpp"
#include "actors/experiment/statistics/proportions.hpp"
#include "actors/experiment/statistics/rate_watch.hpp"

namespace troupe::experiment {
namespace {

constexpr double power_usual = 0.8;

Status check_question(const PlanQuestion& question) {
  if (question.weights.size() < 2)
    return fail(Errc::invalid_argument, "there must be at least 2 variants, found {}", question.weights.size());
  for (const double weight : question.weights)
    if (!(weight > 0 && weight < 1))
      return fail(Errc::invalid_argument, "a weight must lie between 0 and 1, found {}", weight);
  const double sum = std::accumulate(question.weights.begin(), question.weights.end(), 0.0);
  if (std::abs(sum - 1) > 1e-6) return fail(Errc::invalid_argument, "weights must sum to 1, found {}", sum);
  if (question.goals == 0) return fail(Errc::invalid_argument, "there must be at least one goal");
  TROUPE_CHECK(check_open_unit(question.alpha, "alpha"));
  const int given = question.effect.has_value() + question.units.has_value() + question.power.has_value();
  if (given == 3)
    return fail(Errc::invalid_argument, "effect, units and power are all given: leave out the one that is asked");
  if (!question.effect && !question.units)
    return fail(Errc::invalid_argument, "give the effect, to be told the units, or the units, to be told the effect");
  if (question.effect && (!std::isfinite(*question.effect) || *question.effect == 0))
    return fail(Errc::invalid_argument, "the effect is {}: it must be finite and not 0", *question.effect);
  return {};
}

/// The one metric, in whichever of the two ways it is compared.
class Compared {
 public:
  Compared(const PlanQuestion& question, const PowerOptions& options) : question_(question), options_(options) {}

  bool is_rate() const { return std::holds_alternative<RateBaseline>(question_.baseline); }
  double rate() const { return std::get<RateBaseline>(question_.baseline).rate; }
  double deviation() const { return std::get<MeanBaseline>(question_.baseline).deviation; }
  std::optional<double> control() const {
    return is_rate() ? std::optional(rate()) : std::get<MeanBaseline>(question_.baseline).mean;
  }

  Status check() const {
    if (is_rate()) return check_open_unit(rate(), "the rate");
    if (std::isfinite(deviation()) && deviation() > 0) return {};
    return fail(Errc::invalid_argument, "the standard deviation is {}: it must be finite and above 0", deviation());
  }

  /// The difference that the question's effect is.
  Result<double> difference() const {
    if (question_.is_absolute) return within(*question_.effect);
    if (!control())
      return fail(Errc::invalid_argument, "an effect relative to the mean needs the mean; or give an absolute effect");
    if (*control() == 0)
      return fail(Errc::invalid_argument,
                  "the control's mean is 0, and nothing is relative to it; give an absolute effect");
    return within(*question_.effect * *control());
  }

  /// Units of the control.
  Result<double> units_for(double difference, double power) const {
    const auto size =
        is_rate() ? sample_size_for_proportions(rate(), rate() + difference, power, ProportionPower::z, options_)
                  : sample_size_for_means(difference / deviation(), power, options_);
    if (!size) return fail(size.error());
    return size->first;
  }

  Result<double> power_at(double difference, double units) const {
    return is_rate() ? power_of_proportions(rate(), rate() + difference, units, ProportionPower::z, options_)
                     : power_of_means(difference / deviation(), units, options_);
  }

  Result<double> detectable(double units, double power) const {
    const bool down = question_.decreases && options_.alternative == Alternative::two_sided;
    if (!is_rate()) {
      TROUPE_TRY(const double effect, detectable_effect(units, power, options_));
      return (down ? -effect : effect) * deviation();
    }
    // A rate that falls is one of the opposite that rises.
    const double base = down ? 1 - rate() : rate();
    TROUPE_TRY(const double other, detectable_proportion(base, units, power, ProportionPower::z, options_));
    return down ? base - other : other - base;
  }

  Result<double> effect_size(double difference) const {
    if (is_rate()) return cohens_h(rate(), rate() + difference);
    return difference / deviation();
  }

  /// Of the difference, where it is as large as said.
  double standard_error(double difference, double control_units, double treated_units) const {
    if (!is_rate()) return deviation() * std::sqrt(1 / control_units + 1 / treated_units);
    const double other = rate() + difference;
    return std::sqrt(rate() * (1 - rate()) / control_units + other * (1 - other) / treated_units);
  }

  /// The prior's standard deviation of the test that watches (Watch), over the standard error.
  Result<double> prior_ratio(double difference, double control_units, double treated_units) const {
    if (!is_rate()) {
      MeanSequenceOptions planned;
      planned.units_planned = static_cast<uint64_t>(std::max(question_.minimum_units, 1000.0)) * 4;
      TROUPE_TRY(const double tuned, tuned_prior_sd(1, question_.alpha));
      return tuned * std::sqrt((control_units + treated_units) / static_cast<double>(planned.units_planned));
    }
    const double other = rate() + difference;
    const double of_log_odds =
        std::sqrt(1 / (control_units * rate() * (1 - rate())) + 1 / (treated_units * other * (1 - other)));
    return RateWatchOptions{}.prior_sd / of_log_odds;
  }

 private:
  Result<double> within(double difference) const {
    if (!is_rate()) return difference;
    const double other = rate() + difference;
    if (other > 0 && other < 1) return difference;
    return fail(Errc::invalid_argument, "a rate of {} with this effect would be {}: it must lie between 0 and 1",
                rate(), other);
  }

  const PlanQuestion& question_;
  const PowerOptions& options_;
};

/// Half units can't come; what floating point added to a whole number is none.
double whole(double units) {
  return std::ceil(units * (1 - 1e-12));
}

Result<WatchingCost> watched(const Compared& compared, const SamplePlan& plan, double treated_units,
                             double minimum_units) {
  WatchedTest test;
  test.alpha = plan.alpha_each;
  test.power = plan.power;
  test.shift = plan.effect / compared.standard_error(plan.effect, plan.units[0], treated_units);
  TROUPE_TRY(test.prior_ratio, compared.prior_ratio(plan.effect, plan.units[0], treated_units));
  test.first_look = minimum_units / std::min(plan.units[0], treated_units);
  return watching_cost(test);
}

}  // namespace

Result<SamplePlan> plan_sample(const PlanQuestion& question) {
  TROUPE_CHECK(check_question(question));
  SamplePlan plan;
  plan.comparisons = question.goals * static_cast<uint32_t>(question.weights.size() - 1);
  plan.alpha = question.alpha;
  plan.alpha_each = question.alpha / plan.comparisons;
  const double control_weight = question.weights[0];
  const double treated_weight = *std::min_element(question.weights.begin() + 1, question.weights.end());
  const PowerOptions options{question.alternative, plan.alpha_each, treated_weight / control_weight};
  const Compared compared(question, options);
  TROUPE_CHECK(compared.check());
  plan.method = compared.is_rate() ? "two-proportion z, pooled" : "Student's t";
  plan.power = question.power.value_or(power_usual);

  double all = question.units.value_or(0);
  if (question.effect) {
    TROUPE_TRY(plan.effect, compared.difference());
  } else {
    plan.asked = "effect";
    TROUPE_TRY(plan.effect, compared.detectable(all * control_weight, plan.power));
  }
  if (!question.units) {
    plan.asked = "units";
    TROUPE_TRY(const double control_units, compared.units_for(plan.effect, plan.power));
    all = control_units / control_weight;
  } else if (question.effect) {
    plan.asked = "power";
    TROUPE_TRY(plan.power, compared.power_at(plan.effect, all * control_weight));
  }
  for (const double weight : question.weights) plan.units.push_back(whole(all * weight));
  plan.units_all = std::accumulate(plan.units.begin(), plan.units.end(), 0.0);
  if (question.units_per_day != 0) {
    TROUPE_TRY(plan.days,
               days_until({plan.units[0], plan.units_all - plan.units[0]}, question.units_per_day, question.share));
  }
  plan.control = compared.control();
  if (plan.control) plan.treated = *plan.control + plan.effect;
  if (plan.control && *plan.control != 0) plan.relative = plan.effect / *plan.control;
  TROUPE_TRY(plan.effect_size, compared.effect_size(plan.effect));
  // A power of 1 to the last bit has no quantile.
  if (question.alternative == Alternative::two_sided && plan.power < 1) {
    TROUPE_TRY(plan.watched, watched(compared, plan, whole(all * treated_weight), question.minimum_units));
  }
  return plan;
}

}  // namespace troupe::experiment
