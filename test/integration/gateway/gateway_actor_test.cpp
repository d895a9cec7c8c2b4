#include "actors/gateway/gateway_actor.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>

#include "actors/cache_shard/messages.hpp"
#include "actors/gateway/door.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;

namespace {

/// What happened, in lines to be waited for.
class Diary {
 public:
  void write(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    written_.notify_all();
  }
  bool waits_for(const std::string& line) {
    std::unique_lock lock(mutex_);
    return written_.wait_for(lock, 10s, [&] { return std::ranges::find(lines_, line) != lines_.end(); });
  }
  bool has(const std::string& line) {
    const std::lock_guard lock(mutex_);
    return std::ranges::find(lines_, line) != lines_.end();
  }

 private:
  std::mutex mutex_;
  std::condition_variable written_;
  std::vector<std::string> lines_;
};

struct Crash {};

/// Answers with the version and the prompt's seed; keeps "wait" until it is cancelled.
class FakeBalancer final : public actor::Actor {
 public:
  FakeBalancer(actor::Context& context, std::string model, Diary& diary) : Actor(context) {
    on<balancer::UpdateRoutes>([model, &diary](const balancer::UpdateRoutes& routes) {
      diary.write(fmt::format("{}: {} routes, {} nodes", model, routes.model.routes.size(), routes.nodes.size()));
    });
    on<balancer::Dispatch>([this, &diary](const balancer::Dispatch& dispatch) {
      if (dispatch.request->request_id == "wait") {
        kept_ = dispatch;
        diary.write("kept");
        return;
      }
      const auto& work = std::get<protocol::Generate>(dispatch.request->work);
      protocol::TextPart text;
      text.text = fmt::format("{} seed:{} deadline:{}", dispatch.version, work.sampling.seed.has_value(),
                              dispatch.deadline.has_value());
      protocol::ResultPart part;
      part.content = text;
      dispatch.sink->on_part(std::make_shared<protocol::ResultPart>(part), true);
    });
    on<balancer::CancelDispatch>([this, &diary](const balancer::CancelDispatch& cancel) {
      if (kept_.id != cancel.id) return;
      kept_ = {};
      diary.write("cancelled");
    });
    on<Crash>([](const Crash&) { throw std::runtime_error("asked to crash"); });
  }
  void stopping() override { kept_ = {}; }

 private:
  balancer::Dispatch kept_;
};

class FakeCache final : public actor::Actor {
 public:
  FakeCache(actor::Context& context, Diary& diary) : Actor(context) {
    on<cache_shard::Lookup>([&diary](const cache_shard::Lookup& lookup) {
      diary.write(fmt::format("lookup {} for {}", lookup.dispatch.version, lookup.balancer.path()));
      lookup.dispatch.sink->on_error({Errc::internal, "cache", {}, {}});
    });
  }
};

class DiarySink final : public balancer::ResponseSink {
 public:
  DiarySink(std::string name, Diary& diary) : name_(std::move(name)), diary_(diary) {}
  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool) override {
    diary_.write(name_ + ": " + std::get<protocol::TextPart>(part->content).text);
  }
  void on_error(const Error& error) override { diary_.write(name_ + ": " + to_string(error)); }

 private:
  std::string name_;
  Diary& diary_;
};

/// Writes down which variant units were exposed to.
class DiaryRecorder final : public experiment::EventRecorder {
 public:
  explicit DiaryRecorder(Diary& diary) : diary_(diary) {}
  void record(const protocol::Event&) override {}
  void expose(protocol::Event exposure) override {
    const auto& [place, segment] = std::get<protocol::Exposure>(exposure.what);
    diary_.write(fmt::format("{} exposed to {} under {} in {}", exposure.unit, place.arm, place.revision, segment));
  }
  void record_outcomes(const std::vector<protocol::Event>&, std::function<void(Status)> done) override { done({}); }

 private:
  Diary& diary_;
};

constexpr NodeId self{1};

