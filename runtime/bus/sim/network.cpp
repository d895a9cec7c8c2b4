#include "runtime/bus/sim/network.hpp"

#include <algorithm>

#include "runtime/base/assert.hpp"
#include "runtime/bus/sim/sim_transport.hpp"

namespace troupe::sim {

void Connection::establish(SimTransport& caller, SimTransport& listener) {
  for (const size_t end : {size_t{0}, size_t{1}}) {
    SimTransport& transport = end == 0 ? caller : listener;
    ends_[end].transport = &transport;
    ends_[end].machine = transport.machine();
    ends_[end].owner = transport.owner();
    ends_[end].node = transport.self().node;
    ends_[end].incarnation = transport.self().incarnation;
    ends_[end].open = true;
  }
  caller.attach(shared_from_this());
  listener.attach(shared_from_this());
}

void Connection::send(size_t end, Parcel parcel) {
  End& to = ends_[1 - end];
  if (!ends_[end].open || !to.open) return;
  Schedule& schedule = network_.schedule();
  parcel.due = std::max(to.last_due, schedule.now() + network_.latency(ends_[end].machine, to.machine));
  to.last_due = parcel.due;
  const NetworkOptions& options = network_.options();
  const bool twice =
      parcel.message && options.duplicate_chance > 0 && schedule.random().uniform() < options.duplicate_chance;
  if (twice) to.inbox.push_back(parcel);
  to.inbox.push_back(std::move(parcel));
  if (const size_t count = to.inbox.size(); options.swap_chance > 0 && count > 1 && to.inbox[count - 2].message &&
                                            !to.inbox[count - 1].is_end && to.inbox[count - 1].message &&
                                            schedule.random().uniform() < options.swap_chance)
    std::swap(to.inbox[count - 1].message, to.inbox[count - 2].message);
  if (!to.moving) plan(1 - end);
}

void Connection::plan(size_t end) {
  End& to = ends_[end];
  to.moving = true;
  network_.schedule().at(to.owner, to.inbox.front().due, [self = shared_from_this(), end] { self->arrive(end); });
}

void Connection::arrive(size_t end) {
  End& to = ends_[end];
  to.moving = false;
  if (to.inbox.empty() || !to.open || to.transport == nullptr) return;
  // Goes on when the wire is mended.
  if (network_.is_cut(ends_[1 - end].machine, to.machine)) return;
  Parcel parcel = std::move(to.inbox.front());
  to.inbox.pop_front();
  if (!to.inbox.empty()) plan(end);
  if (parcel.is_end) {
    to.open = false;
    to.inbox.clear();
    to.transport->broke(*this, end);
  } else {
    to.transport->arrived(*this, end, std::move(parcel.message));
  }
}

void Connection::close(size_t end) {
  if (!ends_[end].open) return;
  send(end, {{}, std::nullopt, true});
  ends_[end].open = false;
  ends_[end].inbox.clear();
}

void Connection::die(size_t end, bool silently) {
  if (ends_[end].open) {
    std::deque<Parcel>& sent = ends_[1 - end].inbox;
    const size_t kept = network_.schedule().random().below(sent.size() + 1);
    sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(kept), sent.end());
    if (silently) {
      ends_[end].open = false;
      ends_[end].inbox.clear();
      mute_since_ = network_.schedule().now();
      network_.doubt(*this);
    } else {
      close(end);
    }
  }
  ends_[end].transport = nullptr;
}

void Connection::reset() {
  for (const size_t end : {size_t{0}, size_t{1}}) {
    End& at = ends_[end];
    if (!at.open || at.transport == nullptr) continue;
    at.inbox.clear();
    at.inbox.push_back({network_.schedule().now() + network_.latency(ends_[1 - end].machine, at.machine), {}, true});
    if (!at.moving) plan(end);
  }
}

void Connection::resume() {
  for (const size_t end : {size_t{0}, size_t{1}})
    if (ends_[end].open && !ends_[end].inbox.empty() && !ends_[end].moving) plan(end);
}

void Connection::check_silence(size_t end) {
  if (!ends_[end].open || ends_[end].transport == nullptr) return;
  const auto since = network_.silent_since(*this);
  if (!since || network_.schedule().now() - *since < network_.options().silence_max) return;
  SimTransport* const transport = ends_[end].transport;
  close(end);
  transport->broke(*this, end);
}

Network::Network(Schedule& schedule, NetworkOptions options)
    : schedule_(schedule), options_(options), wires_(size_t{options.machines} * options.machines) {
  const auto spread = static_cast<uint64_t>((options_.latency_max - options_.latency_min).count()) + 1;
  for (Wire& wire : wires_)
    wire.latency = options_.latency_min + Duration{static_cast<int64_t>(schedule_.random().below(spread))};
}

