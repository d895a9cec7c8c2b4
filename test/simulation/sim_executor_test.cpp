#include "test/simulation/sim_executor.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/actor/host.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

struct Number {
  int value = 0;
};

/// Notes numbers, and the time by its own timer.
class Listener final : public actor::Actor {
 public:
  Listener(actor::Context& context, std::vector<int>* heard, Time* rang) : Actor(context) {
    on<Number>([heard](const Number& number) { heard->push_back(number.value); });
    context.after(10ms, [this, rang] { *rang = this->context().now(); });
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sim_executor)

BOOST_AUTO_TEST_CASE(an_actor_gets_its_messages_in_order_and_its_timers_in_virtual_time) {
  Schedule schedule(1);
  const Owner owner = schedule.add_owner();
  auto host =
      actor::Host::make({NodeId{1}, Incarnation{1}, {}}, schedule, std::make_unique<SimExecutor>(schedule, owner, 10us),
                        nullptr, std::make_unique<SimTimers>(schedule, owner));
  std::vector<int> heard;
  Time rang{};
  const Time begin = schedule.now();
  const auto listener = host->spawn_actor<Listener>("listener", {}, &heard, &rang);
  BOOST_REQUIRE(listener.has_value());
  std::vector<int> sent;
  for (int i = 0; i < 100; ++i) {
    BOOST_TEST(listener->send(Number{i}).has_value());
    sent.push_back(i);
  }
  BOOST_TEST(heard.empty());
  schedule.run_until(begin + 1s);
  BOOST_TEST(heard == sent);
  BOOST_TEST((rang - begin).count() >= Duration{10ms}.count());
  BOOST_TEST((rang - begin).count() <= Duration{13ms}.count());
}

BOOST_AUTO_TEST_CASE(a_host_that_is_destroyed_ends_its_actors_without_time_passing) {
  Schedule schedule(1);
  const Owner owner = schedule.add_owner();
  auto host =
      actor::Host::make({NodeId{1}, Incarnation{1}, {}}, schedule, std::make_unique<SimExecutor>(schedule, owner, 10us),
                        nullptr, std::make_unique<SimTimers>(schedule, owner));
  std::vector<int> heard;
  Time rang{};
  BOOST_REQUIRE((host->spawn_actor<Listener>("listener", {}, &heard, &rang).has_value()));
  const Time begin = schedule.now();
  schedule.end(owner);
  host.reset();
  BOOST_TEST((schedule.now() == begin));
  BOOST_TEST(!schedule.step());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::sim
