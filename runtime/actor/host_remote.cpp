// The half of the host that speaks to other nodes.

#include "runtime/actor/host_impl.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/protocol/registry.hpp"

namespace troupe::actor::internal {
namespace {

/// Answers a caller on another node.
class RemoteRoute final : public ReplyRoute {
 public:
  RemoteRoute(HostImpl& host, bus::Lane lane, const wire::Envelope& request, std::shared_ptr<CallState> state,
              std::optional<Time> deadline)
      : ReplyRoute(std::move(state), deadline, request.trace, request.credit),
        host_(host),
        lane_(lane),
        node_(request.source_node),
        incarnation_(request.source_incarnation),
        correlation_(request.correlation_id) {}
  ~RemoteRoute() override { host_.forget_incoming(node_, correlation_); }

  void deliver(protocol::AnyMessage message, uint32_t index, bool last) override {
    send(wire::Kind::part, message.type(), protocol::encode(message), wire::PartPosition{index, last});
  }
  void fail(Error error) override {
    send(wire::Kind::error, protocol::MessageType::error, protocol::encode_error(error), std::nullopt);
  }

  NodeId source() const override { return node_; }

 private:
  void send(wire::Kind kind, protocol::MessageType type, wire::Body body, std::optional<wire::PartPosition> part) {
    if (state->cancelled.load(std::memory_order_relaxed)) return;
    wire::Message message;
    message.envelope.kind = kind;
    message.envelope.message_type = static_cast<uint16_t>(type);
    message.envelope.correlation_id = correlation_;
    message.envelope.target_incarnation = incarnation_;
    message.envelope.trace = trace;
    message.envelope.part = part;
    message.body = std::move(body);
    // A caller that can't be reached has lost its connection; its host fails the call there.
    static_cast<void>(host_.transport()->send(lane_, node_, std::move(message)));
  }

