#include "actors/balancer/balancer_actor.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>

#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"

using namespace troupe;
using namespace troupe::balancer;
using namespace std::chrono_literals;

namespace {

/// A replica that answers as its script says: "ok", "lost", "refuse", "full", "half" (one part, then lost), "hold"
/// or "paced" (a part that says its credit, and one for each further credit).
class FakeReplica final : public actor::Actor {
 public:
  FakeReplica(actor::Context& context, std::string script, std::shared_ptr<std::atomic<int>> asked)
      : Actor(context), script_(std::move(script)), asked_(std::move(asked)) {
    serve<protocol::ServeRequest>([this](const auto&, actor::Reply reply) {
      ++*asked_;
      if (script_ == "paced") {
        reply.part(said(reply.credit() ? std::to_string(*reply.credit()) : "none"));
        held_.push_back(std::move(reply));
      } else if (script_ == "hold") {
        held_.push_back(std::move(reply));
      } else if (script_ == "lost") {
        reply.fail({Errc::lost, "gone", {}, {}});
      } else if (script_ == "refuse") {
        reply.fail({Errc::unavailable, "draining", {}, {}});
      } else if (script_ == "full") {
        reply.fail({Errc::overloaded, "full", {}, {}});
      } else {
        protocol::ResultPart part;
        part.content = protocol::TextPart{"hi", {}, {}};
        if (script_ == "half") {
          reply.part(part);
          reply.fail({Errc::lost, "died", {}, {}});
        } else {
          reply.finish(part);
        }
      }
    });
  }
  void cancelled(actor::ReplyId) override { *asked_ += 100; }
  void credited(actor::ReplyId, uint64_t bytes) override {
    bytes == 0 ? held_.at(0).finish(said("")) : held_.at(0).part(said(std::to_string(bytes)));
  }

 private:
  static protocol::ResultPart said(std::string text) {
    protocol::ResultPart part;
    part.content = protocol::TextPart{std::move(text), {}, {}};
    return part;
  }
  std::string script_;
  std::shared_ptr<std::atomic<int>> asked_;
  std::vector<actor::Reply> held_;
};

class Sink final : public ResponseSink {
 public:
  std::optional<uint64_t> window_bytes{};
  std::function<void(uint64_t)> more;  ///< Of one with a window.
  std::string text;

  std::optional<uint64_t> window() const override { return window_bytes; }
  void on_begin(std::function<void(uint64_t)> ask) override { more = std::move(ask); }
  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    const std::lock_guard lock(mutex_);
    ++parts;
    text += std::get<protocol::TextPart>(part->content).text + " ";
    last ? end("answered") : changed_.notify_all();
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
  void wait_for_parts(int count) {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(changed_.wait_for(lock, 10s, [&] { return parts >= count; }));
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

  /// Routes to these new replicas, taken in turn, and no others; `coming` more load.
  void replicas(std::initializer_list<std::string> scripts, uint32_t coming = 0) {
    UpdateRoutes routes;
    routes.model.name = "m";
    protocol::Route route;
    route.version = "1";
    route.balancing = protocol::BalancingPolicy::round_robin;
    route.coming = coming;
    uint64_t id = asked.size();
    for (const std::string& script : scripts) {
      asked.push_back(std::make_shared<std::atomic<int>>(0));
      BOOST_REQUIRE(host->spawn_actor<FakeReplica>(protocol::batcher_path(ReplicaId{++id}), {}, script, asked.back())
                        .has_value());
      route.replicas.push_back({ReplicaId{id}, NodeId{1}});
    }
    routes.model.routes.push_back(route);
    routes.nodes.push_back({NodeId{1}, Incarnation{1}, "", ""});
    BOOST_REQUIRE(balancer.send(routes).has_value());
  }
  void dispatch(const std::string& version = "1", std::optional<Time> deadline = {}) {
    auto request = std::make_shared<protocol::ServeRequest>();
    request->request_id = "r";
    BOOST_REQUIRE(balancer.send(Dispatch{{1}, request, version, deadline, sink}).has_value());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(balancer_actor, Fixture)

BOOST_AUTO_TEST_CASE(what_a_client_has_room_for_reaches_the_replica) {
  replicas({"paced"});
  sink->window_bytes = 4000;

  dispatch();
  sink->wait_for_parts(1);
  sink->more(700);
  sink->wait_for_parts(2);
  sink->more(0);

  BOOST_TEST(sink->wait() == "answered");
  BOOST_TEST(sink->text == "4000 700  ");
  sink->more(1);  // Nobody is there any more.
}

BOOST_AUTO_TEST_CASE(a_request_without_a_window_has_no_credit) {
  replicas({"paced"});

  dispatch();
  sink->wait_for_parts(1);

  BOOST_TEST(sink->text == "none ");
  BOOST_TEST(!sink->more);
}

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

BOOST_AUTO_TEST_CASE(a_request_is_refused_unsent_while_the_only_replica_is_full) {
  replicas({"full"});

  for (int i = 0; i < 50; ++i) {
    sink = std::make_shared<Sink>();
    dispatch();
    BOOST_TEST(sink->wait() == "overloaded");
  }

  BOOST_TEST(asked[0]->load() < 50);  // One each 20 ms or so finds out whether there is room again.
}

BOOST_AUTO_TEST_CASE(nothing_is_answered_twice_after_the_first_part) {
  replicas({"half", "ok"});

  dispatch();

  BOOST_TEST(sink->wait() == "lost");
  BOOST_TEST(sink->parts == 1);
  BOOST_TEST(asked[1]->load() == 0);
}

BOOST_AUTO_TEST_CASE(a_request_that_kills_three_replicas_is_given_up) {
  replicas({"lost", "lost", "lost", "ok"});

  dispatch();

  BOOST_TEST(sink->wait() == "lost");
  BOOST_TEST(asked[3]->load() == 0);
}

BOOST_AUTO_TEST_CASE(replicas_that_begin_nothing_are_passed_however_many_there_are) {
  replicas({"refuse", "refuse", "refuse", "refuse", "refuse", "refuse", "ok"});

  dispatch();

  BOOST_TEST(sink->wait() == "answered");
}

BOOST_AUTO_TEST_CASE(a_request_waits_for_the_next_replica_when_the_last_one_has_gone) {
  replicas({"refuse"});
  dispatch();
  while (asked[0]->load() == 0) std::this_thread::yield();

  replicas({"ok"});

  BOOST_TEST(sink->wait() == "answered");
}

BOOST_AUTO_TEST_CASE(a_request_waits_for_a_replica_that_loads) {
  replicas({}, 1);
  dispatch();

  replicas({"ok"});

  BOOST_TEST(sink->wait() == "answered");
}

BOOST_AUTO_TEST_CASE(a_request_waits_no_longer_than_its_deadline) {
  replicas({}, 1);

  dispatch("1", clock.now() + 20ms);

  BOOST_TEST(sink->wait() == "deadline_exceeded");
}

BOOST_AUTO_TEST_CASE(a_request_that_waits_is_told_when_nothing_is_to_be_expected_any_more) {
  replicas({}, 1);
  dispatch();

  replicas({}, 0);

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
