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
  set.on_end(ReplicaId{1}, true, t0);

  for (int i = 0; i < 20; ++i)
    BOOST_TEST(pick(BalancingPolicy::round_robin, {}, t0 + ReplicaSet::ejection - 1ms) == 2u);
  BOOST_TEST(pick(BalancingPolicy::round_robin, {ReplicaId{2}}, t0) == 1u);  // nobody else is left
  std::map<uint64_t, int> counts;
  for (int i = 0; i < 20; ++i) ++counts[pick(BalancingPolicy::round_robin, {}, t0 + ReplicaSet::ejection)];
  BOOST_TEST(counts.size() == 2u);
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
