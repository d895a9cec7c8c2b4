#include "runtime/client/cpp/connection.hpp"

#include "runtime/base/random.hpp"
#include "runtime/base/units.hpp"
#include "runtime/protocol/idempotency.hpp"
#include "runtime/protocol/outcomes.hpp"
#include "runtime/protocol/paths.hpp"
#include "runtime/protocol/registry.hpp"

namespace troupe::client::internal {

using namespace std::chrono_literals;
using bus::internal::Context;
using bus::internal::Incoming;
using bus::internal::Monitor;
using bus::internal::Poller;
using bus::internal::Sent;
using bus::internal::Socket;

namespace {

/// The gateway ends a late call itself and says where it was late; only if it does not, the client does.
constexpr Duration grace = 100ms;
constexpr Duration sleep_max = 1s;
constexpr size_t answers_per_round = 256;

/// Random, as many clients may talk to one door; ZeroMQ wants the first byte other than 0.
bus::internal::RoutingId random_routing_id() {
  return bus::internal::routing_id(NodeId{secure_random_u64() | (1ULL << 63)}, Incarnation{secure_random_u64()},
                                   bus::internal::random_nonce());
}

Status check_size(const wire::Body& body, const wire::Limits& limits) {
  const size_t attached = body.size() - body.data.size();
  if (body.data.size() > limits.body_bytes_max)
    return fail(Errc::too_large, "a request of {} bytes; at most {} are taken", body.data.size(),
                limits.body_bytes_max);
  if (attached > limits.attachment_bytes_max)
    return fail(Errc::too_large, "tensors of {} bytes; at most {} are taken", attached, limits.attachment_bytes_max);
  return {};
}

/// So that an outcome that is sent twice counts once.
void name_all(std::vector<protocol::ReportedOutcome>& outcomes) {
  const std::string prefix = fmt::format("{:016x}{:016x}", secure_random_u64(), secure_random_u64());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].id) outcomes[i].id = fmt::format("{}-{}", prefix, i);
  }
}

bool is_on_this_machine(std::string_view address) {
  constexpr std::string_view tcp = "tcp://";
  if (!address.starts_with(tcp)) return true;  // ipc; ZeroMQ refuses what is no address.
  const std::string_view host = address.substr(tcp.size());
  return host.starts_with("127.") || host.starts_with("localhost:") || host.starts_with("[::1]:");
}

Status check_key(const ClientOptions& options) {
  if (options.server_key.empty() && !is_on_this_machine(options.address))
    return fail_field("server_key",
                      "{} is on another machine, so its door encrypts: its public key is needed, which `troupe get "
                      "nodes --json` has as zmq_key",
                      options.address);
  if (!options.server_key.empty() && !bus::is_curve_key(options.server_key))
    return fail_field("server_key",
                      "'{}' is no public key: one is 40 characters of Z85, as `troupe get nodes --json` has it",
                      options.server_key);
  return {};
}

}  // namespace

Result<std::unique_ptr<Client>> Connection::make(ClientOptions options, Clock& clock) {
  constexpr size_t sockets_max = 4;
  bus::ZmqTransportOptions transport;
  TROUPE_CHECK(check_key(options));
  transport.plaintext = options.server_key.empty();
  if (!transport.plaintext) transport.keys = bus::make_curve_keys();
  transport.limits = options.limits;
  if (options.address.find('[') != std::string::npos) transport.host = "::1";
  auto context = std::make_unique<Context>(sockets_max);
  TROUPE_TRY(Socket socket, Socket::dealer(*context, bus::Lane::request, transport, transport.keys, random_routing_id(),
                                           options.server_key, true));
  TROUPE_TRY(Monitor monitor, Monitor::of(*context, socket, "client"));
  if (Status connected = socket.connect(options.address); !connected) {
    connected.error().field = "address";
    return fail(std::move(connected.error()));
  }
  TROUPE_TRY(std::unique_ptr<Poller> poller, Poller::make());
  TROUPE_CHECK(poller->watch(socket.fd(), 0));
  TROUPE_CHECK(poller->watch(monitor.fd(), 1));
  auto inbox = std::make_shared<Inbox>(std::move(poller));
  std::unique_ptr<Connection> connection(new Connection(std::move(options), clock, std::move(inbox), std::move(context),
                                                        std::move(socket), std::move(monitor)));
  connection->thread_ = std::thread([self = connection.get()] { self->run(); });
  return connection;
}

