#include "cluster/cli/rollout.hpp"

#include <fmt/format.h>

#include <map>

namespace troupe::cli {

Rollout rollout_of(const nlohmann::json& deployments, const std::string& name) {
  for (const nlohmann::json& one : deployments) {
    if (one.value("name", "") != name) continue;
    Rollout rollout;
    const auto ready = one.value("ready", uint64_t{0});
    const auto wished = one.value("replicas", uint64_t{0});
    rollout.summary = fmt::format("{} of {} replicas ready", ready, wished);
    std::map<std::string, int> others;
    std::string reasons;
    for (const nlohmann::json& replica : one.value("running", nlohmann::json::array())) {
      const std::string state = replica.value("state", "");
      if (state != "ready")
        ++others[state];
      else if (replica.value("outdated", false))
        ++others["to be replaced"];
      if (state == "failed") rollout.state = Rollout::State::failed;
      const std::string reason = replica.value("reason", "");
      if (!reason.empty()) reasons += fmt::format("; on {}: {}", replica.value("node", ""), reason);
    }
    for (const auto& [state, count] : others) rollout.summary += fmt::format("; {} {}", count, state);
    rollout.summary += reasons;
    const std::string unplaced = one.value("reason", "");
    if (!unplaced.empty()) rollout.summary += "; " + unplaced;
    const bool is_routed = one.value("routed", true);
    if (!is_routed) rollout.summary += "; gateways are being told";
    const bool has_old_ones = others.contains("draining") || others.contains("to be replaced");
    if (ready >= wished && !has_old_ones && is_routed) rollout.state = Rollout::State::ready;
    return rollout;
  }
  return {Rollout::State::waiting, "not known to the head yet"};
}

}  // namespace troupe::cli
