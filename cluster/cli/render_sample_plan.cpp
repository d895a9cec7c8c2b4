#include "cluster/cli/render_sample_plan.hpp"

#include <fmt/format.h>

#include <cmath>

#include "cluster/cli/table.hpp"

namespace troupe::cli {

using experiment::Alternative;
using experiment::PlanQuestion;
using experiment::SamplePlan;
using nlohmann::json;

namespace {

std::string_view sides(Alternative alternative) {
  switch (alternative) {
    case Alternative::less:
      return "one-sided, less";
    case Alternative::greater:
      return "one-sided, greater";
    case Alternative::two_sided:
      return "two-sided";
  }
  return "";
}

std::string what_is_compared(const PlanQuestion& question, const SamplePlan& plan) {
  const bool is_rate = std::holds_alternative<experiment::RateBaseline>(question.baseline);
  std::string text = is_rate ? "A rate" : "A mean";
  if (plan.control) {
    text += fmt::format(" of {:.6g} against {:.6g}", *plan.control, *plan.treated);
  } else {
    text += fmt::format(" that changes by {:.6g}", plan.effect);
  }
  const std::string relative = plan.relative ? fmt::format("{:+.3g} %, ", 100 * *plan.relative) : "";
  return fmt::format("{} ({}Cohen's {} {:.3g})", text, relative, is_rate ? 'h' : 'd', plan.effect_size);
}

std::string units_of(const SamplePlan& plan, double samples) {
  return fmt::format("{:.0f}", std::ceil(samples * plan.units_all));
}

std::string watched_text(const PlanQuestion& question, const SamplePlan& plan) {
  const auto& watched = *plan.watched;
  const auto after = [&](const std::optional<double>& samples) {
    if (!samples) return fmt::format("more than {:g} times these units", experiment::watched_max);
    std::string text = fmt::format("{} units ({:.2f} times these)", units_of(plan, *samples), *samples);
    if (question.units_per_day > 0)
      text += fmt::format(", {:.1f} days", *samples * plan.units_all / (question.units_per_day * question.share));
    return text;
  };
  std::string text = "Watched all the time (always_valid), an experiment finds that effect\n";
  text += fmt::format("  in the median after {}\n", after(watched.median));
  text += fmt::format("  on average after {}\n", after(watched.mean));
  text += fmt::format("  with a chance of {:.4g} within {}\n", plan.power, after(watched.for_power));
  text +=
      fmt::format("and with a chance of {:.2f} by these units. Without an effect it goes on to its maximum_duration.\n",
                  watched.found_by_plan);
  return text + "(Of 4,000 drawn paths of the mixture test: right to about 2 %.)\n";
}

}  // namespace

std::string render_sample_plan(const PlanQuestion& question, const SamplePlan& plan,
                               const std::vector<std::string>& variants) {
  std::string text = fmt::format(
      "{}\nis found with a power of {:.4g} at alpha {:g}{}; {}, {}, looked at once, by\n\n",
      what_is_compared(question, plan), plan.power, plan.alpha,
      plan.comparisons == 1 ? std::string()
                            : fmt::format(" ({:.4g} for each of {} comparisons)", plan.alpha_each, plan.comparisons),
      plan.method, sides(question.alternative));
  Table table({"VARIANT", "WEIGHT", "UNITS"});
  for (size_t i = 0; i < plan.units.size(); ++i)
    table.add({variants[i], fmt::format("{:.4g}%", 100 * question.weights[i]), fmt::format("{:.0f}", plan.units[i])});
  table.add({"all", "100%", fmt::format("{:.0f}", plan.units_all)});
  text += table.str();
  if (plan.days)
    text += fmt::format("\n{:.0f} day{} at {:g} units a day{}.\n", *plan.days, *plan.days == 1 ? "" : "s",
                        question.units_per_day,
                        question.share < 1 ? fmt::format(", of which {:.4g} % take part", 100 * question.share) : "");
  if (plan.watched) text += "\n" + watched_text(question, plan);
  return text;
}

json sample_plan_document(const PlanQuestion& question, const SamplePlan& plan,
                          const std::vector<std::string>& variants) {
  json document{{"asked", plan.asked},
                {"method", plan.method},
                {"effect", plan.effect},
                {"effect_size", plan.effect_size},
                {"power", plan.power},
                {"alpha", plan.alpha},
                {"alternative", sides(question.alternative)},
                {"comparisons", plan.comparisons},
                {"alpha_each", plan.alpha_each},
                {"units", plan.units_all},
                {"variants", json::array()}};
  for (size_t i = 0; i < plan.units.size(); ++i)
    document["variants"].push_back({{"name", variants[i]}, {"weight", question.weights[i]}, {"units", plan.units[i]}});
  if (plan.control) document["control"] = *plan.control;
  if (plan.treated) document["treated"] = *plan.treated;
  if (plan.relative) document["relative"] = *plan.relative;
  if (plan.days) document["days"] = *plan.days;
  if (!plan.watched) return document;
  json& watched = document["always_valid"];
  watched = {{"units_mean", std::ceil(plan.watched->mean * plan.units_all)},
             {"found_by_units", plan.watched->found_by_plan}};
  if (plan.watched->median) watched["units_median"] = std::ceil(*plan.watched->median * plan.units_all);
  if (plan.watched->for_power) watched["units_for_power"] = std::ceil(*plan.watched->for_power * plan.units_all);
  return document;
}

}  // namespace troupe::cli
