#pragma once
// What `troupe doctor` makes of the facts it gathers. Pure.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/base/units.hpp"

namespace troupe::cli {

struct Finding {
  enum class Level : uint8_t { ok, warn, fail };

  Level level = Level::ok;
  std::string what;
  std::string advice;  ///< What to do; empty where nothing is to be done.
};

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

/// `mode`: the permission bits of the admin key's file.
Finding check_key_file(const std::string& path, unsigned mode);

/// Nodes and deployments, from what GET /api/v1/status answers.
std::vector<Finding> check_status(const nlohmann::json& status);

bool is_healthy(const std::vector<Finding>& findings);
/// "ok    what" a line; the advice below.
std::string format_findings(const std::vector<Finding>& findings);

}  // namespace troupe::cli
