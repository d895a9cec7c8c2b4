#pragma once
// Who a node is, across its lives: the id in its folder, and the machine it runs on.

#include <filesystem>

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::cluster {

/// The id in `data_dir`/node-id, made on first use. Blocks on disk.
Result<NodeId> load_or_create_node_id(const std::filesystem::path& data_dir);

/// All CPUs that this process may use, and four fifths of the machine's memory.
protocol::Resources machine_resources();

}  // namespace troupe::cluster
