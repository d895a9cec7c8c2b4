#include "actors/experiment/decision/verdict.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::experiment;

namespace {

constexpr Duration day = std::chrono::hours{24};

/// One goal (up is better) and one guardrail (down is better, margin 10 %).
Definition asked(size_t treatments = 1) {
  Definition made;
  made.name = "sums";
  made.model = "clerk";
  made.variants = {{"control", "1", 0.5}};
  for (size_t i = 1; i <= treatments; ++i)
    made.variants.push_back({"treatment-" + std::to_string(i), std::to_string(i + 1), 0.5});
  MetricDefinition goal{"correct"};
  goal.role = MetricRole::goal;
  MetricDefinition guardrail{"latency", MetricKind::sum};
  guardrail.role = MetricRole::guardrail;
  guardrail.direction = Direction::decrease;
  guardrail.margin = 0.1;
  made.metrics = {goal, guardrail};
  return made;
}

Comparison comparison(uint32_t metric, uint32_t arm, double relative, double reach, bool is_significant) {
  Comparison made;
  made.metric = metric;
  made.arm = arm;
  made.control.value = 1;
  made.treated.value = 1 + relative;
  made.difference = relative;
  made.relative = relative;
  made.relative_interval = made.interval = {relative - reach, relative + reach};
  made.is_significant = is_significant;
  return made;
}

Analysis analysis(std::vector<Comparison> comparisons, std::vector<uint64_t> units = {5000, 5000}) {
  Analysis made;
  made.elapsed = day;
  made.units = std::move(units);
  made.comparisons = std::move(comparisons);
  return made;
}

std::string verdict(const Definition& definition, const Analysis& analysis) {
  const auto decided = decide(definition, analysis);
  if (!decided) return "goes on: it " + waiting_for(definition, analysis);
  std::string text(name_of(decided->state));
  if (decided->winner) text += ", " + definition.variants[*decided->winner].name;
  return text + ": " + decided->sentence;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(verdicts)

BOOST_AUTO_TEST_CASE(a_variant_that_is_surely_and_enough_better_wins) {
  BOOST_TEST(verdict(asked(), analysis({comparison(0, 1, 0.2, 0.1, true), comparison(1, 1, 0.02, 0.05, false)})) ==
             "decided, treatment-1: treatment-1 (clerk@2) is better than control (clerk@1): correct +20.0 % [+10.0 %, "
             "+30.0 %], after 10000 units; no guardrail is harmed.");
}

BOOST_AUTO_TEST_CASE(better_by_too_little_or_not_surely_goes_on) {
  BOOST_TEST(verdict(asked(), analysis({comparison(0, 1, 0.04, 0.01, true)})) ==
             "goes on: it has no difference yet that is sure");
  BOOST_TEST(verdict(asked(), analysis({comparison(0, 1, 0.2, 0.3, false)})) ==
             "goes on: it has no difference yet that is sure");
}

BOOST_AUTO_TEST_CASE(what_harms_a_guardrail_loses_however_good_its_goals_are) {
  BOOST_TEST(
      verdict(asked(), analysis({comparison(0, 1, 0.2, 0.1, true), comparison(1, 1, 0.3, 0.1, false)})) ==
      "decided, control: control (clerk@1) stays: treatment-1 (clerk@2) harms latency +30.0 % [+20.0 %, +40.0 %], "
      "after 10000 units.");
  BOOST_TEST(verdict(asked(), analysis({comparison(0, 1, 0.2, 0.1, true), comparison(1, 1, 0.3, 0.25, false)}))
                 .starts_with("decided, treatment-1"),
             "not surely beyond its margin");
}

BOOST_AUTO_TEST_CASE(harm_where_the_control_had_none_is_past_every_margin) {
  Comparison failures = comparison(1, 1, 0.05, 0.02, false);
  failures.control.value = 0;
  failures.relative.reset();
  failures.relative_interval = {};
  const auto with = [&] { return verdict(asked(), analysis({comparison(0, 1, 0.2, 0.1, true), failures})); };
  BOOST_TEST(with() ==
             "decided, control: control (clerk@1) stays: treatment-1 (clerk@2) harms latency +0.05 [+0.03, "
             "+0.07], after 10000 units.");
  failures.interval.low = -0.01;
  BOOST_TEST(with().starts_with("decided, treatment-1"));
}

BOOST_AUTO_TEST_CASE(nothing_wins_while_a_guardrail_could_see_no_harm) {
  constexpr double unbounded = std::numeric_limits<double>::infinity();
  const Comparison better = comparison(0, 1, 0.2, 0.1, true);
  Comparison latency = comparison(1, 1, 2, 1, false);
  latency.interval = latency.relative_interval = {-unbounded, unbounded};
  Analysis seen = analysis({better, latency});
  BOOST_TEST(verdict(asked(), seen) ==
             "goes on: it decides nothing yet: too few values of latency came to tell whether treatment-1 harms it");

  seen.elapsed = 31 * day;
  BOOST_TEST(verdict(asked(), seen) ==
             "inconclusive: Its time is over, and nothing is decided: too few values of latency came to tell whether "
             "treatment-1 harms it.");
  // That it may be any better is no matter.
  latency.interval = {0.05, unbounded};
  latency.relative_interval = {0.05, unbounded};
  BOOST_TEST(verdict(asked(), analysis({better, latency})).starts_with("decided, treatment-1"));
  // Of who has lost already nobody asks what it harms.
  latency.interval = {-unbounded, unbounded};
  BOOST_TEST(verdict(asked(), analysis({comparison(0, 1, -0.2, 0.1, true), latency})).starts_with("decided, control"));
  // Where nothing varies there is nothing to see; where nobody measured anything nothing was guarded.
  latency.difference.reset();
  BOOST_TEST(verdict(asked(), analysis({better, latency})).starts_with("decided, treatment-1"));
  latency.lacks_values = true;
  BOOST_TEST(verdict(asked(), analysis({better, latency})).starts_with("goes on: it decides nothing yet"));
}

BOOST_AUTO_TEST_CASE(of_a_guardrail_that_is_to_be_high_harm_is_seen_above) {
  constexpr double unbounded = std::numeric_limits<double>::infinity();
  Definition made = asked();
  made.metrics[1].direction = Direction::increase;
  const Comparison better = comparison(0, 1, 0.2, 0.1, true);
  Comparison kept = comparison(1, 1, -0.3, 0.1, false);
  BOOST_TEST(verdict(made, analysis({better, kept})).starts_with("decided, control"));
  kept.interval = kept.relative_interval = {-unbounded, unbounded};
  BOOST_TEST(verdict(made, analysis({better, kept})).starts_with("goes on"));
  kept.interval = kept.relative_interval = {-unbounded, 0.1};
  BOOST_TEST(verdict(made, analysis({better, kept})).starts_with("decided, treatment-1"));
  kept.relative.reset();
  kept.interval = {-0.3, -0.1};
  BOOST_TEST(verdict(made, analysis({better, kept})).starts_with("decided, control"));
}

BOOST_AUTO_TEST_CASE(the_control_stays_only_where_every_other_variant_has_lost) {
  const auto worse = comparison(0, 1, -0.2, 0.1, true);

  BOOST_TEST(verdict(asked(), analysis({worse})).starts_with("decided, control"));
  BOOST_TEST(
      verdict(asked(2), analysis({worse, comparison(0, 2, 0, 0.2, false)}, {5000, 5000, 5000})).starts_with("goes on"));
  BOOST_TEST(verdict(asked(2), analysis({worse, comparison(0, 2, 0.2, 0.1, true)}, {5000, 5000, 5000}))
                 .starts_with("decided, treatment-2"));
}

BOOST_AUTO_TEST_CASE(of_two_winners_the_better_one_wins) {
  BOOST_TEST(verdict(asked(2),
                     analysis({comparison(0, 1, 0.2, 0.1, true), comparison(0, 2, 0.3, 0.1, true)}, {5000, 5000, 5000}))
                 .starts_with("decided, treatment-2"));
}

BOOST_AUTO_TEST_CASE(nothing_is_decided_before_every_variant_has_its_units) {
  BOOST_TEST(verdict(asked(), analysis({comparison(0, 1, 0.2, 0.1, true)}, {5000, 400})) ==
             "goes on: it needs 600 more units of treatment-1");
}

BOOST_AUTO_TEST_CASE(a_sick_experiment_decides_nothing_and_ends_invalid) {
  auto sick = analysis({comparison(0, 1, 0.2, 0.1, true)});
  sick.is_healthy = false;
  sick.health = {{HealthCheck::sample_ratio, false, 1e-9, 1e-3, "The arms have 5000 and 4000 units."}};

  BOOST_TEST(verdict(asked(), sick) ==
             "goes on: it decides nothing while its numbers cannot be trusted: The arms have 5000 and 4000 units.");
  sick.elapsed = 30 * day;
  BOOST_TEST(verdict(asked(), sick) == "invalid: The numbers cannot be trusted: The arms have 5000 and 4000 units.");
}

BOOST_AUTO_TEST_CASE(when_time_is_over_it_says_why_nothing_was_found) {
  auto over = [](Analysis late) {
    late.elapsed = 30 * day;
    return verdict(asked(), late);
  };

  BOOST_TEST(
      over(analysis({comparison(0, 1, 0.01, 0.02, false)})) ==
      "inconclusive: Its time is over, and no variant is surely better or worse by what was asked: correct +1.0 % "
      "[-1.0 %, +3.0 %] of treatment-1.");
  BOOST_TEST(over(analysis({}, {0, 0})) ==
             "inconclusive: No traffic came to this experiment, so nothing can be said of its variants.");
  BOOST_TEST(over(analysis({comparison(0, 1, 0.2, 0.1, true)}, {100, 100}))
                 .starts_with("inconclusive: Its time is over with too few units"));
  BOOST_TEST(over(analysis({comparison(0, 1, 0.2, 0.1, true)})).starts_with("decided"), "the last look still counts");
}

BOOST_AUTO_TEST_CASE(the_document_has_numbers_intervals_checks_and_the_sentence) {
  const auto healthy = analysis({comparison(0, 1, 0.2, 0.1, true), comparison(1, 1, 0.02, 0.05, false)});

  const auto document = nlohmann::json::parse(document_of(asked(), healthy, decide(asked(), healthy)));

  BOOST_TEST(document["state"] == "decided");
  BOOST_TEST(document["winner"] == "treatment-1");
  BOOST_TEST(document["comparisons"][0]["relative_interval"][0].get<double>() == 0.1,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(document["variants"][1]["units"] == 5000);
  auto unbounded = comparison(0, 1, 0.2, 0.1, false);
  unbounded.interval.high = std::numeric_limits<double>::infinity();
  const auto open = nlohmann::json::parse(document_of(asked(), analysis({unbounded}), {}));
  BOOST_TEST(open["comparisons"][0]["interval"][1].is_null());
  BOOST_TEST(open["state"] == "running");
}

BOOST_AUTO_TEST_SUITE_END()
