#include "runtime/bus/sim/sim_transport.hpp"

#include <algorithm>

#include "runtime/protocol/registry.hpp"

namespace troupe::sim {
namespace {

using bus::Lane;
using namespace std::chrono_literals;

constexpr Duration dial_again = 100ms;
constexpr uint64_t lane_delay_us_max = 20;

}  // namespace

/// Who is there? Asked again until somebody answers or patience ends.
struct SimTransport::Question {
  std::string endpoint;
  Time until;
  std::function<void(Result<bus::Peer>)> found;
  bool answered = false;
};

SimTransport::SimTransport(Network& network, Owner owner, Machine machine, uint32_t port, NodeId node,
                           Incarnation incarnation, std::function<void(NodeId)> on_disconnect)
    : network_(network), owner_(owner), machine_(machine), on_disconnect_(std::move(on_disconnect)) {
  self_ = {node, incarnation, fmt::format("sim://{}:{}/control", machine, port),
           fmt::format("sim://{}:{}/request", machine, port), fmt::format("sim://{}:{}/bulk", machine, port)};
  for (const Lane lane : bus::lanes) network_.listen(self_.endpoint(lane), this);
}

SimTransport::~SimTransport() {
  stop();
}

void SimTransport::stop() {
  if (stopped_) return;
  for (LaneState& lane : lanes_)
    for (auto& command : std::exchange(lane.commands, {})) command();
  stopped_ = true;
  for (const Lane lane : bus::lanes) network_.listen(self_.endpoint(lane), nullptr);
  for (const auto& connection : connections_)
    for (const size_t end : {size_t{0}, size_t{1}})
      if (connection->at(end) == this) connection->close(end);
  connections_.clear();
  for (LaneState& lane : lanes_) lane = LaneState{};
}

void SimTransport::die(bool silently) {
  if (stopped_) return;
  for (const auto& connection : connections_)
    for (const size_t end : {size_t{0}, size_t{1}})
      if (connection->at(end) == this) connection->die(end, silently);
  connections_.clear();
  for (LaneState& lane : lanes_) lane.commands.clear();
  stop();
}

void SimTransport::attach(std::shared_ptr<Connection> connection) {
  connections_.push_back(std::move(connection));
}

void SimTransport::detach(const Connection& connection) {
  std::erase_if(connections_, [&](const auto& c) { return c.get() == &connection; });
}

void SimTransport::command(Lane lane, std::function<void()> command) {
  LaneState& state = at(lane);
  state.commands.push_back(std::move(command));
  if (std::exchange(state.awake, true)) return;
  schedule().after(owner_, std::chrono::microseconds{schedule().random().below(lane_delay_us_max + 1)}, [this, lane] {
    LaneState& awake = at(lane);
    awake.awake = false;
    for (auto& next : std::exchange(awake.commands, {})) next();
  });
}

void SimTransport::add_peer(const bus::Peer& peer) {
  if (stopped_) return;
  for (const Lane lane : bus::lanes) {
    at(lane).added.insert(peer.node);
    command(lane, [this, lane, peer] { add(lane, peer); });
  }
}

void SimTransport::remove_peer(NodeId node) {
  if (stopped_) return;
  for (const Lane lane : bus::lanes) {
    at(lane).added.erase(node);
    command(lane, [this, lane, node] { remove(lane, node); });
  }
}

Status SimTransport::send(Lane lane, NodeId node, wire::Message message) {
  if (stopped_) return fail(Errc::unavailable, "this node's transport is stopped");
  LaneState& state = at(lane);
  if (!state.added.contains(node) && !state.connected.contains(node))
    return fail(Errc::unavailable, "node {} is not known here, nor connected to this node", node);
  size_t& queued = state.queued[node];
  if (queued >= network_.options().peer_queue_max)
    return fail(Errc::overloaded, "the queue to node {} is full: {} messages wait for it", node, queued);
  ++queued;
  message.envelope.source_node = self_.node;
  message.envelope.source_incarnation = self_.incarnation;
  command(lane, [this, lane, node, message = std::move(message)]() mutable {
    enqueue(lane, node, std::move(message), true);
  });
  return {};
}

void SimTransport::renew(Incarnation incarnation, std::function<void()> done) {
  if (stopped_) return;
  if (!network_.options().keeps_incarnation) self_.incarnation = incarnation;
  const auto open = std::make_shared<size_t>(bus::lane_count);
  for (const Lane lane : bus::lanes)
    command(lane, [this, lane, open, done] {
      hang_up_all(lane);
      if (--*open == 0) done();
    });
}

size_t SimTransport::waiting() const {
  size_t total = 0;
  for (const LaneState& lane : lanes_)
    for (const auto& [node, queued] : lane.queued) total += queued;
  return total;
}

// --- Links -----------------------------------------------------------------------------------------------------------

void SimTransport::add(Lane lane, const bus::Peer& peer) {
  Link& link = at(lane).links[peer.node];
  link.node = peer.node;
  link.added = true;
  if (peer.incarnation < link.incarnation) return;
  if (peer.incarnation > link.incarnation) begin_life(lane, link, peer.incarnation);
  const std::string& where = peer.endpoint(lane);
  if (where == link.endpoint) return;
  hang_up(link);
  link.endpoint = where;
  flush(lane, link);
}

void SimTransport::remove(Lane lane, NodeId node) {
  const auto found = at(lane).links.find(node);
  if (found == at(lane).links.end()) return;
  Link& link = found->second;
  give_up(lane, link, "was removed");
  hang_up(link);
  link.endpoint.clear();
  link.added = false;
}

void SimTransport::begin_life(Lane lane, Link& link, Incarnation incarnation) {
  give_up(lane, link, "began a new life");
  const bool was_connected = link.call != nullptr;
  hang_up(link);
  if (was_connected) on_disconnect_(link.node);
  if (link.inbound) went_away(lane, link, true);
  link.endpoint.clear();
  link.incarnation = incarnation;
}

void SimTransport::hang_up(Link& link) {
  link.dialling = false;
  if (link.call) {
    link.call->close(0);
    detach(*link.call);
    link.call.reset();
  }
  if (link.path == Path::call) link.path = Path::none;
}

void SimTransport::hang_up_all(Lane lane) {
  for (auto& [node, link] : at(lane).links) {
    give_up(lane, link, "was called in an earlier life of this node");
    hang_up(link);
    if (!link.inbound) continue;
    link.inbound->close(1);
    detach(*link.inbound);
    went_away(lane, link, false);
  }
}

void SimTransport::went_away(Lane lane, Link& link, bool by_break) {
  link.inbound.reset();
  at(lane).connected.erase(link.node);
  if (link.path == Path::inbound) link.path = Path::none;
  if (by_break) on_disconnect_(link.node);
  flush(lane, link);
}

void SimTransport::came_in(Lane lane, Link& link, Connection& connection) {
  if (link.inbound.get() == &connection) return;
  // A node that connects anew takes over from its earlier connection.
  if (link.inbound) {
    link.inbound->close(1);
    detach(*link.inbound);
  }
  link.inbound = connection.shared_from_this();
  at(lane).connected.insert(link.node);
  flush(lane, link);
}

// --- Out -------------------------------------------------------------------------------------------------------------

void SimTransport::enqueue(Lane lane, NodeId node, wire::Message message, bool counted) {
  const auto found = at(lane).links.find(node);
  if (found == at(lane).links.end()) {
    if (counted) settle(lane, node);
    return give_up(lane, node, {}, message, "was removed");
  }
  Link& link = found->second;
  if (!counted) ++at(lane).queued[node];
  if (link.waiting.empty()) link.waiting_since = schedule().now();
  link.waiting.push_back(std::move(message));
  flush(lane, link);
}

void SimTransport::flush(Lane lane, Link& link) {
  while (!link.waiting.empty()) {
    if (link.path == Path::none && !choose_path(lane, link)) return;
    Connection* const connection = link.path == Path::inbound ? link.inbound.get() : link.call.get();
    if (connection == nullptr) return;
    const size_t end = link.path == Path::inbound ? 1 : 0;
    connection->send(end, {{}, std::move(link.waiting.front()), false});
    link.waiting.pop_front();
    settle(lane, link.node);
  }
}

bool SimTransport::choose_path(Lane lane, Link& link) {
  if (link.inbound) {
    link.path = Path::inbound;
    return true;
  }
  if (link.endpoint.empty()) {
    give_up(lane, link, "is not connected, and its address is not known");
    return false;
  }
  link.path = Path::call;
  if (!link.call && !std::exchange(link.dialling, true)) dial(lane, link.node);
  return true;
}

void SimTransport::dial(Lane lane, NodeId node) {
  const auto found = at(lane).links.find(node);
  if (found == at(lane).links.end() || !found->second.dialling) return;
  const SimTransport* const there = network_.find(found->second.endpoint);
  const Duration round_trip =
      there == nullptr ? Duration{1ms}
                       : network_.latency(machine_, there->machine()) + network_.latency(there->machine(), machine_);
  // A wire may be so slow that nobody waits for the answer.
  const Duration patience = network_.options().connect_patience;
  const bool is_too_slow = round_trip > patience;
  schedule().after(owner_, std::min(round_trip, patience), [this, lane, node, is_too_slow] {
    const auto still = at(lane).links.find(node);
    if (still == at(lane).links.end() || !still->second.dialling) return;
    Link& link = still->second;
    SimTransport* const listener = network_.find(link.endpoint);
    if (!is_too_slow && listener != nullptr && !listener->frozen_since() &&
        !network_.is_cut(machine_, listener->machine()) && !network_.is_cut(listener->machine(), machine_)) {
      connected(lane, link, *listener);
      return;
    }
    const bool refused = listener == nullptr;
    if (refused || schedule().now() - link.waiting_since > network_.options().connect_patience) {
      hang_up(link);
      if (link.inbound) return flush(lane, link);
      give_up(lane, link,
              fmt::format("{} {}", refused ? "cannot be reached at" : "did not answer a call to", link.endpoint));
      return;
    }
    schedule().after(owner_, dial_again, [this, lane, node] { dial(lane, node); });
  });
}

void SimTransport::connected(Lane lane, Link& link, SimTransport& listener) {
  link.dialling = false;
  link.call = network_.connect(lane);
  link.call->establish(*this, listener);
  link.call->send(0, {{}, std::nullopt, false});
  flush(lane, link);
}

void SimTransport::settle(Lane lane, NodeId node) {
  const auto queued = at(lane).queued.find(node);
  if (--queued->second == 0) at(lane).queued.erase(queued);
}

void SimTransport::give_up(Lane lane, Link& link, std::string_view why) {
  for (const wire::Message& message : std::exchange(link.waiting, {})) {
    settle(lane, link.node);
    give_up(lane, link.node, link.incarnation, message, why);
  }
}

void SimTransport::give_up(Lane lane, NodeId node, Incarnation incarnation, const wire::Message& message,
                           std::string_view why) {
  if (message.envelope.kind != wire::Kind::request) return;
  wire::Message answer;
  answer.envelope.kind = wire::Kind::error;
  answer.envelope.message_type = static_cast<uint16_t>(protocol::MessageType::error);
  answer.envelope.correlation_id = message.envelope.correlation_id;
  answer.envelope.source_node = node;
  answer.envelope.source_incarnation = incarnation;
  answer.envelope.target_incarnation = self_.incarnation;
  answer.body = protocol::encode_error({Errc::unavailable, fmt::format("node {} {}", node, why), {}, {}});
  handler_(lane, std::move(answer));
}

// --- In --------------------------------------------------------------------------------------------------------------

void SimTransport::arrived(Connection& connection, size_t end, std::optional<wire::Message> message) {
  const Lane lane = connection.lane();
  const NodeId node = connection.node(1 - end);
  const Incarnation incarnation = connection.incarnation(1 - end);
  if (message) {
    schedule().note((uint64_t{message->envelope.message_type} << 8U) | static_cast<uint64_t>(message->envelope.kind));
    schedule().note(message->envelope.correlation_id.value ^ node.value);
  }
  if (end == 0) {
    const auto found = std::find_if(at(lane).links.begin(), at(lane).links.end(),
                                    [&](const auto& entry) { return entry.second.call.get() == &connection; });
    if (found == at(lane).links.end() || !message) return;
    if (found->first != node || incarnation < found->second.incarnation) return;
    return receive(lane, found->second, std::move(*message));
  }
  Link& link = at(lane).links[node];
  link.node = node;
  if (incarnation < link.incarnation) return;
  if (incarnation > link.incarnation) begin_life(lane, link, incarnation);
  if (!message) return came_in(lane, link, connection);
  if (link.inbound.get() != &connection) return;
  receive(lane, link, std::move(*message));
}

void SimTransport::receive(Lane lane, Link& link, wire::Message message) {
  const wire::Envelope& envelope = message.envelope;
  if (envelope.target_incarnation && envelope.target_incarnation != self_.incarnation) {
    if (envelope.kind != wire::Kind::request) return;
    wire::Message answer;
    answer.envelope.kind = wire::Kind::error;
    answer.envelope.message_type = static_cast<uint16_t>(protocol::MessageType::error);
    answer.envelope.correlation_id = envelope.correlation_id;
    answer.envelope.source_node = self_.node;
    answer.envelope.source_incarnation = self_.incarnation;
    answer.envelope.target_incarnation = envelope.source_incarnation;
    answer.body =
        protocol::encode_error({Errc::unavailable,
                                fmt::format("node {} began a new life, the one that was meant is over", self_.node),
                                {},
                                {}});
    return enqueue(lane, link.node, std::move(answer), false);
  }
  handler_(lane, std::move(message));
}

void SimTransport::broke(Connection& connection, size_t end) {
  const Lane lane = connection.lane();
  const auto self = connection.shared_from_this();
  detach(connection);
  for (auto& [node, link] : at(lane).links) {
    if (end == 1 && link.inbound == self) return went_away(lane, link, true);
    if (end == 0 && link.call == self) {
      link.call.reset();
      if (link.path == Path::call) {
        link.path = Path::none;
        if (!link.inbound) give_up(lane, link, "broke the connection");
      }
      on_disconnect_(link.node);
      return flush(lane, link);
    }
  }
}

void SimTransport::discover(const std::string& control_endpoint, Duration patience,
                            std::function<void(Result<bus::Peer>)> callback) {
  if (stopped_) return callback(fail(Errc::unavailable, "this node's transport is stopped"));
  const auto question = std::make_shared<Question>();
  question->endpoint = control_endpoint;
  question->until = schedule().now() + patience;
  question->found = std::move(callback);
  schedule().at(owner_, question->until, [question] {
    if (std::exchange(question->answered, true)) return;
    std::exchange(question->found, {})(fail(Errc::deadline_exceeded, "no node answered at {}", question->endpoint));
  });
  ask(question);
}

void SimTransport::ask(const std::shared_ptr<Question>& question) {
  if (question->answered || stopped_) return;
  schedule().after(owner_, dial_again, [this, question] { ask(question); });
  const SimTransport* const there = network_.find(question->endpoint);
  if (there == nullptr || network_.is_cut(machine_, there->machine())) return;
  // The asker may die before that runs: what it needs of it goes along.
  schedule().after(there->owner(), network_.latency(machine_, there->machine()),
                   [&network = network_, asker = owner_, machine = machine_, question] {
                     const SimTransport* const answerer = network.find(question->endpoint);
                     if (answerer == nullptr || network.is_cut(answerer->machine(), machine)) return;
                     const Duration back = network.latency(answerer->machine(), machine);
                     network.schedule().after(asker, back, [question, peer = answerer->self()] {
                       if (std::exchange(question->answered, true)) return;
                       std::exchange(question->found, {})(peer);
                     });
                   });
}

}  // namespace troupe::sim
