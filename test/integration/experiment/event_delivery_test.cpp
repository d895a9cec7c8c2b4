// Events from a gateway's log to a shard's store, by real actors, a real log and a real database.

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <future>
#include <numeric>

#include "actors/experiment/shard/log_recorder.hpp"
#include "actors/experiment/shard/shard_actor.hpp"
#include "actors/experiment/shard/shard_reader.hpp"
#include "actors/experiment/shard/shipper_actor.hpp"
#include "runtime/actor/host.hpp"
#include "test/unit/storage/temp_directory.hpp"

using namespace troupe;
using namespace troupe::experiment;
using namespace std::chrono_literals;

namespace {

Rules rules() {
  Rules made;
  made.experiment = 7;
  made.window_us = int64_t{3600} * 1'000'000;
  made.bucket_us = 60'000'000;
  made.measures = {{"conversion"}, {"requests", AttemptMeasure::requests}};
  made.metrics.resize(2);
  made.metrics[0] = {"converted", MetricKind::conversion, 0};
  made.metrics[1] = {"requests", MetricKind::count, 1};
  return made;
}

/// Asks an actor from a thread of its own, and waits.
class Asker final : public actor::Actor {
 public:
  Asker(actor::Context& context, actor::Ref shard, std::shared_ptr<std::promise<Result<ExperimentRows>>> answer)
      : Actor(context), shard_(std::move(shard)), answer_(std::move(answer)) {}
  void started() override {
    context().call(shard_, GetRows{7}, {.deadline = context().now() + 5s}, [this](const actor::ReplyEvent& event) {
      answer_->set_value(event.error ? Result<ExperimentRows>(fail(*event.error)) : *event.body.get<ExperimentRows>());
    });
  }

 private:
  actor::Ref shard_;
  std::shared_ptr<std::promise<Result<ExperimentRows>>> answer_;
};

/// A node that is gateway and shard.
struct Node {
  Node() {
    open_log();
    start_shard();
    start_shipper();
  }
  ~Node() { host->stop_all(); }

  void open_log() {
    log.reset();
    log = std::shared_ptr<storage::EventLog>(
        storage::EventLog::open(directory.path() / folder, log_options, clock, random).value());
    recorder.emplace(log);
  }
  void start_shard() {
    // A shard that has just stopped may hold its database for a moment yet: the next one goes on with the same.
    if (std::exchange(opened_store, store) != store)
      database = storage::EventDatabase::open(directory.path() / store, {}, random).value();
    ShardParts parts;
    parts.database = database;
    parts.keep_raw = keep_raw;
    parts.removal_interval = 1ms;
    shard = host->spawn_actor<ShardActor>(std::string(shard_path), {.placement = actor::Placement::own_thread}, parts)
                .value();
    BOOST_TEST_REQUIRE(shard.send(SetRules{{rules()}, 7}).has_value());
  }
  void start_shipper() {
    ShipperParts parts;
    parts.log = log;
    parts.shard_of = [this](uint32_t) { return host->find(shard_path); };
    parts.limits.delay = 5ms;
    parts.limits.retry = 20ms;
    parts.interval = 5ms;
    parts.question_interval = 20ms;
    shipper =
        host->spawn_actor<ShipperActor>(std::string(shipper_path), {.placement = actor::Placement::own_thread}, parts)
            .value();
  }
  void stop(actor::Ref& ref) {
    std::promise<void> stopped;
    host->stop(ref, [&] { stopped.set_value(); });
    stopped.get_future().wait();
    ref = {};
  }

  /// Units, each with its outcome, told early, and its attempt.
  void add(int units) {
    for (int i = 0; i < units; ++i, ++next) {
      const std::string unit = "user-" + std::to_string(next);
      const protocol::ArmOf place{7, 1, static_cast<uint32_t>(next % 2)};
      const protocol::Outcome outcome{1, static_cast<uint64_t>(next), "conversion", Fixed{1} << fixed_bits};
      recorder->record_outcomes({{next + 1, protocol::UnitKind::user, unit, outcome}}, [](const Status&) {});
      recorder->expose({next, protocol::UnitKind::user, unit, protocol::Exposure{place}});
      recorder->record({next, protocol::UnitKind::user, unit, protocol::Attempt{place, 0, 1000, 0, 1, 1}});
    }
  }
  ExperimentRows rows() {
    const auto answer = std::make_shared<std::promise<Result<ExperimentRows>>>();
    const auto asker = host->spawn_actor<Asker>(fmt::format("asker/{}", ++askers), {}, shard, answer).value();
    auto said = answer->get_future().get();
    BOOST_TEST_REQUIRE(said.has_value());
    return *said;
  }
  int64_t units_counted() {
    int64_t units = 0;
    const ExperimentRows counted = rows();
    for (const auto& [key, row] : counted.rows.rows())
      if (key.metric == 0) units += row.sums.units;
    return units;
  }
  /// Every event of every unit once, or what is wrong.
  void check_all_counted() {
    BOOST_TEST_REQUIRE(log->sync().has_value());
    wait_until_acknowledged(next_seqs());
    Int128 converted = 0;
    Int128 requests = 0;
    const ExperimentRows counted = rows();
    for (const auto& [key, row] : counted.rows.rows()) (key.metric == 0 ? converted : requests) += row.sums.x;
    BOOST_TEST(units_counted() == next);
    BOOST_TEST(from_fixed(converted) == static_cast<double>(next));
    BOOST_TEST(from_fixed(requests) == static_cast<double>(next));
  }
  void wait_until_acknowledged(const std::array<uint64_t, event_slots>& ends) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    const auto is_done = [&] {
      for (uint8_t slot = 0; slot < event_slots; ++slot)
        if (log->acknowledged_through(slot) < ends[slot]) return false;
      return true;
    };
    while (!is_done() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    BOOST_TEST_REQUIRE(is_done());
  }
  /// Of each slot, as a reader finds them.
  std::array<uint64_t, event_slots> next_seqs() {
    std::array<uint64_t, event_slots> ends{};
    auto reader = log->read_from({});
    for (auto events = reader.next(4096, 1 << 20); events && !events->empty(); events = reader.next(4096, 1 << 20))
      for (const storage::Event& event : *events) ends[event.slot] = event.seq + 1;
    return ends;
  }

