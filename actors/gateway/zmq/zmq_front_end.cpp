#include "actors/gateway/zmq/zmq_front_end.hpp"

#include <thread>

#include "actors/gateway/keyed_sink.hpp"
#include "actors/gateway/reported_outcomes.hpp"
#include "actors/gateway/router.hpp"
#include "actors/gateway/stream_pace.hpp"
#include "actors/gateway/zmq/unread_bytes.hpp"
#include "actors/gateway/zmq/zmq_clients.hpp"
#include "runtime/base/random.hpp"
#include "runtime/bus/mpsc_queue.hpp"
#include "runtime/bus/zmq/poller.hpp"
#include "runtime/bus/zmq/socket.hpp"
#include "runtime/http/connection_bounds.hpp"
#include "runtime/observe/request_id.hpp"
#include "runtime/protocol/idempotency.hpp"
#include "runtime/protocol/paths.hpp"
#include "runtime/protocol/registry.hpp"

namespace troupe::gateway {
namespace {

using bus::internal::Context;
using bus::internal::Incoming;
using bus::internal::Monitor;
using bus::internal::Poller;
using bus::internal::Sent;
using bus::internal::Socket;

constexpr std::chrono::milliseconds come_back{1000};

/// One request of one client, by which its answer finds the way back.
struct Origin {
  std::string client;
  CorrelationId correlation;
  balancer::DispatchId id;
  std::string trace;
};

/// A piece of an answer on its way to the socket.
struct Answer {
  std::shared_ptr<const Origin> origin;
  protocol::AnyMessage message;  ///< Empty: `error`.
  uint32_t index = 0;
  bool last = false;
  std::optional<Error> error;
  std::function<void()> on_read{};  ///< On any thread, once this and what came before is written to the client.
};

/// `body` that says when it has been let go.
Bytes marked(Bytes body, std::function<void()> on_read) {
  struct Mark {
    Mark(Bytes all, std::function<void()> tell) : bytes(std::move(all)), on_read(std::move(tell)) {}
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark() { on_read(); }
    const Bytes bytes;
    const std::function<void()> on_read;
  };
  const auto mark = std::make_shared<const Mark>(std::move(body), std::move(on_read));
  return Bytes::share(mark, mark->bytes.span());
}

/// Where sinks put their answers; outlives the front end as long as a sink does.
class Outbox {
 public:
  Outbox(std::unique_ptr<Poller> poller, uint32_t answers_max)
      : poller_(std::move(poller)), answers_max_(answers_max) {}

  /// False where the piece found no room. The end of an answer always does.
  bool push(Answer answer) {
    if (waiting_.fetch_add(1, std::memory_order_relaxed) >= answers_max_ && !answer.last) {
      waiting_.fetch_sub(1, std::memory_order_relaxed);
      return false;
    }
    queue_.push(std::move(answer));
    poller_->wake();
    return true;
  }
  std::optional<Answer> pop() {
    auto answer = queue_.pop();
    if (answer) waiting_.fetch_sub(1, std::memory_order_relaxed);
    return answer;
  }
  bool empty() const { return queue_.empty(); }
  Poller& poller() { return *poller_; }

 private:
  bus::MpscQueue<Answer> queue_;
  std::unique_ptr<Poller> poller_;
  const uint32_t answers_max_;
  std::atomic<uint32_t> waiting_{0};
};

Error not_read() {
  return {Errc::overloaded, "this client does not read its answers; its open requests were cancelled", {}, come_back};
}

class ZmqSink final : public balancer::ResponseSink {
 public:
  ZmqSink(std::shared_ptr<const Origin> origin, std::shared_ptr<Outbox> outbox, bool is_stream)
      : origin_(std::move(origin)), outbox_(std::move(outbox)), is_stream_(is_stream) {}

  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    if (is_cut_) return;
    auto on_read = last ? nullptr : when_read(*part);
    auto message = protocol::AnyMessage::of(std::move(part));
    if (outbox_->push({origin_, std::move(message), index_++, last, std::nullopt, std::move(on_read)})) return;
    is_cut_ = true;
    push_error({Errc::overloaded, "answers wait faster than they can be sent; the stream is cut off", {}, {}});
  }
  void on_error(const Error& error) override {
    if (!is_cut_) push_error(error);
  }
  std::optional<uint64_t> window() const override {
    return is_stream_ ? std::optional(protocol::stream_window) : std::nullopt;
  }
  void on_begin(std::function<void(uint64_t)> more) override { more_ = std::move(more); }

