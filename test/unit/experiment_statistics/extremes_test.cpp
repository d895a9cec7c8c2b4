// No input, however far out, gets a NaN or an exception: an answer is one, or refused.

#include <cmath>

#include "actors/experiment/statistics/cox.hpp"
#include "actors/experiment/statistics/distributions.hpp"
#include "actors/experiment/statistics/exact_tests.hpp"
#include "actors/experiment/statistics/factorial.hpp"
#include "actors/experiment/statistics/means.hpp"
#include "actors/experiment/statistics/negative_binomial.hpp"
#include "actors/experiment/statistics/power.hpp"
#include "actors/experiment/statistics/proportions.hpp"
#include "actors/experiment/statistics/quantiles.hpp"
#include "actors/experiment/statistics/ranks.hpp"
#include "actors/experiment/statistics/rates.hpp"
#include "actors/experiment/statistics/ratios.hpp"
#include "oracle.hpp"

using namespace troupe::experiment;
using troupe::Result;
using namespace troupe::experiment::test;

namespace {

const std::vector<double> anything{0,    1,     2,    3,     7,     -1,     0.5,      1e-300,    1e-9,        1e6,
                                   1e12, 1e-12, 1e15, 1e160, 1e300, -1e300, infinite, -infinite, not_a_number};

void check_answer(const Result<double>& result) {
  if (result) BOOST_TEST(!std::isnan(*result));
}

void check_answer(const Result<Interval>& result) {
  if (result) BOOST_TEST(result->low <= result->high);
}

void check_answer(const Result<TestResult>& result) {
  if (!result) return;
  BOOST_TEST(!std::isnan(result->statistic));
  BOOST_TEST(!std::isnan(result->estimate));
  BOOST_TEST((result->p_value >= 0 && result->p_value <= 1));
  BOOST_TEST(result->interval.low <= result->interval.high);
  if (result->df) BOOST_TEST(*result->df > 0);
}

constexpr Alternative alternatives[] = {Alternative::two_sided, Alternative::less, Alternative::greater};

}  // namespace

BOOST_AUTO_TEST_SUITE(extremes)

