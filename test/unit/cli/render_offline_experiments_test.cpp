// What experiments without a cluster look like: plans, rehearsals, tables.

#include <boost/test/unit_test.hpp>

#include "cluster/cli/render_factor_analysis.hpp"
#include "cluster/cli/render_rehearsal.hpp"
#include "cluster/cli/render_sample_plan.hpp"
#include "cluster/cli/render_table_analysis.hpp"

using namespace troupe;
using namespace troupe::cli;
using namespace troupe::experiment;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

PlanQuestion five_percent_more() {
  PlanQuestion question;
  question.baseline = RateBaseline{0.1};
  question.effect = 0.05;
  question.units_per_day = 20'000;
  return question;
}

RehearsalQuestion rehearsed() {
  RehearsalQuestion question;
  question.definition.name = "sums";
  question.definition.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  return question;
}

TableAnalysis analyzed() {
  TableAnalysis analysis;
  analysis.rows = 20;
  analysis.variants = {{"control", 9}, {"treatment", 11}};
  UnitComparison said;
  said.control = 10;
  said.treated = 12;
  said.method = "Welch's t";
  said.difference = 2;
  said.interval = Interval{0.5, std::numeric_limits<double>::infinity()};
  said.relative = 0.2;
  said.relative_interval = Interval{0.05, 0.35};
  said.p_value = 0.0123;
  said.effect_size = NamedNumber{"Cohen's d", 0.31};
  analysis.comparisons.push_back({"revenue:mean", "", "treatment", 9, 11, said, 0.0246});
  UnitComparison nothing;
  nothing.reason = "nothing varies";
  analysis.comparisons.push_back({"revenue:mean", "DE", "treatment", 4, 5, nothing, {}});
  return analysis;
}