Connection::Connection(ClientOptions options, Clock& clock, std::shared_ptr<Inbox> inbox,
                       std::unique_ptr<Context> context, Socket socket, Monitor monitor)
    : options_(std::move(options)),
      clock_(clock),
      inbox_(std::move(inbox)),
      context_(std::move(context)),
      socket_(std::move(socket)),
      monitor_(std::move(monitor)),
      unconnected_since_(clock.now()) {}

Connection::~Connection() {
  inbox_->closed.store(true);
  inbox_->poller->wake();
  thread_.join();
  socket_.close(200ms);  // For the last cancels.
  monitor_.close();
}

Call Connection::call(protocol::ServeRequest request, CallOptions options, PartCallback on_part) {
  Command command;
  command.timeout = options.timeout.value_or(options_.timeout);
  command.frames.envelope.priority = options.priority;
  command.frames.envelope.trace = request.request_id;
  command.answer = protocol::MessageType::result_part;
  command.on_message = [on_part = std::move(on_part)](Result<protocol::AnyMessage> message, bool last) {
    if (!message) return on_part(fail(std::move(message.error())), last);
    on_part(*message->get<protocol::ResultPart>(), last);
  };
  return post(std::move(command), options.idempotency_key.empty()
                                      ? protocol::AnyMessage::of(std::move(request))
                                      : protocol::AnyMessage::of(protocol::KeyedRequest{
                                            std::move(request), std::move(options.idempotency_key)}));
}

Call Connection::record(protocol::RecordOutcomes outcomes, std::optional<Duration> timeout, EndCallback on_end) {
  name_all(outcomes.events);
  Command command;
  command.timeout = timeout.value_or(options_.timeout);
  command.answer = protocol::MessageType::outcomes_recorded;
  command.is_repeatable = true;
  command.on_message = [on_end = std::move(on_end)](const Result<protocol::AnyMessage>& message, bool) {
    on_end(message ? Status() : fail(message.error()));
  };
  return post(std::move(command), protocol::AnyMessage::of(std::move(outcomes)));
}

Call Connection::post(Command command, const protocol::AnyMessage& message) {
  command.id = CorrelationId{next_id_.fetch_add(1, std::memory_order_relaxed)};
  command.started = clock_.now();
  wire::Envelope& envelope = command.frames.envelope;
  envelope.kind = wire::Kind::request;
  envelope.correlation_id = command.id;
  envelope.target_path = protocol::gateway_path;
  if (!options_.api_key.empty()) envelope.target_path += "#" + options_.api_key;
  envelope.message_type = static_cast<uint16_t>(message.type());
  command.frames.body = protocol::encode(message);

  Status status = check_size(command.frames.body, options_.limits);
  if (status && inbox_->open.fetch_add(1) >= options_.calls_max) {
    inbox_->open.fetch_sub(1);
    status = fail(Errc::overloaded, "{} calls are open on this client", options_.calls_max);
  }
  if (!status) {
    command.on_message(fail(std::move(status.error())), true);
    return {};
  }
  const CorrelationId id = command.id;
  inbox_->commands.push(std::move(command));
  inbox_->poller->wake();
  return Call([inbox = inbox_, id] {
    if (inbox->closed.load()) return;
    Command cancel;
    cancel.id = id;
    cancel.cancel = true;
    inbox->commands.push(std::move(cancel));
    inbox->poller->wake();
  });
}

