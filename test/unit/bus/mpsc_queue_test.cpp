#include "runtime/bus/mpsc_queue.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <thread>
#include <vector>

using namespace troupe::bus;

BOOST_AUTO_TEST_SUITE(mpsc_queue)

BOOST_AUTO_TEST_CASE(gives_back_in_the_order_of_pushing) {
  MpscQueue<int> queue;
  BOOST_TEST(queue.empty());

  queue.push(1);
  queue.push(2);

  BOOST_TEST(!queue.empty());
  BOOST_TEST(queue.pop().value() == 1);
  BOOST_TEST(queue.pop().value() == 2);
  BOOST_TEST(!queue.pop().has_value());
}

BOOST_AUTO_TEST_CASE(lets_go_of_what_was_taken_and_of_what_is_left) {
  const auto taken = std::make_shared<int>(1);
  const auto left = std::make_shared<int>(2);
  {
    MpscQueue<std::shared_ptr<int>> queue;
    queue.push(taken);
    queue.push(left);

    queue.pop();

    BOOST_TEST(taken.use_count() == 1);
  }
  BOOST_TEST(left.use_count() == 1);
}

// A baton goes round the threads; whoever has it pushes the next number. Queues that keep one list per producer fail.
BOOST_AUTO_TEST_CASE(keeps_the_order_of_pushes_that_follow_one_another_on_different_threads) {
  constexpr size_t threads = 4;
  constexpr size_t pushes = 20'000;
  MpscQueue<size_t> queue;
  std::atomic<size_t> baton{0};
  std::vector<std::jthread> producers;
  for (size_t t = 0; t < threads; ++t)
    producers.emplace_back([&, t] {
      for (size_t n = t; n < pushes; n += threads) {
        for (size_t seen = baton.load(); seen != n; seen = baton.load()) baton.wait(seen);
        queue.push(n);
        baton.store(n + 1);
        baton.notify_all();
      }
    });

  size_t in_order = 0;
  while (in_order < pushes) {
    const auto value = queue.pop();
    if (!value) continue;
    BOOST_REQUIRE(*value == in_order);
    ++in_order;
  }

  BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_SUITE_END()
