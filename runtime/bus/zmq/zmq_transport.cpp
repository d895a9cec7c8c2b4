#include "runtime/bus/zmq/zmq_transport.hpp"

#include <array>
#include <limits>
#include <mutex>

#include "runtime/base/assert.hpp"
#include "runtime/bus/zmq/authenticator.hpp"
#include "runtime/bus/zmq/lane.hpp"

namespace troupe::bus {
namespace {

using internal::Authenticator;
using internal::Context;
using internal::Gatekeeper;
using internal::LaneWorker;

class ZmqTransportImpl final : public ZmqTransport {
 public:
  explicit ZmqTransportImpl(ZmqTransportOptions options)
      : options_(std::move(options)),
        gatekeeper_(options_.allowed, !options_.guest_requests.empty()),
        context_(std::make_unique<Context>(options_.peers_max)) {}
  ~ZmqTransportImpl() override { stop(); }

  Status bind(NodeId node, Incarnation incarnation) {
    if (!options_.plaintext) {
      TROUPE_TRY(authenticator_, Authenticator::start(*context_, gatekeeper_, options_.on_defect));
    }
    for (const Lane lane : lanes) {
      TROUPE_TRY(lanes_[static_cast<size_t>(lane)],
                 LaneWorker::make(lane, node, incarnation, options_, gatekeeper_, *context_));
    }
    const std::string& host = options_.advertise.empty() ? options_.host : options_.advertise;
    const auto endpoint = [&](Lane lane) {
      const bool v6 = host.find(':') != std::string::npos;
      return fmt::format("tcp://{}:{}", v6 ? "[" + host + "]" : host, at(lane).port());
    };
    incarnation_ = incarnation.value;
    self_ = Peer{node,
                 incarnation,
                 endpoint(Lane::control),
                 endpoint(Lane::request),
                 endpoint(Lane::bulk),
                 options_.keys.public_key};
    return {};
  }

  Peer self() const override {
    Peer self = self_;
    self.incarnation.value = incarnation_.load();
    return self;
  }
  const TransportCounters& counters(Lane lane) const override { return at(lane).counters(); }

  void start(ReceiveHandler handler) override {
    TROUPE_ASSERT(context_);  // Not after stop.
    const auto shared = std::make_shared<const ReceiveHandler>(std::move(handler));
    for (auto& lane : lanes_) lane->start(self_, shared);
  }

  void stop() override {
    if (!context_) return;
    for (auto& lane : lanes_)
      if (lane) lane->begin_stop();
    for (auto& lane : lanes_)
      if (lane) lane->finish_stop();
    authenticator_.reset();
    context_.reset();
  }

  void add_peer(const Peer& peer) override {
    for (auto& lane : lanes_) lane->add_peer(peer);
  }
  void remove_peer(NodeId node) override {
    for (auto& lane : lanes_) lane->remove_peer(node);
  }
  Status send(Lane lane, NodeId node, wire::Message message) override {
    return at(lane).send(node, std::move(message));
  }
  void renew(Incarnation incarnation, std::function<void()> done) override {
    incarnation_ = incarnation.value;
    const auto open = std::make_shared<std::atomic<size_t>>(lane_count);
    for (auto& lane : lanes_)
      lane->renew(incarnation, [open, done] {
        if (open->fetch_sub(1) == 1) done();
      });
  }
  void discover(const std::string& control_endpoint, Duration patience,
                std::function<void(Result<Peer>)> callback) override {
    at(Lane::control).discover(control_endpoint, patience, std::nullopt, std::move(callback));
  }
  void try_keys(const CurveKeys& keys, const std::string& control_endpoint, Duration patience,
                std::function<void(Result<Peer>)> callback) override {
    at(Lane::control).discover(control_endpoint, patience, keys, std::move(callback));
  }
  void change_keys(const CurveKeys& keys, std::function<void(Status)> done) override {
    struct Change {
      std::mutex mutex;
      size_t open = lane_count;
      Status outcome;
    };
    const auto change = std::make_shared<Change>();
    for (auto& lane : lanes_)
      lane->change_keys(keys, [change, done](const Status& changed) {
        Status outcome;
        {
          const std::lock_guard lock(change->mutex);
          if (!changed) change->outcome = changed;
          if (--change->open > 0) return;
          outcome = change->outcome;
        }
        done(outcome);
      });
  }

