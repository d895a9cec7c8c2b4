#include "actors/experiment/statistics/sample_ratio.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(sample_ratio)

BOOST_AUTO_TEST_CASE(evidence_is_that_of_the_reference) {
  for (const auto& c : oracle("sequential")["sample_ratio"]) {
    std::vector<RevisionCounts> revisions;
    for (const auto& revision : c["revisions"]) {
      revisions.push_back(
          {revision["weights"].get<std::vector<double>>(), revision["units"].get<std::vector<uint64_t>>()});
    }
    count_case("sample ratio, sequential");
    const auto said = sample_ratio_sequential(revisions, {number(c["concentration"])}).value();
    near("sample ratio, sequential", said.statistic, number(c["log_e"]), 1e-9, 1);
    count_case("sample ratio, chi-square");
    const auto fixed = sample_ratio_fixed(revisions).value();
    near("sample ratio, chi-square", fixed.statistic, number(c["chi_square"]));
    near("sample ratio, chi-square", fixed.p_value, number(c["p_value"]));
  }
}

BOOST_AUTO_TEST_CASE(the_arm_that_is_furthest_off_is_named) {
  const std::vector<RevisionCounts> revisions{{{0.5, 0.3, 0.2}, {50'100, 30'000, 18'500}}};
  const auto said = sample_ratio_sequential(revisions).value();
  BOOST_TEST(said.arm == 2u);
  BOOST_TEST(said.units == 18'500);
  BOOST_TEST(said.units_expected == 19'720, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(said.p_value < 0.001);
}

BOOST_AUTO_TEST_CASE(a_ramp_is_judged_revision_by_revision) {
  // Together 24 % of units went to the second arm, which no revision's weights say; each revision is as it should be.
  const std::vector<RevisionCounts> revisions{{{0.95, 0.05}, {9500, 500}}, {{0.5, 0.5}, {4000, 4000}}};
  BOOST_TEST(sample_ratio_sequential(revisions).value().p_value == 1);
}

BOOST_AUTO_TEST_CASE(a_unit_in_an_arm_without_weight_is_proof) {
  const std::vector<RevisionCounts> revisions{{{1, 0}, {100, 1}}};
  const auto said = sample_ratio_sequential(revisions).value();
  BOOST_TEST(said.p_value == 0);
  BOOST_TEST(said.statistic == infinite);
  BOOST_TEST(said.arm == 1u);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const auto one = [](std::vector<double> weights, std::vector<uint64_t> units) {
    return std::vector<RevisionCounts>{{std::move(weights), std::move(units)}};
  };
  BOOST_TEST(refused(sample_ratio_sequential({})));
  BOOST_TEST(refused(sample_ratio_sequential(one({0.5, 0.5}, {0, 0}))));
  BOOST_TEST(refused(sample_ratio_sequential(one({1}, {5}))));
  BOOST_TEST(refused(sample_ratio_sequential(one({0.5, 0.5}, {1, 2, 3}))));
  BOOST_TEST(refused(sample_ratio_sequential(one({0.5, 0.49}, {1, 2}))));
  BOOST_TEST(refused(sample_ratio_sequential(one({1.5, -0.5}, {1, 2}))));
  BOOST_TEST(refused(sample_ratio_sequential(one({not_a_number, 0.5}, {1, 2}))));
  BOOST_TEST(refused(sample_ratio_sequential(one({0.5, 0.5}, {1, 2}), {.concentration = 0})));
  BOOST_TEST(refused(sample_ratio_fixed(one({0.5, 0.5}, {1, 2}))));
  BOOST_TEST(refused(sample_ratio_fixed(one({1, 0}, {10, 0}))));
}

BOOST_AUTO_TEST_SUITE_END()
