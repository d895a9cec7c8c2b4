#include "cluster/agent/agent_state.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;
using protocol::ReplicaState;

namespace {

const Time t0{};

protocol::Assignment assignment(uint64_t epoch, uint64_t revision, std::initializer_list<uint64_t> replicas) {
  protocol::Assignment result{Epoch{epoch}, revision, {}};
  for (const uint64_t id : replicas) {
    protocol::ReplicaSpec spec;
    spec.id = ReplicaId{id};
    result.replicas.push_back(spec);
  }
  return result;
}

protocol::ReplicaStatus status(uint64_t id, ReplicaState state) {
  protocol::ReplicaStatus result;
  result.id = ReplicaId{id};
  result.state = state;
  return result;
}

/// "start 1, drain 2, end 3"
std::string words(const std::vector<AgentAction>& actions) {
  std::string text;
  for (const AgentAction& action : actions) {
    if (!text.empty()) text += ", ";
    if (const auto* start = std::get_if<StartReplica>(&action)) text += fmt::format("start {}", start->spec.id.value);
    if (const auto* drain = std::get_if<DrainReplica>(&action)) text += fmt::format("drain {}", drain->id.value);
    if (const auto* end = std::get_if<EndReplica>(&action)) text += fmt::format("end {}", end->id.value);
  }
  return text;
}

struct Fixture {
  AgentState agent{30s};
  Fixture() { agent.joined(Epoch{7}); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_state, Fixture)

BOOST_AUTO_TEST_CASE(assigned_replicas_start_and_the_others_drain) {
  BOOST_TEST(words(agent.assign(assignment(7, 1, {1, 2}), t0)) == "start 1, start 2");
  BOOST_TEST(words(agent.assign(assignment(7, 2, {2, 3}), t0)) == "drain 1, start 3");
  BOOST_TEST(words(agent.assign(assignment(7, 3, {2, 3}), t0)).empty());
}

BOOST_AUTO_TEST_CASE(old_revisions_and_other_heads_are_refused) {
  agent.assign(assignment(7, 2, {1}), t0);

  BOOST_TEST(words(agent.assign(assignment(7, 1, {}), t0)).empty());
  BOOST_TEST(words(agent.assign(assignment(6, 9, {}), t0)).empty());
  BOOST_TEST(agent.running().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_node_that_has_left_takes_no_assignment) {
  agent.leave();

  BOOST_TEST(words(agent.assign(assignment(7, 1, {1}), t0)).empty());
  BOOST_TEST(agent.running().empty());
}

BOOST_AUTO_TEST_CASE(a_drained_replica_is_ended_once) {
  agent.assign(assignment(7, 1, {1}), t0);
  agent.assign(assignment(7, 2, {}), t0);

  BOOST_TEST(words(agent.replica_changed(status(1, ReplicaState::stopped))) == "end 1");
  BOOST_TEST(words(agent.replica_changed(status(1, ReplicaState::stopped))).empty());
  BOOST_TEST(words(agent.tick(t0 + 1h)).empty());
  agent.ended(ReplicaId{1});
  BOOST_TEST(agent.empty());
}

BOOST_AUTO_TEST_CASE(a_drain_that_takes_too_long_is_cut) {
  agent.assign(assignment(7, 1, {1}), t0);
  agent.drain_all(t0);

  BOOST_TEST(words(agent.tick(t0 + 29s)).empty());
  BOOST_TEST(words(agent.tick(t0 + 30s)) == "end 1");
}

BOOST_AUTO_TEST_CASE(after_a_new_head_what_runs_is_reported_and_kept) {
  agent.assign(assignment(7, 5, {1}), t0);

  agent.joined(Epoch{8});

  BOOST_TEST(agent.running().size() == 1u);
  BOOST_TEST(words(agent.assign(assignment(8, 1, {1}), t0)).empty());
}

BOOST_AUTO_TEST_SUITE_END()
