#include "actors/gateway/idempotency/idempotency_actor.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/gateway/idempotency/keepers.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"
#include "test/fakes/memory_record_store.hpp"
#include "test/integration/gateway/inbox.hpp"
#include "test/support/loopback_transport.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;
using troupe::testing::Inbox;

namespace {

/// In the place of a node's gateway: what must run comes to the test.
class FakeGateway final : public actor::Actor {
 public:
  FakeGateway(actor::Context& context, Inbox<Submit>& runs) : Actor(context) {
    on<Submit>([&runs](const Submit& submit) { runs.put(submit); });
  }
};

/// Tells how it ended: its text, with a "+" before each part and "replayed " before a kept one; or an error's name.
class Sink final : public balancer::ResponseSink {
 public:
  explicit Sink(Inbox<std::string>& ends) : ends_(ends) {}
  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    text_ += (part->replayed ? "replayed " : "+") + std::get<protocol::TextPart>(part->content).text;
    if (last) ends_.put(text_);
  }
  void on_error(const Error& error) override { ends_.put(std::string(to_string(error.code))); }

 private:
  Inbox<std::string>& ends_;
  std::string text_;
};

PartPtr text(std::string words) {
  auto part = std::make_shared<protocol::ResultPart>();
  part->content = protocol::TextPart{std::move(words), protocol::FinishReason::stop, {}};
  return part;
}

/// One gateway node.
struct Node {
  Node(testing::LoopbackNetwork& network, Clock& clock, uint64_t id,
       std::shared_ptr<test::MemoryRecordStore> with = std::make_shared<test::MemoryRecordStore>())
      : store(std::move(with)),
        transport(network, NodeId{id}, Incarnation{1}),
        host(actor::Host::make({NodeId{id}, Incarnation{1}, {}}, clock, actor::make_caf_executor(1), &transport)) {
    transport.start([this](bus::Lane lane, wire::Message message) { host->receive(lane, std::move(message)); });
    static_cast<void>(host->spawn(std::string(protocol::gateway_path), {}, [this](actor::Context& context) {
      return std::make_unique<FakeGateway>(context, runs);
    }));
    IdempotencyParts parts{store, ids, routing, in_flight, std::make_shared<IdempotencyMetrics>(registry), {}};
    parts.table.retention = 24h;
    keeper = *host->spawn_actor<IdempotencyActor>(std::string(protocol::idempotency_path), {}, parts);
  }
  ~Node() { host->stop_all(); }

  void know(std::vector<protocol::RoutedGateway> gateways) {
    protocol::RoutingSnapshot snapshot;
    for (const protocol::RoutedGateway& gateway : gateways)
      snapshot.nodes.push_back({gateway.node, Incarnation{1}, "", ""});
    snapshot.gateways = std::move(gateways);
    routing->publish(std::make_shared<const RoutingTable>(std::move(snapshot)));
  }
  balancer::DispatchId ask(std::string key, std::string fingerprint = "f", std::optional<Time> deadline = {}) {
    protocol::ServeRequest request;
    request.model = "m";
    request.work = protocol::Generate{};
    const balancer::DispatchId id = ids->next();
    BOOST_TEST_REQUIRE(
        keeper
            .send(Submit{id, std::make_shared<protocol::ServeRequest>(request), deadline, std::make_shared<Sink>(ends),
                         std::make_shared<RequestKey>(RequestKey{"", key, fingerprint})})
            .has_value());
    return id;
  }

  std::shared_ptr<test::MemoryRecordStore> store;
  observe::Metrics registry{{.has_process_metrics = false}};
  std::shared_ptr<DispatchIds> ids = std::make_shared<DispatchIds>();
  std::shared_ptr<RoutingBoard> routing = std::make_shared<RoutingBoard>();
  std::shared_ptr<InFlight> in_flight = std::make_shared<InFlight>(AdmissionOptions{});
  Inbox<Submit> runs;
  Inbox<std::string> ends;
  testing::LoopbackTransport transport;
  std::unique_ptr<actor::Host> host;
  actor::Ref keeper;
};

struct Fixture {
  SystemClock clock;
  testing::LoopbackNetwork network;
  Node one{network, clock, 1};
  Node two{network, clock, 2};

  Fixture() {
    // Until a gateway has read what it keeps, it answers others that it has not yet.
    for (Node* node : {&one, &two}) {
      node->ask("warm-up");
      node->runs.take().sink->on_error({Errc::cancelled, "", {}, {}});
      BOOST_REQUIRE(node->ends.take() == "cancelled");
    }
  }

