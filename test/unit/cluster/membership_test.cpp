#include "cluster/head/membership.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;

namespace {

const Time t0{};

protocol::NodeInfo node(uint64_t id, uint64_t incarnation, const std::string& name = "worker") {
  protocol::NodeInfo info;
  info.id = NodeId{id};
  info.incarnation = Incarnation{incarnation};
  info.name = name;
  return info;
}

protocol::Heartbeat beat(uint64_t id, uint64_t incarnation) {
  protocol::Heartbeat heartbeat;
  heartbeat.node = NodeId{id};
  heartbeat.incarnation = Incarnation{incarnation};
  return heartbeat;
}

/// Ticks as often as it must be, and at `end`; says who went down.
std::vector<NodeId> watch(Membership& members, Time begin, Time end) {
  std::vector<NodeId> down;
  for (Time now = begin; now < end; now = std::min(now + 250ms, end)) {
    const auto gone = members.tick(now);
    down.insert(down.end(), gone.begin(), gone.end());
  }
  const auto gone = members.tick(end);
  down.insert(down.end(), gone.begin(), gone.end());
  return down;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(membership)

BOOST_AUTO_TEST_CASE(silence_makes_a_node_suspect_and_then_down) {
  Membership members{{.suspect_after = 1500ms, .down_after = 3s}};
  BOOST_REQUIRE(members.join(node(1, 1), t0).has_value());

  BOOST_TEST(watch(members, t0, t0 + 1499ms).empty());
  BOOST_TEST((members.find(NodeId{1})->state == NodeState::alive));
  BOOST_TEST(members.tick(t0 + 1500ms).empty());
  BOOST_TEST((members.find(NodeId{1})->state == NodeState::suspect));
  BOOST_TEST(watch(members, t0 + 1500ms, t0 + 3s).size() == 1u);
  BOOST_TEST((members.find(NodeId{1})->state == NodeState::down));
  BOOST_TEST(watch(members, t0 + 3s, t0 + 4s).empty());
}

BOOST_AUTO_TEST_CASE(a_heartbeat_heals_a_suspect_but_not_one_that_is_down) {
  Membership members{{}};
  BOOST_REQUIRE(members.join(node(1, 1), t0).has_value());

  watch(members, t0, t0 + 2s);
  BOOST_TEST(members.heartbeat(beat(1, 1), t0 + 2s));
  BOOST_TEST((members.find(NodeId{1})->state == NodeState::alive));

  watch(members, t0 + 2s, t0 + 10s);
  BOOST_TEST(!members.heartbeat(beat(1, 1), t0 + 10s));
}

BOOST_AUTO_TEST_CASE(a_beat_of_another_life_does_not_count) {
  Membership members{{}};
  BOOST_REQUIRE(members.join(node(1, 2), t0).has_value());

  BOOST_TEST(!members.heartbeat(beat(1, 1), t0));
  BOOST_TEST(!members.join(node(1, 1), t0).has_value());
  BOOST_TEST(members.join(node(1, 3), t0).has_value());
}

BOOST_AUTO_TEST_CASE(a_head_that_stood_still_takes_nobody_for_down) {
  Membership members{{.down_after = 3s}};
  BOOST_REQUIRE(members.join(node(1, 1), t0).has_value());
  watch(members, t0, t0 + 1s);

  BOOST_TEST(members.tick(t0 + 61s).empty());
  BOOST_TEST((members.find(NodeId{1})->state != NodeState::down));
  BOOST_TEST(watch(members, t0 + 61s, t0 + 64s).size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_heads_own_node_is_never_down) {
  Membership members{{.down_after = 3s}, NodeId{1}};
  BOOST_REQUIRE(members.join(node(1, 1), t0).has_value());

  BOOST_TEST(watch(members, t0, t0 + 10s).empty());
  BOOST_TEST((members.find(NodeId{1})->state == NodeState::alive));
}

BOOST_AUTO_TEST_CASE(a_life_that_was_declared_down_is_over_and_so_is_one_that_was_forgotten) {
  Membership members{{.down_after = 3s, .forget_after = 10min}};
  BOOST_TEST(!members.is_over(NodeId{1}, Incarnation{1}, false));
  BOOST_REQUIRE(members.join(node(1, 1), t0).has_value());
  BOOST_TEST(!members.is_over(NodeId{1}, Incarnation{1}, true));

  watch(members, t0, t0 + 3s);
  BOOST_TEST(members.is_over(NodeId{1}, Incarnation{1}, false));
  BOOST_TEST(!members.is_over(NodeId{1}, Incarnation{2}, false));

  watch(members, t0 + 3s, t0 + 11min);
  BOOST_TEST((members.find(NodeId{1}) == nullptr));
  BOOST_TEST(members.is_over(NodeId{1}, Incarnation{1}, true));
}

BOOST_AUTO_TEST_CASE(two_living_nodes_never_share_a_name) {
  Membership members{{}};
  BOOST_REQUIRE(members.join(node(1, 1), t0).has_value());

  const Status second = members.join(node(2, 1), t0);

  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST(second.error().message ==
             "a node named worker is in the cluster already; start this one with another --name");
  members.leave(NodeId{1}, Incarnation{1}, t0);
  BOOST_TEST(members.join(node(2, 1), t0).has_value());
}

BOOST_AUTO_TEST_CASE(a_node_that_is_gone_is_forgotten_in_the_end) {
  Membership members{{.forget_after = 10min}};
  BOOST_REQUIRE(members.join(node(1, 1), t0).has_value());
  members.leave(NodeId{1}, Incarnation{1}, t0);

  members.tick(t0 + 9min);
  BOOST_TEST((members.find(NodeId{1}) != nullptr));
  members.tick(t0 + 10min);
  BOOST_TEST((members.find(NodeId{1}) == nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
