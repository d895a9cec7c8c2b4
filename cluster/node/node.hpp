#pragma once
// Node: one `troupe` process: its transport, actors, stores and doors, started and stopped in order.

#include <memory>

#include "cluster/node/options.hpp"

namespace troupe::cluster {

class Node {
 public:
  /// Starts everything and returns once the node has joined the cluster and its doors are open. On failure what had
  /// started is stopped again, and the Error says what to do.
  static Result<std::unique_ptr<Node>> start(NodeOptions options);
  /// Stops at once what stop() has not stopped.
  virtual ~Node() = default;

  virtual const NodeFile& file() const = 0;
  /// Drains: readiness turns 503, replicas and streams finish for at most drain_patience, then everything stops.
  /// Blocks; call once.
  virtual void stop() = 0;
  /// Why it had to end by itself; success where it did not. Thread-safe.
  virtual Status outcome() const = 0;
};

}  // namespace troupe::cluster
