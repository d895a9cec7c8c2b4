#include "actors/experiment/statistics/exact_tests.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(exact_tests)

BOOST_AUTO_TEST_CASE(fishers_test_is_the_references) {
  for (const auto& c : oracle("exact_tests")["fisher"]) {
    BOOST_TEST_CONTEXT(c.dump()) {
      count_case("Fisher's exact");
      compare("Fisher's exact", fisher_exact(proportion(c["first"]), proportion(c["second"]), test_options(c)).value(),
              c);
    }
  }
}

BOOST_AUTO_TEST_CASE(barnards_test_is_the_references) {
  for (const auto& c : oracle("exact_tests")["barnard"]) {
    BOOST_TEST_CONTEXT(c.dump()) {
      count_case("Barnard's exact");
      compare("Barnard's exact",
              barnard_exact(proportion(c["first"]), proportion(c["second"]), test_options(c)).value(), c, 1e-6);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_binomial_test_is_the_references) {
  for (const auto& c : oracle("exact_tests")["binomial"]) {
    BOOST_TEST_CONTEXT(c.dump()) {
      count_case("exact binomial; Clopper-Pearson");
      compare("exact binomial; Clopper-Pearson",
              binomial_exact(proportion(c["arm"]), number(c["probability"]), test_options(c)).value(), c);
    }
  }
}

BOOST_AUTO_TEST_CASE(two_arms_that_did_the_same_do_not_differ) {
  for (const Proportion both : {Proportion{0, 50}, Proportion{50, 50}, Proportion{20, 50}}) {
    BOOST_TEST(fisher_exact(both, both).value().p_value == 1);
    BOOST_TEST(barnard_exact(both, both).value().p_value == 1, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(barnard_exact(both, both).value().estimate == 0);
  }
}

BOOST_AUTO_TEST_CASE(fishers_test_takes_huge_arms) {
  const auto result = fisher_exact({3e11, 1e12}, {300002000000, 1e12}).value();
  // There the pooled z test is exact: z = 2e-6 / sqrt(0.21 * 2e-12).
  BOOST_TEST(result.p_value == 0.00202826, boost::test_tools::tolerance(1e-3));
}

BOOST_AUTO_TEST_CASE(barnards_test_at_its_bound_has_an_answer) {
  const auto result = barnard_exact({400, 1000}, {450, 1000}).value();
  BOOST_TEST(result.p_value > 0.02);
  BOOST_TEST(result.p_value < 0.03);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const Proportion fine{3, 10};
  for (const Proportion bad : {Proportion{0, 0}, Proportion{-1, 10}, Proportion{11, 10}, Proportion{2.5, 10},
                               Proportion{not_a_number, 10}, Proportion{3, infinite}}) {
    BOOST_TEST(refused(fisher_exact(bad, fine)));
    BOOST_TEST(refused(barnard_exact(fine, bad)));
    BOOST_TEST(refused(binomial_exact(bad, 0.5)));
  }
  for (const double confidence : {0.0, 1.0, not_a_number}) {
    BOOST_TEST(refused(fisher_exact(fine, fine, {.confidence = confidence})));
    BOOST_TEST(refused(barnard_exact(fine, fine, {.confidence = confidence})));
    BOOST_TEST(refused(binomial_exact(fine, 0.5, {.confidence = confidence})));
  }
  BOOST_TEST(refused(barnard_exact({1, 1000}, {1, 1001})));
  BOOST_TEST(refused(fisher_exact({1, 9e12}, {1, 9e12})));
  for (const double p : {-0.1, 1.1, not_a_number}) BOOST_TEST(refused(binomial_exact(fine, p)));
}

BOOST_AUTO_TEST_SUITE_END()
