#include "actors/experiment/statistics/cuped.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

CovariateMoments moments(const nlohmann::json& arm) {
  return {number(arm["n"]),    number(arm["mean_y"]), number(arm["mean_x"]),
          number(arm["m2_y"]), number(arm["m2_x"]),   number(arm["m_xy"])};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cuped_suite)

BOOST_AUTO_TEST_CASE(the_adjustment_is_that_of_the_reference) {
  for (const auto& c : oracle("bayesian")["cuped"]) {
    const auto said = cuped(moments(c["a"]), moments(c["b"])).value();
    count_case("CUPED");
    near("CUPED", said.theta, number(c["theta"]));
    near("CUPED", said.adjusted.value, number(c["value"]), 1e-9, 1);
    near("CUPED", said.adjusted.standard_error, number(c["standard_error"]));
    near("CUPED", said.raw.value, number(c["raw_value"]), 1e-9, 1);
    near("CUPED", said.raw.standard_error, number(c["raw_standard_error"]));
    near("CUPED", said.variance_reduction, number(c["variance_reduction"]), 1e-9, 1);
  }
}

BOOST_AUTO_TEST_CASE(a_covariate_that_explains_most_leaves_little_variance) {
  const CovariateMoments arm{1000, 5, 5, 1000, 1000, 950};
  const auto said = cuped(arm, arm).value();
  BOOST_TEST(said.variance_reduction == 0.95 * 0.95, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(said.adjusted.units_a == 1000u);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const CovariateMoments good{10, 1, 1, 5, 5, 2};
  BOOST_TEST(refused(cuped(good, {2, 1, 1, 5, 5, 2})));
  BOOST_TEST(refused(cuped(good, {10.5, 1, 1, 5, 5, 2})));
  BOOST_TEST(refused(cuped(good, {10, not_a_number, 1, 5, 5, 2})));
  BOOST_TEST(refused(cuped(good, {10, 1, 1, -5, 5, 0})));
  BOOST_TEST(refused(cuped(good, {10, 1, 1, 5, 5, 6})));
  BOOST_TEST(refused(cuped({10, 1, 1, 5, 0, 0}, {10, 1, 1, 5, 0, 0})));
  BOOST_TEST(refused(cuped({10, 1, 1, 5, 5, 5}, {10, 1, 1, 5, 5, 5})));
}

BOOST_AUTO_TEST_SUITE_END()