 private:
  void push_error(const Error& error) { outbox_->push({origin_, {}, 0, true, error}); }
  /// Asks for more of the stream when enough of it has been read; empty: not with this part.
  std::function<void()> when_read(const protocol::ResultPart& part) {
    const uint64_t bytes = more_ ? pace_.on_part(part) : 0;
    if (bytes == 0) return {};
    return [more = more_, bytes] { more(bytes); };
  }

  const std::shared_ptr<const Origin> origin_;
  const std::shared_ptr<Outbox> outbox_;
  const bool is_stream_;
  std::function<void(uint64_t)> more_;
  StreamPace pace_;
  uint32_t index_ = 0;
  bool is_cut_ = false;
};

bool is_stream(const protocol::ServeRequest& request) {
  const auto* generate = std::get_if<protocol::Generate>(&request.work);
  return generate != nullptr && generate->stream;
}

class FrontEnd final : public ZmqFrontEnd {
 public:
  FrontEnd(ZmqFrontEndOptions options, Clock& clock, Door door, std::shared_ptr<DispatchIds> ids, uint64_t seed,
           std::unique_ptr<Context> context, Socket socket, Monitor monitor, std::shared_ptr<Outbox> outbox)
      : options_(std::move(options)),
        clock_(clock),
        door_(std::move(door)),
        ids_(std::move(ids)),
        random_(seed),
        context_(std::move(context)),
        monitor_(std::move(monitor)),
        socket_(std::move(socket)),
        outbox_(std::move(outbox)),
        bounds_(http::within_open_files(options_.connections_max, 4), options_.connections_per_address_max),
        clients_(options_.clients_max, options_.in_flight_per_client_max),
        unread_(options_.client_unread_max.value, options_.clients_unread_max.value, options_.clients_max),
        port_(socket_.port()) {}
  ~FrontEnd() override { stop(); }

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  uint16_t port() const noexcept override { return port_; }
  std::string endpoint() const override { return fmt::format("tcp://{}:{}", options_.host, port_); }
  ZmqFrontEndStats stats() const override {
    return {requests_.load(), malformed_.load(), unreachable_.load(), cut_off_.load(), refused_.load()};
  }

  void stop() override {
    if (!thread_.joinable()) return;
    stopping_.store(true);
    outbox_->poller().wake();
    thread_.join();
    socket_.close(std::chrono::milliseconds{200});
  }

 private:
  void run();
  void take(Incoming& incoming);
  void take_request(Incoming& incoming, const wire::Envelope& envelope);
  Status serve(const Incoming& incoming, const wire::Envelope& envelope);
  Result<protocol::KeyedRequest> read(const Incoming& incoming, const wire::Envelope& envelope) const;
  Status submit(const Incoming& incoming, const wire::Envelope& envelope, std::optional<std::string_view> key);
  Status record(const Incoming& incoming, const wire::Envelope& envelope, std::optional<std::string_view> key);
  void send(const Answer& answer);
  void send_error(const std::string& client, CorrelationId correlation, const Error& error);
  Sent put(const std::string& client, wire::Envelope envelope, const wire::Body& body, bool lends = false);
  void lost(const std::string& client, Sent sent);
  void cut_off(const std::string& client);
  void malformed();
  void watch_connections();
  void accepted(int fd);
  void gone(int fd);
  void refused(std::string_view reason);
  void withdraw(const std::vector<balancer::DispatchId>& ids);

