// LaneWorker: links and their connections.

#include "runtime/bus/zmq/lane.hpp"
#include "runtime/protocol/cluster.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::bus::internal {
namespace {

/// Between the goodbye and the end of an idle connection, for what is under way to it.
constexpr Duration goodbye_patience = std::chrono::seconds(1);

}  // namespace

Link* LaneWorker::find(NodeId node) {
  const auto it = links_.find(node);
  return it == links_.end() ? nullptr : it->second.get();
}

Link* LaneWorker::find_or_make(NodeId node, size_t links_max) {
  if (Link* const link = find(node)) return link;
  if (links_.size() >= links_max) return nullptr;
  auto link = std::make_unique<Link>();
  link->node = node;
  link->last_used = now_;
  return links_.emplace(node, std::move(link)).first->second.get();
}

void LaneWorker::schedule(Link& link) {
  if (std::exchange(link.scheduled, true)) return;
  scheduled_.push_back(link.node);
}

void LaneWorker::add(Add peer) {
  Link& link = *find_or_make(peer.node, SIZE_MAX);
  link.added = true;
  // A connection that was made with an earlier key of the same life goes on; one that is not made yet begins anew.
  const bool is_other_key = peer.incarnation >= link.incarnation && peer.key != link.key;
  if (is_other_key) link.key = std::move(peer.key);
  if (peer.incarnation < link.incarnation) return;
  if (peer.incarnation > link.incarnation) begin_life(link, peer.incarnation);
  const bool calls_in_vain = is_other_key && link.call && !link.call->connected;
  if (peer.endpoint == link.endpoint && !calls_in_vain) return;
  hang_up(link);
  link.endpoint = std::move(peer.endpoint);
  schedule(link);
}

void LaneWorker::remove(NodeId node) {
  Link* const link = find(node);
  if (link == nullptr) return;
  give_up(*link, "was removed");
  hang_up(*link);
  link->endpoint.clear();
  link->added = false;
}

void LaneWorker::begin_life(Link& link, Incarnation incarnation) {
  give_up(link, "began a new life");
  const bool was_connected = link.call && link.call->connected;
  hang_up(link);
  if (was_connected) broken(link);
  if (link.inbound) went_away(link, true);
  link.endpoint.clear();
  link.answers_due = 0;
  link.incarnation = incarnation;
}

Status LaneWorker::call(Link& link) {
  // The same each time, so that a new connection takes the place of one whose end the other side has not noticed.
  if (!link.nonce) link.nonce = random_nonce();
  TROUPE_TRY(Socket socket, Socket::dealer(context_, lane_, options_, keys_,
                                           routing_id(node_, incarnation_, *link.nonce), link.key, true));
  const std::string name = fmt::format("call-{}-{}", static_cast<int>(lane_), last_token_);
  TROUPE_TRY(Monitor monitor, Monitor::of(context_, socket, name));
  link.call.emplace(Link::Call{std::move(monitor), std::move(socket)});
  if (const Status connected = link.call->socket.connect(link.endpoint); !connected) {
    link.call.reset();
    return connected;
  }
  link.call->socket_token = watch(link.call->socket.fd(), {Watch::What::call, link.node});
  link.call->monitor_token = watch(link.call->monitor.fd(), {Watch::What::call_monitor, link.node});
  schedule(link);
  call_changed(link);  // A descriptor is silent until its socket was found empty once.
  return {};
}

void LaneWorker::call_changed(Link& link) {
  while (link.call) {
    const auto event = link.call->monitor.next();
    if (!event) return;
    schedule(link);
    if (event->what == Monitor::What::refused) {
      // ZeroMQ does not try again by itself. Lists of keys travel as routes do, so ours may be about to arrive there.
      link.refused = true;
      return hang_up(link);
    }
    if (event->what == Monitor::What::unreached) {
      // What waits fails now, not when patience ends: another node can serve it. The next message makes a new call.
      hang_up(link);
      if (!link.inbound) give_up(link, "cannot be reached at " + link.endpoint);
      return;
    }
    if (event->what == Monitor::What::failed) continue;
    if (event->what == Monitor::What::connected) {
      link.refused = false;
      link.call->connected = true;
      counters_.connections.fetch_add(1, std::memory_order_relaxed);
      // Asking for events makes the socket see its new connection.
      (void)link.call->socket.events();
      const Outgoing first = pack(link.node, hello({}, false));
      (void)link.call->socket.send({}, first.header, first.body, counters_);
    } else if (std::exchange(link.call->connected, false)) {
      if (link.path == Link::Path::call) {
        link.path = Link::Path::none;
        if (!link.inbound) give_up(link, "broke the connection");
      }
      broken(link);
    }
  }
}

