#include "cluster/cli/render.hpp"

#include "cluster/cli/table.hpp"
#include "runtime/base/units.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;

const json& at(const json& object, const char* key) {
  static const json none;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : none;
}

std::string text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:g}", value.get<double>());
  return value.is_null() ? std::string() : value.dump();
}

std::string text(const json& object, const char* key) {
  return text(at(object, key));
}

double number(const json& object, const char* key) {
  const json& value = at(object, key);
  return value.is_number() ? value.get<double>() : 0;
}

std::string bytes(double count) {
  return format_bytes({static_cast<uint64_t>(count)});
}

/// A size as people read it: at most one decimal.
std::string size(const json& object, const char* key) {
  const double count = number(object, key);
  if (count >= 1024.0 * 1024 * 1024) return fmt::format("{:.1f}GiB", count / (1024.0 * 1024 * 1024));
  if (count >= 1024.0 * 1024) return fmt::format("{:.1f}MiB", count / (1024.0 * 1024));
  return bytes(count);
}

std::string joined(const json& list) {
  std::string all;
  for (const json& one : list) all += (all.empty() ? "" : ",") + text(one);
  return all;
}

std::string of(const json& used, const json& total, const char* key) {
  return fmt::format("{:g}/{:g}", number(used, key), number(total, key));
}

bool is_whole(const json& deployment) {
  return number(deployment, "ready") >= number(deployment, "replicas");
}

std::string first_address(const json& addresses) {
  for (const char* key : {"admin", "http", "bus"}) {
    if (!text(addresses, key).empty()) return text(addresses, key);
  }
  return {};
}

/// "stable, canary", and whether it is retired.
std::string labels_of(const json& model) {
  std::string labels;
  for (const json& label : at(model, "labels")) labels += (labels.empty() ? "" : ", ") + text(label);
  if (at(model, "retired") == true) labels += labels.empty() ? "retired" : ", retired";
  return labels;
}

/// Its memory is what its process has now; nothing where that is not known.
std::vector<std::string> replica_row(const json& replica) {
  return {text(replica, "id"),       text(replica, "node"),
          text(replica, "state"),    number(replica, "memory_bytes") > 0 ? size(replica, "memory_bytes") : "",
          text(replica, "restarts"), text(replica, "requests"),
          text(replica, "waiting"),  text(replica, "running"),
          text(replica, "reason")};
}

}  // namespace

std::string render_nodes(const json& nodes) {
  Table table(
      {"NAME", "STATE", "ROLES", "CPUS USED/ALL", "MEMORY USED", "MEMORY", "GPUS", "REPLICAS", "ADDRESS", "PID"});
  for (const json& node : nodes) {
    const json& total = at(node, "resources");
    const json& used = at(node, "used");
    table.add({text(node, "name"), text(node, "state"), joined(at(node, "roles")), of(used, total, "cpus"),
               size(used, "memory_bytes"), size(total, "memory_bytes"), of(used, total, "gpus"), text(node, "replicas"),
               first_address(at(node, "addresses")), text(node, "pid")});
  }
  return table.str();
}

std::string render_models(const json& models) {
  Table table({"MODEL", "LABELS", "SIZE", "MEMORY", "FILES", "DEPLOYMENT", "CREATED", "SOURCE"});
  for (const json& model : models) {
    table.add({text(model, "name") + "@" + text(model, "version"), labels_of(model), size(model, "bytes"),
               size(model, "memory_bytes"), text(model, "files"), text(model, "deployment"), text(model, "created"),
               text(model, "source")});
  }
  return table.str();
}

std::string render_model_details(const json& versions) {
  std::string all;
  for (const json& model : versions) {
    all += fmt::format("{}{}@{}\n", all.empty() ? "" : "\n", text(model, "name"), text(model, "version"));
    const auto line = [&](std::string_view what, const std::string& value) {
      if (!value.empty()) all += fmt::format("  {:<16} {}\n", what, value);
    };
    line("labels", labels_of(model));
    line("deployment", text(model, "deployment"));
    line("size", fmt::format("{} in {} files", size(model, "bytes"), text(model, "files")));
    line("memory", fmt::format("{} a replica, where its deployment says nothing else", size(model, "memory_bytes")));
    line("created", text(model, "created"));
    line("source", text(model, "source"));
    line("digest", text(model, "digest"));
    for (const auto& [key, value] : at(model, "metadata").items()) line(key, text(value));
  }
  return all;
}

