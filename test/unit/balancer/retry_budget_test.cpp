#include "actors/balancer/retry_budget.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::balancer;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(retry_budget)

BOOST_AUTO_TEST_CASE(retries_are_a_tenth_of_traffic_and_ten_a_second) {
  const Time t0{};
  RetryBudget budget{{.per_request = 0.1, .per_second = 10, .retries_max = 100}, t0};
  int granted = 0;
  while (budget.try_retry(t0)) ++granted;
  BOOST_TEST(granted == 10);

  for (int i = 0; i < 505; ++i) budget.on_request(t0);
  granted = 0;
  while (budget.try_retry(t0)) ++granted;
  BOOST_TEST(granted == 50);

  BOOST_TEST(!budget.try_retry(t0 + 49ms));
  BOOST_TEST(budget.try_retry(t0 + 100ms));
}

BOOST_AUTO_TEST_CASE(what_is_saved_up_has_a_bound) {
  const Time t0{};
  RetryBudget budget{{.retries_max = 20}, t0};

  int granted = 0;
  while (budget.try_retry(t0 + 1h)) ++granted;

  BOOST_TEST(granted == 20);
}

BOOST_AUTO_TEST_SUITE_END()
