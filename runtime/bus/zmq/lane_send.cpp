// LaneWorker: what goes out.

#include "runtime/bus/zmq/lane.hpp"
#include "runtime/protocol/registry.hpp"

namespace troupe::bus::internal {

void LaneWorker::enqueue(Outgoing message) {
  Link* const link = find(message.node);
  if (link == nullptr) return give_up(std::move(message), {}, "was removed");
  if (message.life != incarnation_)
    return give_up(std::move(message), link->incarnation, "was called in another life of this node");
  if (link->waiting.empty()) link->waiting_since = now_;
  link->waiting.push_back(std::move(message));
  schedule(*link);
}

void LaneWorker::flush(Link& link) {
  while (!link.waiting.empty()) {
    if (link.path == Link::Path::none && !choose_path(link)) return;
    const bool inbound = link.path == Link::Path::inbound;
    if (!inbound && !link.call->connected) return;

    Outgoing& message = link.waiting.front();
    router_scheduled_ |= inbound;
    const Sent result = inbound ? router_.send(link.route, message.header, message.body, counters_)
                                : link.call->socket.send({}, message.header, message.body, counters_);
    if (result == Sent::full) {
      if (inbound) blocked_.push_back(link.node);
      return;
    }
    if (result == Sent::unreachable) {
      inbound ? went_away(link, true) : hang_up(link);
      continue;
    }
    Outgoing done = std::move(message);
    link.waiting.pop_front();
    if (result == Sent::lost) {
      give_up(std::move(done), link.incarnation, "broke the connection");
      continue;
    }
    settle(done);
    link.last_used = now_;
    link.said_goodbye.reset();
    if (done.kind == wire::Kind::request) ++link.answers_due;
    counters_.messages_sent.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes_sent.fetch_add(done.body.size(), std::memory_order_relaxed);
  }
}

bool LaneWorker::choose_path(Link& link) {
  if (link.inbound) {
    link.path = Link::Path::inbound;
    return true;
  }
  if (link.endpoint.empty()) {
    give_up(link, "is not connected, and its address is not known");
    return false;
  }
  if (!link.call) {
    if (const Status called = call(link); !called) {
      give_up(link, "cannot be called: " + called.error().message);
      return false;
    }
    if (!link.call) return false;  // Refused already; look_after() tries again.
  }
  link.path = Link::Path::call;
  return true;
}

void LaneWorker::settle(const Outgoing& message) {
  if (!message.outbox) return;
  message.outbox->messages.fetch_sub(1, std::memory_order_relaxed);
  queued_messages_.fetch_sub(1, std::memory_order_relaxed);
  queued_bytes_.fetch_sub(message.body.size(), std::memory_order_relaxed);
}

void LaneWorker::give_up(Link& link, std::string_view why) {
  for (Outgoing& message : std::exchange(link.waiting, {})) give_up(std::move(message), link.incarnation, why);
}

void LaneWorker::give_up(Outgoing message, Incarnation incarnation, std::string_view why) {
  settle(message);
  counters_.undeliverable.fetch_add(1, std::memory_order_relaxed);
  if (message.kind != wire::Kind::request) return;
  wire::Message answer;
  answer.envelope.kind = wire::Kind::error;
  answer.envelope.message_type = static_cast<uint16_t>(protocol::MessageType::error);
  answer.envelope.correlation_id = message.correlation_id;
  answer.envelope.source_node = message.node;
  answer.envelope.source_incarnation = incarnation;
  answer.envelope.target_incarnation = incarnation_;
  answer.body = protocol::encode_error({Errc::unavailable, fmt::format("node {} {}", message.node, why), {}, {}});
  (*handler_)(lane_, std::move(answer));
}

}  // namespace troupe::bus::internal
