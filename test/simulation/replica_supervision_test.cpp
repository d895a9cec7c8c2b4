// A replica's real actors under supervision, in virtual time.

#include <boost/test/unit_test.hpp>

#include "actors/worker/replica.hpp"
#include "runtime/protocol/paths.hpp"
#include "runtime/protocol/serving.hpp"
#include "test/simulation/sim_executor.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using protocol::ReplicaState;

constexpr uint32_t slots = 2;

/// Warm at once. Keeps what it is given, and breaks its caller where a request says so.
class FragileBackend final : public worker::Backend {
 public:
  FragileBackend(worker::BackendEvents& events, const bool& breaks_at_load)
      : events_(events), breaks_(breaks_at_load) {}

  void load() override {
    if (breaks_) throw std::runtime_error("broke at its load");
    events_.on_loaded();
    events_.on_warm();
  }
  void execute(std::vector<worker::WorkItem> batch) override {
    for (const worker::WorkItem& item : batch) {
      const std::string& id = item.request->request_id;
      if (id == "poison") throw std::runtime_error("broke over a request");
      if (id != "endless") events_.on_part(item.id, {}, true);
    }
  }
  void cancel(worker::WorkId) override {}
  void credit(worker::WorkId, uint64_t) override {}
  uint32_t slots() const override { return sim::slots; }
  worker::StepProgress progress() const override { return {}; }
  Duration longest_step() const override { return {}; }

 private:
  worker::BackendEvents& events_;
  const bool& breaks_;
};

struct Ask {
  std::string id;
};
/// Asks the replica, and notes how each request ended.
class Client final : public actor::Actor {
 public:
  Client(actor::Context& context, actor::Ref replica, std::map<std::string, std::string>* ends) : Actor(context) {
    on<Ask>([this, replica, ends](const Ask& ask) {
      protocol::ServeRequest request;
      request.request_id = ask.id;
      (*ends)[ask.id] = "open";
      this->context().call(replica, std::move(request), {}, [ends, id = ask.id](const actor::ReplyEvent& event) {
        if (event.last) (*ends)[id] = event.error ? std::string(to_string(event.error->code)) : "answered";
      });
    });
  }
};
/// Another one of the replica's group: what happens to the others is the same, whoever crashes.
struct Crash {};
class Third final : public actor::Actor {
 public:
  explicit Third(actor::Context& context) : Actor(context) {
    on<Crash>([](const Crash&) { throw std::runtime_error("asked to crash"); });
  }
};

struct Fixture {
  Schedule schedule{1};
  Owner owner = schedule.add_owner();
  std::unique_ptr<actor::Host> host =
      actor::Host::make({NodeId{1}, Incarnation{1}, {}}, schedule, std::make_unique<SimExecutor>(schedule, owner, 10us),
                        nullptr, std::make_unique<SimTimers>(schedule, owner));
  bool breaks_at_load = false;
  std::vector<protocol::ReplicaStatus> states;
  std::map<std::string, std::string> ends;
  worker::Replica replica = start();
  actor::Ref client = host->spawn_actor<Client>("client", {}, replica.batcher, &ends).value();

