#include "actors/experiment/statistics/distributions.hpp"

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

template <class Distribution>
void compare(const Distribution& d, const nlohmann::json& c) {
  const std::string method = c["distribution"].get<std::string>() + " distribution";
  const double x = number(c["x"]);
  BOOST_TEST_CONTEXT(c.dump()) {
    count_case(method);
    // The noncentral t's tails have an absolute precision.
    const double scale = std::is_same_v<Distribution, NoncentralT> ? 1e-6 : 0;
    near(method, cdf(d, x).value(), number(c["cdf"]), 1e-9, scale);
    near(method, survival(d, x).value(), number(c["survival"]), 1e-9, scale);
    if (c.contains("quantile")) near(method, quantile(d, number(c["p"])).value(), number(c["quantile"]));
    if (c.contains("quantile_upper"))
      near(method, quantile_upper(d, number(c["p"])).value(), number(c["quantile_upper"]));
    if constexpr (CountDistribution<Distribution>) near(method, mass(d, x).value(), number(c["mass"]));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(distributions)

BOOST_AUTO_TEST_CASE(probabilities_and_quantiles_are_those_of_the_reference) {
  for (const auto& c : oracle("distributions")["cases"]) {
    const auto name = c["distribution"].get<std::string>();
    const auto a = numbers(c["parameters"]);
    if (name == "normal") compare(Normal{a[0], a[1]}, c);
    if (name == "t") compare(StudentT{a[0]}, c);
    if (name == "chi-squared") compare(ChiSquared{a[0]}, c);
    if (name == "F") compare(FisherF{a[0], a[1]}, c);
    if (name == "beta") compare(Beta{a[0], a[1]}, c);
    if (name == "gamma") compare(Gamma{a[0], a[1]}, c);
    if (name == "noncentral t") compare(NoncentralT{a[0], a[1]}, c);
    if (name == "binomial") compare(Binomial{a[0], a[1]}, c);
    if (name == "Poisson") compare(Poisson{a[0]}, c);
    if (name == "hypergeometric") compare(Hypergeometric{a[0], a[1], a[2]}, c);
  }
}

BOOST_AUTO_TEST_CASE(outside_of_the_support_nothing_is_left) {
  BOOST_TEST(cdf(Normal{}, infinite).value() == 1);
  BOOST_TEST(survival(StudentT{3}, -infinite).value() == 1);
  BOOST_TEST(cdf(FisherF{2, 3}, -1).value() == 0);
  BOOST_TEST(survival(Beta{2, 3}, 2).value() == 0);
  BOOST_TEST(cdf(Binomial{5, 0.5}, -0.5).value() == 0);
  BOOST_TEST(survival(Binomial{5, 0.5}, 5).value() == 0);
  BOOST_TEST(cdf(Binomial{5, 0}, 0).value() == 1);
  BOOST_TEST(mass(Binomial{5, 1}, 5).value() == 1);
  BOOST_TEST(survival(Poisson{0}, 0).value() == 0);
  BOOST_TEST(mass(Hypergeometric{10, 3, 2}, 3).value() == 0);
  BOOST_TEST(cdf(Hypergeometric{0, 0, 0}, 0).value() == 1);
}

BOOST_AUTO_TEST_CASE(quantiles_of_0_and_1_are_the_ends_of_the_support) {
  BOOST_TEST(quantile(Normal{}, 0).value() == -infinite);
  BOOST_TEST(quantile_upper(StudentT{3}, 0).value() == infinite);
  BOOST_TEST(quantile(ChiSquared{3}, 0).value() == 0);
  BOOST_TEST(quantile(Beta{3, 4}, 1).value() == 1);
  BOOST_TEST(quantile(Binomial{7, 0.2}, 1).value() == 7);
  BOOST_TEST(quantile_upper(Hypergeometric{10, 8, 7}, 1).value() == 5);
}

BOOST_AUTO_TEST_CASE(parameters_without_a_distribution_are_refused) {
  BOOST_TEST(refused(cdf(Normal{0, 0}, 1)));
  BOOST_TEST(refused(cdf(Normal{not_a_number, 1}, 1)));
  BOOST_TEST(refused(survival(StudentT{0}, 1)));
  BOOST_TEST(refused(quantile(ChiSquared{-1}, 0.5)));
  BOOST_TEST(refused(quantile(FisherF{1, infinite}, 0.5)));
  BOOST_TEST(refused(cdf(Beta{1, not_a_number}, 0.5)));
  BOOST_TEST(refused(cdf(Gamma{1, 0}, 0.5)));
  BOOST_TEST(refused(cdf(NoncentralT{1, 1e6}, 0.5)));
  BOOST_TEST(refused(cdf(Binomial{2.5, 0.5}, 1)));
  BOOST_TEST(refused(cdf(Binomial{2, 1.5}, 1)));
  BOOST_TEST(refused(cdf(Hypergeometric{10, 11, 1}, 1)));
  BOOST_TEST(refused(cdf(Hypergeometric{1e14, 11, 1}, 1)));
  BOOST_TEST(refused(mass(Poisson{-1}, 1)));
}

BOOST_AUTO_TEST_CASE(arguments_without_an_answer_are_refused) {
  BOOST_TEST(refused(cdf(Poisson{1}, not_a_number)));
  BOOST_TEST(refused(mass(Poisson{1}, not_a_number)));
  BOOST_TEST(refused(quantile(Normal{}, 1.5)));
  BOOST_TEST(refused(quantile_upper(Normal{}, not_a_number)));
}

BOOST_AUTO_TEST_SUITE_END()
