#include "cluster/cli/render_segments.hpp"

#include <boost/test/unit_test.hpp>

using nlohmann::json;
using namespace troupe::cli;

namespace {

json told() {
  return json::parse(R"({
    "experiment": "sums", "interval_alpha": 0.025, "units_in_no_part": 0,
    "segmentations": [{"feature": "header.x-plan",
      "parts": [
        {"value": "pro", "variants": [{"name": "control", "units": 290}, {"name": "treatment", "units": 261}], "comparisons": [
          {"metric": "correct", "variant": "treatment", "control": {"value": 0.5}, "treated": {"value": 0.6}, "difference": 0.1, "interval": [0.02, null], "relative": 0.2,
           "relative_interval": [0.04, null], "significant": true}]},
        {"value": null, "variants": [{"name": "control", "units": 3}, {"name": "treatment", "units": 0}], "comparisons": [
          {"metric": "correct", "variant": "treatment", "control": {"value": 0},
           "treated": {"value": 0}, "reason": "no units yet", "significant": false}]}],
      "heterogeneity": [{"metric": "correct", "variant": "treatment", "q": 12.34, "adjusted_p": 0.0004},
                        {"metric": "errors", "variant": "treatment", "reason": "fewer than two parts"}]}],
    "findings": ["In header.x-plan pro treatment is better: correct +20.0 %."],
    "cautions": ["A part has fewer units."]})");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(render_segments_tests)

BOOST_AUTO_TEST_CASE(each_part_has_a_row_and_whether_parts_differ_a_line) {
  const std::string text = render_segments(told());

  for (const char* part : {"By header.x-plan", "pro", "290/261", "+20.0%", "[+4.0%, +inf]", "yes", "(others)", "3/0",
                           "no units yet", "correct of treatment: Q = 12.3, p = 0.0004",
                           "errors of treatment: fewer than two parts", "each with 97.5 %", "A part has fewer units."})
    BOOST_TEST(has(text, part), part << " is not in:\n" << text);
  BOOST_TEST(has(text, "In header.x-plan pro treatment is better"));
  BOOST_TEST(!has(text, "No part has a difference"));
}

BOOST_AUTO_TEST_CASE(where_nothing_was_found_it_says_so) {
  json nothing = told();
  nothing["findings"] = json::array();

  BOOST_TEST(has(render_segments(nothing), "No part has a difference that is sure."));
}

BOOST_AUTO_TEST_SUITE_END()