BOOST_AUTO_TEST_CASE(of_distributions) {
  const auto ask = [](const auto& d, double x) {
    check_answer(cdf(d, x));
    check_answer(survival(d, x));
    check_answer(quantile(d, x));
    check_answer(quantile_upper(d, x));
  };
  const std::vector<double> parameters{0, 1, 3, 0.5, 1e-300, 1e-9, 1e6, 1e12, 1e15, 1e300, infinite, not_a_number};
  for (const double a : parameters) {
    for (const double b : parameters) {
      for (const double x : {1e-300, 0.3, 50.0, 1e12, -5.0}) {
        BOOST_TEST_CONTEXT(a << " " << b << " at " << x) {
          ask(Normal{a, b}, x);
          ask(StudentT{a}, x);
          ask(ChiSquared{a}, x);
          ask(FisherF{a, b}, x);
          ask(Beta{a, b}, x);
          ask(Gamma{a, b}, x);
          ask(NoncentralT{a, b}, x);
          ask(Binomial{a, b}, x);
          ask(Poisson{a}, x);
          ask(Hypergeometric{a, b, 1}, x);
          check_answer(mass(Binomial{a, b}, x));
          check_answer(mass(Poisson{a}, x));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(of_proportions) {
  for (const Alternative alternative : alternatives) {
    const TestOptions options{.alternative = alternative};
    for (const double n1 : anything) {
      for (const double x1 : {0.0, 1.0, n1 - 1, n1, std::floor(n1 / 2)}) {
        for (const Proportion second :
             {Proportion{0, 5}, {5, 5}, {2, 5}, {1e12, 1e12}, {0, 1e12}, {1e11, 1e12}, {1, 1}}) {
          const Proportion first{x1, n1};
          BOOST_TEST_CONTEXT(x1 << " of " << n1 << ", " << second.successes << " of " << second.trials) {
            check_answer(two_proportion_z(first, second, {.test = options}));
            check_answer(two_proportion_z(
                first, second,
                {.test = options, .variance = ProportionVariance::unpooled, .interval = ProportionInterval::wald}));
            check_answer(relative_lift_of_proportions(first, second, options));
            check_answer(fisher_exact(first, second, options));
            check_answer(barnard_exact(first, second, options));
            check_answer(binomial_exact(first, 1e-9, options));
            check_answer(wilson_interval(first, 0.999));
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(of_means_and_ratios) {
  for (const double n : {1.0, 2.0, 1e12}) {
    for (const double mean : anything) {
      for (const double m2 : anything) {
        for (const Moments second : {Moments{10, 1, 9}, {1e12, 1e-200, 1e-300}, {2, -1e300, 1e300}, {2, 1e300, 0}}) {
          const Moments first{n, mean, m2};
          BOOST_TEST_CONTEXT(n << " " << mean << " " << m2 << " and " << second.mean) {
            check_answer(student_t(first, second));
            check_answer(welch_t(first, second, {.alternative = Alternative::less}));
            check_answer(relative_lift_of_means(first, second, LiftInterval::delta));
            check_answer(relative_lift_of_means(first, second, LiftInterval::fieller));
            check_answer(relative_lift_of_means(second, first, LiftInterval::fieller));
            check_answer(cohens_d(first, second));
            const auto terms = factorial_effects({{2}, {first, second}});
            if (terms) check_answer(Result<TestResult>(terms->front().contrasts.front().result));
            if (terms) BOOST_TEST((terms->front().test.p_value >= 0 && terms->front().test.p_value <= 1));
            const RatioMoments ratio{n, mean, m2, mean * mean, m2 * m2, mean * m2};
            check_answer(ratio_difference(ratio, {10, 20, 30, 60, 120, 80}));
            check_answer(relative_lift_of_ratios(ratio, {10, 20, 30, 60, 120, 80}));
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(of_rates) {
  for (const double count : anything) {
    for (const double exposure : anything) {
      for (const Rate second : {Rate{0, 1}, {3, 1e-300}, {1e12, 1e300}, {5, 2}}) {
        BOOST_TEST_CONTEXT(count << " in " << exposure) {
          check_answer(poisson_exact({count, exposure}, second));
          check_answer(poisson_score({count, exposure}, second));
          check_answer(poisson_log({count, exposure}, second));
        }
      }
      const std::vector<CountedUnit> first{{count, exposure}, {2, 1}, {0, 1e-300}};
      const std::vector<CountedUnit> second{{3, 1}, {9'000, exposure}};
      const auto fit = negative_binomial_rates(first, second);
      if (fit) check_answer(Result<TestResult>(fit->test));
      if (fit) BOOST_TEST(fit->dispersion >= 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(of_values) {
  for (const double a : anything) {
    for (const double b : anything) {
      const std::vector<double> first{a, b, 1};
      const std::vector<double> second{b, 2, 3, a};
      BOOST_TEST_CONTEXT(a << " " << b) {
        check_answer(mann_whitney(first, second));
        for (const double q : {1e-9, 0.5, 1 - 1e-9}) {
          const auto one = quantile_of_values(first, q, 0.1);
          const auto two = quantile_of_values(second, q, 0.1);
          if (one) BOOST_TEST(one->interval.low <= one->interval.high);
          if (one && two) check_answer(quantile_difference(*one, *two));
          const auto binned = quantile_of_histogram(std::vector{0.0, 1.0, 1e300}, std::vector{a, b}, q);
          if (binned) BOOST_TEST(!std::isnan(binned->value));
          if (binned) BOOST_TEST(!std::isnan(binned->standard_error));
        }
        const std::vector<SurvivalUnit> units{{a, true}, {b, false}, {1, true}};
        const std::vector<SurvivalUnit> others{{b, true}, {a, true}, {2, false}};
        check_answer(log_rank(units, others));
        check_answer(cox_hazard_ratio(units, others));
        const auto curve = kaplan_meier(units);
        if (curve) BOOST_TEST(!std::isnan(curve->steps.back().standard_error));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(of_power) {
  const auto z = ProportionPower::z;
  for (const double a : anything) {
    for (const double b : anything) {
      BOOST_TEST_CONTEXT(a << " " << b) {
        check_answer(power_of_proportions(1e-9, 0.5, a, z, {.ratio = b}));
        check_answer(power_of_means(a, b));
        check_answer(power_of_means(0.1, a, {.ratio = b}));
        check_answer(detectable_effect(a, 0.8, {.ratio = b}));
        check_answer(detectable_proportion(0.3, a, 0.8, z, {.ratio = b}));
        check_answer(days_until({a, b}, 10));
        const auto size = sample_size_for_means(a, 0.8, {.ratio = b});
        if (size) BOOST_TEST((size->first > 0 && size->second > 0));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
