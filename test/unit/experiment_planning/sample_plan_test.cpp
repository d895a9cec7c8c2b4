#include "actors/experiment/planning/sample_plan.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/experiment/statistics/power.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

PlanQuestion rate(double control) {
  PlanQuestion question;
  question.baseline = RateBaseline{control};
  return question;
}

PlanQuestion mean(double control, double deviation) {
  PlanQuestion question;
  question.baseline = MeanBaseline{control, deviation};
  return question;
}

std::string refusal(const PlanQuestion& question) {
  const auto plan = plan_sample(question);
  return plan ? "accepted" : plan.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sample_plan)

BOOST_AUTO_TEST_CASE(units_power_and_effect_are_answers_to_one_another) {
  PlanQuestion question = rate(0.10);
  question.effect = 0.05;
  const SamplePlan size = plan_sample(question).value();
  BOOST_TEST(size.asked == "units");
  // statsmodels' and R's power.prop.test say 57,763 of each.
  BOOST_TEST(size.units[0] == 57'763);
  BOOST_TEST(size.units_all == 2 * 57'763);
  BOOST_TEST(*size.treated == 0.105, boost::test_tools::tolerance(1e-12));

  question.units = size.units_all;
  const SamplePlan power = plan_sample(question).value();
  BOOST_TEST(power.asked == "power");
  BOOST_TEST(power.power == 0.8, boost::test_tools::tolerance(1e-4));

  question.effect.reset();
  const SamplePlan effect = plan_sample(question).value();
  BOOST_TEST(effect.asked == "effect");
  BOOST_TEST(*effect.relative == 0.05, boost::test_tools::tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(a_mean_is_planned_by_the_t_test) {
  PlanQuestion question = mean(12, 30);
  question.effect = 0.05;
  const SamplePlan plan = plan_sample(question).value();

  // An effect of 0.02 deviations: statsmodels' TTestIndPower.
  BOOST_TEST(plan.effect_size == 0.02, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(plan.units[0] == std::ceil(sample_size_for_means(0.02, 0.8)->first));
  BOOST_TEST(plan.effect == 0.6, boost::test_tools::tolerance(1e-12));
  question.baseline = MeanBaseline{{}, 30};
  BOOST_TEST(refusal(question).find("needs the mean") != std::string::npos);
  question.is_absolute = true;
  question.effect = 0.6;
  BOOST_TEST(plan_sample(question)->units[0] == plan.units[0]);
}

BOOST_AUTO_TEST_CASE(several_variants_share_alpha_and_the_smallest_one_decides) {
  PlanQuestion two = rate(0.2);
  two.effect = 0.1;
  two.alpha = 0.025;
  PlanQuestion three = two;
  three.alpha = 0.05;
  three.weights = {0.5, 0.3, 0.2};
  const SamplePlan plan = plan_sample(three).value();

  BOOST_TEST(plan.comparisons == 2u);
  BOOST_TEST(plan.alpha_each == 0.025);
  const PowerOptions uneven{Alternative::two_sided, 0.025, 0.4};
  const double control = sample_size_for_proportions(0.2, 0.22, 0.8, ProportionPower::z, uneven)->first;
  BOOST_TEST(plan.units[0] == std::ceil(control));
  BOOST_TEST(plan.units[2] == std::ceil(control * 0.4));
}

BOOST_AUTO_TEST_CASE(an_effect_downwards_is_found_below) {
  PlanQuestion question = rate(0.3);
  question.units = 10'000;
  question.decreases = true;
  const SamplePlan plan = plan_sample(question).value();

  BOOST_TEST(plan.effect < 0);
  question.effect = plan.effect;
  question.is_absolute = true;
  BOOST_TEST(plan_sample(question)->power == 0.8, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(days_are_those_until_the_last_unit_that_takes_part) {
  PlanQuestion question = rate(0.10);
  question.effect = 0.05;
  question.units_per_day = 20'000;
  BOOST_TEST(*plan_sample(question)->days == 6);
  question.share = 0.5;
  BOOST_TEST(*plan_sample(question)->days == 12);
}

BOOST_AUTO_TEST_CASE(watching_costs_units_for_the_same_power) {
  PlanQuestion question = rate(0.10);
  question.effect = 0.05;
  const SamplePlan plan = plan_sample(question).value();

  BOOST_TEST_REQUIRE(plan.watched.has_value());
  BOOST_TEST(*plan.watched->for_power > 1.3);
  BOOST_TEST(*plan.watched->for_power < 2);
  question.alternative = Alternative::greater;
  BOOST_TEST(!plan_sample(question)->watched.has_value());
}

BOOST_AUTO_TEST_CASE(questions_without_an_answer_are_refused_in_words) {
  PlanQuestion question = rate(0.1);
  BOOST_TEST(refusal(question).find("give the effect") != std::string::npos);
  question.effect = 0.1;
  question.units = 100;
  question.power = 0.8;
  BOOST_TEST(refusal(question).find("leave out the one that is asked") != std::string::npos);
  question = rate(0.6);
  question.effect = 1;
  BOOST_TEST(refusal(question) == "a rate of 0.6 with this effect would be 1.2: it must lie between 0 and 1");
  question = rate(1.5);
  question.effect = 0.1;
  BOOST_TEST(refusal(question).find("the rate") != std::string::npos);
  question = rate(0.1);
  question.effect = 0.1;
  question.weights = {0.5, 0.4};
  BOOST_TEST(refusal(question) == "weights must sum to 1, found 0.9");
}

BOOST_AUTO_TEST_SUITE_END()
