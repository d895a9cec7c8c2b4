#include "actors/batcher/batch_policy.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::batcher;
using namespace std::chrono_literals;

namespace {

const Time t0{};

std::string ids(const std::vector<BatchPolicy::Id>& batch) {
  std::string text;
  for (const auto id : batch) text += std::to_string(id.value) + " ";
  return text;
}

void add(BatchPolicy& policy, std::initializer_list<uint64_t> requests, Time now = t0) {
  for (const uint64_t id : requests) BOOST_REQUIRE(policy.add({id}, now));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(batch_policy)

BOOST_AUTO_TEST_CASE(without_delay_nothing_waits_that_could_run) {
  BatchPolicy policy{{.size_max = 8, .delay_max = 0ms}};
  add(policy, {1});

  BOOST_TEST(ids(policy.next_batch(t0, 100)) == "1 ");
}

BOOST_AUTO_TEST_CASE(a_full_batch_leaves_before_the_delay) {
  BatchPolicy policy{{.size_max = 2, .delay_max = 5ms}};
  add(policy, {1, 2, 3});

  BOOST_TEST(ids(policy.next_batch(t0, 100)) == "1 2 ");
  BOOST_TEST(ids(policy.next_batch(t0, 100)).empty());
}

BOOST_AUTO_TEST_CASE(a_partial_batch_leaves_when_its_oldest_request_is_due) {
  BatchPolicy policy{{.size_max = 4, .delay_max = 5ms}};
  add(policy, {1});
  add(policy, {2}, t0 + 4ms);

  BOOST_TEST(ids(policy.next_batch(t0 + 4999us, 100)).empty());
  BOOST_TEST((*policy.due() == t0 + 5ms));
  BOOST_TEST(ids(policy.next_batch(t0 + 5ms, 100)) == "1 2 ");
}

BOOST_AUTO_TEST_CASE(no_batch_is_larger_than_the_free_slots) {
  BatchPolicy policy{{.size_max = 8}};
  add(policy, {1, 2, 3});

  BOOST_TEST(ids(policy.next_batch(t0, 0)).empty());
  BOOST_TEST(ids(policy.next_batch(t0, 2)) == "1 2 ");
  BOOST_TEST(ids(policy.next_batch(t0, 2)) == "3 ");
}

BOOST_AUTO_TEST_CASE(with_a_full_queue_batches_are_full) {
  BatchPolicy policy{{.size_max = 3, .delay_max = 1h, .queue_max = 9}};
  add(policy, {1, 2, 3, 4, 5, 6, 7, 8, 9});

  BOOST_TEST(!policy.add({10}, t0));
  for (int i = 0; i < 3; ++i) BOOST_TEST(policy.next_batch(t0, 100).size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_removed_request_leaves_no_gap) {
  BatchPolicy policy{{.size_max = 2}};
  add(policy, {1, 2, 3});

  BOOST_TEST(policy.remove({2}));
  BOOST_TEST(!policy.remove({2}));

  BOOST_TEST(ids(policy.next_batch(t0, 100)) == "1 3 ");
}

BOOST_AUTO_TEST_SUITE_END()
