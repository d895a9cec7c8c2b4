#include <boost/test/unit_test.hpp>
#include <future>

#include "runtime/actor/host.hpp"
#include "runtime/protocol/serving.hpp"
#include "test/support/loopback_transport.hpp"

using namespace troupe;
using namespace troupe::actor;
using namespace std::chrono_literals;
using protocol::ResultPart;
using protocol::ServeRequest;
using protocol::TextPart;

namespace {

/// Answers a request for model "count" with three parts, keeps one for "hold" open and refuses others.
class Server final : public Actor {
 public:
  Server(Context& context, std::function<void()> on_cancel) : Actor(context), on_cancel_(std::move(on_cancel)) {
    serve<ServeRequest>([this](const auto& request, Reply reply) {
      if (request->model == "credit") {
        reply.part(said(reply.credit() ? std::to_string(*reply.credit()) : "none"));
        held_ = std::move(reply);
      } else if (request->model == "hold") {
        held_ = std::move(reply);
      } else if (request->model == "count") {
        for (const char* text : {"one", "two"}) reply.part(ResultPart{TextPart{text, {}, {}}, "1", {}, false});
        reply.finish(ResultPart{TextPart{"three", {}, {}}, "1", {}, false});
      } else {
        reply.fail({Errc::not_found, "no such model", "model", 250ms});
      }
    });
  }
  void cancelled(ReplyId) override { on_cancel_(); }
  void credited(ReplyId id, uint64_t bytes) override {
    if (id == held_.id()) held_.finish(said(std::to_string(bytes)));
  }

 private:
  static ResultPart said(std::string text) { return ResultPart{TextPart{std::move(text), {}, {}}, "1", {}, false}; }

  std::function<void()> on_cancel_;
  Reply held_;
};

class Caller final : public Actor {
 public:
  Caller(Context& context, std::function<void(Context&)> script) : Actor(context), script_(std::move(script)) {}
  void started() override { script_(context()); }

 private:
  std::function<void(Context&)> script_;
};

struct Node {
  Node(testing::LoopbackNetwork& network, Clock& clock, uint64_t id)
      : transport(network, NodeId{id}, Incarnation{1}),
        host(Host::make({NodeId{id}, Incarnation{1}, {}}, clock, make_caf_executor(1), &transport)) {
    transport.start([this](bus::Lane lane, wire::Message message) { host->receive(lane, std::move(message)); });
  }
  testing::LoopbackTransport transport;
  std::unique_ptr<Host> host;
};

struct Fixture {
  SystemClock clock;
  testing::LoopbackNetwork network;
  std::promise<void> cancelled;
  Node here{network, clock, 1};
  Node there{network, clock, 2};

  Fixture() {
    BOOST_REQUIRE(
        there.host->spawn_actor<Server>("server", {}, std::function<void()>([this] { cancelled.set_value(); }))
            .has_value());
  }
  ~Fixture() {
    here.host->stop_all();
    there.host->stop_all();
  }