void LaneWorker::hang_up(Link& link) {
  if (!link.call) return;
  forget(link.call->socket.fd(), link.call->socket_token);
  forget(link.call->monitor.fd(), link.call->monitor_token);
  link.call.reset();
  link.said_goodbye.reset();
  if (link.path == Link::Path::call) link.path = Link::Path::none;
}

void LaneWorker::came_in(Link& link) {
  // A late "broken" of an earlier connection with the same descriptor must not hit this one.
  serve_router_monitor();
  const int fd = router_.source_fd();
  if (!connections_.is_open(fd)) return;
  const bool is_replaced = link.inbound && link.inbound_fd != fd;
  if (link.inbound) connections_.release(link.inbound_fd, link.node);
  link.inbound = true;
  link.inbound_fd = fd;
  link.route = incoming_.route;
  link.user = router_.source_user();
  link.guest = !options_.plaintext && !gatekeeper_.is_member(link.node);
  const auto before = connections_.take(fd, link.node);
  if (Link* const earlier = before ? find(*before) : nullptr) went_away(*earlier, true);
  directory_.set_connected(link.node, link.user);
  // What was under way by the earlier connection is lost with it.
  if (is_replaced) broken(link);
}

void LaneWorker::went_away(Link& link, bool by_break) {
  if (!std::exchange(link.inbound, false)) return;
  link.guest = false;
  connections_.release(link.inbound_fd, link.node);
  directory_.set_gone(link.node);
  if (link.path == Link::Path::inbound) link.path = Link::Path::none;
  schedule(link);
  if (by_break) broken(link);
}

void LaneWorker::broken(Link& link) {
  link.answers_due = 0;
  counters_.disconnections.fetch_add(1, std::memory_order_relaxed);
  if (options_.on_disconnect) options_.on_disconnect(link.node);
}

void LaneWorker::look_after(Link& link) {
  if (link.waiting.empty()) return close_if_idle(link);
  const bool is_calling = link.path == Link::Path::call && link.call && !link.call->connected;
  const bool has_no_path = link.path == Link::Path::none && !link.call;
  if (!is_calling && !has_no_path) return;
  if (now_ - link.waiting_since > options_.connect_patience) {
    give_up(link, fmt::format("{} at {} within {}", link.refused ? "did not let this node in" : "did not answer a call",
                              link.endpoint, format_duration(options_.connect_patience)));
  } else if (has_no_path) {
    schedule(link);
  }
}

void LaneWorker::close_if_idle(Link& link) {
  if (!link.call) return;
  if (link.answers_due > 0 || now_ - link.last_used <= options_.idle_disconnect) return;
  if (!link.call->connected || (link.said_goodbye && now_ - *link.said_goodbye > goodbye_patience)) {
    counters_.idle_closed.fetch_add(1, std::memory_order_relaxed);
    return hang_up(link);
  }
  if (link.said_goodbye) return;
  const Outgoing last = pack(link.node, hello({}, true));
  (void)link.call->socket.send({}, last.header, last.body, counters_);
  link.said_goodbye = now_;
  schedule(link);
}

/// Peers notice as they notice a death. Here nobody is told: who asked for the new life knows.
void LaneWorker::renew(const Renew& life) {
  incarnation_ = life.incarnation;
  for (auto& [node, link] : links_) {
    give_up(*link, "was called in an earlier life of this node");
    hang_up(*link);
    link->nonce.reset();
    link->answers_due = 0;
    if (!link->inbound) continue;
    router_.cut(link->inbound_fd);
    connections_.cut(link->inbound_fd);
    went_away(*link, false);
  }
  life.done();
}

wire::Message LaneWorker::hello(CorrelationId answer_to, bool goodbye) const {
  wire::Message message;
  message.envelope.kind = wire::Kind::hello;
  message.envelope.message_type = static_cast<uint16_t>(protocol::MessageType::hello);
  message.envelope.correlation_id = answer_to;
  protocol::Hello body{node_, incarnation_, {}, {}, {}};
  if (!goodbye) {
    body.control = self_.control;
    body.request = self_.request;
    body.bulk = self_.bulk;
  }
  message.body = wire::encode_body(body);
  return message;
}

}  // namespace troupe::bus::internal