  const ZmqFrontEndOptions options_;
  Clock& clock_;
  const Door door_;
  const std::shared_ptr<DispatchIds> ids_;
  SeededRandom random_;
  const std::unique_ptr<Context> context_;
  Monitor monitor_;  ///< Outlives its socket.
  Socket socket_;
  const std::shared_ptr<Outbox> outbox_;
  http::ConnectionBounds bounds_;
  std::unordered_map<int, std::string> connections_;  ///< Descriptors of those within the bounds, with their addresses.
  ZmqClients clients_;
  UnreadBytes unread_;
  const uint16_t port_;
  bus::TransportCounters counters_;
  std::atomic<uint64_t> requests_{0}, malformed_{0}, unreachable_{0}, cut_off_{0}, refused_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

void FrontEnd::run() {
  constexpr int requests_per_round = 64;  // So that answers don't wait behind a flood of requests.
  Incoming incoming;
  while (!stopping_.load()) {
    while (const auto answer = outbox_->pop()) send(*answer);
    for (int i = 0; i < requests_per_round && socket_.receive(incoming); ++i) take(incoming);
    watch_connections();
    outbox_->poller().wait(std::chrono::seconds{1},
                           [this] { return stopping_.load() || !outbox_->empty() || socket_.events().readable; });
  }
  withdraw(clients_.drop_all());
}

void FrontEnd::take(Incoming& incoming) {
  auto envelope = wire::decode_envelope(std::as_bytes(std::span(incoming.header)), options_.limits);
  if (!envelope) {
    malformed();
  } else if (envelope->kind == wire::Kind::cancel) {
    if (const auto id = clients_.close(incoming.route, envelope->correlation_id)) withdraw({*id});
  } else if (envelope->kind == wire::Kind::request) {
    take_request(incoming, *envelope);
  } else if (envelope->kind != wire::Kind::hello) {
    malformed();
  }
}

void FrontEnd::malformed() {
  ++malformed_;
  if (options_.on_cut) options_.on_cut("malformed");
}

void FrontEnd::watch_connections() {
  while (const auto event = monitor_.next()) {
    if (event->what == Monitor::What::accepted) accepted(event->fd);
    if (event->what == Monitor::What::failed) refused(event->is_plain ? "not_encrypted" : "handshake");
    if (event->what == Monitor::What::broken) gone(event->fd);
  }
}

void FrontEnd::gone(int fd) {
  const auto known = connections_.extract(fd);
  if (known) bounds_.leave(known.mapped(), http::ConnectionBounds::Verdict::serve);
}

/// ZeroMQ lets in as many as come, so those over the bounds are cut off at once.
void FrontEnd::accepted(int fd) {
  using Verdict = http::ConnectionBounds::Verdict;
  gone(fd);  // ZeroMQ does not tell of a connection that it ended as its client made another.
  const std::string address = http::address_key(Socket::address_of(fd));
  const Verdict verdict = bounds_.enter(address);
  if (verdict == Verdict::serve) {
    connections_.emplace(fd, address);
    return;
  }
  if (verdict != Verdict::drop) bounds_.leave(address, verdict);
  socket_.cut(fd);
  refused(verdict == Verdict::address_full ? "connections_of_address" : "connections");
}

void FrontEnd::refused(std::string_view reason) {
  ++refused_;
  if (options_.on_cut) options_.on_cut(reason);
}

void FrontEnd::take_request(Incoming& incoming, const wire::Envelope& envelope) {
  ++requests_;
  if (const Status status = serve(incoming, envelope); !status) {
    send_error(incoming.route, envelope.correlation_id, status.error());
  }
}

Status FrontEnd::serve(const Incoming& incoming, const wire::Envelope& envelope) {
  if (!incoming.complete) {
    return fail(Errc::too_large, "the request lacks its body or is over a limit: body {} bytes, attachments {} bytes",
                options_.limits.body_bytes_max, options_.limits.attachment_bytes_max);
  }
  const std::string_view path = envelope.target_path;
  const size_t mark = path.find('#');
  if (path.substr(0, mark) != protocol::gateway_path) {
    return fail_field("target", "this door leads to \"{}\" only, found \"{}\"", protocol::gateway_path,
                      path.substr(0, mark));
  }
  std::optional<std::string_view> key;
  if (mark != std::string_view::npos) key = path.substr(mark + 1);
  const bool is_record = envelope.message_type == static_cast<uint16_t>(protocol::MessageType::record_outcomes);
  return is_record ? record(incoming, envelope, key) : submit(incoming, envelope, key);
}

/// A ServeRequest comes as a KeyedRequest without a key.
Result<protocol::KeyedRequest> FrontEnd::read(const Incoming& incoming, const wire::Envelope& envelope) const {
  using protocol::MessageType;
  const auto type = static_cast<MessageType>(envelope.message_type);
  if (type != MessageType::serve_request && type != MessageType::keyed_request) {
    return fail_field("message_type",
                      "message_type must be {} (serve_request), {} (keyed_request) or {} (record_outcomes), found {}",
                      static_cast<int>(MessageType::serve_request), static_cast<int>(MessageType::keyed_request),
                      static_cast<int>(MessageType::record_outcomes), envelope.message_type);
  }
  TROUPE_TRY(const protocol::AnyMessage any, protocol::decode(type, incoming.body, options_.limits));
  if (const auto* request = any.get<protocol::ServeRequest>()) return protocol::KeyedRequest{*request, {}};
  const auto* keyed = any.get<protocol::KeyedRequest>();
  TROUPE_CHECK(check_idempotency_key(keyed->idempotency_key));
  return *keyed;
}

Status FrontEnd::submit(const Incoming& incoming, const wire::Envelope& envelope, std::optional<std::string_view> key) {
  TROUPE_TRY(protocol::KeyedRequest keyed, read(incoming, envelope));
  auto request = std::make_shared<protocol::ServeRequest>(std::move(keyed.request));
  if (request->version.empty()) {
    TROUPE_TRY(const ModelName name, parse_model_name(request->model));
    const std::string version(name.version);
    request->model = std::string(name.model);
    request->version = version;
  }
  if (!observe::check_request_id(request->request_id)) request->request_id = observe::make_request_id(random_);

  KeyPass pass;
  if (options_.keys) {
    TROUPE_TRY(pass, options_.keys->admit(key, request->model, clock_.now(), clock_.wall()));
  }
  // Whose it is the client does not say.
  request->key = options_.keys ? options_.keys->id_of(key) : std::string();
  const balancer::DispatchId id = ids_->next();
  TROUPE_CHECK(clients_.open(incoming.route, envelope.correlation_id, id));
  std::optional<Time> deadline;
  if (envelope.remaining) deadline = clock_.now() + *envelope.remaining;
  std::shared_ptr<const RequestKey> request_key;
  if (!keyed.idempotency_key.empty()) {
    request_key = std::make_shared<const RequestKey>(
        RequestKey{request->key, std::move(keyed.idempotency_key), fingerprint_of(*request)});
  }
  auto origin = std::make_shared<const Origin>(incoming.route, envelope.correlation_id, id, request->request_id);
  auto sink = hold_pass(std::make_shared<ZmqSink>(std::move(origin), outbox_, is_stream(*request)), std::move(pass));
  Status status = door_.submit({id, std::move(request), deadline, std::move(sink), std::move(request_key)});
  if (!status) clients_.close(incoming.route, envelope.correlation_id);
  return status;
}

Status FrontEnd::record(const Incoming& incoming, const wire::Envelope& envelope, std::optional<std::string_view> key) {
  // Whoever may ask a model may say how it did.
  if (options_.keys) TROUPE_CHECK(options_.keys->models_of(key, clock_.wall()));
  TROUPE_TRY(const protocol::AnyMessage any,
             protocol::decode(protocol::MessageType::record_outcomes, incoming.body, options_.limits));
  TROUPE_TRY(const std::vector<protocol::Event> events,
             events_of(*any.get<protocol::RecordOutcomes>(), clock_.wall(), random_));
  const balancer::DispatchId id = ids_->next();
  TROUPE_CHECK(clients_.open(incoming.route, envelope.correlation_id, id));
  const auto origin =
      std::make_shared<const Origin>(incoming.route, envelope.correlation_id, id, std::string(envelope.trace));
  auto done = [origin, outbox = outbox_, count = static_cast<uint32_t>(events.size())](const Status& recorded) {
    if (!recorded) return static_cast<void>(outbox->push({origin, {}, 0, true, recorded.error()}));
    outbox->push({origin, protocol::AnyMessage::of(protocol::OutcomesRecorded{count}), 0, true, std::nullopt});
  };
  Status status = record_outcomes(options_.events.get(), events, std::move(done));
  if (!status) clients_.close(incoming.route, envelope.correlation_id);
  return status;
}

void FrontEnd::send(const Answer& answer) {
  const Origin& origin = *answer.origin;
  if (!clients_.is_open(origin.client, origin.correlation, origin.id)) return;  // Withdrawn meanwhile.
  if (answer.last) clients_.close(origin.client, origin.correlation);
  if (answer.error) return send_error(origin.client, origin.correlation, *answer.error);

  wire::Envelope envelope;
  envelope.kind = wire::Kind::part;
  envelope.message_type = static_cast<uint16_t>(answer.message.type());
  envelope.correlation_id = origin.correlation;
  envelope.trace = origin.trace;
  envelope.part = wire::PartPosition{answer.index, answer.last};
  wire::Body body = protocol::encode(answer.message);
  Sent sent = Sent::full;
  if (unread_.add(origin.client, body)) {
    if (answer.on_read) body.data = marked(std::move(body.data), answer.on_read);
    sent = put(origin.client, std::move(envelope), body, answer.on_read != nullptr);
  }
  if (sent == Sent::sent) return;
  if (answer.last && sent == Sent::full) send_error(origin.client, origin.correlation, not_read());
  lost(origin.client, sent);
}

/// A part did not reach its client, so nothing more of that client's makes sense.
void FrontEnd::lost(const std::string& client, Sent sent) {
  if (sent == Sent::full) return cut_off(client);
  ++unreachable_;
  withdraw(clients_.drop(client));
}

/// There may be no room even for the errors: the client then learns by its own deadlines.
void FrontEnd::cut_off(const std::string& client) {
  ++cut_off_;
  if (options_.on_cut) options_.on_cut("reader_behind");
  const std::vector<CorrelationId> open = clients_.open_of(client);
  withdraw(clients_.drop(client));
  for (const CorrelationId correlation : open) send_error(client, correlation, not_read());
}

void FrontEnd::send_error(const std::string& client, CorrelationId correlation, const Error& error) {
  wire::Envelope envelope;
  envelope.kind = wire::Kind::error;
  envelope.message_type = static_cast<uint16_t>(protocol::MessageType::error);
  envelope.correlation_id = correlation;
  const Sent sent = put(client, std::move(envelope), protocol::encode_error(error));
  if (sent != Sent::sent && !clients_.open_of(client).empty()) lost(client, sent);
}

Sent FrontEnd::put(const std::string& client, wire::Envelope envelope, const wire::Body& body, bool lends) {
  std::string header;
  wire::encode(envelope, header);
  return socket_.send(client, header, body, counters_, lends);
}

void FrontEnd::withdraw(const std::vector<balancer::DispatchId>& ids) {
  for (const balancer::DispatchId id : ids) door_.withdraw({id});
}

}  // namespace

Result<std::unique_ptr<ZmqFrontEnd>> ZmqFrontEnd::listen(ZmqFrontEndOptions options, Clock& clock, Door door,
                                                         std::shared_ptr<DispatchIds> ids, uint64_t seed) {
  constexpr size_t sockets_max = 16;
  bus::ZmqTransportOptions transport;
  // Clients are no nodes: this context has nobody who checks their keys, so any will do.
  transport.plaintext = !options.curve;
  if (options.curve) transport.keys = *options.curve;
  transport.host = options.host;
  transport.limits = options.limits;
  transport.peer_queue_max = options.client_queue_max;
  auto context = std::make_unique<Context>(sockets_max);
  TROUPE_TRY(Socket socket, Socket::router(*context, bus::Lane::request, transport, options.port, options.port_option));
  TROUPE_TRY(std::unique_ptr<Poller> poller, Poller::make());
  TROUPE_CHECK(poller->watch(socket.fd(), 0));
  TROUPE_TRY(Monitor monitor, Monitor::of(*context, socket, "clients"));
  TROUPE_CHECK(poller->watch(monitor.fd(), 1));
  auto outbox = std::make_shared<Outbox>(std::move(poller), options.answers_max);
  auto front_end =
      std::make_unique<FrontEnd>(std::move(options), clock, std::move(door), std::move(ids), seed, std::move(context),
                                 std::move(socket), std::move(monitor), std::move(outbox));
  front_end->start();
  return front_end;
}

}  // namespace troupe::gateway