void Connection::run() {
  while (!inbox_->closed.load()) {
    watch_connection();
    while (auto command = inbox_->commands.pop()) take(std::move(*command));
    send_waiting();
    receive(answers_per_round);
    expire();
    const Duration sleep = std::clamp<Duration>(next_expiry() - clock_.now(), 0ns, sleep_max);
    inbox_->poller->wait(sleep, [this] {
      const Socket::Events events = socket_.events();
      return inbox_->closed.load() || !inbox_->commands.empty() || events.readable ||
             (is_connected_ && events.writable && !waiting_.empty());
    });
  }
  while (auto command = inbox_->commands.pop()) take(std::move(*command));
  while (!calls_.empty()) cancel(calls_.begin()->first);
}

void Connection::take(Command command) {
  if (command.cancel) return cancel(command.id);
  OpenCall call{.on_message = std::move(command.on_message),
                .answer = command.answer,
                .repeat = command.is_repeatable ? std::optional(command.frames) : std::nullopt,
                .started = command.started,
                .timeout = command.timeout};
  if (command.timeout > 0ns) call.gives_up = command.started + command.timeout + grace;
  if (call.gives_up != Time::max()) expiries_.emplace(call.gives_up, command.id.value);
  calls_.emplace(command.id, std::move(call));
  waiting_.push_back({command.id, std::move(command.frames)});
}

void Connection::send_waiting() {
  // Its end is told before ZeroMQ takes a connection away: what is sent in between is lost, and nobody hears of it.
  if (!is_connected_) return;
  std::string header;
  for (; !waiting_.empty(); waiting_.pop_front()) {
    auto& [id, frames] = waiting_.front();
    const auto call = calls_.find(id);
    if (call == calls_.end()) continue;  // Ended before it was sent.
    if (call->second.timeout > 0ns) {
      const Duration left = call->second.started + call->second.timeout - clock_.now();
      frames.envelope.remaining = std::max(0us, std::chrono::duration_cast<std::chrono::microseconds>(left));
    }
    header.clear();
    wire::encode(frames.envelope, header);
    const Sent sent = socket_.send({}, header, frames.body, counters_);
    if (sent == Sent::full) return;
    call->second.is_sent = sent == Sent::sent;
    if (!call->second.is_sent) end(id, not_reached());
  }
}

void Connection::receive(size_t most) {
  Incoming incoming;
  for (size_t i = 0; i < most && socket_.receive(incoming); ++i) {
    if (incoming.complete) dispatch(incoming);
  }
}

void Connection::dispatch(const Incoming& incoming) {
  const auto envelope = wire::decode_envelope(std::as_bytes(std::span(incoming.header)), options_.limits);
  if (!envelope) return;
  const auto found = calls_.find(envelope->correlation_id);
  if (found == calls_.end()) return;
  const CorrelationId id = envelope->correlation_id;

  if (envelope->kind == wire::Kind::error) {
    auto error = protocol::decode_error(incoming.body, options_.limits);
    return end(id, error ? std::move(*error) : std::move(error.error()));
  }
  if (envelope->kind != wire::Kind::part || !envelope->part) return;
  auto message = protocol::decode(found->second.answer, incoming.body, options_.limits);
  if (!message || envelope->part->index != found->second.parts) {
    tell_to_stop(id);
    return end(id, message ? Error{Errc::corrupt_data,
                                   fmt::format("expected part {} of the answer, found part {}", found->second.parts,
                                               envelope->part->index),
                                   {},
                                   {}}
                           : std::move(message.error()));
  }
  ++found->second.parts;
  if (envelope->part->last) {
    close(id)(std::move(*message), true);
  } else {
    found->second.on_message(std::move(*message), false);
  }
}

void Connection::watch_connection() {
  while (const auto event = monitor_.next()) {
    const bool connected = event->what == Monitor::What::connected;
    if (connected) failed_.reset();
    if (event->what == Monitor::What::failed) failed_ = event;
    if (connected == is_connected_) continue;
    is_connected_ = connected;
    if (is_connected_) continue;
    unconnected_since_ = clock_.now();
    receive(std::numeric_limits<size_t>::max());  // What came before the end still counts.
    std::vector<CorrelationId> lost;
    for (const auto& [id, call] : calls_) {
      if (call.is_sent) lost.push_back(id);
    }
    for (const CorrelationId id : lost) lose(id);
  }
}

