#pragma once
// What `troupe doctor` makes of the facts it gathers. Pure.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cluster/cli/finding.hpp"
#include "runtime/base/units.hpp"

namespace troupe::cli {

struct MachineFacts {
  std::vector<std::string> cpu_features;  ///< As /proc/cpuinfo names them.
  unsigned cpus = 0;
  ByteCount memory_free;
  std::string data_root;
  ByteCount disk_free;
};
std::vector<Finding> check_machine(const MachineFacts& machine);

/// A port that a node wants by default.
struct PortFacts {
  uint16_t port = 0;
  std::string option;  ///< "--http-port"
  bool is_free = true;
  std::string used_by;  ///< "node head", "nginx (pid 12)"; empty: unknown.
  bool is_ours = false;
};
std::vector<Finding> check_ports(const std::vector<PortFacts>& ports);

/// Nodes and deployments, from what GET /api/v1/status answers.
std::vector<Finding> check_status(const nlohmann::json& status);

}  // namespace troupe::cli
