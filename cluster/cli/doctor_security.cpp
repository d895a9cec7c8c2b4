#include "cluster/cli/doctor_security.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/local_nodes.hpp"
#include "cluster/cli/security_checks.hpp"
#include "runtime/http/tls.hpp"

namespace troupe::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Level = Finding::Level;

class SecurityCheck {
 public:
  SecurityCheck(const AdminFlags& flags, const Clock& clock)
      : flags_(flags), clock_(clock), root_(fs::absolute(flags.data_root)), nodes_(local_nodes(root_)) {
    std::erase_if(nodes_, [](const LocalNode& node) { return !node.pid; });
  }

  Result<std::vector<Finding>> run() {
    const bool has_head = std::ranges::any_of(nodes_, [](const auto& node) { return node.file.roles.head; });
    for (const LocalNode& node : nodes_) check_local(node);
    if (has_head || !flags_.address.empty()) {
      TROUPE_CHECK(check_cluster());
    } else {
      for (const LocalNode& node : nodes_) check_doors(node.file.name, doors_of(node.file.addresses));
      add({Level::warn, "no head runs here, and none was named: tokens, keys and other nodes were not looked at",
           "--address HOST:PORT and --key-file name one"});
    }
    return rows_;
  }

 private:
  struct Doors {
    std::string bus, http, grpc, zmq, metrics, admin;
    bool is_zmq_encrypted = false;
  };

  void add(Finding row) { rows_.push_back(std::move(row)); }
  void add(std::vector<Finding> rows) { std::ranges::move(rows, std::back_inserter(rows_)); }

  static Doors doors_of(const protocol::NodeAddresses& at) {
    return {at.control, at.http, at.grpc, at.zmq, at.metrics, at.admin, !at.zmq_key.empty()};
  }

  void check_local(const LocalNode& node);
  Status check_cluster();
  void check_doors(const std::string& node, const Doors& doors);
  /// Whether it answers without a key, asked for `path`.
  void ask(DoorFacts& door, const char* path) const;

  const AdminFlags& flags_;
  const Clock& clock_;
  const fs::path root_;
  std::vector<LocalNode> nodes_;
  std::vector<Finding> rows_;
};

std::optional<unsigned> mode_of(const fs::path& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return std::nullopt;
  return file.st_mode & 07777U;
}

void SecurityCheck::check_local(const LocalNode& node) {
  if (const auto mode = mode_of(node.folder)) add(check_folder(node.folder.string(), *mode));
  for (const char* name : {cluster::admin_key_file_name, cluster::join_token_file_name, "node.key", "zmq.key"}) {
    const fs::path file = node.folder / name;
    if (const auto mode = mode_of(file)) add(check_secret_file(file.string(), *mode));
  }
  if (const std::string& file = node.file.tls_key; !file.empty())
    if (const auto mode = mode_of(file)) add(check_secret_file(file, *mode));
  if (const std::string& file = node.file.tls_certificate; !file.empty()) {
    const auto certificate = http::read_certificate(file);
    add(certificate ? check_certificate_end(file, certificate->not_after, clock_.wall())
                    : Finding{Level::warn, certificate.error().message, {}});
  }
  if (node.file.insecure) add(check_insecure(node.file.name, !cluster::is_loopback(node.file.host)));
}

Status SecurityCheck::check_cluster() {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags_));
  TROUPE_TRY(const json nodes, admin.get("nodes"));
  TROUPE_TRY(const json tokens, admin.get("tokens"));
  TROUPE_TRY(const json keys, admin.get("keys"));
  TROUPE_TRY(const json members, admin.get("members"));
  for (const json& node : nodes) {
    const std::string state = node.value("state", "");
    if (state != "alive" && state != "suspect") continue;
    const json at = node.value("addresses", json::object());
    const auto text = [&at](const char* key) { return at.value(key, std::string()); };
    check_doors(node.value("name", ""), {text("bus"), text("http"), text("grpc"), text("zmq"), text("metrics"),
                                         text("admin"), !text("zmq_key").empty()});
  }
  add(check_tokens(tokens, clock_.wall()));
  add(check_keys(keys));
  add(check_members(members));
  return {};
}

void SecurityCheck::check_doors(const std::string& node, const Doors& doors) {
  const auto is_tls = [](const std::string& address) { return address.starts_with("https://"); };
  if (!doors.bus.empty()) add(check_door({node, DoorKind::bus, doors.bus, true, true, {}}));
  if (!doors.http.empty()) {
    DoorFacts http{node, DoorKind::http, doors.http, is_tls(doors.http), {}, {}};
    ask(http, "/v1/models");
    DoorFacts grpc = http;  // One book of keys for all.
    DoorFacts zmq = http;
    add(check_door(http));
    grpc.kind = DoorKind::grpc;
    grpc.address = doors.grpc;
    grpc.is_encrypted = doors.grpc.starts_with("grpcs://");
    if (!doors.grpc.empty()) add(check_door(grpc));
    zmq.kind = DoorKind::zmq;
    zmq.address = doors.zmq;
    zmq.is_encrypted = doors.is_zmq_encrypted;
    if (!doors.zmq.empty()) add(check_door(zmq));
  }
  if (!doors.metrics.empty())
    add(check_door({node, DoorKind::metrics, doors.metrics, is_tls(doors.metrics), false, {}}));
  if (doors.admin.empty()) return;
  DoorFacts admin{node, DoorKind::admin, doors.admin, is_tls(doors.admin), {}, {}};
  ask(admin, "/api/v1/status");
  add(check_door(admin));
}

void SecurityCheck::ask(DoorFacts& door, const char* path) const {
  auto at = parse_address(door.address, "");
  if (!at) {
    door.trouble = at.error().message;
    return;
  }
  at->ca_file = flags_.ca_file;
  for (const LocalNode& node : nodes_)
    if (node.file.name == door.node && at->ca_file.empty()) at->ca_file = node.file.ca_file;
  const auto answer = http_call({.at = *at, .target = path}, flags_.timeout);
  if (!answer) {
    door.trouble = answer.error().message;
  } else if (answer->status == 401) {
    door.needs_key = true;
  } else if (answer->status == 200) {
    door.needs_key = false;
  } else {
    door.trouble = fmt::format("it answered with status {}", answer->status);
  }
}

}  // namespace

Result<Exit> examine_security(const AdminFlags& flags, const Clock& clock) {
  TROUPE_TRY(const std::vector<Finding> rows, SecurityCheck(flags, clock).run());
  if (flags.json) {
    std::cout << json{{"safe", is_healthy(rows)}, {"rows", json_of(rows, security_levels)}}.dump(2) << '\n';
  } else {
    std::cout << format_findings(rows, security_levels);
  }
  return is_healthy(rows) ? Exit::ok : Exit::unhealthy;
}

}  // namespace troupe::cli
