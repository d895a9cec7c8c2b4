#include "cluster/cli/doctor_checks.hpp"

#include <algorithm>

#include "cluster/cli/rollout.hpp"

namespace troupe::cli {
namespace {

using Level = Finding::Level;

constexpr ByteCount memory_wanted = 512_MiB;
constexpr ByteCount disk_wanted = 1_GiB;

std::string gib(ByteCount count) {
  return fmt::format("{:.1f}GiB", static_cast<double>(count.value) / (1 << 30));
}

}  // namespace

std::vector<Finding> check_machine(const MachineFacts& machine) {
  std::vector<Finding> findings;
  std::string fast;
  for (const char* feature : {"avx2", "fma", "f16c", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve"}) {
    const auto& all = machine.cpu_features;
    if (std::find(all.begin(), all.end(), feature) != all.end())
      fast += (fast.empty() ? "" : " ") + std::string(feature);
  }
  findings.push_back(fast.empty() ? Finding{Level::warn,
                                            fmt::format("{} CPUs without vector instructions we know", machine.cpus),
                                            "models run, but slowly: AVX2 or NEON is wanted"}
                                  : Finding{Level::ok, fmt::format("{} CPUs with {}", machine.cpus, fast), {}});
  const bool has_memory = machine.memory_free >= memory_wanted;
  findings.push_back({has_memory ? Level::ok : Level::warn, fmt::format("{} memory free", gib(machine.memory_free)),
                      has_memory ? "" : "end other programs: a node with a small model takes some 200MiB"});
  const bool has_disk = machine.disk_free >= disk_wanted;
  findings.push_back({has_disk ? Level::ok : Level::warn,
                      fmt::format("{} disk free for {}", gib(machine.disk_free), machine.data_root),
                      has_disk ? "" : "free some, or choose another --data-dir: models are copied into it"});
  return findings;
}

std::vector<Finding> check_ports(const std::vector<PortFacts>& ports) {
  std::vector<Finding> findings;
  for (const PortFacts& port : ports) {
    const std::string what = fmt::format("port {} ({})", port.port, port.option);
    if (port.is_free) {
      findings.push_back({Level::ok, what + " is free", {}});
    } else if (port.is_ours) {
      findings.push_back({Level::ok, fmt::format("{} is used by {}", what, port.used_by), {}});
    } else {
      findings.push_back(
          {Level::warn,
           fmt::format("{} is used by {}", what, port.used_by.empty() ? "a process of another user" : port.used_by),
           fmt::format("a node started here needs {} with another port, or 0 for any", port.option)});
    }
  }
  return findings;
}

std::vector<Finding> check_status(const nlohmann::json& status) {
  std::vector<Finding> findings;
  const nlohmann::json none = nlohmann::json::array();
  for (const nlohmann::json& node : status.value("nodes", none)) {
    const std::string name = node.value("name", "");
    const std::string state = node.value("state", "");
    const std::string what = fmt::format("node {} is {}", name, state);
    if (state == "alive" || state == "left") {
      findings.push_back({Level::ok, what, {}});
    } else {
      findings.push_back(
          {state == "suspect" ? Level::warn : Level::fail,
           fmt::format("{}; last heard of {} ms ago", what, node.value("last_seen_ms", int64_t{0})),
           "look at its log (DATA_DIR/NAME/logs/troupe.log), and at its process; start it again if it is "
           "gone"});
    }
  }
  const nlohmann::json deployments = status.value("deployments", none);
  for (const nlohmann::json& deployment : deployments) {
    const std::string name = deployment.value("name", "");
    const Rollout rollout = rollout_of(deployments, name);
    const std::string what = fmt::format("deployment {}: {}", name, rollout.summary);
    if (rollout.state == Rollout::State::ready) {
      findings.push_back({Level::ok, what, {}});
    } else {
      findings.push_back({Level::fail, what,
                          fmt::format("`troupe get deployments {}` shows its replicas; start a worker (`troupe start "
                                      "--address=…`) if there is no room",
                                      name)});
    }
  }
  return findings;
}

}  // namespace troupe::cli
