#include "actors/experiment/planning/rehearsal.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>

using namespace troupe;
using namespace troupe::experiment;

namespace {

Definition asked() {
  Definition made;
  made.name = "sums";
  made.model = "clerk";
  made.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  MetricDefinition goal{"correct"};
  goal.role = MetricRole::goal;
  MetricDefinition revenue{"revenue", MetricKind::sum};
  MetricDefinition retries{"retries", MetricKind::count};
  made.metrics = {goal, revenue, retries};
  made.window = std::chrono::seconds{1};
  made.rule.minimum_units = 200;
  made.rule.maximum_duration = std::chrono::minutes{20};
  return made;
}

RehearsalQuestion question(double control, double treated) {
  RehearsalQuestion made;
  made.definition = asked();
  made.behaviour.metrics = {{"correct", {control, treated}, {}}};
  made.units_per_second = 20;
  made.runs = 30;
  return made;
}

Rehearsal rehearse(const RehearsalQuestion& question) {
  BOOST_REQUIRE_MESSAGE(check(question).has_value(), (check(question) ? "" : check(question).error().message));
  std::vector<RehearsalRun> runs;
  for (uint64_t index = 0; index < question.runs; ++index) runs.push_back(rehearse_once(question, index));
  return summed_up(question, runs);
}

uint64_t all_ends(const Rehearsal& rehearsal) {
  return std::accumulate(rehearsal.wins.begin(), rehearsal.wins.end(), uint64_t{0}) + rehearsal.inconclusive +
         rehearsal.invalid + rehearsal.undecided;
}

std::string refusal(const RehearsalQuestion& question) {
  const Status checked = check(question);
  return checked ? "accepted" : checked.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rehearsals)

BOOST_AUTO_TEST_CASE(a_clear_winner_wins_nearly_always_and_soon) {
  const Rehearsal rehearsal = rehearse(question(0.3, 0.5));

  BOOST_TEST(all_ends(rehearsal) == 30u);
  BOOST_TEST(rehearsal.wins[1] >= 29u);
  BOOST_TEST_REQUIRE(rehearsal.units_median.has_value());
  BOOST_TEST(*rehearsal.units_median >= 400);
  BOOST_TEST(*rehearsal.units_median < 2000);
  BOOST_TEST(*rehearsal.units_p90 >= *rehearsal.units_median);
  BOOST_TEST(!rehearsal.is_null);
  const EffectSummary& effect = rehearsal.effects[0];
  BOOST_TEST(effect.truth == 0.2, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(effect.runs_decided >= 29u);
  BOOST_TEST(std::abs(effect.bias) < 0.06);
}

BOOST_AUTO_TEST_CASE(two_that_are_alike_are_seldom_told_apart) {
  const Rehearsal rehearsal = rehearse(question(0.3, 0.3));

  BOOST_TEST(rehearsal.is_null);
  BOOST_TEST(rehearsal.wins[0] + rehearsal.wins[1] <= rehearsal.alarms_max);
  BOOST_TEST(rehearsal.inconclusive >= 20u);
  BOOST_TEST(std::abs(rehearsal.effects[0].bias) < 4 * rehearsal.effects[0].bias_error);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_runs_and_another_one_others) {
  RehearsalQuestion one = question(0.3, 0.4);
  const RehearsalRun first = rehearse_once(one, 3);
  const RehearsalRun again = rehearse_once(one, 3);
  one.seed = 2;
  const RehearsalRun other = rehearse_once(one, 3);

  BOOST_TEST(first.units == again.units);
  BOOST_TEST(*first.estimates[0].difference == *again.estimates[0].difference);
  BOOST_TEST((first.verdict.has_value() == again.verdict.has_value() && first.elapsed == again.elapsed));
  BOOST_TEST(*first.estimates[0].difference != *other.estimates[0].difference);
}

BOOST_AUTO_TEST_CASE(sums_and_counts_are_drawn_as_said) {
  RehearsalQuestion made = question(0.3, 0.3);
  made.behaviour.metrics.push_back({"revenue", {10, 12}, {5, 5}});
  made.behaviour.metrics.push_back({"retries", {2, 3}, {3, 2}});
  made.runs = 20;
  const Rehearsal rehearsal = rehearse(made);

  BOOST_TEST(rehearsal.effects[1].truth == 2);
  BOOST_TEST(std::abs(rehearsal.effects[1].bias) < 4 * rehearsal.effects[1].bias_error);
  BOOST_TEST(rehearsal.effects[1].bias_error < 0.05);
  BOOST_TEST(rehearsal.effects[2].truth == 1);
  BOOST_TEST(std::abs(rehearsal.effects[2].bias) < 4 * rehearsal.effects[2].bias_error);
  BOOST_TEST(rehearsal.not_drawn.empty());
}

BOOST_AUTO_TEST_CASE(ratios_quantiles_and_times_are_estimated_as_they_were_drawn) {
  RehearsalQuestion made = question(0.3, 0.3);
  made.definition.metrics = {{"solved", MetricKind::ratio},
                             {"p95_latency", MetricKind::quantile, "latency_ms", "", 0.95},
                             {"errors", MetricKind::ratio, "", "requests"},
                             {"renewal", MetricKind::survival}};
  made.definition.metrics[0].role = MetricRole::goal;
  made.definition.window = std::chrono::minutes{2};
  made.definition.rule.minimum_improvement = 10;  // More than it can be better by: all runs are of one length.
  made.behaviour.metrics = {{"solved", {0.8, 0.85}, {}},
                            {"p95_latency", {100, 110}, {50, 60}},
                            {"errors", {0.02, 0.03}, {}},
                            {"renewal", {120, 80}, {}}};
  made.behaviour.requests = 2;
  made.behaviour.correlation = 0.2;
  made.look_every = std::chrono::minutes{2};
  made.runs = 12;
  const Rehearsal rehearsal = rehearse(made);

  BOOST_TEST(!rehearsal.is_null);
  BOOST_TEST_REQUIRE(rehearsal.effects.size() == 4u);
  BOOST_TEST(rehearsal.effects[3].truth == 0.5, boost::test_tools::tolerance(1e-12));
  for (const EffectSummary& effect : rehearsal.effects) {
    BOOST_TEST_CONTEXT(effect.metric) {
      BOOST_TEST(effect.runs == 12u);
      BOOST_TEST(effect.intervals_missed <= 1u);
      // Latencies lie in buckets of up to 1 % of them, within which quantiles are interpolated.
      const double resolution = effect.metric == "p95_latency" ? 0.5 : 0;
      BOOST_TEST(std::abs(effect.bias) < 4 * effect.bias_error + resolution);
    }
  }
  BOOST_TEST(rehearsal.not_drawn.empty());
}

BOOST_AUTO_TEST_CASE(alike_in_one_metric_and_not_in_another_of_the_same_values_is_no_rehearsal_of_false_alarms) {
  RehearsalQuestion made = question(0.3, 0.3);
  made.definition.metrics = {{"mean_latency", MetricKind::ratio, "latency_ms", "requests"},
                             {"p95", MetricKind::quantile, "latency_ms", "", 0.95}};
  made.definition.metrics[0].role = MetricRole::goal;
  made.behaviour.metrics = {{"mean_latency", {100, 100}, {10, 50}}};
  made.runs = 1;
  BOOST_TEST(!rehearse(made).is_null);
  made.behaviour.metrics[0].deviations = {50, 50};
  BOOST_TEST(rehearse(made).is_null);
}

BOOST_AUTO_TEST_CASE(a_guardrail_of_which_nothing_is_said_keeps_nothing_from_winning) {
  RehearsalQuestion made = question(0.3, 0.5);
  MetricDefinition guardrail{"p95", MetricKind::quantile, "latency_ms", "", 0.95};
  guardrail.role = MetricRole::guardrail;
  made.definition.metrics.push_back(guardrail);
  made.runs = 5;
  const Rehearsal rehearsal = rehearse(made);

  BOOST_TEST(rehearsal.wins[1] >= 4u);
  BOOST_TEST(rehearsal.not_drawn == (std::vector<std::string>{"revenue", "retries", "p95"}));
}

BOOST_AUTO_TEST_CASE(times_that_are_long_in_coming_take_no_end_of_memory) {
  RehearsalQuestion made = question(0.3, 0.3);
  MetricDefinition renewal{"renewal", MetricKind::survival};
  renewal.role = MetricRole::goal;
  made.definition.metrics = {renewal};
  made.definition.window = std::chrono::hours{24};
  made.behaviour.metrics = {{"renewal", {1e6, 1e6}, {}}};
  made.units_per_second = 5000;
  BOOST_TEST(refusal(made).starts_with("up to 6e+06 units would wait for what happens to them"), refusal(made));
}

BOOST_AUTO_TEST_CASE(who_loses_less_earns_more) {
  RehearsalQuestion made = question(0.3, 0.3);
  MetricDefinition profit{"profit", MetricKind::sum};
  profit.role = MetricRole::goal;
  made.definition.metrics = {profit};
  made.behaviour.metrics = {{"profit", {-10, -8}, {5, 5}}};
  made.runs = 10;

  BOOST_TEST(rehearse(made).wins[1] >= 9u);
}

BOOST_AUTO_TEST_CASE(what_a_guardrail_watches_is_seen_before_anything_wins) {
  RehearsalQuestion made = question(0.3, 0.3);
  made.definition.metrics = {{"solved", MetricKind::ratio},
                             {"p95_latency", MetricKind::quantile, "latency_ms", "", 0.95},
                             {"errors", MetricKind::ratio, "", "requests"}};
  made.definition.metrics[0].role = MetricRole::goal;
  for (MetricDefinition* const one : {&made.definition.metrics[1], &made.definition.metrics[2]}) {
    one->role = MetricRole::guardrail;
    one->direction = Direction::decrease;
    one->margin = 0.5;
  }
  made.behaviour = {.metrics = {{"solved", {0.6, 0.8}, {}}, {"p95_latency", {20, 80}, {10, 10}}}, .requests = 4};
  made.runs = 10;
  BOOST_TEST(rehearse(made).wins[0] >= 9u);
  // The control never fails.
  made.behaviour.metrics = {{"solved", {0.6, 0.8}, {}}, {"errors", {0, 0.04}, {}}};
  BOOST_TEST(rehearse(made).wins[0] >= 9u);
}

BOOST_AUTO_TEST_CASE(requests_of_a_unit_that_are_alike_make_no_false_alarms) {
  RehearsalQuestion made = question(0.3, 0.3);
  MetricDefinition solved{"solved", MetricKind::ratio};
  solved.role = MetricRole::goal;
  made.definition.metrics = {solved};
  made.behaviour = {.metrics = {{"solved", {0.8, 0.8}, {}}}, .requests = 4, .correlation = 0.5};
  made.units_per_second = 5;
  const Rehearsal rehearsal = rehearse(made);

  BOOST_TEST(rehearsal.is_null);
  BOOST_TEST(rehearsal.wins[0] + rehearsal.wins[1] <= rehearsal.alarms_max);
}

BOOST_AUTO_TEST_CASE(a_run_that_ends_before_its_experiment_says_what_that_waits_for) {
  RehearsalQuestion made = question(0.3, 0.6);
  made.duration = std::chrono::seconds{10};
  made.runs = 2;
  const Rehearsal rehearsal = rehearse(made);

  BOOST_TEST(rehearsal.undecided == 2u);
  BOOST_TEST(rehearsal.waiting.find("more units of treatment") != std::string::npos, rehearsal.waiting);
}

BOOST_AUTO_TEST_CASE(a_planned_test_ends_at_its_sample) {
  RehearsalQuestion made = question(0.3, 0.3);
  made.definition.rule.method = Method::fixed;
  made.definition.rule.planned_units = 1000;
  made.runs = 10;
  for (uint64_t index = 0; index < made.runs; ++index) {
    const RehearsalRun run = rehearse_once(made, index);
    BOOST_TEST(run.verdict.has_value());
    BOOST_TEST(run.units >= 2000u);
    BOOST_TEST(run.units < 2800u);
  }
}

BOOST_AUTO_TEST_CASE(a_bandit_moves_units_to_what_earns) {
  RehearsalQuestion made = question(0.2, 0.6);
  made.definition.bandit = BanditDefinition{.every = std::chrono::minutes{1}};
  // More than it can be better by: it goes on.
  made.definition.rule.minimum_improvement = 10;
  made.look_every = std::chrono::minutes{1};
  const RehearsalRun even = rehearse_once(question(0.2, 0.6), 0);
  const RehearsalRun run = rehearse_once(made, 0);

  BOOST_TEST(even.verdict.has_value());
  BOOST_TEST((run.elapsed == std::chrono::minutes{20}));
  BOOST_TEST(run.units_by_variant[1] > 3 * run.units_by_variant[0]);
}

BOOST_AUTO_TEST_CASE(dates_and_targets_are_no_part_of_a_rehearsal) {
  RehearsalQuestion made = question(0.3, 0.5);
  made.definition.starts = "2001-01-01T00:00:00Z";
  made.definition.ends = "2001-02-01T00:00:00Z";
  made.definition.targets = {{.feature = "region", .in = {"eu"}}};

  BOOST_TEST(rehearse_once(made, 0).units > 0u);
}

BOOST_AUTO_TEST_CASE(half_of_the_units_take_part_where_the_share_is_half) {
  RehearsalQuestion made = question(0.3, 0.3);
  made.definition.share = 0.5;
  made.runs = 1;
  const RehearsalRun run = rehearse_once(made, 0);

  BOOST_TEST(std::abs(static_cast<double>(run.units) - 12'000) < 600);
}

BOOST_AUTO_TEST_CASE(what_is_not_drawn_is_refused_by_name) {
  RehearsalQuestion made = question(0.3, 0.3);
  MetricDefinition requests{"requests", MetricKind::count};
  made.definition.metrics.push_back(requests);
  made.definition.metrics.push_back({"slow", MetricKind::quantile, "latency_ms"});
  made.definition.metrics.push_back({"tokens", MetricKind::ratio, "completion_tokens", "requests"});
  made.definition.metrics.push_back({"clicked", MetricKind::ratio, "clicks", "views"});
  made.definition.metrics.push_back({"errors", MetricKind::ratio, "", "requests"});
  made.definition.metrics.push_back({"renewal", MetricKind::survival});
  const auto with = [&](MetricBehaviour behaviour) {
    RehearsalQuestion other = made;
    other.behaviour.metrics.push_back(std::move(behaviour));
    return refusal(other);
  };

  RehearsalQuestion contextual = question(0.3, 0.3);
  contextual.definition.segments = {{"header.x-plan", {"free"}}};
  contextual.definition.bandit = BanditDefinition{BanditPolicy::linear};
  BOOST_TEST(refusal(contextual) == "bandit: linear cannot be rehearsed, as units that are drawn are in no segment");
  BOOST_TEST(with({"requests", {1, 1}, {1, 1}}).find("of attempts") != std::string::npos);
  BOOST_TEST(with({"tokens", {1, 1}, {1, 1}}).find("completion_tokens is measured of attempts, of which errors") !=
             std::string::npos);
  BOOST_TEST(with({"clicked", {0.1, 0.1}, {}}) == "metric clicked: ratios are drawn by requests, and not by views");
  BOOST_TEST(with({"slow", {1, 1}, {}}) == "metric slow: there are 0 standard deviations for 2 variants");
  BOOST_TEST(with({"slow", {1, 0}, {1, 1}}) ==
             "metric slow: the mean of a request's value must be at least 0.001, found 0");
  BOOST_TEST(with({"slow", {1, 1}, {1, 1001}}) ==
             "metric slow: the standard deviation of a request's value is at most 1000 times its mean 1");
  BOOST_TEST(with({"errors", {0.1, 0.1}, {1, 1}}) == "metric errors: errors have rates, and no standard deviations");
  BOOST_TEST(with({"renewal", {3600, 0}, {}}) ==
             "metric renewal: a mean of seconds must lie above 0 and up to 1e8, found 0");
  made.behaviour.requests = 0.5;
  BOOST_TEST(refusal(made) == "a unit makes 1 to 200 requests on average, found 0.5");
  made.behaviour.requests = 1;
  made.behaviour.correlation = 1;
  BOOST_TEST(refusal(made).find("correlation of a unit's requests must lie from 0 to below 1") != std::string::npos);
  made.behaviour.correlation = 0;
  BOOST_TEST(with({"revenues", {1, 1}, {1, 1}}).find("did you mean revenue?") != std::string::npos);
  BOOST_TEST(with({"revenue", {1}, {1, 1}}) == "metric revenue: there are 1 values for 2 variants");
  BOOST_TEST(with({"revenue", {1, 2}, {}}) == "metric revenue: there are 0 standard deviations for 2 variants");
  BOOST_TEST(with({"retries", {4, 4}, {1, 2}}).find("at least 2, found 1") != std::string::npos);
  BOOST_TEST(refusal(question(0.3, 1.3)) == "metric correct: a rate must lie from 0 to 1, found 1.3");
  made.behaviour.metrics.clear();
  BOOST_TEST(refusal(made).find("nothing happens") != std::string::npos);
  RehearsalQuestion large = question(0.1, 0.1);
  large.definition.rule.maximum_duration = std::chrono::hours{24 * 30};
  BOOST_TEST(refusal(large).find("rehearse fewer hours") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
