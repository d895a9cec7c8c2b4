#pragma once
// A gateway's ZeroMQ door that a test answers for.

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "runtime/bus/mpsc_queue.hpp"
#include "runtime/bus/zmq/poller.hpp"
#include "runtime/bus/zmq/socket.hpp"
#include "runtime/client/cpp/client.hpp"
#include "runtime/protocol/idempotency.hpp"
#include "runtime/protocol/outcomes.hpp"
#include "runtime/protocol/registry.hpp"

namespace troupe::client::test {

using namespace std::chrono_literals;

/// How long a test waits for what must come.
inline constexpr auto patience = 20s;

/// A queue between threads.
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

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<T> values_;
};

/// What a client sent.
struct Asked {
  std::string client;
  wire::Envelope envelope;
  protocol::ServeRequest request;  ///< Of kind request.
  std::string idempotency_key{};
  std::vector<protocol::ReportedOutcome> outcomes{};  ///< What it records, instead of a request.
};

class FakeGateway {
 public:
  explicit FakeGateway(uint16_t port = 0, const std::optional<bus::CurveKeys>& keys = {})
      : context_(8), poller_(*bus::internal::Poller::make()) {
    bus::ZmqTransportOptions options;
    options.plaintext = !keys;
    if (keys) options.keys = *keys;
    auto socket = bus::internal::Socket::router(context_, bus::Lane::request, options, port, "port");
    BOOST_REQUIRE(socket.has_value());
    socket_.emplace(std::move(*socket));
    BOOST_REQUIRE(poller_->watch(socket_->fd(), 0).has_value());
    port_ = socket_->port();
    thread_ = std::thread([this] { run(); });
  }
  ~FakeGateway() {
    stopping_ = true;
    poller_->wake();
    thread_.join();
    socket_->close(0ns);
  }

  uint16_t port() const { return port_; }
  std::string address() const { return fmt::format("tcp://127.0.0.1:{}", port_); }

  /// The next message of kind request.
  Asked take_request() { return requests_.take(); }
  /// The correlation id of the next cancel.
  CorrelationId take_cancel() { return cancels_.take(); }

  void answer(const Asked& asked, protocol::ResultPart part, uint32_t index, bool last) {
    wire::Envelope envelope;
    envelope.kind = wire::Kind::part;
    envelope.message_type = static_cast<uint16_t>(protocol::MessageType::result_part);
    envelope.part = wire::PartPosition{index, last};
    send(asked, envelope, protocol::encode(protocol::AnyMessage::of(std::move(part))));
  }
  void answer_recorded(const Asked& asked) {
    wire::Envelope envelope;
    envelope.kind = wire::Kind::part;
    envelope.message_type = static_cast<uint16_t>(protocol::MessageType::outcomes_recorded);
    envelope.part = wire::PartPosition{0, true};
    const auto count = static_cast<uint32_t>(asked.outcomes.size());
    send(asked, envelope, protocol::encode(protocol::AnyMessage::of(protocol::OutcomesRecorded{count})));
  }
  void refuse(const Asked& asked, const Error& error) {
    wire::Envelope envelope;
    envelope.kind = wire::Kind::error;
    envelope.message_type = static_cast<uint16_t>(protocol::MessageType::error);
    send(asked, envelope, protocol::encode_error(error));
  }

 private:
  struct Outgoing {
    std::string client;
    std::string header;
    wire::Body body;
  };

  void send(const Asked& asked, wire::Envelope envelope, wire::Body body) {
    envelope.correlation_id = asked.envelope.correlation_id;
    Outgoing out{asked.client, {}, std::move(body)};
    wire::encode(envelope, out.header);
    outgoing_.push(std::move(out));
    poller_->wake();
  }

  void run() {
    bus::internal::Incoming incoming;
    while (!stopping_) {
      while (auto out = outgoing_.pop()) {
        static_cast<void>(socket_->send(out->client, out->header, out->body, counters_));
      }
      while (socket_->receive(incoming)) take(incoming);
      poller_->wait(1s, [this] { return stopping_ || !outgoing_.empty() || socket_->events().readable; });
    }
  }

  void take(const bus::internal::Incoming& incoming) {
    const auto envelope = wire::decode_envelope(std::as_bytes(std::span(incoming.header)), {});
    if (!envelope) return;
    if (envelope->kind == wire::Kind::cancel) return cancels_.put(envelope->correlation_id);
    const auto type = static_cast<protocol::MessageType>(envelope->message_type);
    const auto message = protocol::decode(type, incoming.body, {});
    if (!message) return;
    if (const auto* keyed = message->get<protocol::KeyedRequest>()) {
      requests_.put({incoming.route, *envelope, keyed->request, keyed->idempotency_key});
    } else if (const auto* request = message->get<protocol::ServeRequest>()) {
      requests_.put({incoming.route, *envelope, *request});
    } else if (const auto* record = message->get<protocol::RecordOutcomes>()) {
      requests_.put({incoming.route, *envelope, {}, {}, record->events});
    }
  }

  bus::internal::Context context_;
  std::unique_ptr<bus::internal::Poller> poller_;
  std::optional<bus::internal::Socket> socket_;
  uint16_t port_ = 0;
  bus::TransportCounters counters_;
  bus::MpscQueue<Outgoing> outgoing_;
  Mailbox<Asked> requests_;
  Mailbox<CorrelationId> cancels_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

inline protocol::ResultPart text_part(std::string text, protocol::FinishReason finish = protocol::FinishReason::none) {
  protocol::ResultPart part;
  part.content = protocol::TextPart{std::move(text), finish, {3, 2}};
  part.version = "2";
  return part;
}

/// A client of `gateway`, whose calls have no deadline unless they say so.
inline std::unique_ptr<Client> client_of(const FakeGateway& gateway, Clock& clock, ClientOptions options = {}) {
  options.address = gateway.address();
  options.timeout = 0ns;
  auto client = Client::connect(std::move(options), clock);
  BOOST_REQUIRE(client.has_value());
  return std::move(*client);
}

}  // namespace troupe::client::test