  /// All events of one call, once it has ended.
  std::vector<ReplyEvent> ask(const std::string& model, const std::string& path = "server") {
    std::promise<std::vector<ReplyEvent>> done;
    std::vector<ReplyEvent> events;
    const auto caller = here.host->spawn_actor<Caller>(
        "caller", {}, std::function<void(Context&)>([&](Context& context) {
          context.call(server(path), ServeRequest{"r1", model, "", "", {}}, {}, [&](const ReplyEvent& event) {
            events.push_back(event);
            if (event.last) done.set_value(events);
          });
        }));
    auto future = done.get_future();
    BOOST_REQUIRE((future.wait_for(10s) == std::future_status::ready));
    std::promise<void> stopped;
    here.host->stop(*caller, [&] { stopped.set_value(); });
    stopped.get_future().wait();
    return future.get();
  }
  Ref server(const std::string& path = "server") {
    return here.host->remote(NodeId{2}, Incarnation{1}, path, bus::Lane::request);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(remote_calls, Fixture)

BOOST_AUTO_TEST_CASE(a_stream_from_another_node_reads_like_a_local_one) {
  const auto events = ask("count");

  BOOST_REQUIRE(events.size() == 3u);
  std::string text;
  for (const ReplyEvent& event : events) text += std::get<TextPart>(event.body.get<ResultPart>()->content).text + " ";
  BOOST_TEST(text == "one two three ");
}

BOOST_AUTO_TEST_CASE(errors_cross_nodes_whole) {
  const auto events = ask("unknown");

  BOOST_REQUIRE(events.size() == 1u);
  BOOST_TEST((*events[0].error == Error{Errc::not_found, "no such model", "model", 250ms}));
}

BOOST_AUTO_TEST_CASE(an_actor_that_is_not_there_is_unavailable) {
  const auto events = ask("count", "nobody");

  BOOST_TEST((events.at(0).error->code == Errc::unavailable));
  BOOST_TEST(events.at(0).error->message == "no actor at nobody on this node");
}

BOOST_AUTO_TEST_CASE(a_lost_part_is_an_error_and_not_a_shorter_answer) {
  network.filter = [](wire::Message& message) { return !message.envelope.part || message.envelope.part->index != 1; };

  const auto events = ask("count");

  BOOST_REQUIRE(events.back().error.has_value());
  BOOST_TEST((events.back().error->code == Errc::corrupt_data));
}

BOOST_AUTO_TEST_CASE(a_cancel_reaches_the_other_node) {
  const auto caller = here.host->spawn_actor<Caller>(
      "caller", {}, std::function<void(Context&)>([this](Context& context) {
        const CallId call =
            context.call(server(), ServeRequest{"r1", "hold", "", "", {}}, {}, [](const ReplyEvent&) {});
        context.cancel(call);
      }));

  BOOST_TEST((cancelled.get_future().wait_for(10s) == std::future_status::ready));
}

BOOST_AUTO_TEST_CASE(credit_goes_with_the_call_and_more_of_it_after) {
  for (const bool is_local : {false, true}) {
    std::promise<std::string> done;
    std::string heard;
    CallId call;
    const auto caller =
        (is_local ? there : here)
            .host->spawn_actor<Caller>("caller", {}, std::function<void(Context&)>([&](Context& context) {
                                         const Ref callee = is_local ? there.host->find("server") : server();
                                         call = context.call(callee, ServeRequest{"r1", "credit", "", "", {}},
                                                             {.credit = 1000}, [&](const ReplyEvent& event) {
                                                               const auto part = event.body.get<ResultPart>();
                                                               heard += std::get<TextPart>(part->content).text + " ";
                                                               if (event.last) return done.set_value(heard);
                                                               static_cast<void>(context.credit(call, 250));
                                                             });
                                       }));
    auto future = done.get_future();

    BOOST_REQUIRE((future.wait_for(10s) == std::future_status::ready));
    BOOST_TEST(future.get() == "1000 250 ");
  }
}

BOOST_AUTO_TEST_CASE(a_lost_node_fails_its_calls_and_tells_who_watched) {
  std::promise<Error> failed;
  std::promise<Error> down;
  std::promise<void> called;
  const auto caller =
      here.host->spawn_actor<Caller>("caller", {}, std::function<void(Context&)>([&](Context& context) {
                                       context.monitor(server(), [&](const Error& error) { down.set_value(error); });
                                       context.call(server(), ServeRequest{"r1", "hold", "", "", {}}, {},
                                                    [&](const ReplyEvent& event) { failed.set_value(*event.error); });
                                       called.set_value();
                                     }));
  called.get_future().wait();

  here.host->peer_lost(NodeId{2});

  BOOST_TEST((failed.get_future().get().code == Errc::lost));
  BOOST_TEST((down.get_future().get().code == Errc::lost));
}

BOOST_AUTO_TEST_CASE(a_new_life_drops_what_others_asked_for_and_fails_what_was_asked_of_others) {
  std::promise<Error> failed;
  std::promise<Error> down;
  std::promise<void> called;
  const auto caller =
      here.host->spawn_actor<Caller>("caller", {}, std::function<void(Context&)>([&](Context& context) {
                                       context.monitor(server(), [&](const Error& error) { down.set_value(error); });
                                       context.call(server(), ServeRequest{"r1", "hold", "", "", {}}, {},
                                                    [&](const ReplyEvent& event) { failed.set_value(*event.error); });
                                       called.set_value();
                                     }));
  called.get_future().wait();
  auto failure = failed.get_future();

  there.host->renew(Incarnation{2});
  BOOST_TEST((cancelled.get_future().wait_for(10s) == std::future_status::ready));
  BOOST_TEST((failure.wait_for(0s) == std::future_status::timeout));

  here.host->renew(Incarnation{2});
  BOOST_TEST(here.host->open_calls().to_others == 0u);
  BOOST_TEST((failure.get().code == Errc::lost));
  BOOST_TEST((down.get_future().get().code == Errc::lost));
}

BOOST_AUTO_TEST_SUITE_END()