  worker::Replica start() {
    protocol::ReplicaSpec spec;
    spec.id = ReplicaId{7};
    spec.model = "clerk";
    spec.version = "1";
    spec.batching.size_max = 1;
    auto made = worker::start_replica(
        *host, spec,
        [this](const protocol::ReplicaSpec&,
               worker::BackendEvents& events) -> Result<std::unique_ptr<worker::Backend>> {
          return std::make_unique<FragileBackend>(events, breaks_at_load);
        },
        [this](protocol::ReplicaStatus status) { states.push_back(std::move(status)); });
    BOOST_REQUIRE(made.has_value());
    run(1ms);
    return *made;
  }
  void run(Duration time) { schedule.run_until(schedule.now() + time); }
  void ask(const std::string& id) {
    BOOST_REQUIRE(client.send(Ask{id}).has_value());
    run(1ms);
  }
  /// All slots can be used, and no more.
  void check_slots() {
    for (uint32_t i = 0; i < slots; ++i) ask("endless");
    BOOST_TEST(replica.load->running == slots);
    ask("one too many");
    BOOST_TEST(ends.at("one too many") == "open");
    BOOST_TEST(replica.load->waiting == 1u);
  }
  protocol::ActorHealth row(const std::string& path) {
    for (const protocol::ActorHealth& health : host->health())
      if (health.path == path) return health;
    return {};
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(replica_supervision, Fixture)

BOOST_AUTO_TEST_CASE(a_worker_that_crashes_loses_what_is_open_and_the_replica_is_ready_again) {
  ask("endless");
  ask("poison");

  BOOST_TEST(ends.at("endless") == "lost");
  BOOST_TEST(ends.at("poison") == "lost");
  BOOST_TEST((states.back().state == ReplicaState::backing_off));
  BOOST_TEST(states.back().reason == "actor replica/0000000000000007/worker crashed: broke over a request");
  BOOST_TEST(states.back().restarts == 1u);
  ask("while it is away");
  BOOST_TEST(ends.at("while it is away") == "unavailable");

  BOOST_TEST(!replica.back_end->row(replica.id, *replica.load, schedule.now()).has_value());
  run(200ms);
  BOOST_TEST((states.back().state == ReplicaState::ready));
  BOOST_TEST(replica.back_end->row(replica.id, *replica.load, schedule.now())->state == "ready");
  ask("after");
  BOOST_TEST(ends.at("after") == "answered");
  check_slots();
}

BOOST_AUTO_TEST_CASE(what_waits_and_what_runs_is_lost_when_another_of_the_group_crashes) {
  const auto third = host->spawn_actor<Third>("third", {.parent = protocol::replica_path(replica.id)}).value();
  check_slots();

  BOOST_REQUIRE(third.send(Crash{}).has_value());
  run(1ms);

  BOOST_TEST(ends.at("endless") == "lost");
  BOOST_TEST(ends.at("one too many") == "lost");
  BOOST_TEST(replica.load->running == 0u);
  run(200ms);
  BOOST_TEST((states.back().state == ReplicaState::ready));
  check_slots();
}

BOOST_AUTO_TEST_CASE(a_replica_that_always_crashes_stops_with_its_reason) {
  breaks_at_load = true;
  ask("poison");
  run(1min);

  BOOST_TEST((states.back().state == ReplicaState::failed));
  BOOST_TEST(states.back().reason == "actor replica/0000000000000007/worker crashed: broke at its load");
  BOOST_TEST(states.back().restarts == 5u);
  BOOST_TEST(row("replica/0000000000000007").state == "failed");
  BOOST_TEST(row("replica/0000000000000007").last_error == states.back().reason);
  BOOST_TEST(row("replica/0000000000000007/worker").state == "failed");
  BOOST_TEST(row("model/clerk").state == "running");
  const size_t told = states.size();
  run(1h);
  BOOST_TEST(states.size() == told);
  ask("later");
  BOOST_TEST(ends.at("later") == "unavailable");

  BOOST_TEST((worker::drain_replica(replica).error().code == Errc::unavailable));
  bool ended = false;
  worker::end_replica(*host, replica, [&] { ended = true; });
  worker::end_model(*host, "clerk");
  BOOST_TEST(ended);
  BOOST_TEST(row("replica/0000000000000007/worker").path == "");
  BOOST_TEST(row("model/clerk").path == "");
}

BOOST_AUTO_TEST_CASE(a_replica_that_crashes_while_it_drains_has_stopped) {
  ask("endless");
  BOOST_REQUIRE(worker::drain_replica(replica).has_value());
  run(1ms);
  BOOST_TEST((states.back().state == ReplicaState::draining));
  const auto third = host->spawn_actor<Third>("third", {.parent = protocol::replica_path(replica.id)}).value();
  BOOST_REQUIRE(third.send(Crash{}).has_value());
  run(200ms);

  BOOST_TEST(ends.at("endless") == "lost");
  BOOST_TEST((states.back().state == ReplicaState::stopped));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::sim
