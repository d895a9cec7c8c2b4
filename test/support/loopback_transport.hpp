#pragma once
// LoopbackTransport: joins hosts of one process, without sockets. Messages arrive in the sender's thread.

#include <map>
#include <memory>
#include <mutex>

#include "runtime/bus/transport.hpp"

namespace troupe::testing {

/// The wire all transports of a test hang on. Faults are values: cut() a node off, edit() what passes.
class LoopbackNetwork {
 public:
  /// Drops what goes to `node` from now on, silently.
  void cut(NodeId node) { cut_ = node; }
  /// Runs on every message before it is delivered; false drops it.
  std::function<bool(wire::Message&)> filter = [](wire::Message&) { return true; };

 private:
  friend class LoopbackTransport;
  std::mutex mutex_;
  std::map<NodeId, class LoopbackTransport*> transports_;
  NodeId cut_;
};

class LoopbackTransport final : public bus::Transport {
 public:
  LoopbackTransport(LoopbackNetwork& network, NodeId node, Incarnation incarnation)
      : network_(network), self_{node, incarnation, "loopback", "loopback", "loopback"} {
    network_.transports_[node] = this;
  }

  bus::Peer self() const override { return self_; }
  void start(bus::ReceiveHandler handler) override { handler_ = std::move(handler); }
  void stop() override {
    const std::lock_guard lock(network_.mutex_);
    network_.transports_.erase(self_.node);
  }
  void add_peer(const bus::Peer&) override {}
  void remove_peer(NodeId) override {}
  void renew(Incarnation incarnation, std::function<void()> done) override {
    self_.incarnation = incarnation;
    done();
  }
  void discover(const std::string&, Duration, std::function<void(Result<bus::Peer>)> callback) override {
    callback(fail(Errc::unimplemented, "nobody to discover"));
  }

  Status send(bus::Lane lane, NodeId node, wire::Message message) override {
    message.envelope.source_node = self_.node;
    message.envelope.source_incarnation = self_.incarnation;
    LoopbackTransport* target = nullptr;
    {
      const std::lock_guard lock(network_.mutex_);
      const auto found = network_.transports_.find(node);
      if (found == network_.transports_.end()) return fail(Errc::unavailable, "no such peer");
      target = found->second;
    }
    if (node == network_.cut_ || !network_.filter(message)) return {};
    target->handler_(lane, std::move(message));
    return {};
  }

 private:
  LoopbackNetwork& network_;
  bus::Peer self_;
  bus::ReceiveHandler handler_;
};

}  // namespace troupe::testing
