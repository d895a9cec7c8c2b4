// LaneWorker: what comes in. Anyone may connect and write anything; nothing here trusts a byte before it was checked.

#include "runtime/bus/zmq/lane.hpp"
#include "runtime/protocol/cluster.hpp"
#include "runtime/protocol/registry.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::bus::internal {
namespace {

constexpr size_t messages_per_round = 256;
/// Those that may wait at a time for a place on the allow-list.
constexpr size_t guests_max = 64;

}  // namespace

void LaneWorker::serve_router() {
  for (size_t i = 0; i < messages_per_round && router_.receive(incoming_); ++i) take_from_router();
  router_scheduled_ |= router_.events().readable;
}

void LaneWorker::serve_router_monitor() {
  while (const auto event = router_monitor_.next()) {
    if (event->what == Monitor::What::refused) counters_.handshakes_refused.fetch_add(1, std::memory_order_relaxed);
    if (event->what == Monitor::What::failed)
      defect(counters_.handshakes_refused, "a connection without the keys that are needed here");
    const bool is_new = event->what == Monitor::What::accepted;
    if (!is_new && event->what != Monitor::What::broken) continue;
    const auto node = is_new ? connections_.accepted(event->fd) : connections_.broken(event->fd);
    if (Link* const link = node ? find(*node) : nullptr) went_away(*link, true);
  }
}

bool LaneWorker::serve_call(Link& link) {
  if (link.call)
    for (size_t i = 0; i < messages_per_round && link.call->socket.receive(incoming_); ++i) take_from_call(link);
  flush(link);
  if (!link.call) return false;
  const auto events = link.call->socket.events();
  const bool can_send = events.writable && link.path == Link::Path::call && link.call->connected;
  return events.readable || (can_send && !link.waiting.empty());
}

bool LaneWorker::may_speak(const wire::Envelope& envelope, std::string_view user) {
  if (options_.plaintext) return true;
  const Link* const link = find(envelope.source_node);
  // What was found when the connection came in, and by each list since, holds.
  const bool is_known = link != nullptr && link->inbound && link->user == user;
  if (is_known && !link->guest) return true;
  const std::string key(user);
  const auto owner = gatekeeper_.node_of(key);
  if (owner == envelope.source_node) return true;
  if (!owner && !gatekeeper_.is_member(envelope.source_node)) return may_speak_as_guest(envelope, key);
  defect(counters_.forged, fmt::format("a message said to be of node {}, by the key {} of {}", envelope.source_node,
                                       key, owner ? "node " + owner->str() : "no node"));
  return false;
}

bool LaneWorker::may_speak_as_guest(const wire::Envelope& envelope, const std::string& user) {
  const auto refuse = [&](std::string_view what) {
    defect(counters_.guest_refused,
           fmt::format("{} of the key {}, which is not on the list of this cluster's nodes (it "
                       "says that it is node {})",
                       what, user, envelope.source_node));
    return false;
  };
  if (gatekeeper_.judge(user, lane_) != Gatekeeper::Verdict::guest) return refuse("a message");
  const Link* const link = find(envelope.source_node);
  if (link != nullptr && link->inbound && link->user != user) return refuse("a message under another guest's id");
  if (link == nullptr && guests() >= guests_max) return refuse("one guest too many: a message");
  const auto& requests = options_.guest_requests;
  const bool asks = envelope.kind == wire::Kind::request &&
                    std::find(requests.begin(), requests.end(), envelope.message_type) != requests.end();
  const bool is_allowed = asks || envelope.kind == wire::Kind::hello || envelope.kind == wire::Kind::cancel;
  return is_allowed || refuse("more than a guest may say");
}

size_t LaneWorker::guests() const {
  return static_cast<size_t>(
      std::count_if(links_.begin(), links_.end(), [](const auto& entry) { return entry.second->guest; }));
}

void LaneWorker::check_links() {
  for (auto& [node, link] : links_) {
    if (!link->inbound || options_.plaintext) continue;
    const bool is_member = gatekeeper_.is_member(node);
    const bool was_guest = std::exchange(link->guest, !is_member);
    if (is_member || (was_guest && gatekeeper_.judge(link->user, lane_) == Gatekeeper::Verdict::guest)) continue;
    router_.cut(link->inbound_fd);
    went_away(*link, true);
    give_up(*link, "is no longer on the list of this cluster's nodes");
  }
}

std::optional<wire::Message> LaneWorker::open(Incoming& incoming) {
  if (!incoming.complete) {
    defect(counters_.malformed, "a message without envelope or body, or over the limits");
    return std::nullopt;
  }
  auto envelope = wire::decode_envelope(std::as_bytes(std::span(incoming.header)), options_.limits);
  if (!envelope) {
    defect(counters_.malformed, envelope.error().message);
    return std::nullopt;
  }
  return wire::Message{std::move(*envelope), std::move(incoming.body)};
}

