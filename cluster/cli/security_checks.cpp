#include "cluster/cli/security_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cluster/node/options.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;
using Level = Finding::Level;

constexpr Duration token_soon = std::chrono::hours{24 * 7};
constexpr Duration certificate_soon = std::chrono::hours{24 * 30};
constexpr unsigned others_read_write = 077;
constexpr unsigned others_write = 022;

std::string text(const json& row, const char* key) {
  const auto found = row.find(key);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// "127.0.0.1" of "tcp://127.0.0.1:7420".
std::string host_of(std::string address) {
  if (const size_t scheme = address.find("://"); scheme != std::string::npos) address.erase(0, scheme + 3);
  address = address.substr(0, address.find('/'));
  address = address.substr(0, address.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return address;
}

const char* name_of(DoorKind kind) {
  switch (kind) {
    case DoorKind::bus:
      return "bus";
    case DoorKind::http:
      return "HTTP";
    case DoorKind::grpc:
      return "gRPC";
    case DoorKind::zmq:
      return "ZeroMQ";
    case DoorKind::metrics:
      return "metrics";
    case DoorKind::admin:
      return "dashboard and admin API";
  }
  return "door";
}

std::string describe(const DoorFacts& door, bool is_local) {
  const char* reach = is_local ? "this machine only" : "other machines reach it";
  const char* encryption = door.is_encrypted ? "encrypted" : "in the clear";
  if (door.kind == DoorKind::bus)
    return fmt::format("{}: {} at {}: {}, encrypted, both ends prove their keys", door.node, name_of(door.kind),
                       door.address, reach);
  std::string key = "no key needed";
  if (!door.needs_key) {
    key = "whether a key is needed is not known: " + door.trouble;
  } else if (*door.needs_key) {
    key = "a key is needed";
  } else if (door.kind == DoorKind::admin) {
    key = "reading needs no key, writing does";
  }
  return fmt::format("{}: {} at {}: {}, {}, {}", door.node, name_of(door.kind), door.address, reach, encryption, key);
}

}  // namespace

Finding check_door(const DoorFacts& door) {
  const bool is_local = cluster::is_loopback(host_of(door.address));
  Finding row{Level::ok, describe(door, is_local), {}};
  if (is_local || door.kind == DoorKind::bus) return row;
  const bool is_keyless = door.needs_key && !*door.needs_key;
  if (!door.is_encrypted) {
    row.level = Level::fail;
    row.advice = door.kind == DoorKind::zmq ? "others can read along: upgrade the node, whose ZeroMQ door encrypts"
                                            : "others can read along, keys too: start the node without --insecure, "
                                              "with --tls-cert and --tls-key or --tls-self-signed";
    if (is_keyless) row.advice += "; and everybody who reaches it is served";
  } else if (is_keyless && door.kind == DoorKind::metrics) {
    row.level = Level::warn;
    row.advice = "it tells everybody what runs here and how much: let only Prometheus through the firewall";
  } else if (is_keyless) {
    row.level = Level::fail;
    row.advice =
        "everybody who reaches it is served: make a key (`troupe key create`), and start the node without --insecure";
  } else if (!door.needs_key) {
    row.level = Level::warn;
    row.advice = "ask from where it can be reached, with --ca-file for its certificate";
  }
  return row;
}

Finding check_insecure(const std::string& node, bool is_public) {
  return {is_public ? Level::fail : Level::warn, fmt::format("{} was started with --insecure", node),
          is_public
              ? "start it without, with --tls-cert and --tls-key or --tls-self-signed; leave it only where the "
                "network is private and everybody on it is trusted"
              : "it has no effect while the node listens on loopback; leave it out, lest another --host opens it"};
}

Finding check_secret_file(const std::string& path, unsigned mode) {
  if ((mode & others_read_write) == 0) return {Level::ok, fmt::format("{} is readable by its owner alone", path), {}};
  return {Level::fail, fmt::format("{} has mode {:04o}: others can use the secret in it", path, mode),
          fmt::format("chmod 600 {}, and exchange the secret if others have accounts here (docs/security.md)", path)};
}

Finding check_folder(const std::string& path, unsigned mode) {
  if ((mode & others_write) != 0)
    return {Level::fail, fmt::format("{} has mode {:04o}: others can put their files in place of a node's", path, mode),
            fmt::format("chmod 700 {}", path)};
  if ((mode & others_read_write) != 0)
    return {Level::warn,
            fmt::format("{} has mode {:04o}: other users of this machine can read logs and state", path, mode),
            fmt::format("chmod 700 {}, if there are other users", path)};
  return {Level::ok, fmt::format("{} is its owner's alone", path), {}};
}

Finding check_certificate_end(const std::string& path, WallTime not_after, WallTime now) {
  const std::string end = to_iso8601(not_after);
  const char* advice = "replace the files: a running node takes new ones by itself (docs/security.md)";
  if (now >= not_after) return {Level::fail, fmt::format("the certificate {} expired at {}", path, end), advice};
  if (now + certificate_soon >= not_after)
    return {Level::warn, fmt::format("the certificate {} expires soon, at {}", path, end), advice};
  return {Level::ok, fmt::format("the certificate {} is good until {}", path, end), {}};
}

std::vector<Finding> check_tokens(const json& tokens, WallTime now) {
  std::vector<Finding> rows;
  const std::string soon = to_iso8601(now + token_soon);
  for (const json& token : tokens) {
    if (text(token, "state") != "valid") continue;
    const auto uses_max = token.value("uses_max", 0U);
    const auto uses = token.value("uses", 0U);
    const std::string expires = text(token, "expires");
    const std::string left =
        uses_max == 0 ? "any number of nodes" : fmt::format("{} more nodes", uses_max - std::min(uses, uses_max));
    // Times in one form of one length sort as texts.
    const bool is_long = uses_max == 0 && expires > soon;
    rows.push_back({is_long ? Level::fail : Level::warn,
                    fmt::format("join token {} lets in {} until {}", text(token, "id"), left, expires),
                    fmt::format("once all nodes have joined: troupe token revoke {}{}", text(token, "id"),
                                is_long ? "; make others with a shorter --ttl, or with --uses" : "")});
  }
  if (rows.empty()) rows.push_back({Level::ok, "no join token lets anybody in", {}});
  return rows;
}

std::vector<Finding> check_keys(const json& keys) {
  std::vector<Finding> rows;
  size_t live = 0;
  for (const json& key : keys) {
    if (text(key, "state") != "valid") continue;
    ++live;
    std::vector<std::string> lacks;
    if (key.value("models", json::array()).empty()) lacks.emplace_back("may use every model");
    if (key.value("rate", 0.0) <= 0 && key.value("concurrent", 0U) == 0) lacks.emplace_back("has no quota");
    if (text(key, "expires").empty()) lacks.emplace_back("never expires");
    if (lacks.empty()) continue;
    const std::string name = text(key, "name");
    rows.push_back(
        {Level::warn,
         fmt::format("API key {}{} {}", text(key, "id"), name.empty() ? "" : " (" + name + ")", fmt::join(lacks, ", ")),
         "if that is not meant, make another with --models, --rate and --ttl, and revoke this one"});
  }
  if (live == 0) rows.push_back({Level::ok, "there is no live API key", {}});
  if (live > 0 && rows.empty())
    rows.push_back({Level::ok, fmt::format("{} API keys, each with models, a quota and an end", live), {}});
  return rows;
}

std::vector<Finding> check_members(const json& members) {
  std::vector<Finding> rows;
  size_t present = 0;
  for (const json& member : members) {
    if (text(member, "trust") != "member") continue;
    const std::string state = text(member, "state");
    if (state == "alive" || state == "suspect") {
      ++present;
      continue;
    }
    rows.push_back({Level::warn,
                    fmt::format("node {} ({}) may connect, but is {}; it joined at {}", text(member, "name"),
                                text(member, "id"), state, text(member, "joined")),
                    fmt::format("if it will not come back: troupe node revoke {}", text(member, "id"))});
  }
  if (rows.empty())
    rows.push_back({Level::ok, fmt::format("each of the {} nodes that may connect is there", present), {}});
  return rows;
}

}  // namespace troupe::cli
