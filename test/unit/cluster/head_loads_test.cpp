#include <boost/test/unit_test.hpp>

#include "cluster/head/head_state.hpp"

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;
using protocol::ReplicaState;

namespace {

/// A head and one node that is gateway and worker, with 1 GiB.
struct Fixture {
  Time now{};
  SeededRandom random{1};
  HeadState head{{.adoption_grace = 0s, .epoch = Epoch{7}, .cluster = "test"},
                 [](const std::string&, const std::string& version) {
                   return StoredVersion{"/models/" + version, "digest", false};
                 },
                 random,
                 now};
  protocol::Assignment assignment;
  protocol::RoutingSnapshot routing;
  ReplicaState state = ReplicaState::ready;
  std::string reason;
  uint64_t memory_bytes = 0;

  Fixture() {
    protocol::NodeInfo node;
    node.id = NodeId{1};
    node.incarnation = Incarnation{1};
    node.name = "n";
    node.roles = {.gateway = true, .worker = true};
    node.resources = {4000, 1 << 30, 0};
    BOOST_REQUIRE(head.join({node, {}}, now).has_value());
    deliver();
  }

  void deliver() {
    for (ToNode& out : head.take_messages()) {
      if (auto* assigned = std::get_if<protocol::Assignment>(&out.message)) {
        assignment = *assigned;
      } else if (const auto* delta = std::get_if<protocol::RoutingDelta>(&out.message)) {
        if (auto routed = protocol::apply(routing, *delta)) routing = std::move(*routed);
      } else {
        routing = std::get<protocol::RoutingSnapshot>(out.message);
      }
    }
  }

  void run(Duration duration = 3s) {
    for (const Time end = now + duration; now < end; now += 500ms) {
      head.tick(now);
      deliver();
      protocol::Heartbeat beat;
      beat.node = NodeId{1};
      beat.incarnation = Incarnation{1};
      beat.epoch = Epoch{7};
      beat.assignment_revision = assignment.revision;
      beat.routing_revision = routing.revision;
      for (const protocol::ReplicaSpec& spec : assignment.replicas) {
        protocol::ReplicaStatus status;
        status.id = spec.id;
        status.deployment = spec.deployment;
        status.state = state;
        status.reason = reason;
        status.memory_bytes = memory_bytes;
        beat.replicas.push_back(status);
      }
      head.heartbeat(beat, now);
      deliver();
    }
  }

  DeploymentRecord record(const std::string& version, bool is_loaded = false, uint64_t memory = 600 << 20) {
    DeploymentRecord made;
    made.name = "clerk-" + version;
    made.model = "clerk";
    made.version = version;
    made.resources = {500, memory, 0};
    made.load = LoadPolicy::on_demand;
    made.is_loaded = is_loaded;
    return made;
  }

  void set(const DeploymentRecord& made) {
    head.set_deployment(made, 1, now);
    deliver();
  }

  bool is_settled(const std::string& name, bool load = true) { return head.is_load_settled(name, load).value(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(head_loads, Fixture)

BOOST_AUTO_TEST_CASE(nothing_runs_until_it_is_loaded_and_gateways_are_told_so) {
  set(record("1"));
  run();

  BOOST_TEST(head.replicas().empty());
  BOOST_REQUIRE(routing.models.size() == 1u);
  BOOST_TEST(routing.models[0].routes[0].unloaded);

  set(record("1", true));
  BOOST_TEST(!is_settled("clerk-1"));
  run();

  BOOST_TEST(is_settled("clerk-1"));
  BOOST_TEST(routing.models[0].routes[0].replicas.size() == 1u);
  BOOST_TEST(!routing.models[0].routes[0].unloaded);
}

BOOST_AUTO_TEST_CASE(an_unloaded_one_is_settled_when_what_it_took_is_free) {
  set(record("1", true));
  run();

  set(record("1", false));
  BOOST_TEST(!is_settled("clerk-1", false));
  run();

  BOOST_TEST(is_settled("clerk-1", false));
  BOOST_TEST(head.replicas().empty());
  // Who waits for it to be loaded is told.
  BOOST_TEST((head.is_load_settled("clerk-1", true).error().code == Errc::failed_precondition));
}

BOOST_AUTO_TEST_CASE(what_has_no_room_is_refused_with_what_is_short) {
  set(record("1", true));
  set(record("2"));
  run();

  const Status refused = head.has_room(record("2"), now);

  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::resource_exhausted));
  BOOST_TEST(refused.error().message.find("600MiB of memory") != std::string::npos, refused.error().message);
  set(record("1", false));
  run();
  BOOST_TEST(head.has_room(record("2"), now).has_value());
}

BOOST_AUTO_TEST_CASE(a_process_that_takes_more_than_it_was_placed_for_leaves_less_to_others) {
  set(record("1", true, 100 << 20));
  memory_bytes = 700 << 20;
  run();

  BOOST_TEST(!head.has_room(record("2"), now).has_value());
  memory_bytes = 50 << 20;
  run();
  BOOST_TEST(head.has_room(record("2"), now).has_value());
}

BOOST_AUTO_TEST_CASE(one_that_gave_up_says_why) {
  state = ReplicaState::failed;
  reason = "config.json is missing";
  set(record("1", true));
  run();

  const auto settled = head.is_load_settled("clerk-1", true);

  BOOST_REQUIRE(!settled);
  BOOST_TEST(settled.error().message.find("config.json is missing") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(only_one_that_loads_on_demand_is_meant) {
  set(record("1"));
  DeploymentRecord always = record("2", true);
  always.load = LoadPolicy::always;
  set(always);

  BOOST_TEST(head.find_loadable("clerk", "")->version == "1");
  BOOST_TEST((head.find_loadable("clerk", "2").error().code == Errc::failed_precondition));
  BOOST_TEST((head.find_loadable("clark", "").error().code == Errc::not_found));
  set(record("3"));
  BOOST_TEST((head.find_loadable("clerk", "").error().code == Errc::invalid_argument));
  DeploymentRecord none = record("4");
  none.replicas = 0;
  BOOST_TEST(head.check(none).error().field == "replicas");
}

BOOST_AUTO_TEST_SUITE_END()
