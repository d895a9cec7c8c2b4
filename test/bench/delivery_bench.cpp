// How many events a second come from a gateway's log into a shard's store: read, sent over the encrypted bus to another
// process, counted, synced and acknowledged. The log is filled first.
//
//   troupe_bench_delivery [events, default 1000000] [folder, default that of temporary files]

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "actors/experiment/shard/log_recorder.hpp"
#include "actors/experiment/shard/shard_actor.hpp"
#include "actors/experiment/shard/shipper_actor.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/bus/zmq/zmq_transport.hpp"
#include "test/bench/experiment_events.hpp"
#include "test/bench/or_exit.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

namespace fs = std::filesystem;

constexpr NodeId gateway_id{1};
constexpr NodeId head_id{2};
const SystemClock the_clock;

struct Keys {
  bus::CurveKeys gateway = bus::make_curve_keys();
  bus::CurveKeys head = bus::make_curve_keys();
};

/// A node: its bus and its actors.
struct Node {
  Node(NodeId id, const Keys& keys) {
    bus::ZmqTransportOptions options;
    options.keys = id == gateway_id ? keys.gateway : keys.head;
    options.allowed.admitted = {{gateway_id, keys.gateway.public_key}, {head_id, keys.head.public_key}};
    transport = or_exit(bus::make_zmq_transport(id, Incarnation{1}, std::move(options)));
    host = actor::Host::make({id, Incarnation{1}, {}}, clock, actor::make_caf_executor(1), transport.get());
    transport->start([this](bus::Lane lane, wire::Message message) { host->receive(lane, std::move(message)); });
  }

  SystemClock clock;
  std::unique_ptr<bus::ZmqTransport> transport;
  std::unique_ptr<actor::Host> host;
};

/// The other process: keeps events, until it is killed.
[[noreturn]] void keep_events(int report, const Keys& keys, const fs::path& folder) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Node node(head_id, keys);
  SeededRandom random{2};
  ShardParts parts;
  parts.database =
      std::shared_ptr<storage::EventDatabase>(or_exit(storage::EventDatabase::open(folder / "store", {}, random)));
  const actor::Ref shard = or_exit(node.host->spawn_actor<ShardActor>(
      std::string(shard_path), {.placement = actor::Placement::own_thread, .lane = bus::Lane::bulk}, std::move(parts)));
  or_exit(shard.send(SetRules{{rules()}, 1}));
  const bus::Peer self = node.transport->self();
  const std::string endpoints = self.control + " " + self.request + " " + self.bulk + " ";
  if (::write(report, endpoints.data(), endpoints.size()) < 0) std::exit(1);
  for (;;) ::pause();
}

bus::Peer head_from(int report, const Keys& keys) {
  std::array<char, 512> text{};
  const auto size = ::read(report, text.data(), text.size());
  std::string_view line(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  bus::Peer peer{head_id, Incarnation{1}, {}, {}, {}, keys.head.public_key};
  for (std::string* const to : {&peer.control, &peer.request, &peer.bulk}) {
    *to = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), to->size() + 1));
  }
  return peer;
}

/// An exposure, an attempt and an outcome of each of `units`, in turn, again and again.
void fill(storage::EventLog& log, size_t events, size_t units) {
  SeededRandom random{1};
  for (size_t i = 0; i < events; ++i) {
    const protocol::Event event = event_of(i, i / 3 % units, random);
    const std::string bytes = encode(event);
    while (
        !log.append(static_cast<uint8_t>(event_slot(event.unit)), event.time_unix_us, bytes, storage::IfRefused::told))
      std::this_thread::yield();
  }
  or_exit(log.sync());
}

double cpu_seconds(int of) {
  rusage usage{};
  ::getrusage(of, &usage);
  const auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void measure(const fs::path& folder, size_t events, size_t units, size_t block_events) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  const Keys keys;
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) std::exit(1);
  const pid_t child = ::fork();
  if (child == 0) keep_events(pipe[1], keys, folder);
  const bus::Peer head = head_from(pipe[0], keys);

  SeededRandom random{3};
  const auto log = std::shared_ptr<storage::EventLog>(
      or_exit(storage::EventLog::open(folder / "log", {.bytes_max = 4_GiB}, the_clock, random)));
  fill(*log, events, units);
  storage::SlotSeqs ends{};
  {
    storage::EventReader reader = log->read_from({});
    for (auto read = or_exit(reader.next(4096, 1 << 20)); !read.empty(); read = or_exit(reader.next(4096, 1 << 20)))
      for (const storage::Event& event : read) ends[event.slot] = event.seq + 1;
  }
  Node node(gateway_id, keys);
  node.transport->add_peer(head);
  const actor::Ref shard = node.host->remote(head_id, Incarnation{1}, std::string(shard_path), bus::Lane::bulk);
  const Time begin = the_clock.now();
  const double cpu = cpu_seconds(RUSAGE_SELF);
  const double cpu_before = cpu_seconds(RUSAGE_CHILDREN);
  ShipperParts parts;
  parts.log = log;
  parts.limits.block_events = block_events;
  parts.shard_of = [&](uint32_t) { return shard; };
  const actor::Ref shipper = or_exit(node.host->spawn_actor<ShipperActor>(
      std::string(shipper_path), {.placement = actor::Placement::own_thread}, std::move(parts)));
  const auto is_done = [&] {
    for (uint8_t slot = 0; slot < event_slots; ++slot)
      if (log->acknowledged_through(slot) < ends[slot]) return false;
    return true;
  };
  while (!is_done()) std::this_thread::sleep_for(std::chrono::milliseconds{2});
  const double seconds = std::chrono::duration<double>(the_clock.now() - begin).count();
  const double asked = cpu_seconds(RUSAGE_SELF) - cpu;
  const auto count = static_cast<double>(events);
  node.host->stop_all();
  node.transport->stop();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  fmt::print(
      "{:>9} events of {:>8} units, {:>5} a block: {:>9.0f} /s, CPU of the gateway {:.2f} us each, of the head "
      "{:.2f}\n",
      events, units, block_events, count / seconds, 1e6 * asked / count,
      1e6 * (cpu_seconds(RUSAGE_CHILDREN) - cpu_before) / count);
}

}  // namespace

int main(int argc, char** argv) {
  const size_t events = argc > 1 ? static_cast<size_t>(std::atoll(argv[1])) : 1'000'000;
  const fs::path folder = (argc > 2 ? fs::path(argv[2]) : fs::temp_directory_path()) / "troupe-bench-delivery";
  fmt::print("{} CPUs, two processes, TCP on loopback, encrypted\n", std::thread::hardware_concurrency());
  measure(folder, events, events / 3, 100);
  measure(folder, events, events / 3, 1000);
  measure(folder, events, 10'000, 1000);
  fs::remove_all(folder);
}
