#include "actors/experiment/statistics/ranks.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(ranks)

BOOST_AUTO_TEST_CASE(mann_and_whitneys_test_is_the_references) {
  for (const auto& c : oracle("ranks")["cases"]) {
    const auto kind = c["method"].get<std::string>();
    const bool exact = kind == "exact";
    const std::string method = exact ? "Mann-Whitney, exact" : "Mann-Whitney, asymptotic";
    count_case(method);
    const RankOptions options{.test = test_options(c),
                              .method = exact ? RankMethod::exact : RankMethod::asymptotic,
                              .continuity = kind != "plain"};
    compare(method, mann_whitney(numbers(c["first"]), numbers(c["second"]), options).value(), c);
  }
}

BOOST_AUTO_TEST_CASE(small_arms_without_ties_are_tested_exactly) {
  BOOST_TEST(mann_whitney(std::vector{1.0, 2.0}, std::vector{3.0, 4.0, 5.0}).value().method == "Mann-Whitney, exact");
  BOOST_TEST(mann_whitney(std::vector{1.0, 2.0}, std::vector{2.0, 4.0}).value().method == "Mann-Whitney, asymptotic");
}

BOOST_AUTO_TEST_CASE(arms_that_do_not_overlap_have_no_interval_to_speak_of) {
  const auto result = mann_whitney(std::vector{1.0, 2.0}, std::vector{3.0, 4.0, 5.0}).value();
  BOOST_TEST(result.estimate == 1);
  BOOST_TEST(result.p_value == 0.2, boost::test_tools::tolerance(1e-12));
  BOOST_TEST((result.interval == Interval{0, 1}));
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const std::vector<double> fine{1, 2, 3, 5};
  for (const std::vector<double>& bad : {std::vector<double>{}, {1}, {1, not_a_number}, {1, infinite}}) {
    BOOST_TEST(refused(mann_whitney(bad, fine)));
    BOOST_TEST(refused(mann_whitney(fine, bad)));
  }
  BOOST_TEST(refused(mann_whitney(std::vector{2.0, 2.0}, std::vector{2.0, 2.0, 2.0})));
  BOOST_TEST(refused(mann_whitney(fine, fine, {.method = RankMethod::exact})));
  BOOST_TEST(refused(mann_whitney(fine, fine, {.test = {.confidence = 0}})));
  std::vector<double> many(101);
  for (size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i) + 0.5;
  std::vector<double> others(100);
  for (size_t i = 0; i < others.size(); ++i) others[i] = static_cast<double>(i);
  BOOST_TEST(refused(mann_whitney(many, others, {.method = RankMethod::exact})));
}

BOOST_AUTO_TEST_SUITE_END()
