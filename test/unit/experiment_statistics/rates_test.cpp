#include "actors/experiment/statistics/rates.hpp"

#include "actors/experiment/statistics/negative_binomial.hpp"
#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

Rate arm(const nlohmann::json& pair) {
  return {number(pair[0]), number(pair[1])};
}

std::vector<CountedUnit> units(const nlohmann::json& c) {
  std::vector<CountedUnit> result;
  for (size_t i = 0; i < c["counts"].size(); ++i) {
    result.push_back({number(c["counts"][i]), number(c["exposures"][i])});
  }
  return result;
}

template <class Test>
void compare_all(const std::string& method, const std::string& name, Test test) {
  for (const auto& c : oracle("rates")[name]) {
    BOOST_TEST_CONTEXT(c.dump()) {
      count_case(method);
      compare(method, test(arm(c["first"]), arm(c["second"]), test_options(c)).value(), c);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rates)

BOOST_AUTO_TEST_CASE(poisson_tests_are_the_references) {
  compare_all("Poisson rates, exact", "exact", poisson_exact);
  compare_all("Poisson rates, score", "score", poisson_score);
  compare_all("Poisson rates, log ratio", "log", poisson_log);
}

BOOST_AUTO_TEST_CASE(negative_binomial_fits_are_the_references) {
  for (const auto& c : oracle("rates")["negative_binomial"]) {
    count_case("negative binomial rates");
    const auto ours = negative_binomial_rates(units(c["first"]), units(c["second"]), test_options(c)).value();
    compare("negative binomial rates", ours.test, c, 1e-6);
    near("negative binomial rates", ours.dispersion, number(c["dispersion"]), 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(an_arm_without_events_has_an_unbounded_ratio) {
  const auto result = poisson_exact({0, 10}, {4, 10}).value();
  BOOST_TEST(result.estimate == infinite);
  BOOST_TEST(result.interval.high == infinite);
  BOOST_TEST(result.interval.low > 0);
  BOOST_TEST(poisson_score({4, 10}, {0, 10}).value().interval.low == 0);
}

BOOST_AUTO_TEST_CASE(counts_that_vary_no_more_than_poissons_get_poissons_test) {
  const std::vector<CountedUnit> first(20, {5, 1});
  const std::vector<CountedUnit> second(20, {6, 1});
  const auto ours = negative_binomial_rates(first, second).value();
  const auto poisson = poisson_log({100, 20}, {120, 20}).value();
  BOOST_TEST(ours.dispersion == 0);
  BOOST_TEST(ours.test.p_value == poisson.p_value, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(ours.test.interval.high == poisson.interval.high, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_constant_exposure_scales_the_rates_alone) {
  const std::vector<double> counts1{0, 3, 1, 9, 2, 0, 14};
  const std::vector<double> counts2{4, 8, 1, 0, 22, 5};
  const auto fit = [&](double exposure) {
    std::vector<CountedUnit> first;
    std::vector<CountedUnit> second;
    for (const double count : counts1) first.push_back({count, exposure});
    for (const double count : counts2) second.push_back({count, exposure});
    return negative_binomial_rates(first, second).value();
  };
  BOOST_TEST(fit(1).test.p_value == fit(1e-6).test.p_value, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(fit(1).dispersion == fit(1e9).dispersion, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const Rate fine{3, 10};
  for (const Rate bad : {Rate{-1, 10}, Rate{1.5, 10}, Rate{3, 0}, Rate{3, -1}, Rate{3, infinite}, Rate{not_a_number, 1},
                         Rate{3, not_a_number}}) {
    BOOST_TEST(refused(poisson_exact(bad, fine)));
    BOOST_TEST(refused(poisson_score(fine, bad)));
    BOOST_TEST(refused(poisson_log(bad, fine)));
  }
  BOOST_TEST(refused(poisson_exact({0, 1}, {0, 1})));
  BOOST_TEST(refused(poisson_score({0, 1}, {0, 1})));
  BOOST_TEST(refused(poisson_log({0, 1}, fine)));
  BOOST_TEST(refused(poisson_score({3, 1e-300}, {3, 1e300})));
  for (const double confidence : {0.0, 1.0, not_a_number}) {
    BOOST_TEST(refused(poisson_exact(fine, fine, {.confidence = confidence})));
    BOOST_TEST(refused(poisson_score(fine, fine, {.confidence = confidence})));
    BOOST_TEST(refused(poisson_log(fine, fine, {.confidence = confidence})));
  }

  const std::vector<CountedUnit> units{{1, 1}, {4, 1}, {0, 1}};
  for (const std::vector<CountedUnit>& bad : {std::vector<CountedUnit>{},
                                              {{1, 1}},
                                              {{0, 1}, {0, 1}},
                                              {{-1, 1}, {2, 1}},
                                              {{0.5, 1}, {2, 1}},
                                              {{1, 0}, {2, 1}},
                                              {{1e7, 1}, {2, 1}},
                                              {{not_a_number, 1}, {2, 1}},
                                              {{1, infinite}, {2, 1}}}) {
    BOOST_TEST(refused(negative_binomial_rates(bad, units)));
    BOOST_TEST(refused(negative_binomial_rates(units, bad)));
  }
  BOOST_TEST(refused(negative_binomial_rates(units, units, {.confidence = 1})));
}

BOOST_AUTO_TEST_SUITE_END()
