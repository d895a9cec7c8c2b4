#include "actors/experiment/statistics/odds_likelihood.hpp"

#include <cmath>

#include "actors/experiment/statistics/log_math.hpp"
#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(odds_likelihood)

BOOST_AUTO_TEST_CASE(its_values_are_those_of_the_reference) {
  for (const auto& c : oracle("sequential")["odds_likelihood"]) {
    OddsLikelihood likelihood;
    double successes = 0;
    for (const auto& batch : c["batches"]) {
      const RateCounts a{batch[0], batch[1]}, b{batch[2], batch[3]};
      likelihood.add(a, b);
      successes += static_cast<double>(a.successes + b.successes);
    }
    count_case("conditional odds likelihood");
    for (size_t i = 0; i < c["theta"].size(); ++i) {
      // The stated bound of the interpolation, beside rounding.
      const double scale = std::max(1.0, 2.1e-11 / 1e-9 * successes);
      near("conditional odds likelihood", likelihood.value(number(c["theta"][i])), number(c["value"][i]), 1e-9, scale);
    }
  }
}

BOOST_AUTO_TEST_CASE(slopes_are_those_of_the_values) {
  OddsLikelihood likelihood;
  likelihood.add({300, 40}, {280, 60});

  for (const double theta : {-3.3, -0.4, 0.0, 0.26, 1.7}) {
    const double step = 1e-4;
    const double rise = (likelihood.value(theta + step) - likelihood.value(theta - step)) / (2 * step);
    BOOST_TEST(likelihood.slope(theta) == rise, boost::test_tools::tolerance(1e-6));
    const double bend = (likelihood.slope(theta + step) - likelihood.slope(theta - step)) / (2 * step);
    BOOST_TEST(likelihood.curvature(theta) == bend, boost::test_tools::tolerance(1e-5));
  }
}

BOOST_AUTO_TEST_CASE(a_batch_that_can_only_have_gone_one_way_says_nothing) {
  OddsLikelihood likelihood;
  likelihood.add({10, 0}, {10, 0});
  likelihood.add({10, 10}, {10, 10});
  likelihood.add({0, 0}, {10, 5});

  BOOST_TEST(!likelihood.informed());
  BOOST_TEST(likelihood.value(1) == 0);
}

BOOST_AUTO_TEST_CASE(small_and_large_batches_agree_where_they_meet) {
  OddsLikelihood small, large;
  small.add({127, 60}, {500, 260});
  large.add({129, 61}, {500, 260});

  for (const double theta : {-2.0, -0.2, 0.2, 2.0}) {
    // One failure and one success of the first arm more: less than a few percent of the batch.
    BOOST_TEST(small.curvature(theta) == large.curvature(theta), boost::test_tools::tolerance(0.03));
  }
}

BOOST_AUTO_TEST_CASE(a_beta_mixture_is_exact_for_billions) {
  // B(1 + s, 1 + f) / B(1, 1) against its own normal approximation at the maximum: log sqrt(2 pi p q / n).
  const double s = 4e9, f = 6e9, n = s + f, p = 0.4;
  const double ratio = log_beta_mixture_ratio(1, 1, s, f, p);
  BOOST_TEST(ratio == 0.5 * std::log(2 * 3.14159265358979323846 * p * (1 - p) / n), boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_SUITE_END()