  void admit(AllowList list) override {
    gatekeeper_.set(std::move(list));
    for (auto& lane : lanes_) lane->allow_list_changed();
  }
  std::string key_of(NodeId node) const override { return at(Lane::control).key_of(node); }

 private:
  LaneWorker& at(Lane lane) const { return *lanes_[static_cast<size_t>(lane)]; }

  const ZmqTransportOptions options_;
  Peer self_;                             ///< As it was made;
  std::atomic<uint64_t> incarnation_{0};  ///< in this life.
  Gatekeeper gatekeeper_;
  std::unique_ptr<Context> context_;
  std::unique_ptr<Authenticator> authenticator_;
  std::array<std::unique_ptr<LaneWorker>, lane_count> lanes_;
};

}  // namespace

Status ZmqTransportOptions::validate() const {
  constexpr size_t int_max = std::numeric_limits<int>::max();
  if (host.empty()) return fail_field("host", "host is empty; give an address to listen on, e.g. 127.0.0.1");
  const bool any_address = host == "0.0.0.0" || host == "*" || host == "::";
  if (any_address && advertise.empty())
    return fail_field("advertise", "host is {}, which nobody can connect to; set advertise to this machine's address",
                      host);
  for (const auto& [one, other] : {std::pair{Lane::control, Lane::request}, std::pair{Lane::control, Lane::bulk},
                                   std::pair{Lane::request, Lane::bulk}})
    if (port(one) != 0 && port(one) == port(other))
      return fail_field(port_option(other), "{} and {} are both {}; they must differ, or be 0", port_option(one),
                        port_option(other), port(one));
  if (queue_messages_max == 0) return fail_field("queue_messages_max", "queue_messages_max is 0; it must be 1 or more");
  if (queue_bytes_max.value == 0) return fail_field("queue_bytes_max", "queue_bytes_max is 0; it must be 1B or more");
  if (bulk_queue_bytes_max.value == 0)
    return fail_field("bulk_queue_bytes_max", "bulk_queue_bytes_max is 0; it must be 1B or more");
  if (peer_queue_max == 0 || peer_queue_max > int_max)
    return fail_field("peer_queue_max", "peer_queue_max is {}; it must be 1 to {}", peer_queue_max, int_max);
  if (peers_max == 0 || peers_max > 10'000)
    return fail_field("peers_max", "peers_max is {}; it must be 1 to 10000", peers_max);
  if (!plaintext && (!is_curve_key(keys.public_key) || !is_curve_key(keys.secret_key)))
    return fail_field("keys", "a node needs a pair of keys, each of 40 characters of Z85");
  if (idle_disconnect <= Duration{0}) return fail_field("idle_disconnect", "idle_disconnect must be more than 0");
  if (connect_patience <= Duration{0}) return fail_field("connect_patience", "connect_patience must be more than 0");
  return {};
}

uint16_t ZmqTransportOptions::port(Lane lane) const {
  return lane == Lane::control ? control_port : lane == Lane::request ? request_port : bulk_port;
}

std::string ZmqTransportOptions::port_option(Lane lane) const {
  return lane == Lane::control ? control_port_option : fmt::format("{}_port", to_string(lane));
}

Result<std::unique_ptr<ZmqTransport>> make_zmq_transport(NodeId node, Incarnation incarnation,
                                                         ZmqTransportOptions options) {
  TROUPE_CHECK(options.validate());
  if (!node || !incarnation) return fail(Errc::invalid_argument, "node and incarnation must not be 0");
  auto transport = std::make_unique<ZmqTransportImpl>(std::move(options));
  TROUPE_CHECK(transport->bind(node, incarnation));
  return transport;
}

}  // namespace troupe::bus
