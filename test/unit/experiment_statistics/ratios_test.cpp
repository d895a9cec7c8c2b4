#include "actors/experiment/statistics/ratios.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

RatioMoments arm(const nlohmann::json& c) {
  return {number(c["n"]),      number(c["sum_x"]),  number(c["sum_y"]),
          number(c["sum_xx"]), number(c["sum_yy"]), number(c["sum_xy"])};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ratios)

BOOST_AUTO_TEST_CASE(ratios_and_their_errors_are_the_references) {
  for (const auto& c : oracle("ratios")["ratio"]) {
    count_case("ratio of sums, delta");
    const RatioEstimate ours = ratio_of_sums(arm(c["arm"])).value();
    near("ratio of sums, delta", ours.ratio, number(c["ratio"]));
    near("ratio of sums, delta", ours.standard_error, number(c["error"]));
  }
}

BOOST_AUTO_TEST_CASE(differences_and_lifts_are_the_references) {
  for (const auto& c : oracle("ratios")["difference"]) {
    count_case("difference of ratios, delta");
    compare("difference of ratios, delta", ratio_difference(arm(c["first"]), arm(c["second"]), test_options(c)).value(),
            c);
  }
  for (const auto& c : oracle("ratios")["lift"]) {
    count_case("relative lift of ratios, delta");
    compare("relative lift of ratios, delta",
            relative_lift_of_ratios(arm(c["first"]), arm(c["second"]), test_options(c)).value(), c);
  }
}

BOOST_AUTO_TEST_CASE(units_with_one_ratio_have_no_error_left) {
  // y = 3 x in each unit: the terms of the variance cancel.
  BOOST_TEST(ratio_of_sums({3, 6e6, 18e6, 14e12, 126e12, 42e12}).value().standard_error == 0);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const RatioMoments fine{10, 20, 30, 60, 120, 80};
  for (const RatioMoments bad :
       {RatioMoments{0, 0, 0, 0, 0, 0}, RatioMoments{1, 2, 3, 4, 9, 6}, RatioMoments{10, 0, 30, 60, 120, 80},
        RatioMoments{10, 20, not_a_number, 60, 120, 80}, RatioMoments{10, 20, 30, infinite, 120, 80},
        RatioMoments{10, 20, 30, 60, -1, 80}, RatioMoments{-10, 20, 30, 60, 120, 80}}) {
    BOOST_TEST(refused(ratio_of_sums(bad)));
    BOOST_TEST(refused(ratio_difference(bad, fine)));
    BOOST_TEST(refused(relative_lift_of_ratios(fine, bad)));
  }
  BOOST_TEST(refused(ratio_difference(fine, fine, {.confidence = 1})));
  BOOST_TEST(refused(relative_lift_of_ratios(fine, fine, {.confidence = not_a_number})));
  const RatioMoments exact{3, 6, 18, 14, 126, 42};
  BOOST_TEST(refused(ratio_difference(exact, exact)));
  BOOST_TEST(refused(relative_lift_of_ratios({10, 20, 0, 60, 120, 80}, fine)));
}

BOOST_AUTO_TEST_SUITE_END()