/// Of a call that was sent over a connection that broke.
void Connection::lose(CorrelationId id) {
  OpenCall& call = calls_.at(id);
  if (!call.repeat)
    return end(id, {Errc::unavailable, fmt::format("the connection to {} broke", options_.address), "address", {}});
  // In case that it was sent over the next connection, before the end of the one before was heard of.
  tell_to_stop(id);
  call.is_sent = false;
  waiting_.push_back({id, *call.repeat});
}

void Connection::expire() {
  const Time now = clock_.now();
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    const CorrelationId id{expiries_.begin()->second};
    const auto call = calls_.find(id);
    const std::string within = format_duration(call->second.timeout);
    if (!call->second.is_sent) {
      end(id, not_reached());
      continue;
    }
    tell_to_stop(id);
    end(id, {Errc::deadline_exceeded, fmt::format("no answer from {} within {}", options_.address, within), {}, {}});
  }
  if (is_connected_ || now < unconnected_since_ + options_.connect_patience) return;
  std::vector<CorrelationId> lost;
  for (const Waiting& waiting : waiting_) {
    const auto call = calls_.find(waiting.id);
    if (call != calls_.end() && call->second.started + options_.connect_patience <= now) lost.push_back(waiting.id);
  }
  for (const CorrelationId id : lost) end(id, not_reached());
  std::erase_if(waiting_, [this](const Waiting& waiting) { return !calls_.contains(waiting.id); });
}

Time Connection::next_expiry() const {
  Time next = expiries_.empty() ? Time::max() : expiries_.begin()->first;
  if (!is_connected_ && !waiting_.empty()) {
    const auto oldest = calls_.find(waiting_.front().id);
    const Time since =
        oldest == calls_.end() ? unconnected_since_ : std::max(unconnected_since_, oldest->second.started);
    next = std::min(next, since + options_.connect_patience);
  }
  return next == Time::max() ? clock_.now() + sleep_max : next;
}

void Connection::cancel(CorrelationId id) {
  const auto call = calls_.find(id);
  if (call == calls_.end()) return;
  if (call->second.is_sent) tell_to_stop(id);
  end(id, {Errc::cancelled, "the call was cancelled by its caller", {}, {}});
}

void Connection::tell_to_stop(CorrelationId id) {
  wire::Envelope envelope;
  envelope.kind = wire::Kind::cancel;
  envelope.correlation_id = id;
  envelope.target_path = protocol::gateway_path;
  std::string header;
  wire::encode(envelope, header);
  // Where it finds no room the gateway learns of it by the request's deadline.
  static_cast<void>(socket_.send({}, header, {}, counters_));
}

void Connection::end(CorrelationId id, Error error) {
  if (const MessageCallback on_message = close(id)) on_message(fail(std::move(error)), true);
}

Connection::MessageCallback Connection::close(CorrelationId id) {
  const auto call = calls_.find(id);
  if (call == calls_.end()) return nullptr;
  MessageCallback on_message = std::move(call->second.on_message);
  expiries_.erase({call->second.gives_up, id.value});
  calls_.erase(call);
  inbox_->open.fetch_sub(1);
  return on_message;
}

Error Connection::not_reached() const {
  if (failed_)
    return {Errc::unavailable,
            fmt::format("what listens at {} ends the handshake: {}", options_.address,
                        !options_.server_key.empty() && !failed_->is_plain
                            ? "is it a gateway's ZeroMQ door, and is this still its public key?"
                        : options_.server_key.empty()
                            ? "is it a ZeroMQ door that encrypts? Then its public key is needed, which `troupe get "
                              "nodes --json` has as zmq_key"
                            : "it does not encrypt, though its key was given; is it the right address?"),
            "address",
            {}};
  return {Errc::unavailable,
          fmt::format("nobody answers at {}: is a gateway running there, and is this the address of its ZeroMQ door?",
                      options_.address),
          "address",
          {}};
}

}  // namespace troupe::client::internal
