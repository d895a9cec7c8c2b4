#include "actors/experiment/table/factor_analysis.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

using namespace troupe;
using namespace troupe::experiment;

namespace {

Result<FactorAnalysis> analyze(const std::string& text, std::vector<TableFactor> factors,
                               const std::vector<std::string>& metrics = {"x:mean"}, const std::string& unit = "",
                               const std::string& method = "") {
  TableQuestion question;
  question.unit_column = unit;
  question.factors = std::move(factors);
  for (const std::string& one : metrics) question.metrics.push_back(parse_table_metric(one).value());
  if (!method.empty()) TROUPE_CHECK(choose_method(method, question.metrics));
  std::istringstream in(text);
  CsvReader csv(in, "t.csv");
  TROUPE_TRY(const UnitTable table, read_unit_table(csv, question));
  return analyze_factors(table, question, {});
}

std::string refusal(const Result<FactorAnalysis>& analysis) {
  return analysis ? "accepted" : analysis.error().message;
}

const std::vector<TableFactor> two{{"a", ""}, {"b", ""}};

/// Two units of each combination, 1 apart; `b` moves by 2, and by 3 more where a is 1.
const std::string square = "a,b,x\n0,0,1\n0,1,3\n1,0,1\n1,1,6\n0,0,2\n0,1,4\n1,0,2\n1,1,7\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(factor_analysis)

BOOST_AUTO_TEST_CASE(effects_and_interactions_are_told_against_the_levels_that_came_first) {
  const FactorAnalysis analysis = analyze(square, two).value();

  BOOST_TEST_REQUIRE(analysis.metrics[0].terms.size() == 3u);
  const auto difference = [&](size_t term) { return analysis.metrics[0].terms[term].differences[0].difference; };
  BOOST_TEST(difference(0) == 1.5);
  BOOST_TEST(difference(1) == 3.5);
  BOOST_TEST(difference(2) == 3);
  BOOST_TEST((analysis.metrics[0].terms[2].differences[0].levels == std::vector<std::string>{"1", "1"}));
  BOOST_TEST((analysis.cells[1].levels == std::vector<std::string>{"0", "1"}));
  BOOST_TEST(analysis.cells[1].units == 2u);
  BOOST_TEST(analysis.metrics[0].means[3] == 6.5);
}

BOOST_AUTO_TEST_CASE(another_level_may_be_the_one_to_hold_others_against) {
  const FactorAnalysis analysis = analyze(square, {{"a", "1"}, {"b", ""}}).value();

  BOOST_TEST(analysis.metrics[0].terms[0].differences[0].difference == -1.5);
  BOOST_TEST(analysis.metrics[0].terms[0].differences[0].levels[0] == "0");
  BOOST_TEST(refusal(analyze(square, {{"a", "10"}, {"b", ""}})) ==
             "factor a has no level 10 (did you mean 0?); there are 0, 1");
}

BOOST_AUTO_TEST_CASE(levels_with_the_same_joined_text_are_told_apart) {
  const std::string text =
      "a,b,x\n\"x, y\",z,1\nx,\"y, z\",2\n\"x, y\",\"y, z\",3\nx,z,4\n\"x, y\",z,2\nx,\"y, z\",4\n\"x, "
      "y\",\"y, z\",5\nx,z,6\n";

  const FactorAnalysis analysis = analyze(text, two).value();

  BOOST_TEST(analysis.cells.size() == 4u);
  for (const FactorCell& cell : analysis.cells) BOOST_TEST(cell.units == 2u);
}

BOOST_AUTO_TEST_CASE(a_unit_of_two_combinations_counts_in_neither) {
  const FactorAnalysis analysis =
      analyze("u,a,x\n1,0,1\n2,0,2\n3,1,3\n4,1,4\n5,0,50\n5,1,50\n", {{"a", ""}}, {"x:mean"}, "u").value();

  BOOST_TEST(analysis.crossed == 1u);
  BOOST_TEST(analysis.metrics[0].terms[0].differences[0].difference == 2);
  BOOST_TEST(!analysis.is_healthy);
}

BOOST_AUTO_TEST_CASE(what_no_effects_can_be_told_of_is_refused_by_name) {
  BOOST_TEST(refusal(analyze("a,b,x\n0,0,1\n0,1,2\n", two)) ==
             "factor a has one level, 0: there is nothing to hold it against");
  BOOST_TEST(refusal(analyze("a,b,x\n0,0,1\n0,1,2\n1,0,4\n0,0,3\n", two)) ==
             "no unit has a = 1 and b = 1: a design needs units of every combination of levels");
  BOOST_TEST(refusal(analyze("a,b,x\n0,0,1\n0,1,2\n1,0,4\n1,1,3\n", two)) ==
             "each combination of levels has one unit: effects cannot be told from chance; a design needs several "
             "units of a combination");
  BOOST_TEST(refusal(analyze(square, {{"a", ""}, {"a", ""}})) == "factor a is named twice");
  BOOST_TEST(refusal(analyze(square, std::vector<TableFactor>(7, {"a", ""}))) ==
             "there are 7 factors; a design has at most 6");
  BOOST_TEST(refusal(analyze(square, {{"c", ""}})).starts_with("t.csv:1: there is no column 'c'"));
  BOOST_TEST(refusal(analyze("a,b,x\n,0,1\n", two)) == "t.csv:2: column a: it is empty");
}

BOOST_AUTO_TEST_CASE(too_many_combinations_are_refused) {
  std::string diagonal = "a,b,x\n";
  for (int i = 0; i < 9; ++i) diagonal += fmt::format("{},{},1\n", i, i);
  BOOST_TEST(refusal(analyze(diagonal, two)) ==
             "there are 81 combinations of all factors' levels; a design has at most 64");

  std::string many = "a,b,x\n";
  for (int i = 0; i < 65; ++i) many += fmt::format("{},{},1\n", i, i);
  BOOST_TEST(refusal(analyze(many, two)) ==
             "t.csv:66: column b: there are more than 64 combinations of levels; are these columns the factors: a, b?");
}

BOOST_AUTO_TEST_CASE(metrics_that_are_no_means_over_units_are_refused_by_name) {
  for (const std::string metric : {"x:p50", "x/b:ratio", "x/b:count", "x:event=b"})
    BOOST_TEST(refusal(analyze("a,b,x\n0,1,1\n0,1,2\n1,1,3\n1,1,5\n", {{"a", ""}}, {metric}))
                   .starts_with("metric " + metric + ": factors are told of means, conversions and counts by a unit"));
  BOOST_TEST(refusal(analyze(square, two, {"x:mean"}, "", "mann-whitney")) ==
             "metric x:mean: factors are told by the F test alone, not by mann-whitney");
}

BOOST_AUTO_TEST_CASE(a_metric_in_which_nothing_varies_says_so_and_the_rest_is_told) {
  const FactorAnalysis analysis =
      analyze("a,x,y\n0,1,1\n1,1,2\n0,1,4\n1,1,3\n", {{"a", ""}}, {"x:mean", "y:mean"}).value();

  BOOST_TEST(analysis.metrics[0].reason == "the variance within cells is 0: effects need one over 0");
  BOOST_TEST(analysis.metrics[1].terms.size() == 1u);
  // It is alone in its family then.
  BOOST_TEST(*analysis.metrics[1].terms[0].adjusted_p == analysis.metrics[1].terms[0].test.p_value);
}

BOOST_AUTO_TEST_SUITE_END()
