#pragma once
// InboundConnections: who speaks by which of the connections that came in to a ROUTER. Pure: told what its monitor saw.

#include <optional>
#include <unordered_map>
#include <utility>

#include "runtime/base/ids.hpp"

namespace troupe::bus::internal {

/// Keyed by descriptor. Descriptors are used again, some connections are closed without a word (those whose id another
/// one took over), and what came by a connection may be read after it broke. The monitor's events are in order, and
/// each is there before anything that came by a later connection: they tell one from the next.
class InboundConnections {
 public:
  /// A connection has been accepted. Returns the node of the one whose descriptor it was until now.
  std::optional<NodeId> accepted(int fd) { return end(fd, State::open); }

  /// It broke. Returns its node.
  std::optional<NodeId> broken(int fd) { return end(fd, State::closed); }

  /// False: what is read by it are the last words of a connection that broke.
  bool is_open(int fd) const {
    const auto found = connections_.find(fd);
    return found == connections_.end() || found->second.state != State::closed;
  }

  /// `node` speaks by it. Returns the node that did before, if it was another.
  std::optional<NodeId> take(int fd, NodeId node) {
    auto& owner = connections_[fd].owner;
    const std::optional<NodeId> before = owner;
    owner = node;
    return before == node ? std::nullopt : before;
  }

  /// `node` speaks by another, or not at all any more.
  void release(int fd, NodeId node) {
    const auto found = connections_.find(fd);
    if (found != connections_.end() && found->second.owner == node) found->second.owner.reset();
  }

  /// What still comes by it is not to be heard.
  void cut(int fd) {
    State& state = connections_[fd].state;
    if (std::exchange(state, State::cut) != State::cut) ++cut_;
  }
  bool any_cut() const { return cut_ > 0; }
  bool is_cut(int fd) const {
    const auto found = connections_.find(fd);
    return found != connections_.end() && found->second.state == State::cut;
  }

 private:
  enum class State : uint8_t { open, cut, closed };
  struct Connection {
    State state = State::open;
    std::optional<NodeId> owner;
  };

  std::optional<NodeId> end(int fd, State next) {
    const Connection before = std::exchange(connections_[fd], Connection{next, std::nullopt});
    if (before.state == State::cut) --cut_;
    return before.owner;
  }

  std::unordered_map<int, Connection> connections_;  ///< As many as there are descriptors, at most.
  size_t cut_ = 0;
};

}  // namespace troupe::bus::internal
