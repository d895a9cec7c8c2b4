#pragma once
// What `troupe doctor --security` makes of the facts it gathers: what is open, and whether that is fine. Pure.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.hpp"

namespace troupe::cli {

struct SecurityRow {
  enum class Level : uint8_t {
    ok,
    note,  ///< Fine as long as it is meant so.
    open,  ///< Somebody gets in, or reads along, who should not.
  };

  Level level = Level::ok;
  std::string what;
  std::string advice;  ///< What to do; empty where nothing is to be done.
};

enum class DoorKind : uint8_t { bus, http, zmq, metrics, admin };

/// A door that a node listens on.
struct DoorFacts {
  std::string node;
  DoorKind kind = DoorKind::http;
  std::string address;            ///< "https://10.0.0.1:8000"
  bool is_encrypted = false;      ///< TLS or CURVE.
  std::optional<bool> needs_key;  ///< None: it could not be asked.
  std::string trouble;            ///< Why it could not.
};
SecurityRow check_door(const DoorFacts& door);

/// `is_public`: others than this machine reach the node.
SecurityRow check_insecure(const std::string& node, bool is_public);

/// `mode`: its permission bits. Of a file with a secret:
SecurityRow check_secret_file(const std::string& path, unsigned mode);
/// Of the folder of a node:
SecurityRow check_folder(const std::string& path, unsigned mode);
SecurityRow check_certificate_end(const std::string& path, WallTime not_after, WallTime now);

/// From what the admin API answers under these names.
std::vector<SecurityRow> check_tokens(const nlohmann::json& tokens, WallTime now);
std::vector<SecurityRow> check_keys(const nlohmann::json& keys);
std::vector<SecurityRow> check_members(const nlohmann::json& members);

bool is_safe(const std::vector<SecurityRow>& rows);
const char* to_string(SecurityRow::Level level) noexcept;
/// "ok    what" a line; the advice below.
std::string format_rows(const std::vector<SecurityRow>& rows);

}  // namespace troupe::cli
