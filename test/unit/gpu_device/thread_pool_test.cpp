#include "gpu/device/cpu/thread_pool.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

using troupe::gpu::ThreadPool;

BOOST_AUTO_TEST_SUITE(thread_pool)

BOOST_AUTO_TEST_CASE(every_part_runs_once_in_every_round) {
  ThreadPool pool(4);
  std::array<std::atomic<int>, 4> runs{};

  for (int round = 0; round < 2000; ++round) pool.run(1 + round % 4, [&](uint32_t part) { ++runs[part]; });

  BOOST_TEST(runs[0] == 2000);
  BOOST_TEST(runs[1] == 1500);
  BOOST_TEST(runs[2] == 1000);
  BOOST_TEST(runs[3] == 500);
}

BOOST_AUTO_TEST_CASE(results_of_all_parts_are_visible_after_run) {
  ThreadPool pool(3);
  std::array<int, 3> plain{};

  for (int round = 1; round <= 500; ++round) {
    pool.run(3, [&](uint32_t part) { plain[part] += round; });
    BOOST_TEST_REQUIRE(plain[0] + plain[1] + plain[2] == 3 * round * (round + 1) / 2);
  }
}

BOOST_AUTO_TEST_CASE(a_pool_that_never_ran_ends) {
  const ThreadPool pool(8);
  BOOST_TEST(pool.threads() == 8U);
}

BOOST_AUTO_TEST_SUITE_END()
