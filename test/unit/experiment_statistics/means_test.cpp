#include "actors/experiment/statistics/means.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

Moments arm(const nlohmann::json& triple) {
  return {number(triple[0]), number(triple[1]), number(triple[2])};
}

template <class Test>
void compare_all(const std::string& method, const std::string& name, Test test) {
  for (const auto& c : oracle("means")[name]) {
    BOOST_TEST_CONTEXT(c.dump()) {
      count_case(method);
      compare(method, test(arm(c["first"]), arm(c["second"]), test_options(c)).value(), c);
    }
  }
}

auto lift_by(LiftInterval method) {
  return [method](const Moments& first, const Moments& second, const TestOptions& options) {
    return relative_lift_of_means(first, second, method, options);
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(means)

BOOST_AUTO_TEST_CASE(t_tests_are_the_references) {
  compare_all("Student's t", "student", student_t);
  compare_all("Welch's t", "welch", welch_t);
}

BOOST_AUTO_TEST_CASE(relative_lifts_are_the_references) {
  compare_all("relative lift of means, delta", "delta", lift_by(LiftInterval::delta));
  compare_all("relative lift of means, Fieller", "fieller", lift_by(LiftInterval::fieller));
}

BOOST_AUTO_TEST_CASE(cohens_d_is_the_references) {
  for (const auto& c : oracle("means")["cohens_d"]) {
    count_case("Cohen's d, Hedges' g");
    near("Cohen's d, Hedges' g", cohens_d(arm(c["first"]), arm(c["second"])).value(), number(c["d"]));
    near("Cohen's d, Hedges' g", cohens_d(arm(c["first"]), arm(c["second"]), true).value(), number(c["corrected"]));
  }
}

BOOST_AUTO_TEST_CASE(one_arm_may_be_constant) {
  BOOST_TEST(welch_t({5, 1, 0}, {5, 2, 4}).value().df.value() == 4);
}

BOOST_AUTO_TEST_CASE(variances_near_the_smallest_double_have_an_answer) {
  const auto tiny = welch_t({10, 1e-150, 9e-300}, {10, 3e-150, 9e-300}).value();
  BOOST_TEST(tiny.statistic == welch_t({10, 1, 9}, {10, 3, 9}).value().statistic, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(tiny.df.value() == 18, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const Moments fine{10, 1, 9};
  for (const Moments bad :
       {Moments{0, 0, 0}, Moments{1, 1, 0}, Moments{-3, 1, 1}, Moments{10, not_a_number, 1}, Moments{10, 1, -1},
        Moments{10, infinite, 1}, Moments{10, 1, infinite}, Moments{2.5, 1, 1}}) {
    BOOST_TEST(refused(student_t(bad, fine)));
    BOOST_TEST(refused(welch_t(fine, bad)));
    BOOST_TEST(refused(relative_lift_of_means(bad, fine, LiftInterval::delta)));
    BOOST_TEST(refused(relative_lift_of_means(fine, bad, LiftInterval::fieller)));
    BOOST_TEST(refused(cohens_d(bad, fine)));
  }
  for (const double confidence : {0.0, 1.0, not_a_number}) {
    BOOST_TEST(refused(student_t(fine, fine, {.confidence = confidence})));
    BOOST_TEST(refused(welch_t(fine, fine, {.confidence = confidence})));
    BOOST_TEST(refused(relative_lift_of_means(fine, fine, LiftInterval::delta, {.confidence = confidence})));
  }
  const Moments constant{10, 1, 0};
  BOOST_TEST(refused(student_t(constant, constant)));
  BOOST_TEST(refused(welch_t(constant, constant)));
  BOOST_TEST(refused(cohens_d(constant, constant)));
  BOOST_TEST(refused(relative_lift_of_means({10, 0, 9}, fine, LiftInterval::delta)));
  BOOST_TEST(refused(student_t({10, -1.7e308, 1}, {10, 1.7e308, 1})));
}

BOOST_AUTO_TEST_SUITE_END()
