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

}  // namespace

BOOST_AUTO_TEST_SUITE(membership)

BOOST_AUTO_TEST_CASE(silence_makes_a_node_suspect_and_then_down) {
  Membership members{{.suspect_after = 1500ms, .down_after = 3s}};
  BOOST_REQUIRE(members.join(node(1, 1), t0).has_value());

  BOOST_TEST(members.tick(t0 + 1499ms).empty());
  BOOST_TEST((members.find(NodeId{1})->state == NodeState::alive));
  BOOST_TEST(members.tick(t0 + 1500ms).empty());
  BOOST_TEST((members.find(NodeId{1})->state == NodeState::suspect));
  BOOST_TEST(members.tick(t0 + 3s).size() == 1u);
  BOOST_TEST((members.find(NodeId{1})->state == NodeState::down));
  BOOST_TEST(members.tick(t0 + 4s).empty());
}

BOOST_AUTO_TEST_CASE(a_heartbeat_heals_a_suspect_but_not_one_that_is_down) {
  Membership members{{}};
  BOOST_REQUIRE(members.join(node(1, 1), t0).has_value());

  members.tick(t0 + 2s);
  BOOST_TEST(members.heartbeat(beat(1, 1), t0 + 2s));
  BOOST_TEST((members.find(NodeId{1})->state == NodeState::alive));

  members.tick(t0 + 10s);
  BOOST_TEST(!members.heartbeat(beat(1, 1), t0 + 10s));
}

BOOST_AUTO_TEST_CASE(a_beat_of_another_life_does_not_count) {
  Membership members{{}};
  BOOST_REQUIRE(members.join(node(1, 2), t0).has_value());

  BOOST_TEST(!members.heartbeat(beat(1, 1), t0));
  BOOST_TEST(!members.join(node(1, 1), t0).has_value());
  BOOST_TEST(members.join(node(1, 3), t0).has_value());
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