  HostImpl& host_;
  bus::Lane lane_;
  NodeId node_;
  Incarnation incarnation_;
  CorrelationId correlation_;
};

}  // namespace

wire::Envelope HostImpl::envelope_to(const Target& target, wire::Kind kind, protocol::MessageType type) const {
  wire::Envelope envelope;
  envelope.kind = kind;
  envelope.message_type = static_cast<uint16_t>(type);
  envelope.source_node = options_.node;
  envelope.source_incarnation.value = incarnation_.load(std::memory_order_relaxed);
  envelope.target_incarnation = target.incarnation;
  envelope.target_path = target.path;
  return envelope;
}

Status HostImpl::send_event(const Target& target, const protocol::AnyMessage& message) {
  TROUPE_ASSERT(message.type() != protocol::MessageType::none);
  if (transport_ == nullptr) return fail(Errc::unavailable, "this host has no transport");
  wire::Message out{envelope_to(target, wire::Kind::event, message.type()), protocol::encode(message)};
  return transport_->send(target.lane, target.node, std::move(out));
}

Result<CorrelationId> HostImpl::send_request(const Target& target, const protocol::AnyMessage& message,
                                             const CallOptions& options, const std::shared_ptr<Cell>& caller,
                                             CallId call) {
  TROUPE_ASSERT(message.type() != protocol::MessageType::none);
  if (transport_ == nullptr) return fail(Errc::unavailable, "this host has no transport");
  const CorrelationId correlation{next_correlation_.fetch_add(1, std::memory_order_relaxed)};
  wire::Message out{envelope_to(target, wire::Kind::request, message.type()), protocol::encode(message)};
  out.envelope.correlation_id = correlation;
  out.envelope.priority = options.priority;
  out.envelope.trace = options.trace;
  out.envelope.credit = options.credit;
  if (options.deadline)
    out.envelope.remaining =
        std::max(std::chrono::microseconds{0},
                 std::chrono::duration_cast<std::chrono::microseconds>(*options.deadline - clock_.now()));

  Shard& shard = this->shard(correlation);
  {
    const std::lock_guard lock(shard.mutex);
    shard.outgoing[correlation] = Outgoing{caller, call, target.node};
  }
  if (const Status sent = transport_->send(target.lane, target.node, std::move(out)); !sent) {
    const std::lock_guard lock(shard.mutex);
    shard.outgoing.erase(correlation);
    return fail(sent.error());
  }
  return correlation;
}

void HostImpl::cancel_request(const Target& target, CorrelationId correlation) {
  {
    Shard& shard = this->shard(correlation);
    const std::lock_guard lock(shard.mutex);
    if (shard.outgoing.erase(correlation) == 0) return;
  }
  wire::Message out{envelope_to(target, wire::Kind::cancel, protocol::MessageType::none), {}};
  out.envelope.correlation_id = correlation;
  // Lost cancels cost work, not correctness: the answer will find nobody waiting.
  static_cast<void>(transport_->send(target.lane, target.node, std::move(out)));
}

Status HostImpl::credit_request(const Target& target, CorrelationId correlation, uint64_t bytes) {
  wire::Message out{envelope_to(target, wire::Kind::credit, protocol::MessageType::none), {}};
  out.envelope.correlation_id = correlation;
  out.envelope.credit = bytes;
  return transport_->send(target.lane, target.node, std::move(out));
}

void HostImpl::watch_node(NodeId node, const std::shared_ptr<Cell>& watcher, uint64_t monitor) {
  const std::lock_guard lock(mutex_);
  node_watchers_.emplace(node, std::pair{std::weak_ptr(watcher), monitor});
}

void HostImpl::forget_incoming(NodeId node, CorrelationId correlation) {
  Shard& shard = this->shard(correlation);
  const std::lock_guard lock(shard.mutex);
  shard.incoming.erase({node, correlation});
}

void HostImpl::peer_lost(NodeId node) {
  lose(node, {Errc::lost, fmt::format("node {} is unreachable", node), {}, {}});
}

void HostImpl::renew(Incarnation incarnation) {
  incarnation_.store(incarnation.value);
  lose({}, {Errc::lost, "this node was taken for down, and began a new life", {}, {}});
}

void HostImpl::lose(std::optional<NodeId> node, const Error& error) {
  for (Shard& shard : shards_) {
    std::vector<Outgoing> lost;
    std::vector<Incoming> orphaned;
    {
      const std::lock_guard lock(shard.mutex);
      std::erase_if(shard.outgoing, [&](auto& entry) {
        if (node && entry.second.node != *node) return false;
        lost.push_back(entry.second);
        return true;
      });
      for (const auto& [key, incoming] : shard.incoming)
        if (!node || key.node == *node) orphaned.push_back(incoming);
    }
    for (const Outgoing& call : lost)
      if (const auto caller = call.caller.lock()) caller->post({Answer{call.call, {{}, 0, true, error}}});
    for (const Incoming& call : orphaned) {
      call.state->cancelled.store(true, std::memory_order_relaxed);
      if (const auto callee = call.callee.lock()) callee->post({Cancelled{call.state->reply}});
    }
  }
  std::vector<std::pair<std::weak_ptr<Cell>, uint64_t>> watchers;
  {
    const std::lock_guard lock(mutex_);
    auto [watcher, end] =
        node ? node_watchers_.equal_range(*node) : std::pair(node_watchers_.begin(), node_watchers_.end());
    for (auto each = watcher; each != end; ++each) watchers.push_back(each->second);
    node_watchers_.erase(watcher, end);
  }
  for (const auto& [weak, monitor] : watchers)
    if (const auto watcher = weak.lock()) watcher->post({Down{monitor, error}});
}

void HostImpl::receive(bus::Lane lane, wire::Message message) {
  switch (message.envelope.kind) {
    case wire::Kind::request:
    case wire::Kind::event:
      receive_request(lane, message);
      break;
    case wire::Kind::part:
    case wire::Kind::error:
      receive_answer(message);
      break;
    case wire::Kind::cancel:
      receive_cancel(message);
      break;
    case wire::Kind::credit:
      receive_credit(message);
      break;
    case wire::Kind::ack:
    case wire::Kind::hello:
      break;  // The transport's own.
  }
}

void HostImpl::refuse(bus::Lane lane, const wire::Envelope& request, const Error& error) {
  if (request.kind != wire::Kind::request) return;
  RemoteRoute(*this, lane, request, std::make_shared<CallState>(), std::nullopt).fail(error);
}

void HostImpl::receive_request(bus::Lane lane, wire::Message& message) {
  const wire::Envelope& envelope = message.envelope;
  const auto cell = find_cell(envelope.target_path);
  // Unavailable, not not_found: an actor that has moved or not begun yet can be tried elsewhere.
  if (!cell) {
    refuse(lane, envelope,
           {Errc::unavailable, fmt::format("no actor at {} on this node", envelope.target_path), {}, {}});
    return;
  }
  auto decoded =
      protocol::decode(static_cast<protocol::MessageType>(envelope.message_type), message.body, options_.limits);
  if (!decoded) {
    refuse(lane, envelope, decoded.error());
    return;
  }
  if (envelope.kind == wire::Kind::event) {
    static_cast<void>(cell->send(std::move(*decoded)));
    return;
  }
  auto state = std::make_shared<CallState>();
  state->reply = next_reply_id();
  {
    Shard& shard = this->shard(envelope.correlation_id);
    const std::lock_guard lock(shard.mutex);
    shard.incoming[{envelope.source_node, envelope.correlation_id}] = Incoming{cell, state};
  }
  const auto deadline = envelope.remaining ? std::optional(clock_.now() + *envelope.remaining) : std::nullopt;
  static_cast<void>(cell->request(
      std::move(*decoded), Reply(std::make_unique<RemoteRoute>(*this, lane, envelope, std::move(state), deadline))));
}

void HostImpl::receive_answer(const wire::Message& message) {
  const wire::Envelope& envelope = message.envelope;
  ReplyEvent event;
  event.last = true;
  if (envelope.kind == wire::Kind::error) {
    auto error = protocol::decode_error(message.body, options_.limits);
    event.error = error ? std::move(*error) : error.error();
  } else if (auto body = protocol::decode(static_cast<protocol::MessageType>(envelope.message_type), message.body,
                                          options_.limits);
             body && envelope.part) {
    event.body = std::move(*body);
    event.index = envelope.part->index;
    event.last = envelope.part->last;
  } else {
    event.error = body ? Error{Errc::corrupt_data, "a part without a position", {}, {}} : body.error();
  }

  Outgoing call;
  {
    Shard& shard = this->shard(envelope.correlation_id);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.outgoing.find(envelope.correlation_id);
    if (found == shard.outgoing.end() || found->second.node != envelope.source_node) return;
    if (!event.error && event.index != found->second.next_index++) {
      event = {};
      event.last = true;
      event.error = Error{Errc::corrupt_data, "a part of the answer is missing", {}, {}};
    }
    call = found->second;
    if (event.last) shard.outgoing.erase(found);
  }
  if (const auto caller = call.caller.lock()) caller->post({Answer{call.call, std::move(event)}});
}

std::optional<HostImpl::Incoming> HostImpl::find_incoming(const wire::Envelope& envelope) {
  Shard& shard = this->shard(envelope.correlation_id);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.incoming.find({envelope.source_node, envelope.correlation_id});
  if (found == shard.incoming.end()) return std::nullopt;
  return found->second;
}

void HostImpl::receive_cancel(const wire::Message& message) {
  const auto call = find_incoming(message.envelope);
  if (!call) return;
  call->state->cancelled.store(true, std::memory_order_relaxed);
  if (const auto callee = call->callee.lock()) callee->post({Cancelled{call->state->reply}});
}

void HostImpl::receive_credit(const wire::Message& message) {
  const auto call = find_incoming(message.envelope);
  if (!call) return;
  if (const auto callee = call->callee.lock()) callee->post({Credited{call->state->reply, *message.envelope.credit}});
}

}  // namespace troupe::actor::internal
