#include "actors/experiment/statistics/survival.hpp"

#include "actors/experiment/statistics/cox.hpp"
#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

std::vector<SurvivalUnit> units(const nlohmann::json& pairs) {
  std::vector<SurvivalUnit> result;
  for (const auto& pair : pairs) result.push_back({number(pair[0]), pair[1].get<int>() == 1});
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(survival_analysis)

BOOST_AUTO_TEST_CASE(kaplan_and_meiers_curve_is_the_references) {
  for (const auto& c : oracle("survival")["kaplan_meier"]) {
    const std::string method = "Kaplan-Meier";
    count_case(method);
    const SurvivalCurve curve = kaplan_meier(units(c["units"]), number(c["confidence"])).value();
    BOOST_REQUIRE_EQUAL(curve.steps.size(), c["times"].size());
    for (size_t i = 0; i < curve.steps.size(); ++i) {
      const SurvivalStep& step = curve.steps[i];
      BOOST_TEST(step.time == number(c["times"][i]));
      BOOST_TEST(step.at_risk == number(c["at_risk"][i]));
      BOOST_TEST(step.events == number(c["events"][i]));
      near(method, step.survival, number(c["survival"][i]));
      near(method, step.standard_error, number(c["error"][i]));
      if (step.survival == 0) continue;
      near(method, step.interval.low, number(c["low"][i]));
      near(method, step.interval.high, number(c["high"][i]));
    }
    BOOST_TEST(curve.median.value_or(infinite) == number(c["median"]));
    BOOST_TEST(curve.median_interval.low == number(c["median_low"]));
    // Where survival comes to 0, lifelines has an upper end of 0 too.
    if (curve.steps.back().survival > 0) BOOST_TEST(curve.median_interval.high == number(c["median_high"]));
  }
}

BOOST_AUTO_TEST_CASE(log_rank_tests_are_the_references) {
  for (const auto& c : oracle("survival")["log_rank"]) {
    count_case("log-rank, two arms");
    compare("log-rank, two arms", log_rank(units(c["first"]), units(c["second"]), test_options(c)).value(), c);
  }
  for (const auto& c : oracle("survival")["log_rank_k"]) {
    count_case("log-rank, k arms");
    std::vector<std::vector<SurvivalUnit>> arms;
    for (const auto& arm : c["arms"]) arms.push_back(units(arm));
    const OmnibusResult ours = log_rank(arms).value();
    near("log-rank, k arms", ours.statistic, number(c["statistic"]));
    near("log-rank, k arms", ours.p_value, number(c["p"]));
    BOOST_TEST(ours.df == number(c["df"]));
  }
}

BOOST_AUTO_TEST_CASE(hazard_ratios_are_the_references) {
  for (const auto& c : oracle("survival")["cox"]) {
    const auto first = units(c["first"]);
    const auto second = units(c["second"]);
    count_case("Cox hazard ratio, Efron");
    compare("Cox hazard ratio, Efron", cox_hazard_ratio(first, second, Ties::efron, test_options(c)).value(),
            c["efron"], 1e-6);
    count_case("Cox hazard ratio, Breslow");
    compare("Cox hazard ratio, Breslow", cox_hazard_ratio(first, second, Ties::breslow, test_options(c)).value(),
            c["breslow"], 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(two_arms_of_the_test_of_k_are_the_test_of_two) {
  const std::vector<SurvivalUnit> first{{1, true}, {2, false}, {3, true}, {5, true}, {8, false}};
  const std::vector<SurvivalUnit> second{{2, true}, {2, true}, {4, true}, {9, true}};
  const double z = log_rank(first, second).value().statistic;
  const std::vector<std::vector<SurvivalUnit>> arms{first, second};
  BOOST_TEST(log_rank(arms).value().statistic == z * z, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_curve_that_stays_above_one_half_has_no_median) {
  const std::vector<SurvivalUnit> units{{1, true}, {2, false}, {3, false}, {4, false}};
  const SurvivalCurve curve = kaplan_meier(units).value();
  BOOST_TEST(!curve.median.has_value());
  BOOST_TEST(curve.median_interval.high == infinite);
}

BOOST_AUTO_TEST_CASE(a_curve_that_comes_to_0_keeps_the_upper_end_before) {
  const SurvivalCurve curve = kaplan_meier(std::vector<SurvivalUnit>{{1, true}, {2, true}}).value();
  BOOST_TEST(curve.steps.back().survival == 0);
  BOOST_TEST(curve.steps.back().interval.low == 0);
  BOOST_TEST(curve.steps.back().interval.high == curve.steps.front().interval.high);
  BOOST_TEST(curve.steps.back().standard_error == 0);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const std::vector<SurvivalUnit> fine{{1, true}, {2, false}, {3, true}};
  for (const std::vector<SurvivalUnit>& bad :
       {std::vector<SurvivalUnit>{}, {{-1, true}}, {{not_a_number, true}}, {{infinite, false}}}) {
    BOOST_TEST(refused(kaplan_meier(bad)));
    BOOST_TEST(refused(log_rank(bad, fine)));
    BOOST_TEST(refused(cox_hazard_ratio(fine, bad)));
    BOOST_TEST(refused(log_rank(std::vector{fine, bad})));
  }
  for (const double confidence : {0.0, 1.0, not_a_number}) {
    BOOST_TEST(refused(kaplan_meier(fine, confidence)));
    BOOST_TEST(refused(log_rank(fine, fine, {.confidence = confidence})));
    BOOST_TEST(refused(cox_hazard_ratio(fine, fine, Ties::efron, {.confidence = confidence})));
  }
  const std::vector<SurvivalUnit> censored{{1, false}, {2, false}};
  BOOST_TEST(refused(log_rank(censored, censored)));
  BOOST_TEST(refused(log_rank(std::vector<std::vector<SurvivalUnit>>{fine})));
  BOOST_TEST(refused(log_rank(std::vector{censored, censored, censored})));
  BOOST_TEST(refused(cox_hazard_ratio(censored, censored)));
  BOOST_TEST(refused(cox_hazard_ratio(fine, std::vector<SurvivalUnit>{{5, false}, {6, false}})));
}

BOOST_AUTO_TEST_SUITE_END()