/// A gateway node: a real host, a fake balancer and a fake cache.
struct Node {
  explicit Node(Duration weight_lease = 30s) {
    GatewayParts parts;
    parts.weight_lease = weight_lease;
    parts.routing = routing;
    parts.in_flight = in_flight;
    parts.events = std::make_shared<DiaryRecorder>(diary);
    parts.metrics = std::make_shared<GatewayMetrics>(registry);
    parts.random = std::make_shared<SeededRandom>(1);
    parts.cache = *host->spawn("cache/0", {},
                               [this](actor::Context& context) { return std::make_unique<FakeCache>(context, diary); });
    parts.make_balancer = [this](actor::Host& h, const std::string& model) {
      diary.write("balancer for " + model);
      return h.spawn(
          protocol::balancer_path(model), {.restart = {.backoff_first = 1ms}},
          [this, model](actor::Context& context) { return std::make_unique<FakeBalancer>(context, model, diary); });
    };
    parts.add_peer = [this](const bus::Peer& peer) {
      diary.write(fmt::format("add {} {} {}", peer.node.value, peer.incarnation.value, peer.request));
    };
    parts.remove_peer = [this](NodeId node) { diary.write(fmt::format("remove {}", node.value)); };
    gateway = *host->spawn("gateway", {},
                           [parts](actor::Context& context) { return std::make_unique<GatewayActor>(context, parts); });
  }
  ~Node() { host->stop_all(); }

  /// A snapshot with clerk@1 on node 2.
  static protocol::RoutingSnapshot snapshot(uint64_t revision) {
    protocol::RoutingSnapshot made;
    made.epoch = Epoch{1};
    made.revision = revision;
    protocol::Route route;
    route.deployment = "clerk";
    route.version = "1";
    route.weight = 1;
    route.replicas = {{ReplicaId{1}, NodeId{2}}};
    made.models.push_back({"clerk", {route}, 0});
    made.nodes = {{self, Incarnation{1}, "", ""}, {NodeId{2}, Incarnation{5}, "c", "r"}};
    return made;
  }
  /// With clerk@2 beside it, which an experiment gives to everybody.
  static protocol::RoutingSnapshot with_experiment() {
    auto made = snapshot(1);
    auto second = made.models[0].routes[0];
    second.deployment = "canary";
    second.version = "2";
    second.weight = 0;
    made.models[0].routes.push_back(second);
    made.models[0].stable = "clerk";
    protocol::RoutedExperiment experiment;
    experiment.name = "sums";
    experiment.unit = protocol::UnitKind::request;
    experiment.variants = {{"control", "1"}, {"treatment", "2"}};
    experiment.allocations = {{4, {{0, 1}}}};
    experiment.layer_end = experiment::slot_count;
    experiment.ends_unix_us = std::numeric_limits<int64_t>::max();
    made.models[0].experiments = {experiment};
    return made;
  }
  void take(protocol::RoutingSnapshot message) { BOOST_TEST_REQUIRE(gateway.send(std::move(message)).has_value()); }
  balancer::DispatchId submit(std::string name, double temperature = 0, std::optional<Time> deadline = {},
                              std::string version = "") {
    protocol::ServeRequest request;
    request.request_id = name;
    request.model = "clerk";
    request.version = std::move(version);
    protocol::Generate work;
    work.prompt = protocol::PlainText{"a"};
    work.sampling.temperature = temperature;
    request.work = work;
    const balancer::DispatchId id = ids.next();
    BOOST_TEST_REQUIRE(door_to(gateway)
                           .submit({id, std::make_shared<protocol::ServeRequest>(request), deadline,
                                    std::make_shared<DiarySink>(name, diary)})
                           .has_value());
    return id;
  }

  Diary diary;
  SystemClock clock;
  observe::Metrics registry{{.has_process_metrics = false}};
  DispatchIds ids;
  std::shared_ptr<RoutingBoard> routing = std::make_shared<RoutingBoard>();
  std::shared_ptr<InFlight> in_flight =
      std::make_shared<InFlight>(AdmissionOptions{.requests_max = 1, .requests_per_model_max = 1});
  std::unique_ptr<actor::Host> host =
      actor::Host::make({self, Incarnation{1}, {}}, clock, actor::make_caf_executor(1), nullptr);
  actor::Ref gateway;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_actor)

BOOST_AUTO_TEST_CASE(before_the_first_snapshot_requests_are_told_to_come_back) {
  Node node;

  node.submit("early");

  BOOST_TEST(node.diary.waits_for("early: unavailable: this gateway has not heard from the head yet"));
}

BOOST_AUTO_TEST_CASE(a_request_goes_to_the_balancer_with_version_and_deadline) {
  Node node;
  node.take(Node::snapshot(1));

  node.submit("one");

  BOOST_TEST(node.diary.waits_for("one: 1 seed:false deadline:true"));
  BOOST_TEST(node.diary.has("clerk: 1 routes, 2 nodes"));
  BOOST_TEST(node.routing->is_ready());
  BOOST_TEST(node.in_flight->size() == 0u);
}

