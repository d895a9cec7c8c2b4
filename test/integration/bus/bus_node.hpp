#pragma once
// A node of the tests: a transport on free ports and what came to it.

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "runtime/bus/zmq/zmq_transport.hpp"
#include "runtime/protocol/message_type.hpp"
#include "runtime/protocol/registry.hpp"

namespace troupe::bus::test {

using namespace std::chrono_literals;

/// How long a test waits for what must come; long past anything a loaded machine needs.
inline constexpr auto patience = 10s;

/// A queue between a lane's thread and the test.
template <class T>
class Mailbox {
 public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    came_.notify_all();
  }
  T take() {
    std::unique_lock lock(mutex_);
    BOOST_REQUIRE(came_.wait_for(lock, patience, [this] { return !values_.empty(); }));
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  bool empty() const {
    const std::lock_guard lock(mutex_);
    return values_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::deque<T> values_;
};

/// The same at each call, so that tests need not hand them round.
inline CurveKeys keys_of(uint64_t id) {
  return curve_keys_of(fmt::format("{:040}", id)).value();
}

/// Nodes 1 to 99 are let in.
inline const AllowList& everybody() {
  static const AllowList list = [] {
    AllowList made;
    for (uint64_t id = 1; id < 100; ++id) made.admitted.push_back({NodeId{id}, keys_of(id).public_key});
    return made;
  }();
  return list;
}

/// With keys of its own and everybody let in, where `options` say nothing else.
inline ZmqTransportOptions trusting(uint64_t id, ZmqTransportOptions options = {}) {
  if (options.keys.secret_key.empty()) options.keys = keys_of(id);
  if (options.allowed.admitted.empty() && options.guest_requests.empty()) options.allowed = everybody();
  return options;
}

struct BusNode {
  using Received = std::pair<Lane, wire::Message>;

  explicit BusNode(uint64_t id, uint64_t incarnation = 1, ZmqTransportOptions options = {}) {
    options.on_disconnect = [this](NodeId node) { disconnected.put(node); };
    options.on_defect = [this](const std::string& what) { defects.put(what); };
    auto made = make_zmq_transport(NodeId{id}, Incarnation{incarnation}, trusting(id, std::move(options)));
    BOOST_REQUIRE(made.has_value());
    transport = std::move(*made);
    transport->start([this](Lane lane, wire::Message message) { inbox.put({lane, std::move(message)}); });
  }

  Peer self() const { return transport->self(); }
  wire::Message take() { return inbox.take().second; }
  const TransportCounters& requests() const { return transport->counters(Lane::request); }
  const TransportCounters& controls() const { return transport->counters(Lane::control); }

  /// A request of `sender` comes through to this node.
  void hears(BusNode& sender, std::string text);

  Mailbox<Received> inbox;
  Mailbox<NodeId> disconnected;
  Mailbox<std::string> defects;
  std::unique_ptr<ZmqTransport> transport;  ///< Last: stops before the mailboxes go.
};

inline wire::Message message(wire::Kind kind, uint64_t correlation, std::string body) {
  wire::Message m;
  m.envelope.kind = kind;
  m.envelope.correlation_id = CorrelationId{correlation};
  m.body.data = Bytes::own(std::move(body));
  return m;
}

inline wire::Message request(uint64_t correlation, std::string body = "?") {
  return message(wire::Kind::request, correlation, std::move(body));
}

inline wire::Message part(uint64_t correlation, uint32_t index, bool last, std::string body) {
  wire::Message m = message(wire::Kind::part, correlation, std::move(body));
  m.envelope.part = wire::PartPosition{index, last};
  return m;
}

inline void BusNode::hears(BusNode& sender, std::string text) {
  sender.transport->add_peer(self());
  BOOST_REQUIRE(sender.transport->send(Lane::request, self().node, request(1, text)).has_value());
  BOOST_TEST(take().body.data.view() == text);
}

/// Waits for `condition`; false: it did not come true.
template <class Condition>
bool comes_true(Condition condition) {
  const auto deadline = SystemClock().now() + patience;
  while (!condition() && SystemClock().now() < deadline) std::this_thread::yield();
  return condition();
}

/// Waits for a counter to come up to `value`.
inline void reaches(const TransportCounters::Counter& counter, uint64_t value) {
  static_cast<void>(comes_true([&] { return counter.load() >= value; }));
  BOOST_TEST(counter.load() == value);
}

}  // namespace troupe::bus::test
