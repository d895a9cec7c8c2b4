#include "actors/balancer/balancer_actor.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>

#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"

using namespace troupe;
using namespace troupe::balancer;
using namespace std::chrono_literals;

namespace {

/// A replica that answers as its script says: "ok", "lost", "full", "half" (one part, then lost) or "hold".
class FakeReplica final : public actor::Actor {
 public:
  FakeReplica(actor::Context& context, std::string script, std::shared_ptr<std::atomic<int>> asked)
      : Actor(context), script_(std::move(script)), asked_(std::move(asked)) {
    serve<protocol::ServeRequest>([this](const auto&, actor::Reply reply) {
      ++*asked_;
      if (script_ == "hold") {
        held_.push_back(std::move(reply));
      } else if (script_ == "lost") {
        reply.fail({Errc::unavailable, "gone", {}, {}});
      } else if (script_ == "full") {
        reply.fail({Errc::overloaded, "full", {}, {}});
      } else {
        protocol::ResultPart part;
        part.content = protocol::TextPart{"hi", {}, {}};
        if (script_ == "half") {
          reply.part(part);
          reply.fail({Errc::unavailable, "died", {}, {}});
        } else {
          reply.finish(part);
        }
      }
    });
  }
  void cancelled(actor::ReplyId) override { *asked_ += 100; }

 private:
  std::string script_;
  std::shared_ptr<std::atomic<int>> asked_;
  std::vector<actor::Reply> held_;
};

class Sink final : public ResponseSink {
 public:
  void on_part(std::shared_ptr<const protocol::ResultPart>, bool last) override {
    const std::lock_guard lock(mutex_);
    ++parts;
    if (last) end("answered");
  }
  void on_error(const Error& error) override {
    const std::lock_guard lock(mutex_);
    end(std::string(to_string(error.code)));
  }
  std::string wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [this] { return !outcome_.empty(); });
    return outcome_;
  }
  int parts = 0;

 private:
  void end(std::string outcome) {
    outcome_ += outcome;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string outcome_;
};

struct Fixture {
  SystemClock clock;
  std::unique_ptr<actor::Host> host =
      actor::Host::make({NodeId{1}, Incarnation{1}, {}}, clock, actor::make_caf_executor(2), nullptr);
  actor::Ref balancer = host->spawn_actor<BalancerActor>("balancer/m", {}, std::string("m"), BalancerOptions{}).value();
  std::vector<std::shared_ptr<std::atomic<int>>> asked;
  std::shared_ptr<Sink> sink = std::make_shared<Sink>();

  /// Replicas with these scripts, taken in turn.
  void replicas(std::initializer_list<std::string> scripts) {
    UpdateRoutes routes;
    routes.model.name = "m";
    protocol::Route route;
    route.version = "1";
    route.balancing = protocol::BalancingPolicy::round_robin;
    uint64_t id = 0;
    for (const std::string& script : scripts) {
      asked.push_back(std::make_shared<std::atomic<int>>(0));
      BOOST_REQUIRE(host->spawn_actor<FakeReplica>(protocol::replica_path(ReplicaId{++id}), {}, script, asked.back())
                        .has_value());
      route.replicas.push_back({ReplicaId{id}, NodeId{1}});
    }
    routes.model.routes.push_back(route);
    routes.nodes.push_back({NodeId{1}, Incarnation{1}, "", ""});
    BOOST_REQUIRE(balancer.send(routes).has_value());
  }
  void dispatch(const std::string& version = "1") {
    auto request = std::make_shared<protocol::ServeRequest>();
    request->request_id = "r";
    BOOST_REQUIRE(balancer.send(Dispatch{{1}, request, version, std::nullopt, sink}).has_value());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(balancer_actor, Fixture)

BOOST_AUTO_TEST_CASE(a_request_lost_with_its_replica_goes_to_another) {
  replicas({"lost", "lost", "ok"});

  dispatch();

  BOOST_TEST(sink->wait() == "answered");
  BOOST_TEST(asked[0]->load() == 1);
  BOOST_TEST(asked[2]->load() == 1);
}

BOOST_AUTO_TEST_CASE(a_full_replica_is_left_for_another) {
  replicas({"full", "ok"});

  dispatch();

  BOOST_TEST(sink->wait() == "answered");
}

BOOST_AUTO_TEST_CASE(nothing_is_answered_twice_after_the_first_part) {
  replicas({"half", "ok"});

  dispatch();

  BOOST_TEST(sink->wait() == "unavailable");
  BOOST_TEST(sink->parts == 1);
  BOOST_TEST(asked[1]->load() == 0);
}

BOOST_AUTO_TEST_CASE(when_all_are_lost_the_client_is_told) {
  replicas({"lost", "lost"});

  dispatch();

  BOOST_TEST(sink->wait() == "unavailable");
}

BOOST_AUTO_TEST_CASE(a_version_without_replicas_is_unavailable_at_once) {
  replicas({"ok"});

  dispatch("2");

  BOOST_TEST(sink->wait() == "unavailable");
}

BOOST_AUTO_TEST_CASE(a_cancel_reaches_the_replica) {
  replicas({"hold"});
  dispatch();
  while (asked[0]->load() == 0) std::this_thread::yield();

  BOOST_REQUIRE(balancer.send(CancelDispatch{{1}}).has_value());

  while (asked[0]->load() < 100) std::this_thread::yield();
  BOOST_TEST(asked[0]->load() == 101);
}

BOOST_AUTO_TEST_SUITE_END()
