#pragma once
// What `troupe doctor --security` makes of the facts it gathers: what is open, and whether that is fine: `fail` is a
// door or a secret that lets somebody in, or read along, who should not. Pure.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cli/finding.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::cli {

enum class DoorKind : uint8_t { bus, http, grpc, zmq, metrics, admin };

/// A door that a node listens on.
struct DoorFacts {
  std::string node;
  DoorKind kind = DoorKind::http;
  std::string address;            ///< "https://10.0.0.1:8000"
  bool is_encrypted = false;      ///< TLS or CURVE.
  std::optional<bool> needs_key;  ///< None: it could not be asked.
  std::string trouble;            ///< Why it could not.
};
Finding check_door(const DoorFacts& door);

/// `is_public`: others than this machine reach the node.
Finding check_insecure(const std::string& node, bool is_public);

/// `mode`: its permission bits. Of a file with a secret:
Finding check_secret_file(const std::string& path, unsigned mode);
/// Of the folder of a node:
Finding check_folder(const std::string& path, unsigned mode);
Finding check_certificate_end(const std::string& path, WallTime not_after, WallTime now);

/// From what the admin API answers under these names.
std::vector<Finding> check_tokens(const nlohmann::json& tokens, WallTime now);
std::vector<Finding> check_keys(const nlohmann::json& keys);
std::vector<Finding> check_members(const nlohmann::json& members);

}  // namespace troupe::cli