std::unique_ptr<SimTransport> Network::make_transport(Owner owner, Machine machine, uint32_t port, NodeId node,
                                                      Incarnation incarnation,
                                                      std::function<void(NodeId)> on_disconnect) {
  return std::make_unique<SimTransport>(*this, owner, machine, port, node, incarnation, std::move(on_disconnect));
}

template <class Action>
void Network::each_between(Machine a, Machine b, Action action) {
  forget_closed();
  // An action may make or end connections.
  const auto connections = connections_;
  for (const auto& weak : connections) {
    const auto connection = weak.lock();
    if (!connection) continue;
    const Machine x = connection->machine(0);
    const Machine y = connection->machine(1);
    if ((x == a && y == b) || (x == b && y == a)) action(*connection);
  }
}

void Network::cut(Machine from, Machine to) {
  Wire& wire = this->wire(from, to);
  if (wire.cuts++ > 0) return;
  wire.cut_since = schedule_.now();
  each_between(from, to, [this](Connection& connection) { doubt(connection); });
}

void Network::mend(Machine from, Machine to) {
  Wire& wire = this->wire(from, to);
  TROUPE_ASSERT(wire.cuts > 0);
  if (--wire.cuts > 0) return;
  each_between(from, to, [](Connection& connection) { connection.resume(); });
}

void Network::slow(Machine a, Machine b, double factor) {
  wire(a, b).factor = wire(b, a).factor = factor;
}

void Network::reset(Machine a, Machine b) {
  each_between(a, b, [](Connection& connection) { connection.reset(); });
}

void Network::froze(SimTransport& transport) {
  transport.set_frozen_since(schedule_.now());
  for (const auto& connection : transport.connections()) doubt(*connection);
}

void Network::thawed(SimTransport& transport) {
  transport.set_frozen_since(std::nullopt);
}

Duration Network::latency(Machine from, Machine to) {
  const Wire& wire = this->wire(from, to);
  const auto jitter =
      Duration{static_cast<int64_t>(schedule_.random().below(static_cast<uint64_t>(options_.jitter_max.count()) + 1))};
  const Duration whole = wire.latency + jitter;
  return wire.factor == 1 ? whole : Duration{static_cast<int64_t>(static_cast<double>(whole.count()) * wire.factor)};
}

SimTransport* Network::find(const std::string& endpoint) const {
  const auto found = listeners_.find(endpoint);
  return found == listeners_.end() ? nullptr : found->second;
}

void Network::listen(const std::string& endpoint, SimTransport* transport) {
  if (transport != nullptr) {
    TROUPE_ASSERT(!listeners_.contains(endpoint));
    listeners_[endpoint] = transport;
  } else {
    listeners_.erase(endpoint);
  }
}

std::shared_ptr<Connection> Network::connect(bus::Lane lane) {
  auto connection = std::make_shared<Connection>(*this, lane);
  if (connections_.size() >= 64 && (connections_.size() & (connections_.size() - 1)) == 0) forget_closed();
  connections_.push_back(connection);
  return connection;
}

void Network::forget_closed() {
  std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
}

size_t Network::connections() const {
  return static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(), [](const auto& weak) {
    const auto connection = weak.lock();
    return connection && (connection->is_open(0) || connection->is_open(1));
  }));
}

void Network::doubt(Connection& connection) {
  constexpr auto spread = static_cast<uint64_t>(Duration{std::chrono::seconds{1}}.count());
  for (const size_t end : {size_t{0}, size_t{1}}) {
    if (!connection.is_open(end) || connection.at(end) == nullptr) continue;
    schedule_.after(connection.at(end)->owner(),
                    options_.silence_max + Duration{static_cast<int64_t>(schedule_.random().below(spread))},
                    [self = connection.shared_from_this(), end] { self->check_silence(end); });
  }
}

std::optional<Time> Network::silent_since(const Connection& connection) const {
  std::optional<Time> since = connection.mute_since();
  const auto add = [&](std::optional<Time> other) {
    if (other && (!since || *other < *since)) since = other;
  };
  for (const size_t end : {size_t{0}, size_t{1}}) {
    const Wire& out = wire(connection.machine(end), connection.machine(1 - end));
    if (out.cuts > 0) add(out.cut_since);
    if (connection.is_open(end) && connection.at(end) != nullptr) add(connection.at(end)->frozen_since());
  }
  return since;
}

}  // namespace troupe::sim
