#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/doctor_checks.hpp"
#include "cluster/cli/doctor_security.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/listeners.hpp"
#include "cluster/cli/local_nodes.hpp"
#include "cluster/cli/security_checks.hpp"
#include "cluster/cli/verbs.hpp"
#include "cluster/node/version.hpp"

namespace troupe::cli {
namespace {

using Level = Finding::Level;

std::vector<std::string> cpu_features() {
  std::ifstream file("/proc/cpuinfo");
  std::vector<std::string> features;
  for (std::string line; features.empty() && std::getline(file, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    for (std::string word; words >> word;) features.push_back(word);
  }
  return features;
}

ByteCount memory_free() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  for (uint64_t kib = 0; file >> key >> kib >> unit;) {
    if (key == "MemAvailable:") return {kib << 10};
  }
  return {};
}

ByteCount disk_free(std::filesystem::path folder) {
  while (!folder.empty() && !std::filesystem::exists(folder) && folder != folder.parent_path())
    folder = folder.parent_path();
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return {};
  return {uint64_t{disk.f_bavail} * disk.f_frsize};
}

std::vector<PortFacts> port_facts(const std::vector<LocalNode>& nodes) {
  std::vector<PortFacts> ports{{7420, "--port"},         {8000, "--http-port"}, {8001, "--grpc-port"},
                               {8002, "--metrics-port"}, {8003, "--zmq-port"},  {8265, "--admin-port"}};
  for (PortFacts& port : ports) {
    port.is_free = is_port_free(port.port);
    if (port.is_free) continue;
    port.used_by = listener_on(port.port);
    for (const LocalNode& node : nodes) {
      if (!node.pid || port.used_by.find(fmt::format("(pid {})", *node.pid)) == std::string::npos) continue;
      port.used_by = "node " + node.file.name;
      port.is_ours = true;
    }
  }
  return ports;
}

/// The doors of a node of this machine, by asking them.
void check_local_node(const LocalNode& node, Duration timeout, std::vector<Finding>& findings) {
  const std::string name = "local node " + node.file.name;
  if (!node.pid) {
    findings.push_back({Level::fail, fmt::format("{} left {} behind but does not run", name, node.folder.string()),
                        "it crashed or was killed: see its logs, start it again, or clean up with `troupe stop`"});
    return;
  }
  findings.push_back({Level::ok, fmt::format("{} runs (pid {})", name, *node.pid), {}});
  const auto ask = [&](const std::string& url, const char* path) {
    auto at = parse_address(url, "");
    if (url.empty() || !at) return;
    at->ca_file = node.file.ca_file;
    const auto answer = http_call({.at = *at, .target = path}, timeout);
    const std::string what = fmt::format("{}: {}{}", name, url, path);
    if (answer && answer->status == 200) {
      findings.push_back({Level::ok, what + " answers", {}});
    } else if (answer) {
      findings.push_back({Level::fail, fmt::format("{} answers with status {}", what, answer->status), answer->body});
    } else {
      findings.push_back({Level::fail, fmt::format("{}: {}", what, answer.error().message), "restart the node"});
    }
  };
  ask(node.file.addresses.http, "/livez");
  std::string metrics = node.file.addresses.metrics;
  if (metrics.ends_with("/metrics")) metrics.resize(metrics.size() - std::string_view("/metrics").size());
  ask(metrics, "/metrics");
}

/// Only where there is a cluster to ask: one that was named, or a local head.
void check_cluster(const AdminFlags& flags, bool is_expected, std::vector<Finding>& findings) {
  const auto admin = AdminClient::make(flags);
  const auto status = admin ? admin->get("status") : Result<nlohmann::json>(fail(admin.error()));
  if (status) {
    findings.push_back({Level::ok, fmt::format("the head answers at {}", admin->url()), {}});
    for (Finding& finding : check_status(*status)) findings.push_back(std::move(finding));
  } else {
    findings.push_back({is_expected ? Level::fail : Level::warn, "no head: " + status.error().message, {}});
  }
}

Result<Exit> examine(const AdminFlags& flags) {
  std::vector<Finding> findings{{Level::ok, fmt::format("troupe {}", cluster::software_version), {}}};
  const std::string root = std::filesystem::absolute(flags.data_root).string();
  const auto add = [&](std::vector<Finding> more) {
    for (Finding& finding : more) findings.push_back(std::move(finding));
  };
  add(check_machine({cpu_features(), std::thread::hardware_concurrency(), memory_free(), root, disk_free(root)}));
  const std::vector<LocalNode> nodes = local_nodes(root);
  add(check_ports(port_facts(nodes)));
  bool expects_head = !flags.address.empty();
  for (const LocalNode& node : nodes) {
    check_local_node(node, flags.timeout, findings);
    expects_head = true;
    const auto key = node.folder / cluster::admin_key_file_name;
    struct stat file {};
    if (::stat(key.c_str(), &file) == 0) findings.push_back(check_secret_file(key.string(), file.st_mode & 07777));
  }
  check_cluster(flags, expects_head, findings);

  if (flags.json) {
    std::cout << nlohmann::json{{"healthy", is_healthy(findings)}, {"findings", json_of(findings, health_levels)}}.dump(
                     2)
              << '\n';
  } else {
    std::cout << format_findings(findings, health_levels);
  }
  return is_healthy(findings) ? Exit::ok : Exit::unhealthy;
}

}  // namespace

void add_doctor(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("doctor", "Look for what is wrong: this machine, its nodes, the cluster");
  auto security = std::make_shared<bool>(false);
  auto flags = std::make_shared<AdminFlags>();
  flags->timeout = std::chrono::seconds{3};
  add_admin_flags(*verb, *flags);
  verb->add_flag("--security", *security, "Look for what is open, and to whom: exit code 4 where something is");
  verb->callback([=, &shell] {
    shell.verb = [=, &shell] { return *security ? examine_security(*flags, shell.clock) : examine(*flags); };
  });
}

}  // namespace troupe::cli
