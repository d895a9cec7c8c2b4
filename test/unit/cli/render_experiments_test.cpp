#include "cluster/cli/render_experiments.hpp"

#include <boost/test/unit_test.hpp>

#include "cluster/cli/render_effects.hpp"

using nlohmann::json;
using namespace troupe::cli;

namespace {

json running() {
  return json::parse(R"({
    "name": "sums", "model": "clerk", "state": "running", "started": "2026-11-29T10:00:00Z", "ended": null, "reason": "",
    "variants": [{"name": "control", "version": "1", "weight": 0.5}, {"name": "treatment", "version": "2", "weight": 0.5}],
    "analysis": {
      "sentence": "It has no difference yet that is sure.",
      "variants": [{"name": "control", "version": "1", "weight": 0.5, "units": 290},
                   {"name": "treatment", "version": "2", "weight": 0.5, "units": 261}],
      "comparisons": [
        {"metric": "correct", "variant": "treatment", "control": {"value": 0.5}, "treated": {"value": 0.6},
         "difference": 0.1, "interval": [-0.1, null], "relative": 0.2, "relative_interval": [-0.2, null],
         "adjusted_p": 0.25, "significant": false},
        {"metric": "errors", "variant": "treatment", "control": {"value": 0}, "treated": {"value": 0},
         "adjusted_p": 1.0, "significant": false, "reason": "nothing varies"}],
      "health": [{"healthy": true, "sentence": "All is well."}]}})");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(render_experiments_tests)

BOOST_AUTO_TEST_CASE(a_list_has_a_row_for_each_with_its_variants) {
  const std::string text = render_experiments(json::array({running()}));

  BOOST_TEST(has(text, "control@1 50%, treatment@2 50%"), text);
  BOOST_TEST(has(text, "running"), text);
}

BOOST_AUTO_TEST_CASE(one_says_its_sentence_its_units_and_each_metric) {
  const std::string text = render_experiment(running());

  BOOST_TEST(text.starts_with("sums (clerk): running\nIt has no difference yet that is sure.\n"), text);
  BOOST_TEST(has(text, "290"), text);
  BOOST_TEST(has(text, "+20.0%"), text);
  BOOST_TEST(has(text, "[-20.0%, +inf]"), text);
  BOOST_TEST(has(text, "nothing varies"), text);
  BOOST_TEST(!has(text, "Sick"), text);
}

BOOST_AUTO_TEST_CASE(why_it_ended_is_said_with_what_was_done_and_what_cannot_be_done_beside_its_numbers) {
  const std::string sentence = "It has no difference yet that is sure.";
  json ended = running();
  ended["state"] = "inconclusive";
  ended["reason"] = sentence + " clerk-2: weight 1 -> 0.";
  json stuck = running();
  stuck["reason"] = "Its weights stay.";

  BOOST_TEST(
      render_experiment(ended).starts_with("sums (clerk): inconclusive\n" + sentence + " clerk-2: weight 1 -> 0.\n\n"),
      render_experiment(ended));
  BOOST_TEST(render_experiment(stuck).starts_with("sums (clerk): running\n" + sentence + "\nIts weights stay.\n\n"),
             render_experiment(stuck));
}

BOOST_AUTO_TEST_CASE(an_interval_that_says_nothing_is_none) {
  json row = running();
  row["analysis"]["comparisons"][0]["relative_interval"] = {nullptr, nullptr};

  BOOST_TEST(has(render_experiment(row), "none yet"), render_experiment(row));
  BOOST_TEST(!has(render_experiment(row), "inf"), render_experiment(row));
}

BOOST_AUTO_TEST_CASE(effects_of_factors_have_a_row_each_and_say_why_there_is_no_interval) {
  const std::string text = render_effects(json::parse(R"({"alpha": 0.05, "effects": [
    {"metric": "correct", "levels": {"prompt": "long"}, "against": {"prompt": "short"}, "units": 812,
     "difference": 0.0412, "standard_error": 0.0111, "interval": [0.002, 0.0804], "sure": true},
    {"metric": "correct", "levels": {"prompt": "long", "style": "dry"}, "against": {"prompt": "short", "style": "plain"},
     "units": 812, "difference": -0.01, "standard_error": 0.02, "sure": false, "reason": "waits for 200 units"}],
    "not_told": [{"metric": "p95", "reason": "a quantile is no sum"}]})"));

  BOOST_TEST(has(text, "all together at 95 %"), text);
  BOOST_TEST(has(text, "prompt: long against short"), text);
  BOOST_TEST(has(text, "+0.0412     0.0111  [+0.002, +0.0804]    yes"), text);
  BOOST_TEST(has(text, "prompt: long × style: dry"), text);
  BOOST_TEST(has(text, "waits for 200 units"), text);
  BOOST_TEST(has(text, "p95 has no effects here: a quantile is no sum\n"), text);
  BOOST_TEST(render_effects({{"error", "ask again"}}) == "\nEffects of factors are not known: ask again\n");
}

BOOST_AUTO_TEST_CASE(only_one_that_has_started_and_has_factors_has_effects) {
  json square = running();
  BOOST_TEST(!has_effects(square));
  square["variants"][0]["factors"] = {{"prompt", "short"}};
  BOOST_TEST(has_effects(square));
  square["started"] = nullptr;
  BOOST_TEST(!has_effects(square));
}

BOOST_AUTO_TEST_CASE(what_makes_it_sick_is_said_and_a_draft_has_its_variants_alone) {
  json sick = running();
  sick["analysis"]["health"][0] = {{"healthy", false}, {"sentence", "The arms have 290 and 200 units."}};
  json draft = running();
  draft["state"] = "draft";
  draft["analysis"] = nullptr;

  BOOST_TEST(has(render_experiment(sick), "Sick: The arms have 290 and 200 units."));
  BOOST_TEST(render_experiment(draft) == "sums (clerk): draft\ncontrol@1 50%, treatment@2 50%\n");
}

BOOST_AUTO_TEST_CASE(segments_with_weights_of_their_own_are_each_a_row_with_the_last) {
  json row = running();
  for (json* const variants : {&row["variants"], &row["analysis"]["variants"]})
    for (json& variant : *variants) variant["weight"] = nullptr;
  row["revisions"] = json::parse(R"([
      {"number": 1, "segment": "region eu", "weights": [0.5, 0.5]},
      {"number": 2, "segment": "region other", "weights": [0.5, 0.5]},
      {"number": 3, "segment": "region eu", "weights": [0.05, 0.95]}])");

  const std::string text = render_experiment(row);

  BOOST_TEST(has(text, "SEGMENT       REVISION  control  treatment\n"), text);
  BOOST_TEST(has(text, "region eu            3       5%        95%\n"), text);
  BOOST_TEST(has(text, "region other         2      50%        50%\n"), text);
  BOOST_TEST(has(text, "by segment"), text);
  BOOST_TEST(has(render_experiments(json::array({row})), "control@1 by segment, treatment@2 by segment"));
}

BOOST_AUTO_TEST_SUITE_END()