  int64_t ago(Duration age) const {
    return unix_microseconds(clock.wall()) - std::chrono::duration_cast<std::chrono::microseconds>(age).count();
  }
  /// A key that `node` keeps among these.
  std::string key_of(NodeId node, const std::vector<protocol::RoutedGateway>& gateways) const {
    for (int i = 0;; ++i) {
      const RequestKey key{"", "key-" + std::to_string(i), ""};
      if (keepers_of(key.name(), gateways, clock.wall(), 24h).front() == node) return key.key;
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(idempotency_actor, Fixture)

BOOST_AUTO_TEST_CASE(nothing_runs_before_its_beginning_is_durable_and_nothing_is_told_before_its_end_is) {
  one.store->hold();
  one.ask("k");
  one.ask("k");
  // The last of what came before has been handled when a request with another fate is.
  one.ask("k", "other");
  BOOST_TEST(one.ends.take() == "already_exists");
  BOOST_TEST(one.runs.size() == 0u);
  BOOST_TEST(one.store->held() == 1u);
  one.store->release();

  const Submit run = one.runs.take();
  BOOST_TEST(run.key == nullptr);
  one.store->hold();
  run.sink->on_part(text("hi"), true);
  one.ask("k", "other");
  BOOST_TEST(one.ends.take() == "already_exists");
  BOOST_TEST(one.ends.size() == 0u);
  BOOST_TEST(!one.in_flight->wait_until_empty(0s));
  one.store->release();

  BOOST_TEST(one.ends.take() == "+hi");
  BOOST_TEST(one.ends.take() == "+hi");
  BOOST_TEST(one.in_flight->wait_until_empty(10s));
  one.ask("k");
  BOOST_TEST(one.ends.take() == "replayed hi");
  BOOST_TEST(one.runs.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_starts_on_the_records_of_a_killed_one_gives_its_answers_again) {
  one.ask("done");
  one.runs.take().sink->on_part(text("hi"), true);
  BOOST_TEST(one.ends.take() == "+hi");
  one.ask("begun");
  const Submit cut = one.runs.take();

  Node after(network, clock, 3, one.store);
  after.ask("done");
  BOOST_TEST(after.ends.take() == "replayed hi");
  after.ask("begun", "other");
  BOOST_TEST(after.ends.take() == "already_exists");
  after.ask("begun");
  after.runs.take().sink->on_part(text("again"), true);
  BOOST_TEST(after.ends.take() == "+again");
}

BOOST_AUTO_TEST_CASE(a_failed_or_dropped_attempt_is_heard_of_and_frees_the_key) {
  one.ask("k");
  one.runs.take().sink->on_error({Errc::overloaded, "full", {}, {}});
  BOOST_TEST(one.ends.take() == "overloaded");
  one.ask("k", "other");
  one.runs.take();  // Its sink is dropped.
  BOOST_TEST(one.ends.take() == "lost");
  one.ask("k");
  one.runs.take().sink->on_part(text("hi"), true);
  BOOST_TEST(one.ends.take() == "+hi");
}

BOOST_AUTO_TEST_CASE(where_the_disk_refuses_nothing_runs) {
  auto store = std::make_shared<test::MemoryRecordStore>();
  store->refuse({Errc::resource_exhausted, "the disk is full", {}, {}});
  Node full(network, clock, 3, store);
  full.ask("k");
  BOOST_TEST(full.ends.take() == "unavailable");
  BOOST_TEST(full.runs.size() == 0u);
}

BOOST_AUTO_TEST_CASE(one_whose_deadline_passes_waits_no_longer_and_the_attempt_goes_on) {
  one.ask("k");
  const Submit run = one.runs.take();
  one.ask("k", "f", clock.now() + 20ms);
  BOOST_TEST(one.ends.take() == "deadline_exceeded");
  run.sink->on_part(text("hi"), true);
  BOOST_TEST(one.ends.take() == "+hi");
}

BOOST_AUTO_TEST_CASE(who_goes_away_hears_nothing_and_may_come_back) {
  const auto id = one.ask("k");
  const Submit run = one.runs.take();
  BOOST_REQUIRE(one.keeper.send(Withdraw{id}).has_value());
  run.sink->on_part(text("hi"), true);
  one.ask("k");
  // It joined before the end was durable, or had it kept: either way the answer is the first one's.
  BOOST_TEST(one.ends.take().ends_with("hi"));
  BOOST_TEST(one.ends.size() == 0u);
}

// --- Several gateways ------------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(whichever_gateway_is_asked_the_one_that_keeps_the_key_runs_it_once) {
  const std::vector<protocol::RoutedGateway> both{{NodeId{1}, ago(100h)}, {NodeId{2}, ago(90h)}};
  one.know(both);
  two.know(both);
  const std::string key = key_of(NodeId{2}, both);

  one.ask(key);
  const Submit run = two.runs.take();
  two.ask(key);
  two.ask(key, "other");
  BOOST_TEST(two.ends.take() == "already_exists");
  run.sink->on_part(text("hi"), true);

  BOOST_TEST(one.ends.take() == "+hi");
  BOOST_TEST(two.ends.take() == "+hi");
  one.ask(key);
  BOOST_TEST(one.ends.take() == "replayed hi");
  one.ask(key, "other");
  BOOST_TEST(one.ends.take() == "already_exists");
  BOOST_TEST(one.runs.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_the_gateway_it_asked_leaves_the_keeper_too) {
  const std::vector<protocol::RoutedGateway> both{{NodeId{1}, ago(100h)}, {NodeId{2}, ago(90h)}};
  one.know(both);
  two.know(both);
  const std::string key = key_of(NodeId{2}, both);
  const auto id = one.ask(key);
  const Submit run = two.runs.take();

  BOOST_REQUIRE(one.keeper.send(Withdraw{id}).has_value());
  run.sink->on_part(text("hi"), true);
  one.ask(key);

  BOOST_TEST(one.ends.take().ends_with("hi"));
  BOOST_TEST(one.ends.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_keeper_that_is_gone_or_unknown_means_come_back_and_nobody_else_runs_it) {
  const std::vector<protocol::RoutedGateway> gateways{{NodeId{1}, ago(100h)}, {NodeId{7}, ago(90h)}};
  one.know(gateways);
  one.ask(key_of(NodeId{7}, gateways));
  BOOST_TEST(one.ends.take() == "unavailable");
  BOOST_TEST(one.runs.size() == 0u);

  one.ask(key_of(NodeId{1}, gateways));
  one.runs.take().sink->on_part(text("mine"), true);
  BOOST_TEST(one.ends.take() == "+mine");
}

BOOST_AUTO_TEST_CASE(a_connection_that_breaks_over_a_request_means_come_back) {
  const std::vector<protocol::RoutedGateway> both{{NodeId{1}, ago(100h)}, {NodeId{2}, ago(90h)}};
  one.know(both);
  two.know(both);
  one.ask(key_of(NodeId{2}, both));
  const Submit run = two.runs.take();
  one.host->peer_lost(NodeId{2});
  BOOST_TEST(one.ends.take() == "unavailable");
}

BOOST_AUTO_TEST_CASE(a_gateway_that_came_lately_asks_the_one_that_kept_the_key_before) {
  const std::vector<protocol::RoutedGateway> alone{{NodeId{1}, ago(100h)}};
  const std::vector<protocol::RoutedGateway> both{{NodeId{1}, ago(100h)}, {NodeId{2}, ago(1h)}};
  const std::string key = key_of(NodeId{2}, both);
  one.know(alone);
  one.ask(key);
  one.runs.take().sink->on_part(text("old"), true);
  BOOST_TEST(one.ends.take() == "+old");
  one.know(both);
  two.know(both);

  two.ask(key);
  BOOST_TEST(two.ends.take() == "replayed old");
  one.ask(key);
  BOOST_TEST(one.ends.take() == "replayed old");

  // What nobody had runs at its keeper.
  const RequestKey fresh{"", key + "-fresh", ""};
  two.ask(fresh.key);
  const bool is_twos = keepers_of(fresh.name(), both, clock.wall(), 24h).front() == NodeId{2};
  (is_twos ? two : one).runs.take().sink->on_part(text("new"), true);
  BOOST_TEST(two.ends.take() == "+new");
}

BOOST_AUTO_TEST_CASE(gateways_that_do_not_agree_who_keeps_a_key_run_nothing) {
  const std::vector<protocol::RoutedGateway> alone{{NodeId{1}, ago(100h)}};
  const std::vector<protocol::RoutedGateway> both{{NodeId{1}, ago(100h)}, {NodeId{2}, ago(1h)}};
  const std::string key = key_of(NodeId{2}, both);
  one.know(alone);  // It has not heard yet that two came.
  two.know(both);

  two.ask(key);

  BOOST_TEST(two.ends.take() == "unavailable");
  BOOST_TEST(two.runs.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
