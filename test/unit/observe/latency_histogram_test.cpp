#include "runtime/observe/latency_histogram.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::observe;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(latency_histogram)

BOOST_AUTO_TEST_CASE(an_empty_one_is_all_zero) {
  const LatencyHistogram histogram;

  BOOST_TEST(histogram.count() == 0u);
  BOOST_TEST((histogram.quantile(0.5) == 0ns));
  BOOST_TEST((histogram.mean() == 0ns));
}

BOOST_AUTO_TEST_CASE(a_quantile_is_off_by_at_most_a_sixteenth_of_itself) {
  SeededRandom random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto ns = static_cast<int64_t>(random.next() >> (19 + random.below(45)));
    LatencyHistogram histogram;
    histogram.record(Duration{ns});

    const int64_t answer = histogram.quantile(0.5).count();

    BOOST_REQUIRE_MESSAGE(std::abs(answer - ns) * 16 <= ns, answer << " for " << ns);
  }
}

BOOST_AUTO_TEST_CASE(quantiles_follow_the_ranks) {
  LatencyHistogram histogram;
  for (int ms = 1; ms <= 1000; ++ms) histogram.record(std::chrono::milliseconds(ms));

  const auto is_near = [&](double q, Duration truth) {
    const auto off = histogram.quantile(q) - truth;
    return std::abs(off.count()) * 16 <= truth.count();
  };

  BOOST_TEST(histogram.count() == 1000u);
  BOOST_TEST(is_near(0, 1ms));
  BOOST_TEST(is_near(0.5, 500ms));
  BOOST_TEST(is_near(0.99, 990ms));
  BOOST_TEST(is_near(1, 1s));
  BOOST_TEST((histogram.mean() == 500500us));
}

BOOST_AUTO_TEST_CASE(odd_durations_and_shares_are_clamped) {
  LatencyHistogram histogram;
  histogram.record(-5ms);
  histogram.record(Duration::max());

  BOOST_TEST((histogram.quantile(-1) == 0ns));
  BOOST_TEST((histogram.quantile(std::numeric_limits<double>::quiet_NaN()) == 0ns));
  BOOST_TEST((histogram.quantile(2) > 9h));
}

BOOST_AUTO_TEST_CASE(merging_gives_what_recording_in_one_place_would) {
  LatencyHistogram a;
  LatencyHistogram b;
  LatencyHistogram all;
  for (int us = 1; us < 5000; us += 3) {
    (us % 2 == 0 ? a : b).record(std::chrono::microseconds(us));
    all.record(std::chrono::microseconds(us));
  }

  a.merge(b);

  BOOST_TEST(a.count() == all.count());
  BOOST_TEST((a.mean() == all.mean()));
  for (const double q : {0.01, 0.5, 0.9, 0.999}) BOOST_TEST((a.quantile(q) == all.quantile(q)));
}

BOOST_AUTO_TEST_CASE(threads_lose_no_records) {
  LatencyHistogram histogram;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) histogram.record(Duration{i});
    });
  for (auto& thread : threads) thread.join();

  BOOST_TEST(histogram.count() == 40'000u);
}

BOOST_AUTO_TEST_SUITE_END()
