#include "actors/experiment/table/table_analysis.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <sstream>

using namespace troupe;
using namespace troupe::experiment;

namespace {

Result<TableAnalysis> analyze(const std::string& text, const std::vector<std::string>& metrics,
                              TableOptions options = {}, const std::string& unit = "", const std::string& method = "") {
  TableQuestion question;
  question.unit_column = unit;
  for (const std::string& one : metrics) question.metrics.push_back(parse_table_metric(one).value());
  if (!method.empty()) TROUPE_CHECK(choose_method(method, question.metrics));
  std::istringstream in(text);
  CsvReader csv(in, "t.csv");
  TROUPE_TRY(const UnitTable table, read_unit_table(csv, question));
  return analyze_table(table, question, options);
}

/// `units` of each of two variants; every `nth` converts.
std::string bought(int control, int treated, int control_nth, int treated_nth) {
  std::string text = "variant,bought\n";
  for (int i = 0; i < control; ++i) text += std::string("control,") + (i % control_nth == 0 ? "1\n" : "0\n");
  for (int i = 0; i < treated; ++i) text += std::string("treatment,") + (i % treated_nth == 0 ? "1\n" : "0\n");
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(table_analysis)

BOOST_AUTO_TEST_CASE(the_control_is_the_variant_of_that_name_or_the_one_that_is_named) {
  const std::string text = "variant,x\nb,1\na,2\nb,3\na,5\n";

  BOOST_TEST(analyze(text, {"x:mean"}).error().message ==
             "there is no variant control; say which is the control: there are b, a");
  const auto analysis = analyze(text, {"x:mean"}, {.control = "a"}).value();
  BOOST_TEST(analysis.comparisons[0].variant == "b");
  BOOST_TEST(*analysis.comparisons[0].said.difference == -1.5);
}

BOOST_AUTO_TEST_CASE(arms_that_are_not_shared_out_by_their_weights_are_sick) {
  TableOptions options;
  options.weights = {{"control", 0.5}, {"treatment", 0.5}};

  const auto even = analyze(bought(500, 520, 5, 4), {"bought:conversion"}, options).value();
  const auto uneven = analyze(bought(500, 700, 5, 4), {"bought:conversion"}, options).value();

  BOOST_TEST(even.is_healthy);
  BOOST_TEST(!uneven.is_healthy);
  BOOST_TEST(uneven.health[0].sentence.find("700 units, and 600.0 are expected") != std::string::npos,
             uneven.health[0].sentence);
  options.weights = {{"control", 0.5}, {"treated", 0.5}};
  BOOST_TEST(analyze(bought(500, 520, 5, 4), {"bought:conversion"}, options)
                 .error()
                 .message.find("variant treatment has none") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(less_of_a_loss_is_an_increase) {
  const std::string text =
      "variant,profit\ncontrol,-11\ncontrol,-9\ncontrol,-10\ntreatment,-8\ntreatment,-7\ntreatment,-9\n";
  const auto analysis = analyze(text, {"profit:mean"}).value();

  BOOST_TEST(*analysis.comparisons[0].said.relative == 0.2, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(analysis.comparisons[0].said.relative_interval->low < 0.2);
  BOOST_TEST(analysis.comparisons[0].said.relative_interval->high > 0.2);
}

BOOST_AUTO_TEST_CASE(a_unit_of_two_variants_counts_in_neither) {
  const auto analysis =
      analyze("u,variant,x\na,control,1\nb,control,2\nc,treatment,3\nd,treatment,5\ne,control,100\ne,treatment,100\n",
              {"x:mean"}, {}, "u")
          .value();

  BOOST_TEST(analysis.crossed == 1u);
  BOOST_TEST(*analysis.comparisons[0].said.control == 1.5);
  BOOST_TEST(*analysis.comparisons[0].said.treated == 4);
  BOOST_TEST(!analysis.is_healthy);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_told_says_why_and_the_rest_is_told) {
  const auto analysis =
      analyze("variant,x,y\ncontrol,1,0\ntreatment,1,1\ncontrol,1,2\ntreatment,1,5\n", {"x:mean", "y:mean"}).value();

  BOOST_TEST(!analysis.comparisons[0].said.reason.empty());
  BOOST_TEST(!analysis.comparisons[0].adjusted_p.has_value());
  BOOST_TEST(analysis.comparisons[1].said.reason == "");
  // It is alone in its family then.
  BOOST_TEST(*analysis.comparisons[1].adjusted_p == *analysis.comparisons[1].said.p_value);
}

BOOST_AUTO_TEST_CASE(a_one_sided_question_has_a_one_sided_interval) {
  const auto analysis =
      analyze(bought(400, 400, 5, 4), {"bought:conversion"}, {.alternative = Alternative::greater}).value();

  BOOST_TEST(std::isinf(analysis.comparisons[0].said.interval->high));
  BOOST_TEST(std::isfinite(analysis.comparisons[0].said.interval->low));
  BOOST_TEST(*analysis.comparisons[0].said.p_value < 0.1);
}

BOOST_AUTO_TEST_CASE(each_method_answers_for_the_kinds_that_have_it) {
  const std::string text =
      "variant,x,n,t\ncontrol,1,3,1\ncontrol,0,1,1\ncontrol,1,0,0\ncontrol,0,2,1\ncontrol,1,4,1\n"
      "treatment,0,9,1\ntreatment,1,3,0\ntreatment,1,5,1\ntreatment,0,2,1\ntreatment,1,7,1\n";
  for (const std::string metric : {"x:conversion", "n:mean", "n:count", "n:event=t"}) {
    for (const TableMethod method : methods_of(parse_table_metric(metric).value())) {
      const auto analysis = analyze(text, {metric}, {}, "", std::string(name_of(method))).value();
      const UnitComparison& said = analysis.comparisons[0].said;
      BOOST_TEST(said.reason == "", metric << " by " << name_of(method));
      BOOST_TEST(said.p_value.has_value() == (method != TableMethod::bayesian), metric << " by " << name_of(method));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
