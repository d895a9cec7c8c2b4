#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/experiment/planning/alarm_bound.hpp"
#include "test/simulation/experiment/false_alarms.hpp"
#include "test/simulation/experiment/mismatch.hpp"
#include "test/simulation/experiment/power.hpp"
#include "test/simulation/experiment/ramp.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::simulation;

namespace {

double power_of(const std::vector<PowerRow>& rows, std::string_view method, size_t horizon) {
  for (const auto& row : rows) {
    if (row.method.starts_with(method)) return row.power[horizon];
  }
  return -1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(experiment_validity)

BOOST_AUTO_TEST_CASE(tests_that_are_watched_each_second_alarm_no_more_often_than_they_may) {
  for (const auto& scenario : false_alarm_scenarios()) {
    if (!scenario.must_hold) continue;
    const uint64_t alarms = count_alarms(scenario, 100, 1200, 1);
    BOOST_TEST(alarms <= alarms_max(100, 0.05), scenario.name << ": " << alarms << " of 100");
  }
}

BOOST_AUTO_TEST_CASE(these_runs_would_show_a_test_that_must_not_be_watched) {
  for (const auto& scenario : false_alarm_scenarios()) {
    if (scenario.must_hold) continue;
    const uint64_t alarms = count_alarms(scenario, 100, 10'800, 1);
    BOOST_TEST(alarms > alarms_max(100, 0.05), scenario.name << ": " << alarms << " of 100");
  }
}

BOOST_AUTO_TEST_CASE(a_difference_is_found_within_three_fixed_sample_sizes) {
  const auto steady = power_table({0.10, 0.12, false}, 100, 1);
  BOOST_TEST(power_of(steady, "conditional odds ratio", 3) >= 0.95);
  BOOST_TEST(power_of(steady, "asymptotic sequence", 3) >= 0.95);
  BOOST_TEST(power_of(steady, "five looks", 0) >= 0.65);
  const auto drifting = power_table({0.10, 0.12, true}, 100, 1);
  BOOST_TEST(power_of(drifting, "conditional odds ratio", 3) >= 0.95);
}

BOOST_AUTO_TEST_CASE(the_loss_of_a_twentieth_of_one_arms_units_is_found_within_50000) {
  BOOST_TEST(mismatch_found(0.05, 1000, 0.001, 50'000, 100, 1) >= 0.9);
  BOOST_TEST(mismatch_found(0, 1000, 0.001, 50'000, 100, 2) <= 0.02);
}

BOOST_AUTO_TEST_CASE(a_ramp_under_drift_is_estimated_without_bias) {
  for (const auto weights : {StratumWeights::units, StratumWeights::overlap, StratumWeights::inverse_variance}) {
    const auto said = ramp_stratified(weights, 100, 1);
    BOOST_TEST(std::abs(said.bias) < 3.3 * said.bias_error);
    BOOST_TEST(said.coverage >= 0.86);
  }
  BOOST_TEST(ramp_pooled(20, 1).bias > 0.05);
}

BOOST_AUTO_TEST_SUITE_END()
