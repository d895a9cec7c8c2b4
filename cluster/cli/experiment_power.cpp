#include <iostream>

#include "actors/experiment/planning/sample_plan.hpp"
#include "cluster/cli/experiment_definitions.hpp"
#include "cluster/cli/experiment_verbs.hpp"
#include "cluster/cli/render_sample_plan.hpp"
#include "cluster/cli/text_file.hpp"

namespace troupe::cli {
namespace {

using experiment::Alternative;
using experiment::Definition;
using experiment::PlanQuestion;

struct PowerFlags {
  std::string file;  ///< Empty: by flags alone.
  std::optional<double> rate, mean, deviation, effect, alpha, power, units;
  bool is_absolute = false;
  bool asks_effect = false;
  std::optional<uint32_t> variants;
  std::vector<double> split;
  std::string alternative = "two-sided";
  double units_per_day = 0;
  bool json = false;
};

struct Asked {
  PlanQuestion question;
  std::vector<std::string> variants;
};

/// What a definition says; flags go before it.
void take_definition(const Definition& definition, Asked& asked) {
  PlanQuestion& question = asked.question;
  question.weights.clear();
  for (const auto& variant : definition.variants) {
    question.weights.push_back(variant.weight);
    asked.variants.push_back(variant.name);
  }
  question.goals = 0;
  for (const auto& metric : definition.metrics) {
    if (metric.role != experiment::MetricRole::goal) continue;
    if (question.goals++ == 0) question.decreases = metric.direction == experiment::Direction::decrease;
  }
  question.alpha = definition.rule.alpha;
  question.minimum_units = std::max(question.minimum_units, static_cast<double>(definition.rule.minimum_units));
  question.share = definition.share;
}

/// The control's share, or one for each variant.
Result<std::vector<double>> weights_of(const PowerFlags& flags) {
  const size_t variants =
      flags.variants.value_or(flags.split.size() > 1 ? static_cast<uint32_t>(flags.split.size()) : 2);
  if (variants < 2 || variants > experiment::variants_max)
    return fail(Errc::invalid_argument, "--variants {}: there are 2 to {}, with the control", variants,
                experiment::variants_max);
  if (flags.split.size() == variants) return flags.split;
  if (flags.split.size() > 1)
    return fail(Errc::invalid_argument, "--split has {} shares for {} variants", flags.split.size(), variants);
  const double control = flags.split.empty() ? 1.0 / static_cast<double>(variants) : flags.split[0];
  std::vector<double> weights(variants, (1 - control) / static_cast<double>(variants - 1));
  weights[0] = control;
  return weights;
}

Status take_baseline(const PowerFlags& flags, PlanQuestion& question) {
  if (flags.rate && (flags.mean || flags.deviation))
    return fail(Errc::invalid_argument, "--rate is of conversions, --mean and --sd of values: give one of them");
  if (!flags.rate && !flags.deviation)
    return fail(Errc::invalid_argument,
                "what the control does is missing: --rate 0.1 for conversions, --mean 12 --sd 30 for values");
  if (flags.rate) {
    question.baseline = experiment::RateBaseline{*flags.rate};
  } else {
    question.baseline = experiment::MeanBaseline{flags.mean, *flags.deviation};
  }
  return {};
}

Result<Asked> asked_by(const PowerFlags& flags) {
  Asked asked;
  PlanQuestion& question = asked.question;
  std::optional<Definition> definition;
  if (!flags.file.empty()) {
    TROUPE_TRY(const std::string text, read_text(flags.file));
    TROUPE_TRY(definition, read_definition(text, name_of_text(flags.file)));
    take_definition(*definition, asked);
    if (flags.variants || !flags.split.empty())
      return fail(Errc::invalid_argument, "--variants and --split are what {} says; leave them out", flags.file);
  } else {
    TROUPE_TRY(question.weights, weights_of(flags));
    for (size_t i = 0; i < question.weights.size(); ++i)
      asked.variants.push_back(i == 0                                   ? "control"
                               : i == 1 && question.weights.size() == 2 ? "treatment"
                                                                        : fmt::format("variant {}", i));
  }
  TROUPE_CHECK(take_baseline(flags, question));
  if (flags.asks_effect && flags.effect)
    return fail(Errc::invalid_argument, "--mde asks for the effect that --effect gives: leave out one of them");
  if (flags.asks_effect && !flags.units)
    return fail(Errc::invalid_argument, "--mde needs --units: how many there are of all variants together");
  if (flags.alpha) question.alpha = *flags.alpha;
  question.alternative = flags.alternative == "less"      ? Alternative::less
                         : flags.alternative == "greater" ? Alternative::greater
                                                          : Alternative::two_sided;
  question.is_absolute = flags.is_absolute;
  question.effect = flags.effect;
  question.units = flags.units;
  question.power = flags.power;
  question.units_per_day = flags.units_per_day;
  if (!definition) return asked;
  // Where units are given, and neither effect nor power is asked by name, the definition's effect is: it has one.
  if (!question.effect && !flags.asks_effect && !flags.is_absolute)
    question.effect = question.decreases ? -definition->rule.minimum_effect : definition->rule.minimum_effect;
  if (!question.units && !question.power) question.power = definition->rule.power;
  if (flags.asks_effect && !question.power) question.power = definition->rule.power;
  return asked;
}

Result<Exit> power(const PowerFlags& flags) {
  TROUPE_TRY(const Asked asked, asked_by(flags));
  TROUPE_TRY(const auto plan, plan_sample(asked.question));
  if (flags.json) {
    std::cout << sample_plan_document(asked.question, plan, asked.variants).dump(2) << '\n';
  } else {
    std::cout << render_sample_plan(asked.question, plan, asked.variants);
  }
  return Exit::ok;
}

}  // namespace

void add_experiment_power(CLI::App& group, Shell& shell) {
  CLI::App* const verb = group.add_subcommand(
      "power", "How many units it needs, how likely it finds an effect, or which (--mde); needs no cluster");
  auto flags = std::make_shared<PowerFlags>();
  verb->add_option(
      "-f,--file", flags->file,
      "A definition: variants, weights, goals, alpha, power and minimum_effect are its own; - reads stdin");
  verb->add_option("--rate", flags->rate, "Share of the control's units that convert, such as 0.1");
  verb->add_option("--mean", flags->mean, "Mean of the control's units");
  verb->add_option("--sd", flags->deviation, "Standard deviation between units");
  verb->add_option("--effect", flags->effect, "Relative to the control's value: 0.05 is 5 % more, -0.05 less");
  verb->add_flag("--absolute", flags->is_absolute, "--effect is a difference, and not relative");
  verb->add_option("--units", flags->units, "Units of all variants together");
  verb->add_option("--power", flags->power, "Chance to find the effect (default: 0.8 where it is not asked)");
  verb->add_flag("--mde", flags->asks_effect, "Asks which effect --units find");
  verb->add_option("--alpha", flags->alpha, "Chance of any false discovery (default: 0.05)");
  verb->add_option("--variants", flags->variants, "With the control (default: 2)");
  verb->add_option("--split", flags->split, "The control's share, or one for each variant (default: equal ones)")
      ->delimiter(',');
  verb->add_option("--alternative", flags->alternative, "two-sided, less or greater")
      ->check(CLI::IsMember({"two-sided", "less", "greater"}))
      ->capture_default_str();
  verb->add_option("--units-per-day", flags->units_per_day, "New units that come in a day: tells how long it takes")
      ->check(CLI::PositiveNumber);
  verb->add_flag("--json", flags->json, "Print JSON");
  verb->callback([=, &shell] { shell.verb = [=] { return power(*flags); }; });
}

}  // namespace troupe::cli
