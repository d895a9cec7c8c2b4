// Speed of the bus between two processes of this machine: 256-byte requests and answers over TCP, encrypted as nodes
// are, and in the clear, which no node is, for comparison.
//
//   troupe_bench_bus [seconds per measurement, default 3]

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/bus/zmq/zmq_transport.hpp"

using namespace troupe;
using namespace troupe::bus;

namespace {

constexpr NodeId asker_id{1};
constexpr NodeId answerer_id{2};

wire::Message message(wire::Kind kind, CorrelationId id, Bytes body) {
  wire::Message m;
  m.envelope.kind = kind;
  m.envelope.correlation_id = id;
  m.envelope.target_path = kind == wire::Kind::request ? "replica/00000000000000a1" : "";
  if (kind == wire::Kind::part) m.envelope.part = wire::PartPosition{0, true};
  m.body.data = std::move(body);
  return m;
}

struct Keys {
  CurveKeys asker = make_curve_keys();
  CurveKeys answerer = make_curve_keys();
};

std::unique_ptr<ZmqTransport> transport(NodeId id, const Keys& keys, bool encrypted) {
  ZmqTransportOptions options;
  options.keys = id == asker_id ? keys.asker : keys.answerer;
  options.allowed.admitted = {{asker_id, keys.asker.public_key}, {answerer_id, keys.answerer.public_key}};
  options.plaintext = !encrypted;
  auto made = make_zmq_transport(id, Incarnation{1}, std::move(options));
  if (made) return std::move(*made);
  fmt::print(stderr, "{}\n", to_string(made.error()));
  std::exit(1);
}

/// The other process: answers each request with its own body, until it is killed.
[[noreturn]] void answer(int report, const Keys& keys, bool encrypted) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto bus = transport(answerer_id, keys, encrypted);
  bus->start([&](Lane lane, wire::Message m) {
    const auto& from = m.envelope;
    (void)bus->send(lane, from.source_node, message(wire::Kind::part, from.correlation_id, std::move(m.body.data)));
  });
  const std::string endpoints = bus->self().control + " " + bus->self().request + "\n";
  if (::write(report, endpoints.data(), endpoints.size()) < 0) std::exit(1);
  for (;;) ::pause();
}

Peer peer_from(int report) {
  std::array<char, 256> text{};
  const auto size = ::read(report, text.data(), text.size());
  const std::string_view line(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  const size_t space = line.find(' ');
  return {answerer_id, Incarnation{1}, std::string(line.substr(0, space)),
          std::string(line.substr(space + 1, line.size() - space - 2))};
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Keeps `outstanding` requests under way: each answer sends the next one.
class Load {
 public:
  Load(ZmqTransport& bus, const Clock& clock) : bus_(bus), clock_(clock) {}

  void on_answer(const wire::Message& answer) {
    const Time now = clock_.now();
    const std::lock_guard lock(mutex_);
    latencies_.push_back(now - sent_at_[answer.envelope.correlation_id.value % sent_at_.size()]);
    if (running_) return send(answer.envelope.correlation_id);
    if (--under_way_ == 0) done_.notify_all();
  }

  void run(size_t outstanding, Duration duration) {
    const Time begin = clock_.now();
    const double cpu = cpu_seconds();
    std::unique_lock lock(mutex_);
    latencies_.clear();
    sent_at_.assign(outstanding, {});
    running_ = true;
    under_way_ = outstanding;
    for (size_t i = 0; i < outstanding; ++i) send(CorrelationId{i + outstanding});
    lock.unlock();
    std::this_thread::sleep_for(duration);
    lock.lock();
    running_ = false;
    done_.wait(lock, [this] { return under_way_ == 0; });

    const double seconds = std::chrono::duration<double>(clock_.now() - begin).count();
    const auto count = static_cast<double>(latencies_.size());
    std::sort(latencies_.begin(), latencies_.end());
    const auto us = [&](double q) {
      return std::chrono::duration<double, std::micro>(latencies_[static_cast<size_t>(q * (count - 1))]).count();
    };
    fmt::print(
        "{:3} under way: {:9.0f} round trips/s   p50 {:7.1f} us   p99 {:7.1f} us   p99.9 {:7.1f} us   CPU of the asker "
        "{:.1f} us each\n",
        outstanding, count / seconds, us(0.5), us(0.99), us(0.999), (cpu_seconds() - cpu) * 1e6 / count);
  }

 private:
  void send(CorrelationId id) {
    sent_at_[id.value % sent_at_.size()] = clock_.now();
    (void)bus_.send(Lane::request, answerer_id, message(wire::Kind::request, id, body_));
  }

  ZmqTransport& bus_;
  const Clock& clock_;
  const Bytes body_ = Bytes::own(std::string(256, 'x'));
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<Duration> latencies_;
  std::vector<Time> sent_at_;
  bool running_ = false;
  size_t under_way_ = 0;
};

void measure(Duration duration, bool encrypted) {
  const Keys keys;
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) std::exit(1);
  const pid_t child = ::fork();
  if (child == 0) answer(pipe[1], keys, encrypted);
  Peer peer = peer_from(pipe[0]);
  peer.key = keys.answerer.public_key;

  const SystemClock clock;
  auto bus = transport(asker_id, keys, encrypted);
  Load load(*bus, clock);
  bus->start([&](Lane, const wire::Message& m) { load.on_answer(m); });
  bus->add_peer(peer);

  fmt::print("256-byte bodies, request and answer, two processes, TCP on loopback, {} CPUs, {}\n",
             std::thread::hardware_concurrency(), encrypted ? "encrypted" : "in the clear");
  for (const size_t outstanding : {1, 64, 512}) load.run(outstanding, duration);

  bus->stop();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace

int main(int argc, char** argv) {
  const Duration duration = std::chrono::seconds(argc > 1 ? std::max(1, std::atoi(argv[1])) : 3);
  for (const bool encrypted : {true, false}) measure(duration, encrypted);
  return 0;
}
