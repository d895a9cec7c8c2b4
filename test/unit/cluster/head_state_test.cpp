#include "cluster/head/head_state.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;
using protocol::ReplicaState;

namespace {

/// A head with simulated nodes: what it sends is taken by the nodes, what they say goes back.
struct World {
  Time now{};
  SeededRandom random{1};
  HeadState head;

  explicit World(uint64_t epoch = 100)
      : head(
            {.membership = {}, .adoption_grace = 3s, .epoch = Epoch{epoch}, .cluster = "test"},
            [](const std::string&, const std::string& version) {
              if (version == "missing") return StoredVersion{};
              return StoredVersion{"/models/" + version, "digest of " + version, version == "retired"};
            },
            random, now) {}

  struct Node {
    protocol::NodeInfo info;
    protocol::Assignment assignment;
    protocol::RoutingSnapshot routing;
    std::vector<protocol::ReplicaSpec> running;
    ReplicaState state = ReplicaState::ready;
    bool draining = false;
    bool deaf = false;  ///< Says that it has none of the routes.
    protocol::ModelInterface interface;
  };
  std::map<uint64_t, Node> nodes;
  std::map<std::string, int64_t> created;  ///< Deployments, in their order.

  void add_node(uint64_t id, uint32_t cpu_millis = 1000, std::vector<protocol::ReplicaSpec> running = {}) {
    Node& node = nodes[id];
    node.info.id = NodeId{id};
    node.info.incarnation = Incarnation{1};
    node.info.name = "node-" + std::to_string(id);
    node.info.roles = {.gateway = id == 1, .worker = true};
    node.info.resources = {cpu_millis, 1 << 30, 0};
    node.running = running;
    BOOST_REQUIRE(head.join({node.info, running}, now).has_value());
    deliver();
  }

  void deliver() {
    for (ToNode& out : head.take_messages()) {
      const auto node = nodes.find(out.node.value);
      if (node == nodes.end()) continue;
      if (auto* assignment = std::get_if<protocol::Assignment>(&out.message)) {
        node->second.assignment = *assignment;
        node->second.running = assignment->replicas;
      } else if (const auto* delta = std::get_if<protocol::RoutingDelta>(&out.message)) {
        if (auto routing = protocol::apply(node->second.routing, *delta)) node->second.routing = std::move(*routing);
      } else {
        node->second.routing = std::get<protocol::RoutingSnapshot>(out.message);
      }
    }
  }

  /// All nodes beat for `duration`.
  void run(Duration duration) {
    for (const Time end = now + duration; now < end; now += 500ms) {
      head.tick(now);
      deliver();
      for (auto& [id, node] : nodes) {
        protocol::Heartbeat beat;
        beat.node = node.info.id;
        beat.incarnation = node.info.incarnation;
        beat.epoch = head.options().epoch;
        beat.assignment_revision = node.assignment.revision;
        beat.routing_revision = node.deaf ? 0 : node.routing.revision;
        beat.draining = node.draining;
        for (const protocol::ReplicaSpec& spec : node.running) {
          protocol::ReplicaStatus status;
          status.id = spec.id;
          status.deployment = spec.deployment;
          status.state = node.state;
          status.interface = node.interface;
          beat.replicas.push_back(status);
        }
        head.heartbeat(beat, now);
        deliver();
      }
    }
  }

  void deploy(const std::string& name, const std::string& version, uint32_t replicas, double weight = 1,
              uint64_t revision = 1) {
    DeploymentRecord record;
    record.name = name;
    record.model = "clerk";
    record.version = version;
    record.replicas = replicas;
    record.weight = weight;
    record.resources = {500, 1 << 20, 0};
    record.created_unix_us = created.emplace(name, static_cast<int64_t>(created.size())).first->second;
    head.set_deployment(record, revision, now);
    deliver();
  }

