#include "actors/experiment/statistics/rate_watch.hpp"

#include <cmath>

#include "oracle.hpp"
#include "runtime/base/random.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

BOOST_AUTO_TEST_SUITE(rate_watch)

BOOST_AUTO_TEST_CASE(it_says_what_the_reference_says) {
  const std::string method = "sequential conditional odds ratio";
  for (const auto& c : oracle("sequential")["rate_watch"]) {
    auto watch = RateWatch::make({.alpha = number(c["alpha"]),
                                  .prior_sd = number(c["prior_sd"]),
                                  .batch_trials_min = 2,
                                  .alternative = alternative(c["alternative"])})
                     .value();
    for (const auto& batch : c["batches"]) {
      BOOST_REQUIRE(watch.add({batch[0], batch[1]}, {batch[2], batch[3]}));
    }
    const auto said = watch.now().value();

    count_case(method);
    BOOST_TEST_CONTEXT(c.dump()) {
      near(method, said.statistic, number(c["log_e"]), 1e-9, 1);
      if (c.contains("estimate")) near(method, said.estimate, number(c["estimate"]), 1e-9, 1);
      if (!c["low"].is_null()) near(method, said.interval.low, number(c["low"]), 1e-6);
      if (!c["high"].is_null()) near(method, said.interval.high, number(c["high"]), 1e-6);
    }
  }
}

BOOST_AUTO_TEST_CASE(trials_wait_until_they_make_a_batch) {
  auto watch = RateWatch::make({.batch_trials_min = 32}).value();
  BOOST_REQUIRE(watch.add({8, 1}, {8, 4}));
  BOOST_TEST(refused(watch.now()));

  BOOST_REQUIRE(watch.add({8, 1}, {8, 4}));
  auto at_once = RateWatch::make({.batch_trials_min = 32}).value();
  BOOST_REQUIRE(at_once.add({16, 2}, {16, 8}));

  BOOST_TEST(watch.now().value().statistic == at_once.now().value().statistic);
}

BOOST_AUTO_TEST_CASE(a_closed_batch_is_not_mixed_with_what_comes_after) {
  // At 90:10 nearly all succeed, at 50:50 nearly none: pooled, the second arm would look far worse.
  auto watch = RateWatch::make({}).value();
  BOOST_REQUIRE(watch.add({27, 26}, {3, 3}));
  watch.close_batch();
  BOOST_REQUIRE(watch.add({15, 1}, {15, 1}));
  watch.close_batch();

  BOOST_TEST(std::abs(watch.now().value().statistic) < 0.2);
}

BOOST_AUTO_TEST_CASE(a_common_burst_is_no_difference) {
  auto watch = RateWatch::make({.prior_sd = 1}).value();
  for (int i = 0; i < 50; ++i) BOOST_REQUIRE(watch.add({100, i % 10 == 0 ? 90u : 1u}, {100, i % 10 == 0 ? 90u : 1u}));

  const auto said = watch.now().value();
  BOOST_TEST(said.p_value == 1);
  BOOST_TEST(std::abs(said.estimate) < 1e-6);
}

BOOST_AUTO_TEST_CASE(a_real_difference_is_found_and_stays_found) {
  troupe::SeededRandom random(3);
  auto watch = RateWatch::make({}).value();
  const auto day = [&](double rate_b) {
    RateCounts a{500, 0}, b{500, 0};
    for (int i = 0; i < 500; ++i) {
      a.successes += random.uniform() < 0.10;
      b.successes += random.uniform() < rate_b;
    }
    BOOST_REQUIRE(watch.add(a, b));
  };
  for (int i = 0; i < 20; ++i) day(0.15);
  const auto found = watch.now().value();
  BOOST_TEST(found.p_value < 0.05);
  BOOST_TEST(found.interval.low > 0);
  BOOST_TEST(found.interval.low < std::log(0.15 / 0.85 / (0.10 / 0.90)));

  for (int i = 0; i < 20; ++i) day(0.05);
  BOOST_TEST(watch.now().value().p_value <= found.p_value);
}

BOOST_AUTO_TEST_CASE(billions_of_trials_are_a_batch) {
  auto watch = RateWatch::make({}).value();
  BOOST_REQUIRE(watch.add({2'000'000'000, 200'000'000}, {2'000'000'000, 200'200'000}));

  const auto said = watch.now().value();
  BOOST_TEST(said.estimate == 0.00111, boost::test_tools::tolerance(0.01));
  BOOST_TEST(said.interval.low > 0.0005);
  BOOST_TEST(said.interval.high < 0.0017);
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  BOOST_TEST(refused(RateWatch::make({.alpha = 0})));
  BOOST_TEST(refused(RateWatch::make({.alpha = not_a_number})));
  BOOST_TEST(refused(RateWatch::make({.prior_sd = 0})));
  BOOST_TEST(refused(RateWatch::make({.prior_sd = infinite})));
  BOOST_TEST(refused(RateWatch::make({.batch_trials_min = 1})));
  auto watch = RateWatch::make({}).value();
  BOOST_TEST(refused(watch.now()));
  BOOST_TEST(refused(watch.add({1, 2}, {1, 0})));
  BOOST_TEST(refused(watch.add({1, 0}, {~uint64_t{0}, 0})));
  BOOST_REQUIRE(watch.add({1000, 1000}, {1000, 1000}));
  BOOST_TEST(refused(watch.now()));
}

BOOST_AUTO_TEST_SUITE_END()
