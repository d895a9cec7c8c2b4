#include "actors/balancer/replica_set.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

using namespace troupe;
using namespace troupe::balancer;
using namespace std::chrono_literals;
using protocol::BalancingPolicy;

namespace {

const Time t0{};

struct Fixture {
  ReplicaSet set;
  SeededRandom random{5};

  void replicas(std::initializer_list<uint64_t> ids) {
    std::vector<protocol::RoutedReplica> routed;
    for (const uint64_t id : ids) routed.push_back({ReplicaId{id}, NodeId{1}});
    set.update(routed);
  }
  uint64_t pick(BalancingPolicy policy, std::vector<ReplicaId> tried = {}, Time now = t0) {
    const auto id = set.pick(policy, tried, random, now);
    return id ? id->value : 0;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(replica_set, Fixture)

BOOST_AUTO_TEST_CASE(round_robin_takes_them_in_turn) {
  replicas({1, 2, 3});

  std::string order;
  for (int i = 0; i < 6; ++i) order += std::to_string(pick(BalancingPolicy::round_robin));
  BOOST_TEST(order == "123123");
}

BOOST_AUTO_TEST_CASE(of_two_drawn_the_one_with_less_work_is_taken) {
  replicas({1, 2});
  for (int i = 0; i < 5; ++i) set.on_dispatch(ReplicaId{1});

  for (int i = 0; i < 20; ++i) BOOST_TEST(pick(BalancingPolicy::least_outstanding_of_two) == 2u);
}

BOOST_AUTO_TEST_CASE(idle_replicas_share_evenly_and_busy_ones_stay_balanced) {
  replicas({1, 2, 3, 4});
  std::map<uint64_t, int> counts;
  for (int i = 0; i < 4000; ++i) {
    const uint64_t id = pick(BalancingPolicy::least_outstanding_of_two);
    set.on_dispatch(ReplicaId{id});
    ++counts[id];
  }

  for (const auto& [id, count] : counts) BOOST_TEST((count > 990 && count < 1010), count);
}

BOOST_AUTO_TEST_CASE(a_lost_replica_is_passed_over_for_a_while) {
  replicas({1, 2});
  set.on_dispatch(ReplicaId{1});
  set.on_end(ReplicaId{1}, Ending::lost, t0);

  for (int i = 0; i < 20; ++i)
    BOOST_TEST(pick(BalancingPolicy::round_robin, {}, t0 + ReplicaSet::ejection_min - 1ms) == 2u);
  BOOST_TEST(pick(BalancingPolicy::round_robin, {ReplicaId{2}}, t0) == 0u);
  std::map<uint64_t, int> counts;
  for (int i = 0; i < 20; ++i) ++counts[pick(BalancingPolicy::round_robin, {}, t0 + ReplicaSet::ejection_min)];
  BOOST_TEST(counts.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_replica_that_was_ejected_is_tried_by_one_request_at_a_time_until_it_answers) {
  replicas({1});
  set.on_dispatch(ReplicaId{1});
  set.on_end(ReplicaId{1}, Ending::refused, t0);
  const Time later = t0 + ReplicaSet::ejection_min;

  BOOST_TEST(pick(BalancingPolicy::round_robin, {}, later) == 1u);
  set.on_dispatch(ReplicaId{1});
  BOOST_TEST(pick(BalancingPolicy::round_robin, {}, later) == 0u);
  set.on_end(ReplicaId{1}, Ending::answered, later);
  set.on_dispatch(ReplicaId{1});
  BOOST_TEST(pick(BalancingPolicy::round_robin, {}, later) == 1u);
}

BOOST_AUTO_TEST_CASE(each_failure_in_a_row_ejects_for_twice_as_long_up_to_a_bound) {
  replicas({1});
  Time now = t0;
  for (Duration ejection = ReplicaSet::ejection_min; ejection < 2 * ReplicaSet::ejection_max; ejection *= 2) {
    set.on_end(ReplicaId{1}, Ending::lost, now);
    const Duration expected = std::min(ejection, ReplicaSet::ejection_max);
    BOOST_TEST(pick(BalancingPolicy::round_robin, {}, now + expected - 1ms) == 0u);
    now += expected;
    BOOST_TEST(pick(BalancingPolicy::round_robin, {}, now) == 1u);
  }
}

BOOST_AUTO_TEST_CASE(all_that_was_out_at_a_replica_counts_as_one_failure) {
  replicas({1});
  for (int i = 0; i < 50; ++i) set.on_dispatch(ReplicaId{1});
  for (int i = 0; i < 50; ++i) set.on_end(ReplicaId{1}, Ending::lost, t0);

  BOOST_TEST(pick(BalancingPolicy::round_robin, {}, t0 + ReplicaSet::ejection_min) == 1u);
}

BOOST_AUTO_TEST_CASE(tried_replicas_are_not_tried_again) {
  replicas({1, 2});

  BOOST_TEST(pick(BalancingPolicy::round_robin, {ReplicaId{1}}) == 2u);
  BOOST_TEST(pick(BalancingPolicy::round_robin, {ReplicaId{1}, ReplicaId{2}}) == 0u);
}

BOOST_AUTO_TEST_CASE(replicas_that_stay_keep_their_counts) {
  replicas({1, 2});
  set.on_dispatch(ReplicaId{1});

  replicas({1, 3});

  BOOST_TEST(set.outstanding(ReplicaId{1}) == 1u);
  BOOST_TEST(set.outstanding(ReplicaId{3}) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
