// A gateway's real actors under supervision, in virtual time.

#include <boost/test/unit_test.hpp>

#include "runtime/protocol/paths.hpp"
#include "test/simulation/sim_node.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

struct Crash {};
class Fragile final : public actor::Actor {
 public:
  explicit Fragile(actor::Context& context) : Actor(context) {
    on<Crash>([](const Crash&) { throw std::runtime_error("asked to crash"); });
  }
};

struct Fixture {
  World world{Knobs::calm(1)};
  SimNode head{world, 0};

  Fixture() {
    head.start();
    run(1s);
    BOOST_REQUIRE(head.routes());
  }
  void run(Duration time) { world.schedule.run_until(world.schedule.now() + time); }
  /// Another one of the gateway's plane, which crashes as the gateway would.
  actor::Ref fragile() {
    actor::SpawnOptions options;
    options.parent = std::string(protocol::gateway_plane_path);
    options.restart.restarts_max = 0;
    return head.host().spawn_actor<Fragile>("fragile", options).value();
  }
  std::string state_of(std::string_view path) {
    for (const protocol::ActorHealth& row : head.host().health())
      if (row.path == path) return fmt::format("{} after {} restarts", row.state, row.restarts);
    return {};
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_supervision, Fixture)

BOOST_AUTO_TEST_CASE(past_its_intensity_the_plane_begins_anew_and_has_its_routes_again) {
  const actor::Ref fragile = this->fragile();
  BOOST_REQUIRE(fragile.send(Crash{}).has_value());
  run(1s);

  BOOST_TEST(state_of(protocol::gateway_plane_path) == "running after 1 restarts");
  BOOST_TEST(state_of(protocol::gateway_path) == "running after 1 restarts");
  BOOST_TEST(state_of("cache/0") == "running after 1 restarts");
  BOOST_TEST(state_of(protocol::agent_path) == "running after 0 restarts");
  BOOST_TEST(head.routes()->snapshot().revision > 0u);
}

BOOST_AUTO_TEST_CASE(the_node_gives_up_a_plane_that_always_fails_and_goes_on_without_it) {
  const actor::Ref fragile = this->fragile();
  for (int i = 0; i < 6; ++i) {
    BOOST_REQUIRE(fragile.send(Crash{}).has_value());
    run(4s);
  }

  BOOST_TEST(state_of(protocol::gateway_plane_path) == "failed after 5 restarts");
  BOOST_TEST(state_of(protocol::gateway_path) == "failed after 5 restarts");
  BOOST_TEST(state_of(protocol::agent_path) == "running after 0 restarts");
  BOOST_TEST((head.gateway().send(gateway::Drain{}).error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::sim