  test::TempDirectory directory;
  SystemClock clock;
  SeededRandom random{1};
  std::string store = "store";
  std::string opened_store;
  std::shared_ptr<storage::EventDatabase> database;
  Duration keep_raw{0};
  std::string folder = "log";
  storage::EventLogOptions log_options{.segment_bytes = 1_MiB};
  std::shared_ptr<storage::EventLog> log;
  std::optional<LogRecorder> recorder;
  std::unique_ptr<actor::Host> host =
      actor::Host::make({NodeId{1}, Incarnation{1}, {}}, clock, actor::make_caf_executor(1), nullptr);
  actor::Ref shard;
  actor::Ref shipper;
  int64_t next = 0;
  int askers = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_delivery, Node)

BOOST_AUTO_TEST_CASE(every_event_is_counted_once_and_then_acknowledged) {
  add(2000);

  check_all_counted();
}

BOOST_AUTO_TEST_CASE(events_wait_for_a_shard_that_is_away) {
  add(200);
  stop(shard);
  add(200);
  start_shard();
  add(200);

  check_all_counted();
}

BOOST_AUTO_TEST_CASE(a_shipper_that_starts_again_sends_nothing_twice) {
  add(500);
  stop(shipper);
  add(500);
  start_shipper();

  check_all_counted();
}

BOOST_AUTO_TEST_CASE(a_shard_that_lost_its_store_is_told_everything_again) {
  add(500);
  check_all_counted();
  stop(shard);
  store = "another";
  start_shard();
  add(10);

  check_all_counted();
}

BOOST_AUTO_TEST_CASE(a_shard_that_lost_its_store_while_the_gateway_was_down_is_found_out_without_new_events) {
  add(500);
  check_all_counted();
  stop(shard);
  stop(shipper);
  store = "another";
  start_shard();
  start_shipper();

  const auto until = std::chrono::steady_clock::now() + 20s;
  while (units_counted() < next && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  check_all_counted();
}

BOOST_AUTO_TEST_CASE(old_raw_events_go_by_themselves_and_what_they_came_to_stays) {
  stop(shard);
  keep_raw = 1ms;
  start_shard();
  add(500);
  check_all_counted();

  const ShardReader reader(*database);
  const auto is_empty = [&] {
    const EventPage page = reader.events(rules(), {}, 1).value();
    return page.events.empty() && !page.next;
  };
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!is_empty() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  BOOST_TEST(is_empty());
  BOOST_TEST(reader.removed_until().value().has_value());
  check_all_counted();
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_of_a_damaged_log_is_told_as_lost_and_the_rest_comes) {
  stop(shipper);
  folder = "damaged";
  log_options = {.segment_bytes = 128_KiB, .bytes_max = 4_MiB};
  open_log();
  for (int i = 0; i < 20; ++i) {
    add(100);
    BOOST_TEST_REQUIRE(log->sync().has_value());
  }
  const auto ends = next_seqs();
  {
    std::fstream segment(directory.path() / folder / storage::segment_file_name(1),
                         std::ios::in | std::ios::out | std::ios::binary);
    segment.seekp(storage::segment_header_bytes + 50'000);
    segment.write("damage", 6);
    BOOST_TEST_REQUIRE(segment.good());
  }
  start_shipper();

  wait_until_acknowledged(ends);
  const DeliveryCounts delivery = rows().delivery;
  BOOST_TEST(delivery.expected == std::accumulate(ends.begin(), ends.end(), uint64_t{0}));
  BOOST_TEST(delivery.received < delivery.expected);
  BOOST_TEST(delivery.received > delivery.expected / 2);
}

BOOST_AUTO_TEST_CASE(what_a_full_log_could_not_take_is_told_to_the_shard_without_new_events) {
  stop(shipper);
  folder = "small";
  log_options = {.segment_bytes = 128_KiB, .bytes_max = 512_KiB};
  open_log();
  stop(shard);
  start_shipper();
  const protocol::Attempt attempt{{7, 1, 0}, 0, 1000, 0, 1, 1};
  const auto lost = [&] {
    uint64_t sum = 0;
    for (const uint64_t of_slot : log->lost_in_slots()) sum += of_slot;
    return sum;
  };
  for (int i = 0; lost() < 100; ++i)
    recorder->record({i, protocol::UnitKind::user, "user-" + std::to_string(i), attempt});
  // Who is told of it can send it again: that is no loss.
  const uint64_t lost_before = lost();
  recorder->record_outcomes({{0, protocol::UnitKind::user, "user-0", protocol::Outcome{1, 1, "conversion", 1}}},
                            [](const Status&) {});
  BOOST_TEST(lost() == lost_before);
  start_shard();

  const auto until = std::chrono::steady_clock::now() + 20s;
  const auto told = [&] {
    const DeliveryCounts delivery = rows().delivery;
    return delivery.expected - delivery.received;
  };
  while (told() < lost() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  BOOST_TEST(told() == lost());
}

BOOST_AUTO_TEST_SUITE_END()
