#pragma once
// Finding: one line of what `troupe doctor` says. Pure.

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace troupe::cli {

struct Finding {
  enum class Level : uint8_t {
    ok,
    warn,  ///< Fine as long as it is meant so.
    fail,
  };

  Level level = Level::ok;
  std::string what;
  std::string advice;  ///< What to do; empty where nothing is to be done.
};

/// How the levels are called, from ok on.
using LevelNames = std::array<const char*, 3>;
inline constexpr LevelNames health_levels{"ok", "warn", "fail"};
inline constexpr LevelNames security_levels{"ok", "note", "open"};

/// None failed.
bool is_healthy(const std::vector<Finding>& findings);
/// "ok    what" a line; the advice below.
std::string format_findings(const std::vector<Finding>& findings, const LevelNames& names);
/// [{"level":…,"what":…,"advice":…}]
nlohmann::json json_of(const std::vector<Finding>& findings, const LevelNames& names);

}  // namespace troupe::cli