void LaneWorker::take_from_router() {
  if (connections_.any_cut()) {
    serve_router_monitor();  // A new connection may have the descriptor of one that was cut.
    if (connections_.is_cut(router_.source_fd())) return;
  }
  auto message = open(incoming_);
  if (!message) return;
  const wire::Envelope& envelope = message->envelope;
  if (!is_id_of(incoming_.route, envelope.source_node, envelope.source_incarnation))
    return defect(counters_.forged,
                  fmt::format("a message said to be of node {}, by another's connection", envelope.source_node));
  // ZeroMQ lets everybody in where it finds nobody to ask.
  if (router_.source_user().empty() && !options_.plaintext)
    return defect(counters_.forged, "a message of a connection whose key nobody has checked");
  if (!envelope.source_node) return answer_stranger(incoming_, *message);
  if (!may_speak(envelope, router_.source_user())) return;

  Link* const link = find_or_make(envelope.source_node, options_.peers_max);
  if (link == nullptr)
    return defect(counters_.too_many_peers,
                  fmt::format("node {}: {} nodes are known already", envelope.source_node, links_.size()));
  if (envelope.source_incarnation < link->incarnation)
    return defect(counters_.stale_source, fmt::format("an earlier life of node {}", envelope.source_node));
  if (envelope.source_incarnation > link->incarnation) begin_life(*link, envelope.source_incarnation);
  if (envelope.kind == wire::Kind::hello) return take_hello(*link, *message);
  if (!link->inbound) came_in(*link);
  receive(*link, std::move(*message));
}

void LaneWorker::take_from_call(Link& link) {
  auto message = open(incoming_);
  if (!message) return;
  const wire::Envelope& envelope = message->envelope;
  // A later life may answer at the address of the one that was called: that it refuses is an answer too.
  if (envelope.source_node != link.node || envelope.source_incarnation < link.incarnation)
    return defect(counters_.forged,
                  fmt::format("a message of node {} where node {} was called", envelope.source_node, link.node));
  if (envelope.kind != wire::Kind::hello) receive(link, std::move(*message));
}

void LaneWorker::receive(Link& link, wire::Message message) {
  const wire::Envelope& envelope = message.envelope;
  link.last_used = now_;
  link.said_goodbye.reset();
  if (envelope.target_incarnation && envelope.target_incarnation != incarnation_) {
    defect(counters_.stale_target, fmt::format("node {} means an earlier life of this node", link.node));
    if (envelope.kind != wire::Kind::request || link.waiting.size() >= options_.peer_queue_max) return;
    wire::Message answer;
    answer.envelope.kind = wire::Kind::error;
    answer.envelope.message_type = static_cast<uint16_t>(protocol::MessageType::error);
    answer.envelope.correlation_id = envelope.correlation_id;
    answer.envelope.target_incarnation = envelope.source_incarnation;
    answer.envelope.trace = envelope.trace;
    answer.body = protocol::encode_error(
        {Errc::unavailable, fmt::format("node {} began a new life, the one that was meant is over", node_), {}, {}});
    return enqueue(pack(link.node, std::move(answer)));
  }
  const bool ends_answer = envelope.kind == wire::Kind::error || (envelope.part && envelope.part->last);
  if (ends_answer && link.answers_due > 0) --link.answers_due;
  counters_.messages_received.fetch_add(1, std::memory_order_relaxed);
  counters_.bytes_received.fetch_add(message.body.size(), std::memory_order_relaxed);
  (*handler_)(lane_, std::move(message));
}

void LaneWorker::take_hello(Link& link, const wire::Message& message) {
  const auto body = wire::decode_body<protocol::Hello>(message.body, options_.limits);
  if (!body) return defect(counters_.malformed, body.error().message);
  if (body->node != link.node || body->incarnation != link.incarnation)
    return defect(counters_.forged, fmt::format("node {} greets as node {}", link.node, body->node));
  const bool goodbye = body->control.empty() && body->request.empty();
  if (goodbye) return went_away(link, false);
  came_in(link);
  if (message.envelope.correlation_id && link.waiting.size() < options_.peer_queue_max)
    enqueue(pack(link.node, hello(message.envelope.correlation_id, false)));
}

void LaneWorker::answer_stranger(const Incoming& incoming, const wire::Message& question) {
  if (question.envelope.kind != wire::Kind::hello || !question.envelope.correlation_id)
    return defect(counters_.forged, "a message of no node that is no question who is there");
  const Outgoing answer = pack({}, hello(question.envelope.correlation_id, false));
  // If it does not get through, the asker asks again.
  (void)router_.send(incoming.route, answer.header, answer.body, counters_);
}

void LaneWorker::defect(TransportCounters::Counter& counter, std::string_view what) {
  counter.fetch_add(1, std::memory_order_relaxed);
  defects_.note(fmt::format("dropped {}", what), now_);
}

}  // namespace troupe::bus::internal
