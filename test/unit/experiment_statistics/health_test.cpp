#include "actors/experiment/statistics/health.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

bool says(const Finding& finding, std::string_view part) {
  BOOST_TEST_INFO(finding.sentence);
  return finding.sentence.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(health)

BOOST_AUTO_TEST_CASE(units_that_are_missing_are_found_and_counted) {
  const std::vector<RevisionCounts> fine{{{0.5, 0.5}, {20'050, 19'950}}}, lossy{{{0.5, 0.5}, {20'000, 19'000}}};
  BOOST_TEST(check_sample_ratio(fine).value().healthy);

  const auto finding = check_sample_ratio(lossy).value();
  BOOST_TEST(!finding.healthy);
  BOOST_TEST(finding.value < 0.001);
  BOOST_TEST(says(finding, "has 20000 units where its weights say 19500"));
}

BOOST_AUTO_TEST_CASE(units_in_several_arms_are_tolerated_up_to_a_share) {
  BOOST_TEST(check_multiple_exposure(1000, 5).value().healthy);
  const auto finding = check_multiple_exposure(1000, 6).value();
  BOOST_TEST(!finding.healthy);
  BOOST_TEST(finding.value == 0.006);
  BOOST_TEST(says(finding, "6 of 1000 units saw more than one arm"));
}

BOOST_AUTO_TEST_CASE(arms_that_differed_before_are_found) {
  BOOST_TEST(check_pre_exposure_bias({{{10'000, 5.0, 40'000}, {10'000, 5.02, 40'000}}}).value().healthy);
  const auto finding = check_pre_exposure_bias({{{10'000, 5.0, 40'000}, {10'000, 5.2, 40'000}}}).value();
  BOOST_TEST(!finding.healthy);
  BOOST_TEST(says(finding, "they differed before"));
}

BOOST_AUTO_TEST_CASE(strata_that_are_shared_out_otherwise_are_no_difference_before) {
  // The second arm has most of the stratum whose units did more.
  const std::vector<BeforeStratum> strata{
      {{9000, 5, 36'000}, {1000, 5.02, 4000}}, {{1000, 20, 4000}, {9000, 20.01, 36'000}}, {{500, 0, 0}, {500, 0, 0}}};
  const auto finding = check_pre_exposure_bias(strata).value();
  BOOST_TEST(finding.healthy);
  BOOST_TEST(says(finding, "means were 11.9048 and 11.919"));
  auto shifted = strata;
  for (BeforeStratum& stratum : shifted) stratum.b.mean += 0.3;
  BOOST_TEST(!check_pre_exposure_bias(shifted).value().healthy);
}

BOOST_AUTO_TEST_CASE(lost_events_of_either_arm_count) {
  BOOST_TEST(check_event_loss({10'000, 10'000}, {10'000, 9'990}).value().healthy);
  const auto finding = check_event_loss({10'000, 9'900}, {10'000, 10'000}).value();
  BOOST_TEST(!finding.healthy);
  BOOST_TEST(finding.value == 0.01);
  BOOST_TEST(says(finding, "100 and 0 events of the arms are lost (1 % and 0 %"));
}

BOOST_AUTO_TEST_CASE(a_metric_that_stopped_varying_is_found) {
  BOOST_TEST(check_variance_collapse({1000, 5, 900}, {1000, 5, 1100}).value().healthy);
  BOOST_TEST(!check_variance_collapse({1000, 5, 900}, {1000, 5, 10}).value().healthy);
  BOOST_TEST(!check_variance_collapse({1000, 5, 0}, {1000, 5, 0}).value().healthy);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const Moments good{1000, 1, 100};
  BOOST_TEST(refused(check_sample_ratio({})));
  BOOST_TEST(refused(check_sample_ratio(std::vector<RevisionCounts>{{{0.5, 0.5}, {10, 10}}}, 0)));
  BOOST_TEST(refused(check_multiple_exposure(0, 0)));
  BOOST_TEST(refused(check_multiple_exposure(5, 6)));
  BOOST_TEST(refused(check_multiple_exposure(5, 0, not_a_number)));
  BOOST_TEST(refused(check_pre_exposure_bias({{{99, 1, 1}, good}})));
  BOOST_TEST(refused(check_pre_exposure_bias({{{1000, 1, 0}, {1000, 1, 0}}})));
  BOOST_TEST(refused(check_pre_exposure_bias({{good, {1000, not_a_number, 1}}})));
  BOOST_TEST(refused(check_event_loss({0, 0}, {1, 1})));
  BOOST_TEST(refused(check_event_loss({1, 2}, {1, 1})));
  BOOST_TEST(refused(check_event_loss({1, 1}, {1, 1}, 2)));
  BOOST_TEST(refused(check_variance_collapse(good, {5, 1, 1})));
  BOOST_TEST(refused(check_variance_collapse(good, good, -1)));
}

BOOST_AUTO_TEST_SUITE_END()