  size_t routed(const std::string& version) {
    for (const protocol::RoutedModel& model : nodes.at(1).routing.models)
      for (const protocol::Route& route : model.routes)
        if (route.version == version) return route.replicas.size();
    return 0;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(head_state)

BOOST_AUTO_TEST_CASE(a_deployment_becomes_replicas_and_then_routes) {
  World world;
  world.add_node(1);
  world.add_node(2);
  world.deploy("clerk", "2", 3);

  world.run(5s);

  BOOST_TEST(world.nodes[1].running.size() + world.nodes[2].running.size() == 3u);
  BOOST_TEST(world.routed("2") == 3u);
  BOOST_TEST(world.nodes[1].running[0].folder == "/models/2");
}

BOOST_AUTO_TEST_CASE(a_replica_without_place_waits_for_the_next_node) {
  World world;
  world.add_node(1);
  world.deploy("clerk", "2", 3);
  world.run(5s);
  BOOST_TEST(world.head.deployments().at("clerk").unplaced.starts_with("1 of 3 replicas has no place"));

  world.add_node(2);
  world.run(2s);

  BOOST_TEST(world.head.deployments().at("clerk").unplaced.empty());
  BOOST_TEST(world.routed("2") == 3u);
}

BOOST_AUTO_TEST_CASE(the_replicas_of_a_dead_node_are_placed_elsewhere) {
  World world;
  world.add_node(1, 2000);
  world.add_node(2, 2000);
  world.deploy("clerk", "2", 2);
  world.run(5s);
  BOOST_REQUIRE(world.nodes[2].running.size() == 1u);

  world.nodes.erase(2);
  world.run(5s);

  BOOST_TEST(world.nodes[1].running.size() == 2u);
  BOOST_TEST(world.routed("2") == 2u);
}

BOOST_AUTO_TEST_CASE(a_node_that_was_declared_down_comes_back_in_a_new_life_with_what_it_has_loaded) {
  World world;
  world.add_node(1, 500);
  world.add_node(2, 500);
  world.deploy("clerk", "2", 2);
  world.run(5s);
  const World::Node frozen = world.nodes[2];
  BOOST_REQUIRE(frozen.running.size() == 1u);
  world.nodes.erase(2);
  world.run(5s);
  BOOST_TEST(world.routed("2") == 1u);

  protocol::JoinRequest again{frozen.info, frozen.running, "", world.head.options().epoch};
  BOOST_TEST(world.head.join(again, world.now)->declared_down);
  BOOST_TEST((world.head.membership().find(NodeId{2})->state == NodeState::down));

  again.node.incarnation.value += 1;
  again.member_of = {};
  BOOST_TEST(!world.head.join(again, world.now)->declared_down);
  world.nodes[2] = frozen;
  world.nodes[2].info = again.node;
  world.deliver();
  world.run(5s);
  BOOST_TEST((world.nodes[2].running == frozen.running));
  BOOST_TEST(world.routed("2") == 2u);
}

BOOST_AUTO_TEST_CASE(a_replica_with_other_settings_is_replaced_though_the_revision_is_its_own) {
  World before;
  before.add_node(1);
  before.deploy("d", "1", 1);
  before.run(5s);
  std::vector<protocol::ReplicaSpec> running = before.nodes.at(1).running;
  BOOST_REQUIRE(running.size() == 1u);
  running[0].batching.size_max += 1;  // As it was before the store was lost, and its revisions with it.

  World world{200};
  world.deploy("d", "1", 1);
  world.add_node(1, 1000, running);
  world.run(15s);

  BOOST_REQUIRE(world.nodes.at(1).running.size() == 1u);
  BOOST_TEST((world.nodes.at(1).running[0].id != running[0].id));
  BOOST_TEST(world.nodes.at(1).running[0].batching.size_max == 1u);
}

BOOST_AUTO_TEST_CASE(a_new_head_adopts_what_runs_and_moves_nothing) {
  World before;
  before.add_node(1);
  before.add_node(2);
  before.deploy("clerk", "2", 3);
  before.run(5s);

  World after{101};
  after.deploy("clerk", "2", 3);
  after.add_node(1, 1000, before.nodes[1].running);
  BOOST_TEST(after.nodes[1].routing.revision == 0u);  // no route changes before all had time to come back
  after.run(1s);
  after.add_node(2, 1000, before.nodes[2].running);
  after.run(5s);

  BOOST_TEST((after.nodes[1].running == before.nodes[1].running));
  BOOST_TEST((after.nodes[2].running == before.nodes[2].running));
  BOOST_TEST(after.routed("2") == 3u);
}

BOOST_AUTO_TEST_CASE(a_new_head_keeps_replicas_whose_weight_changed_since_they_were_placed) {
  World before;
  before.add_node(1);
  before.deploy("clerk", "2", 2, 1.0, 5);
  before.run(5s);
  before.deploy("clerk", "2", 2, 0.25, 6);
  before.run(1s);

  World after{101};
  after.deploy("clerk", "2", 2, 0.25, 6);
  after.add_node(1, 2000, before.nodes[1].running);
  after.run(10s);

  BOOST_TEST((after.nodes[1].running == before.nodes[1].running));
  BOOST_TEST(after.routed("2") == 2u);
}

BOOST_AUTO_TEST_CASE(what_was_lost_on_the_way_is_sent_again) {
  World world;
  world.add_node(1);
  world.deploy("clerk", "2", 1);
  world.run(3s);
  world.head.tick(world.now);
  world.head.take_messages();  // the network loses them

  world.run(1s);

  BOOST_TEST(world.nodes[1].running.size() == 1u);
}

BOOST_AUTO_TEST_CASE(replicas_that_are_not_ready_get_no_traffic) {
  World world;
  world.add_node(1);
  world.nodes[1].state = ReplicaState::loading;
  world.deploy("clerk", "2", 1);
  world.run(5s);
  BOOST_TEST(world.routed("2") == 0u);

  world.nodes[1].state = ReplicaState::ready;
  world.run(1s);

  BOOST_TEST(world.routed("2") == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_replica_declares_reaches_gateways_and_stays_while_it_restarts) {
  World world;
  world.add_node(1);
  world.deploy("clerk", "2", 1);
  world.nodes[1].interface = {{protocol::ModelTask::generate}, {}, {}, 256};
  const auto routed = [&] { return world.nodes[1].routing.models[0].routes[0].interface.context_length; };
  world.run(5s);
  BOOST_TEST(routed() == 256u);

  world.nodes[1].state = ReplicaState::backing_off;
  world.run(1s);
  BOOST_TEST(world.routed("2") == 0u);
  BOOST_TEST(routed() == 256u);

  world.nodes[1].interface.context_length = 128;
  world.run(1s);
  BOOST_TEST(routed() == 128u);
}

BOOST_AUTO_TEST_CASE(a_replica_that_loads_or_will_again_is_announced_to_gateways) {
  World world;
  world.add_node(1);
  world.nodes[1].state = ReplicaState::loading;
  world.deploy("clerk", "2", 1);
  world.run(5s);
  BOOST_TEST(world.nodes[1].routing.models[0].routes[0].coming == 1u);

  world.nodes[1].state = ReplicaState::backing_off;
  world.run(1s);
  BOOST_TEST(world.nodes[1].routing.models[0].routes[0].coming == 1u);

  world.nodes[1].state = ReplicaState::failed;
  world.run(1s);
  BOOST_TEST(world.nodes[1].routing.models[0].routes[0].coming == 0u);
}

BOOST_AUTO_TEST_CASE(a_replica_drains_only_after_the_gateways_have_heard_of_it) {
  World world;
  world.add_node(1);
  world.add_node(2);
  world.deploy("clerk", "2", 4);
  world.run(5s);
  BOOST_REQUIRE(world.routed("2") == 4u);
  const auto running = [&] { return world.nodes[1].running.size() + world.nodes[2].running.size(); };

  world.deploy("clerk", "2", 2);
  BOOST_TEST(world.routed("2") == 2u);
  BOOST_TEST(running() == 4u);
  world.run(500ms);
  BOOST_TEST(running() == 2u);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_does_not_acknowledge_holds_a_drain_up_for_a_second_only) {
  World world;
  world.add_node(1);
  world.deploy("clerk", "2", 2);
  world.run(5s);
  world.nodes[1].deaf = true;

  world.deploy("clerk", "2", 1);
  world.run(500ms);
  BOOST_TEST(world.nodes[1].running.size() == 2u);
  world.run(2s);
  BOOST_TEST(world.nodes[1].running.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_replicas_of_a_node_that_drains_are_ready_elsewhere_before_they_stop) {
  World world;
  world.add_node(1);
  world.add_node(2);
  world.deploy("clerk", "2", 2);
  world.run(5s);
  BOOST_REQUIRE(world.nodes[2].running.size() == 1u);

  world.nodes[2].draining = true;
  for (int i = 0; i < 10; ++i) {
    world.run(500ms);
    BOOST_TEST(world.routed("2") >= 2u);
  }

  BOOST_TEST(world.nodes[2].running.empty());
  BOOST_TEST(world.nodes[1].running.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_node_that_left_is_forgotten_by_gateways_only_when_its_last_words_have_arrived) {
  World world;
  world.add_node(1);
  world.add_node(2);
  world.run(1s);
  const auto known = [&] { return world.nodes[1].routing.nodes.size(); };

  world.head.leave({NodeId{2}, Incarnation{1}}, world.now);
  world.nodes.erase(2);
  world.run(4s);
  BOOST_TEST(known() == 2u);
  world.run(2s);
  BOOST_TEST(known() == 1u);
}

BOOST_AUTO_TEST_CASE(a_node_that_drains_is_not_held_up_by_replicas_that_fit_nowhere_else) {
  World world;
  world.add_node(1);
  world.deploy("clerk", "2", 2);
  world.run(5s);

  world.nodes[1].draining = true;
  world.run(3s);

  BOOST_TEST(world.nodes[1].running.empty());
  BOOST_TEST(world.head.deployments().at("clerk").unplaced.starts_with("2 of 2 replicas have no place"));
}

BOOST_AUTO_TEST_CASE(a_change_of_weight_restarts_nothing) {
  World world;
  world.add_node(1);
  world.deploy("clerk", "2", 1, 1.0, 5);
  world.run(5s);
  const auto running = world.nodes[1].running;

  world.deploy("clerk", "2", 1, 0.25, 6);
  world.run(1s);

  BOOST_TEST((world.nodes[1].running == running));
  BOOST_TEST(world.nodes[1].routing.models[0].routes[0].weight == 0.25);
}

BOOST_AUTO_TEST_CASE(the_version_with_the_most_traffic_is_stable_and_of_equal_ones_the_first) {
  World world;
  world.add_node(1);
  world.deploy("b", "1", 1, 0.0);
  BOOST_TEST(world.head.stable_deployments().empty());
  world.deploy("b", "1", 1, 1.0);
  world.deploy("a", "2", 1, 1.0);
  BOOST_TEST(world.head.stable_deployments().at("clerk") == "b");
  world.deploy("a", "2", 1, 2.0);
  BOOST_TEST(world.head.stable_deployments().at("clerk") == "a");

  world.run(5s);

  BOOST_TEST(world.nodes[1].routing.models[0].stable == "a");
}

BOOST_AUTO_TEST_CASE(weights_hold_for_a_gateway_that_has_the_newest_routes) {
  World world;
  world.add_node(1);
  world.deploy("clerk", "2", 1);
  protocol::Heartbeat beat;
  beat.node = NodeId{1};
  beat.incarnation = Incarnation{1};
  beat.epoch = world.head.options().epoch;
  BOOST_TEST(!world.head.heartbeat(beat, world.now).weights_hold);  // Nothing was published yet.
  world.run(5s);

  beat.routing_revision = world.nodes[1].routing.revision;
  BOOST_TEST(world.head.heartbeat(beat, world.now).weights_hold);
  beat.routing_revision -= 1;
  BOOST_TEST(!world.head.heartbeat(beat, world.now).weights_hold);
}

BOOST_AUTO_TEST_CASE(a_second_version_gets_no_traffic_unless_told) {
  World world;
  world.deploy("clerk-1", "1", 1);

  BOOST_TEST(world.head.default_weight("clerk-1", "clerk") == 1.0);
  BOOST_TEST(world.head.default_weight("clerk-2", "clerk") == 0.0);
  BOOST_TEST(world.head.default_weight("other", "parrot") == 1.0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_served_is_refused_in_words) {
  World world;
  world.deploy("clerk-1", "1", 1);
  DeploymentRecord record;
  record.name = "again";
  record.model = "clerk";
  record.version = "1";

  BOOST_TEST(world.head.check(record).error().message ==
             "deployment clerk-1 serves clerk@1 already; raise its replicas instead");
  record.version = "missing";
  BOOST_TEST(world.head.check(record).error().message ==
             "there is no clerk@missing in the model store; add it with: troupe model add clerk@missing FOLDER");
}

BOOST_AUTO_TEST_CASE(a_beat_from_before_this_head_is_told_to_join) {
  World world;
  world.add_node(1);
  protocol::Heartbeat beat;
  beat.node = NodeId{1};
  beat.incarnation = Incarnation{1};
  beat.epoch = Epoch{99};

  BOOST_TEST(!world.head.heartbeat(beat, world.now).member);
}

BOOST_AUTO_TEST_CASE(files_of_a_version_are_had_from_workers_that_run_it_and_then_from_the_head) {
  World world;
  for (const uint64_t id : {1, 2, 3}) world.add_node(id);
  world.deploy("clerk-2", "2", 2);
  world.run(4s);
  std::set<uint64_t> runs;
  for (const auto& [id, node] : world.nodes)
    if (!node.running.empty()) runs.insert(id);
  BOOST_REQUIRE(!runs.empty());

  std::set<uint64_t> named;
  for (const auto& source : world.head.model_sources("clerk", "2", NodeId{9})) named.insert(source.id.value);

  BOOST_TEST(named == runs, boost::test_tools::per_element());
  for (const auto& source : world.head.model_sources("clerk", "2", NodeId{*runs.begin()}))
    BOOST_TEST(source.id.value != *runs.begin());
  BOOST_TEST(world.head.model_sources("clerk", "3", NodeId{9}).empty());
}

BOOST_AUTO_TEST_CASE(replicas_are_told_what_their_files_hash_to) {
  World world;
  world.add_node(1);
  world.deploy("clerk-2", "2", 1);
  world.run(4s);

  BOOST_TEST(world.nodes[1].running[0].digest == "digest of 2");
}

BOOST_AUTO_TEST_CASE(a_retired_version_takes_no_new_deployment_and_loses_none) {
  World world;
  world.add_node(1);
  DeploymentRecord record;
  record.name = "old";
  record.model = "clerk";
  record.version = "retired";

  BOOST_TEST((world.head.check(record).error().code == Errc::failed_precondition));
  world.head.set_deployment(record, 1, world.now);
  record.replicas = 3;
  BOOST_TEST(world.head.check(record).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