FactorAnalysis factors() {
  FactorAnalysis analysis;
  analysis.rows = 8;
  analysis.factors = {{"prompt", {"short", "long"}}, {"style", {"plain", "dry"}}};
  for (const char* prompt : {"short", "long"})
    for (const char* style : {"plain", "dry"}) analysis.cells.push_back({{prompt, style}, 2});
  FactorMetric solved{"solved:conversion", true, {0.5, 0.5, 1, 0.25}, {}, {}};
  const OmnibusResult test{"factorial F, type II", 5.25, 1, 4, 0.0837};
  solved.terms.push_back({{"prompt"}, test, 0.1674, {{{"long"}, 0.125, {-0.25, 0.5}}}});
  solved.terms.push_back({{"prompt", "style"}, test, {}, {{{"long", "dry"}, -0.75, {-1.5, 0}}}});
  FactorMetric same{"same:mean", false, {1, 1, 1, 1}, {}, "nothing varies"};
  analysis.metrics = {solved, same};
  return analysis;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(render_offline_experiments)

BOOST_AUTO_TEST_CASE(factors_have_their_cells_their_tests_and_each_level_against_the_first) {
  const std::string text = render_factor_analysis(factors());

  BOOST_TEST(text.starts_with("8 rows; prompt: short, long; style: plain, dry; intervals at 95 %\n\n"), text);
  BOOST_TEST(has(text, "long    dry        2               0.25          1\n"), text);
  BOOST_TEST(has(text, "prompt × style  5.25  1, 4  0.0837"), text);
  BOOST_TEST(has(text, "factorial F, type II; linear probability model"), text);
  BOOST_TEST(has(text, "prompt  long   short    +0.125 [-0.25, +0.5]\n"), text);
  BOOST_TEST(has(text, "nothing varies"), text);
}

BOOST_AUTO_TEST_CASE(factors_for_programs_have_the_differences_of_interactions_too) {
  const auto document = factor_analysis_document(factors());

  BOOST_TEST(document["cells"][2]["levels"]["prompt"] == "long");
  BOOST_TEST(document["cells"][2]["means"]["solved:conversion"] == 1.0);
  const auto& interaction = document["effects"][1];
  BOOST_TEST(interaction["differences"][0]["levels"]["style"] == "dry");
  BOOST_TEST(interaction["differences"][0]["difference"] == -0.75);
  BOOST_TEST(!interaction.contains("adjusted_p"));
  BOOST_TEST(document["effects"][2]["reason"] == "nothing varies");
}

BOOST_AUTO_TEST_CASE(a_plan_says_what_is_found_by_how_many_units_and_when) {
  const PlanQuestion question = five_percent_more();
  const std::string text = render_sample_plan(question, plan_sample(question).value(), {"control", "treatment"});

  BOOST_TEST(text.starts_with("A rate of 0.1 against 0.105 (+5 %, Cohen's h 0.0165)\n"
                              "is found with a power of 0.8 at alpha 0.05; two-proportion z, pooled, two-sided, looked "
                              "at once, by\n"),
             text);
  BOOST_TEST(has(text, "control       50%   57763\n"), text);
  BOOST_TEST(has(text, "all          100%  115526\n"), text);
  BOOST_TEST(has(text, "6 days at 20000 units a day.\n"), text);
  BOOST_TEST(has(text, "Watched all the time (always_valid)"), text);
}

BOOST_AUTO_TEST_CASE(a_plan_for_programs_has_the_same_numbers) {
  const PlanQuestion question = five_percent_more();
  const auto document = sample_plan_document(question, plan_sample(question).value(), {"control", "treatment"});

  BOOST_TEST(document["units"] == 115'526);
  BOOST_TEST(document["variants"][1]["units"] == 57'763);
  BOOST_TEST(document["days"] == 6);
  BOOST_TEST(document["always_valid"].contains("units_median"));
}

BOOST_AUTO_TEST_CASE(a_rehearsal_says_how_runs_ended) {
  Rehearsal rehearsal;
  rehearsal.runs = 200;
  rehearsal.wins = {1, 150};
  rehearsal.inconclusive = 49;
  rehearsal.units_median = 5000;
  rehearsal.units_p90 = 9000;
  rehearsal.elapsed_median = std::chrono::minutes{30};
  rehearsal.elapsed_p90 = std::chrono::hours{20};
  rehearsal.effects.push_back({"correct", "treatment", 0.01, 200, 0.001, 0.0002, 0.004, 151, 3});
  rehearsal.not_drawn = {"p95"};

  const std::string text = render_rehearsal(rehearsed(), rehearsal);
  BOOST_TEST(has(text, "treatment wins   150  75.0%"), text);
  BOOST_TEST(has(text, "Decided after 5000 units and 30 min in the median; 9 of 10 within 9000 units and 20.0 h."),
             text);
  BOOST_TEST(has(text, "3/200"), text);
  BOOST_TEST(has(text, "Nothing happened in p95"), text);
  BOOST_TEST(!has(text, "false alarm"), text);
  BOOST_TEST(rehearsal_document(rehearsed(), rehearsal)["wins"]["treatment"] == 150);
}

BOOST_AUTO_TEST_CASE(false_alarms_are_held_against_their_bound) {
  Rehearsal rehearsal;
  rehearsal.runs = 1000;
  rehearsal.wins = {20, 60};
  rehearsal.is_null = true;
  rehearsal.alarms_max = 73;

  BOOST_TEST(has(render_rehearsal(rehearsed(), rehearsal),
                 "80 of 1000. At alpha 0.05 up to 73 come by chance (99.9 %): TOO MANY"));
  rehearsal.wins = {20, 10};
  BOOST_TEST(has(render_rehearsal(rehearsed(), rehearsal), "(99.9 %): good"));
}

BOOST_AUTO_TEST_CASE(a_table_has_a_row_for_each_comparison_and_segments_apart) {
  const std::string text = render_table_analysis(analyzed());

  BOOST_TEST(text.starts_with("20 rows; control: 9 units; treatment: 11 units; intervals at 95 %\n\n"), text);
  BOOST_TEST(has(text, "+2 [+0.5, +inf]  +20.0% [+5.0%, +35.0%]"), text);
  BOOST_TEST(has(text, "0.0123"), text);
  BOOST_TEST(has(text, "Cohen's d 0.31"), text);
  BOOST_TEST(has(text, "\nSEGMENT"), text);
  BOOST_TEST(has(text, "nothing varies"), text);
}

BOOST_AUTO_TEST_CASE(a_table_for_programs_has_null_for_an_open_end) {
  const auto document = table_analysis_document(analyzed());

  const auto& one = document["comparisons"][0];
  BOOST_TEST(one["interval"][0] == 0.5);
  BOOST_TEST(one["interval"][1].is_null());
  BOOST_TEST(one["adjusted_p"] == 0.0246);
  BOOST_TEST(one["effect_size"]["name"] == "Cohen's d");
  BOOST_TEST(document["comparisons"][1]["reason"] == "nothing varies");
  BOOST_TEST(!document["comparisons"][1].contains("p_value"));
}

BOOST_AUTO_TEST_SUITE_END()
