#pragma once
// A node in this process, until a signal ends it.

#include <functional>

#include "cluster/node/node.hpp"

namespace troupe::cli {

/// Starts the node and says so to `on_started`, once. Then serves until SIGTERM or SIGINT, which drain and stop it; a
/// second one ends the process at once with status 1. To be called while the process has one thread.
Status run_node(cluster::NodeOptions options,
                const std::function<void(const Result<const cluster::NodeFile*>&)>& on_started);

}  // namespace troupe::cli
