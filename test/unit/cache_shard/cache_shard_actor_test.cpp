#include "actors/cache_shard/cache_shard_actor.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

#include "runtime/actor/host.hpp"

using namespace troupe;
using namespace troupe::cache_shard;
using namespace std::chrono_literals;

namespace {

/// Drops the first request it is given, as a balancer that ends does, and answers the others.
class ForgetfulBalancer final : public actor::Actor {
 public:
  explicit ForgetfulBalancer(actor::Context& context) : Actor(context) {
    on<balancer::Dispatch>([this](const balancer::Dispatch& dispatch) {
      if (++dispatches_ == 1) return;
      auto part = std::make_shared<protocol::ResultPart>();
      part->content = protocol::TextPart{"hi", {}, {}};
      dispatch.sink->on_part(std::move(part), true);
    });
  }

 private:
  int dispatches_ = 0;
};

/// Tells how it ended: "answered", an error's name, or "dropped".
class Sink final : public balancer::ResponseSink {
 public:
  ~Sink() override { end("dropped"); }
  void on_part(std::shared_ptr<const protocol::ResultPart>, bool last) override {
    if (last) end("answered");
  }
  void on_error(const Error& error) override { end(std::string(to_string(error.code))); }
  std::future<std::string> outcome() { return outcome_.get_future(); }

 private:
  void end(std::string outcome) {
    if (!std::exchange(ended_, true)) outcome_.set_value(std::move(outcome));
  }
  std::promise<std::string> outcome_;
  bool ended_ = false;
};

struct Fixture {
  SystemClock clock;
  std::unique_ptr<actor::Host> host =
      actor::Host::make({NodeId{1}, Incarnation{1}, {}}, clock, actor::make_caf_executor(1), nullptr);
  actor::Ref cache = host->spawn_actor<CacheShardActor>("cache/0", {}, CacheOptions{}).value();
  actor::Ref balancer = host->spawn_actor<ForgetfulBalancer>("balancer/m", {}).value();

  std::future<std::string> look_up(uint64_t id) {
    auto sink = std::make_shared<Sink>();
    auto outcome = sink->outcome();
    const balancer::Dispatch dispatch{{id}, std::make_shared<protocol::ServeRequest>(), "1", std::nullopt, sink};
    BOOST_REQUIRE(cache.send(Lookup{"key", 1min, balancer, dispatch}).has_value());
    return outcome;
  }
};

std::string wait(std::future<std::string>& outcome) {
  return outcome.wait_for(10s) == std::future_status::ready ? outcome.get() : "nothing";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(cache_shard_actor, Fixture)

BOOST_AUTO_TEST_CASE(a_flight_whose_balancer_ends_ends_and_the_next_in_line_flies) {
  auto first = look_up(1);
  auto second = look_up(2);
  BOOST_TEST(wait(first) == "dropped");
  BOOST_TEST(wait(second) == "answered");
}

BOOST_AUTO_TEST_SUITE_END()
