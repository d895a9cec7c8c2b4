#include "cluster/spec/experiment_document.hpp"

namespace troupe::protocol {

void describe(config::Schema<Segmentation>& schema) {
  schema.named("segments");
  schema.field("feature", &Segmentation::feature, "group, region, key, header.NAME or parameters.NAME").required();
  schema
      .field("values", &Segmentation::values,
             "Requests with one of these are a part each, and all others are one more part")
      .required();
}

}  // namespace troupe::protocol

namespace troupe::experiment {

using namespace std::chrono_literals;

void describe(config::Schema<PriceDefinition>& schema) {
  schema.named("price");
  schema.field("request", &PriceDefinition::request, "Of a request").range(0.0, price_max);
  schema.field("prompt_token", &PriceDefinition::prompt_token, "Of a token of its prompt").range(0.0, price_max);
  schema.field("completion_token", &PriceDefinition::completion_token, "Of a token of its answer")
      .range(0.0, price_max);
}

void describe(config::Schema<VariantDefinition>& schema) {
  schema.named("variant");
  schema.field("name", &VariantDefinition::name, "The variant; the first is the control").required();
  schema.field("version", &VariantDefinition::version, "The version of the model that its units are answered by")
      .required();
  schema.field("weight", &VariantDefinition::weight, "Its share of the units; all sum to 1").required().range(0.0, 1.0);
  schema.field("price", &VariantDefinition::price, "What its attempts cost, in any currency, for metrics of `cost`");
  schema
      .field(
          "factors", &VariantDefinition::factors,
          "What several variants have in common (prompt: short), so that its effect is told over all of them; of all "
          "variants or of none, each combination of levels once")
      .size(0, 6);
}

void describe(config::Schema<MetricDefinition>& schema) {
  schema.named("metric");
  schema.field("name", &MetricDefinition::name, "The metric").required();
  schema.field("kind", &MetricDefinition::kind, "What a unit's value is, and so how arms are compared");
  schema.field(
      "of", &MetricDefinition::of,
      "What is measured: the name of an outcome that clients record, or requests, errors, latency_ms, "
      "first_token_ms, prompt_tokens, completion_tokens, cache_hits or cost (in thousandths, by variants' prices) of "
      "attempts; unset: the metric's name");
  schema.field("per", &MetricDefinition::per,
               "Of a ratio: the measure that it is divided by; unset: the number of events of the first");
  schema.field("quantile", &MetricDefinition::quantile, "Of a quantile: which").range(0.0, 1.0);
  schema.field("role", &MetricDefinition::role,
               "goal: decides; guardrail: must not get worse by more than its margin; watched: is shown");
  schema.field("direction", &MetricDefinition::direction, "Which way is better");
  schema
      .field("margin", &MetricDefinition::margin,
             "Of a guardrail: by how much worse it may be, as a share of the control's")
      .range(0.0, 100.0);
  schema.field("least", &MetricDefinition::least, "A unit's total counts as at least this (winsorising)");
  schema.field("most", &MetricDefinition::most, "A unit's total counts as at most this (winsorising)");
  schema.field("covariate", &MetricDefinition::covariate,
               "Takes out what the same measure was before the unit's exposure (CUPED); needs `before`");
}

void describe(config::Schema<TargetDefinition>& schema) {
  schema.named("target");
  schema.field("feature", &TargetDefinition::feature, "group, region, key, header.NAME or parameters.NAME").required();
  schema.field("in", &TargetDefinition::in, "It is one of these").size(0, 256);
  schema.field("not_in", &TargetDefinition::not_in, "It is none of these").size(0, 256);
  schema.field("at_least", &TargetDefinition::at_least, "It is a number, and at least this");
  schema.field("below", &TargetDefinition::below, "It is a number below this");
  schema.field("present", &TargetDefinition::present, "The request has it, or has it not");
}

void describe(config::Schema<DecisionRule>& schema) {
  schema.named("rule");
  schema.field("method", &DecisionRule::method,
               "always_valid: may be looked at, and decide, at any time; group_sequential: at `looks` planned times; "
               "fixed: once, when the planned sample is there; bayesian: when it is believed with 1 - alpha");
  schema.field("alpha", &DecisionRule::alpha, "Chance of any false verdict, over goals, variants and looks")
      .range(1e-6, 0.5);
  schema.field("power", &DecisionRule::power, "Chance to find `minimum_effect`: plans the sample").range(0.5, 0.999);
  schema
      .field("minimum_effect", &DecisionRule::minimum_effect,
             "The effect that should be found, as a share of the control's")
      .range(1e-4, 10.0);
  schema
      .field("minimum_improvement", &DecisionRule::minimum_improvement,
             "A winner is better by at least this, as a share of the control's")
      .range(0.0, 10.0);
  schema.field("minimum_units", &DecisionRule::minimum_units, "Units of each variant before anything is decided")
      .range(2, 1'000'000'000);
  schema.field("maximum_duration", &DecisionRule::maximum_duration, "After which it ends inconclusive")
      .range(10s, 24h * 366);
  schema
      .field("planned_units", &DecisionRule::planned_units,
             "Of each variant, for fixed and group_sequential: the sample that was planned")
      .range(0, 1'000'000'000);
  schema.field("looks", &DecisionRule::looks, "Of group_sequential").range(1, 50);
  schema.field("action", &DecisionRule::action,
               "notify; promote: the winner takes the traffic; roll_back: a loser's traffic goes to the control");
}

void describe(config::Schema<BanditDefinition>& schema) {
  schema.named("bandit");
  schema.field("policy", &BanditDefinition::policy,
               "How weights follow what variants earn by the first goal; linear: those of each of `segments`");
  schema.field("every", &BanditDefinition::every, "How often weights are set").range(1s, 24h * 30);
  schema.field("floor", &BanditDefinition::floor, "The share that every variant keeps").range(0.0, 0.5);
  schema.field("epsilon", &BanditDefinition::epsilon, "Of epsilon_greedy: the share that is spread over all")
      .range(0.0, 1.0);
}

void describe(config::Schema<Definition>& schema) {
  schema.named("Experiment");
  schema.field("name", &Definition::name, "The experiment").required();
  schema.field("model", &Definition::model, "The model whose versions are compared").required();
  schema.field("question", &Definition::question, "What is asked, for readers").size(0, 1000);
  schema.field("unit", &Definition::unit, "What is assigned: everything of one unit is given the same variant");
  schema.field("variants", &Definition::variants, "The control, and what it is compared with").required();
  schema.field("metrics", &Definition::metrics, "What is measured").required();
  schema.field("window", &Definition::window, "Outcomes count up to so long after a unit's exposure")
      .range(1s, 24h * 90);
  schema.field("before", &Definition::before, "How far covariates look back").range(0s, 24h * 90);
  schema.field("layer", &Definition::layer, "Experiments of a layer never share a unit");
  schema.field("share", &Definition::share, "Of the layer's units, those that take part").range(0.0, 1.0);
  schema.field("targets", &Definition::targets, "Which requests it is about; all must hold").size(0, 32);
  schema
      .field("segments", &Definition::segments,
             "By what units are told apart, to see whether variants do alike for all parts")
      .size(0, segmentations_max);
  schema
      .field("overrides", &Definition::overrides,
             "Units and the variants they are given, for testing; they are not counted")
      .size(0, 1000);
  schema.field("rule", &Definition::rule, "When it is decided, and what follows");
  schema.field("starts", &Definition::starts, "When it starts by itself: 2026-11-21T04:05:06Z, or a date");
  schema.field("ends", &Definition::ends, "When it ends at the latest; and after the rule's maximum_duration");
  schema.field("bandit", &Definition::bandit, "Weights follow what variants earn, instead of staying");
}

}  // namespace troupe::experiment