BOOST_AUTO_TEST_CASE(sampling_without_a_seed_is_given_one) {
  Node node;
  node.take(Node::snapshot(1));

  node.submit("warm", 0.7);

  BOOST_TEST(node.diary.waits_for("warm: 1 seed:true deadline:true"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_routed_is_refused_and_counted) {
  Node node;
  node.take(Node::snapshot(1));

  node.submit("nine", 0, {}, "9");
  node.submit("late", 0, Time{1ns});

  BOOST_TEST(node.diary.waits_for("nine: not_found: model clerk has no version 9; it has 1"));
  BOOST_TEST(node.diary.waits_for("late: deadline_exceeded: the request's deadline had passed when it came"));
  const std::string page = node.registry.expose();
  BOOST_TEST(page.find(R"(troupe_requests_rejected_total{reason="deadline"} 1)") != std::string::npos);
  BOOST_TEST(page.find(R"(troupe_requests_total{code="not_found",model="clerk",version=""} 1)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_full_gateway_refuses_until_a_request_has_left) {
  Node node;
  node.take(Node::snapshot(1));

  const auto inside = node.submit("wait");
  node.submit("refused");
  BOOST_TEST(node.diary.waits_for("refused: overloaded: this gateway has 1 requests inside, as many as it takes"));
  door_to(node.gateway).withdraw({inside});
  BOOST_TEST(node.diary.waits_for("cancelled"));
  node.submit("next");

  BOOST_TEST(node.diary.waits_for("next: 1 seed:false deadline:true"));
  BOOST_TEST(!node.diary.has("wait: unavailable: the request was lost inside the gateway"));
}

BOOST_AUTO_TEST_CASE(a_deterministic_request_asks_the_cache_where_the_route_has_one) {
  Node node;
  auto snapshot = Node::snapshot(1);
  snapshot.models[0].routes[0].cache.enabled = true;
  node.take(snapshot);

  node.submit("same");
  BOOST_TEST(node.diary.waits_for("lookup 1 for balancer/clerk"));
  BOOST_TEST(node.diary.waits_for("same: internal: cache"));
  node.submit("sampled", 0.7);

  BOOST_TEST(node.diary.waits_for("sampled: 1 seed:true deadline:true"));
}

BOOST_AUTO_TEST_CASE(weights_count_while_the_head_confirms_them_and_then_the_stable_version_alone_answers) {
  Node node;
  auto snapshot = Node::snapshot(1);
  auto second = snapshot.models[0].routes[0];
  second.deployment = "canary";
  second.version = "2";
  second.weight = 1e9;  // Practically everything.
  snapshot.models[0].routes.push_back(second);
  snapshot.models[0].stable = "clerk";
  node.take(snapshot);

  node.submit("unconfirmed");
  BOOST_TEST(node.diary.waits_for("unconfirmed: 1 seed:false deadline:true"));
  BOOST_TEST(node.gateway.send(RenewLease{node.clock.now()}).has_value());
  node.submit("confirmed");
  BOOST_TEST(node.diary.waits_for("confirmed: 2 seed:false deadline:true"));
  BOOST_TEST(!node.routing->is_stable_only());
}

BOOST_AUTO_TEST_CASE(experiments_assign_nobody_until_the_head_confirms_them) {
  Node node;
  node.take(Node::with_experiment());

  node.submit("unconfirmed");
  BOOST_TEST(node.diary.waits_for("unconfirmed: 1 seed:false deadline:true"));
  BOOST_TEST(!node.diary.has("unconfirmed exposed to 1 under 4 in 0"));
  BOOST_TEST(node.gateway.send(RenewLease{node.clock.now()}).has_value());
  node.submit("confirmed");
  BOOST_TEST(node.diary.waits_for("confirmed: 2 seed:false deadline:true"));
  BOOST_TEST(node.diary.has("confirmed exposed to 1 under 4 in 0"));
}

BOOST_AUTO_TEST_CASE(experiments_assign_nobody_once_the_head_is_silent) {
  Node node{50ms};
  node.take(Node::with_experiment());
  BOOST_TEST(node.gateway.send(RenewLease{node.clock.now()}).has_value());
  const Time until = node.clock.now() + 10s;
  while (!node.routing->is_stable_only() && node.clock.now() < until) std::this_thread::yield();

  node.submit("late");

  BOOST_TEST(node.diary.waits_for("late: 1 seed:false deadline:true"));
  BOOST_TEST(!node.diary.has("late exposed to 1 under 4 in 0"));
}

BOOST_AUTO_TEST_CASE(a_gateway_whose_lease_runs_out_says_so_until_the_head_is_back) {
  Node node{50ms};
  node.take(Node::snapshot(1));
  const auto becomes = [&](bool stable_only) {
    const Time until = node.clock.now() + 10s;
    while (node.routing->is_stable_only() != stable_only && node.clock.now() < until) std::this_thread::yield();
    return node.routing->is_stable_only() == stable_only;
  };

  BOOST_TEST(node.gateway.send(RenewLease{node.clock.now()}).has_value());
  BOOST_TEST(becomes(true));
  BOOST_TEST(node.gateway.send(RenewLease{node.clock.now() + 1h}).has_value());
  BOOST_TEST(becomes(false));
  node.submit("one");
  BOOST_TEST(node.diary.waits_for("one: 1 seed:false deadline:true"));
  BOOST_TEST(node.registry.expose().find("troupe_gateway_stable_only 0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(older_snapshots_are_ignored) {
  Node node;
  node.take(Node::snapshot(2));
  auto older = Node::snapshot(1);
  older.models.clear();
  node.take(older);

  node.submit("one");

  BOOST_TEST(node.diary.waits_for("one: 1 seed:false deadline:true"));
}

BOOST_AUTO_TEST_CASE(peers_come_change_and_go_with_the_snapshots) {
  Node node;
  node.take(Node::snapshot(1));
  auto restarted = Node::snapshot(2);
  restarted.nodes[1].incarnation = Incarnation{6};
  node.take(restarted);
  auto gone = Node::snapshot(3);
  gone.nodes.pop_back();
  node.take(gone);

  BOOST_TEST(node.diary.waits_for("remove 2"));
  BOOST_TEST(node.diary.has("add 2 5 r"));
  BOOST_TEST(node.diary.has("add 2 6 r"));
  BOOST_TEST(!node.diary.has("add 1 1 "));
}

BOOST_AUTO_TEST_CASE(a_model_that_goes_takes_its_balancer_along_and_may_come_back) {
  Node node;
  node.take(Node::snapshot(1));
  auto empty = Node::snapshot(2);
  empty.models.clear();
  node.take(empty);
  node.submit("none");
  BOOST_TEST(node.diary.waits_for("none: not_found: there is no model clerk"));

  auto two_routes = Node::snapshot(3);
  two_routes.models[0].routes.push_back(two_routes.models[0].routes[0]);
  node.take(two_routes);

  BOOST_TEST(node.diary.waits_for("clerk: 2 routes, 2 nodes"));
  node.submit("again");
  BOOST_TEST(node.diary.waits_for("again: 1 seed:false deadline:true"));
}

BOOST_AUTO_TEST_CASE(a_balancer_that_crashed_gets_its_routes_again_and_its_requests_hear_of_it) {
  Node node;
  node.take(Node::snapshot(1));
  node.submit("wait");
  BOOST_TEST_REQUIRE(node.diary.waits_for("kept"));
  auto two_routes = Node::snapshot(2);
  two_routes.models[0].routes.push_back(two_routes.models[0].routes[0]);
  node.take(two_routes);
  BOOST_TEST_REQUIRE(node.diary.waits_for("clerk: 2 routes, 2 nodes"));

  BOOST_TEST(node.host->find("balancer/clerk").send(Crash{}).has_value());

  BOOST_TEST(node.diary.waits_for("wait: unavailable: the request was lost inside the gateway"));
  node.submit("next");
  BOOST_TEST(node.diary.waits_for("next: 1 seed:false deadline:true"));
}

BOOST_AUTO_TEST_CASE(a_draining_gateway_takes_nothing_new_and_finishes_what_it_has) {
  Node node;
  node.take(Node::snapshot(1));
  node.submit("wait");
  BOOST_TEST_REQUIRE(node.diary.waits_for("kept"));

  BOOST_TEST(node.gateway.send(Drain{}).has_value());
  BOOST_TEST_REQUIRE(node.routing->wait_until_closed(10s));
  node.submit("late");

  BOOST_TEST(node.diary.waits_for("late: unavailable: this gateway is shutting down; another one will answer"));
  BOOST_TEST(!node.routing->is_ready());
  BOOST_TEST(node.in_flight->size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_gateway_that_drains_takes_requests_until_they_have_become_few) {
  Node node;
  node.take(Node::snapshot(1));
  node.submit("early");
  BOOST_TEST_REQUIRE(node.diary.waits_for("early: 1 seed:false deadline:true"));

  BOOST_TEST(node.gateway.send(Drain{}).has_value());
  node.submit("in time");

  BOOST_TEST(node.diary.waits_for("in time: 1 seed:false deadline:true"));
  BOOST_TEST(!node.routing->is_ready());
  BOOST_TEST(node.routing->wait_until_closed(10s));
}

BOOST_AUTO_TEST_SUITE_END()