std::string render_deployments(const json& deployments) {
  Table table({"DEPLOYMENT", "MODEL", "WEIGHT", "READY", "CPUS EACH", "MEMORY EACH", "CREATED"});
  std::string reasons;
  for (const json& one : deployments) {
    const json& each = at(one, "resources");
    const bool is_unloaded = at(one, "loaded") == false;
    table.add({text(one, "name"), text(one, "model"), text(one, "weight"),
               is_unloaded ? "unloaded" : text(one, "ready") + "/" + text(one, "replicas"), text(each, "cpus"),
               size(each, "memory_bytes"), text(one, "created")});
    if (!text(one, "reason").empty()) reasons += fmt::format("{}: {}\n", text(one, "name"), text(one, "reason"));
    for (const json& replica : at(one, "running")) {
      if (text(replica, "reason").empty()) continue;
      reasons += fmt::format("{}: replica {} on {} is {}: {}\n", text(one, "name"), text(replica, "id"),
                             text(replica, "node"), text(replica, "state"), text(replica, "reason"));
    }
  }
  return table.str() + reasons;
}

std::string render_deployment(const json& deployment) {
  Table table({"REPLICA", "NODE", "STATE", "MEMORY", "RESTARTS", "REQUESTS", "WAITING", "RUNNING", "REASON"});
  for (const json& replica : at(deployment, "running")) table.add(replica_row(replica));
  return table.str();
}

std::string render_replicas(const json& deployments) {
  Table table(
      {"DEPLOYMENT", "REPLICA", "NODE", "STATE", "MEMORY", "RESTARTS", "REQUESTS", "WAITING", "RUNNING", "REASON"});
  for (const json& one : deployments) {
    for (const json& replica : at(one, "running")) {
      std::vector<std::string> row = replica_row(replica);
      row.insert(row.begin(), text(one, "name"));
      table.add(std::move(row));
    }
  }
  return table.str();
}

std::string render_status(const json& status) {
  const bool healthy = at(status, "healthy").is_boolean() && at(status, "healthy").get<bool>();
  std::string all = fmt::format("cluster {}: {}, {} of {} replicas ready, {} nodes alive\n", text(status, "cluster"),
                                healthy ? "healthy" : "NOT HEALTHY", text(status, "replicas_ready"),
                                text(status, "replicas_wished"), text(status, "nodes_alive"));
  all += "\n" + render_nodes(at(status, "nodes"));
  const json& deployments = at(status, "deployments");
  if (deployments.empty()) return all + "\nNo deployments yet; `troupe deploy NAME@VERSION` makes one.\n";
  all += "\n" + render_deployments(deployments);
  for (const json& one : deployments) {
    if (is_whole(one) || at(one, "running").empty()) continue;
    all += fmt::format("\nReplicas of {}:\n", text(one, "name")) + render_deployment(one);
  }
  return all;
}

std::string render_changes(const json& answer) {
  const json& changes = answer.is_object() && answer.contains("changes") ? answer["changes"] : answer;
  std::string all;
  for (const json& change : changes.is_array() ? changes : json::array({changes})) {
    if (!change.is_object()) {
      all += text(change) + "\n";
      continue;
    }
    std::string kind = text(change, "kind");
    if (kind.empty()) kind = "deployment";
    all += fmt::format("{} {} {}\n", kind, text(change, "name"), text(change, "change"));
  }
  return all;
}

json only(const json& rows, const std::string& name) {
  if (name.empty()) return rows;
  json kept = json::array();
  for (const json& row : rows) {
    if (text(row, "name") == name || text(row, "name") + "@" + text(row, "version") == name) kept.push_back(row);
  }
  return kept;
}

}  // namespace troupe::cli
