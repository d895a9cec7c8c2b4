#include "cluster/head/views.hpp"

namespace troupe::cluster {

using nlohmann::json;
using protocol::ReplicaState;

std::string to_text(const json& view) {
  return view.dump(-1, ' ', false, json::error_handler_t::replace);
}

namespace {

json roles_of(const protocol::Roles& roles) {
  json names = json::array();
  if (roles.head) names.push_back("head");
  if (roles.gateway) names.push_back("gateway");
  if (roles.worker) names.push_back("worker");
  return names;
}

json resources_of(const protocol::Resources& resources) {
  return {{"cpus", resources.cpu_millis / 1000.0}, {"memory_bytes", resources.memory_bytes}, {"gpus", resources.gpus}};
}

std::string node_name(const HeadState& state, NodeId node) {
  const Member* member = state.membership().find(node);
  return member ? member->info.name : node.str();
}

json replica_of(const HeadState& state, const ReplicaRecord& replica) {
  json row{{"id", replica.spec.id.str()},
           {"node", node_name(state, replica.node)},
           {"state", replica.stopping ? "draining" : std::string(to_string(replica.status.state))},
           {"memory_bytes", replica.status.memory_bytes},
           {"restarts", replica.status.restarts},
           {"requests", replica.status.requests},
           {"waiting", replica.status.waiting},
           {"running", replica.status.running}};
  if (!replica.status.reason.empty()) row["reason"] = replica.status.reason;
  return row;
}

}  // namespace

json nodes_view(const HeadState& state, Time now) {
  json rows = json::array();
  for (const auto& [id, member] : state.membership().members()) {
    protocol::Resources used;
    size_t replicas = 0;
    for (const auto& [replica_id, replica] : state.replicas()) {
      if (replica.node != id) continue;
      ++replicas;
      const protocol::Resources taken = taken_by(replica);
      used.cpu_millis += taken.cpu_millis;
      used.memory_bytes += taken.memory_bytes;
      used.gpus += taken.gpus;
    }
    const protocol::NodeAddresses& addresses = member.info.addresses;
    rows.push_back(
        {{"id", id.str()},
         {"incarnation", member.info.incarnation.value},
         {"name", member.info.name},
         {"state", std::string(to_string(member.state))},
         {"roles", roles_of(member.info.roles)},
         {"resources", resources_of(member.info.resources)},
         {"used", resources_of(used)},
         {"replicas", replicas},
         {"addresses",
          {{"bus", addresses.control},
           {"http", addresses.http},
           {"grpc", addresses.grpc},
           {"zmq", addresses.zmq},
           {"metrics", addresses.metrics},
           {"admin", addresses.admin},
           {"zmq_key", addresses.zmq_key}}},
         {"pid", member.info.pid},
         {"version", member.info.software},
         {"last_seen_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now - member.last_seen).count()}});
  }
  return rows;
}

json actors_view(const HeadState& state) {
  json rows = json::array();
  for (const auto& [id, member] : state.membership().members()) {
    // What ran on a node that is gone is not known any more.
    if (!member.is_member()) continue;
    for (const protocol::ActorHealth& actor : member.actors) {
      rows.push_back({{"node", member.info.name},
                      {"path", actor.path},
                      {"parent", actor.parent},
                      {"kind", std::string(to_string(actor.kind))},
                      {"state", actor.state},
                      {"restarts", actor.restarts},
                      {"queue_depth", actor.queue_depth},
                      {"handled", actor.handled},
                      {"handling_us_p50", actor.handling_us_p50},
                      {"handling_us_p99", actor.handling_us_p99},
                      {"last_error", actor.last_error},
                      {"since", to_iso8601(wall_time_from_unix_microseconds(actor.since_unix_us))}});
      if (actor.pid != 0) rows.back()["pid"] = actor.pid;
      if (actor.progress_age_ms) rows.back()["progress_age_ms"] = *actor.progress_age_ms;
    }
  }
  return rows;
}

json deployments_view(const HeadState& state) {
  json rows = json::array();
  const auto stable = state.stable_deployments();
  for (const auto& [name, view] : state.deployments()) {
    const DeploymentRecord& record = view.record;
    json replicas = json::array();
    size_t ready = 0;
    for (const auto& [id, replica] : state.replicas()) {
      if (replica.spec.deployment != name) continue;
      const bool is_current = state.is_current(replica);
      ready += is_current && replica.status.state == ReplicaState::ready && !replica.stopping;
      replicas.push_back(replica_of(state, replica));
      if (!is_current) replicas.back()["outdated"] = true;
    }
    rows.push_back({{"name", name},
                    {"model", record.model + "@" + record.version},
                    {"weight", record.weight},
                    {"stable", stable.contains(record.model) && stable.at(record.model) == name},
                    {"replicas", record.replicas_wished()},
                    {"load", record.load == LoadPolicy::always ? "always" : "on_demand"},
                    {"loaded", record.is_loaded},
                    {"ready", ready},
                    {"routed", state.gateways_are_up_to_date()},
                    {"reason", view.unplaced},
                    {"resources", resources_of(record.resources)},
                    {"created", to_iso8601(wall_time_from_unix_microseconds(record.created_unix_us))},
                    {"running", std::move(replicas)}});
  }
  return rows;
}

json models_view(const std::vector<storage::ModelManifest>& models, const ModelBook& book, const HeadState& state,
                 const storage::ModelStore* store) {
  json rows = json::array();
  for (const storage::ModelManifest& model : models) {
    std::string deployment;
    for (const auto& [name, view] : state.deployments())
      if (view.record.model == model.name && view.record.version == model.version) deployment = name;
    rows.push_back({{"name", model.name},
                    {"version", model.version},
                    {"bytes", model.total_bytes().value},
                    {"files", model.files.size()},
                    {"memory_bytes", memory_needed(model.metadata, model.total_bytes()).value},
                    {"created", to_iso8601(model.created)},
                    {"source", model.source},
                    {"digest", model.digest()},
                    {"folder", store == nullptr ? "" : store->path_of(model.name, model.version).value_or("").string()},
                    {"labels", book.labels_of(model.name, model.version)},
                    {"retired", book.is_retired(model.name, model.version)},
                    {"metadata", book.metadata_of(model)},
                    {"deployment", deployment}});
  }
  return rows;
}

json tokens_view(const Trust& trust, WallTime now) {
  json rows = json::array();
  for (const auto& [id, token] : trust.tokens())
    rows.push_back({{"id", token_name(id)},
                    {"state", std::string(state_of(token, now))},
                    {"created", to_iso8601(wall_time_from_unix_microseconds(token.created_unix_us))},
                    {"expires", to_iso8601(wall_time_from_unix_microseconds(token.expires_unix_us))},
                    {"uses", token.uses},
                    {"uses_max", token.uses_max},
                    {"created_by", token.created_by}});
  return rows;
}

json members_view(const Trust& trust, const HeadState& state) {
  json rows = json::array();
  for (const auto& [id, node] : trust.nodes()) {
    const Member* member = state.membership().find(id);
    rows.push_back({{"id", id.str()},
                    {"name", node.name},
                    {"trust", node.revoked ? "revoked" : "member"},
                    {"state", member ? std::string(to_string(member->state)) : "away"},
                    {"keys", node.keys},
                    {"joined", to_iso8601(wall_time_from_unix_microseconds(node.joined_unix_us))},
                    {"token", token_name(node.token)}});
  }
  return rows;
}

json status_view(const HeadState& state, json models, Time now) {
  size_t alive = 0;
  for (const auto& [id, member] : state.membership().members()) alive += member.is_member();
  size_t wished = 0;
  size_t ready = 0;
  for (const auto& [name, view] : state.deployments()) wished += view.record.replicas_wished();
  for (const auto& [id, replica] : state.replicas())
    ready += replica.status.state == ReplicaState::ready && !replica.stopping;
  return {{"cluster", state.options().cluster}, {"epoch", state.options().epoch.value},
          {"healthy", ready >= wished},         {"nodes_alive", alive},
          {"replicas_wished", wished},          {"replicas_ready", ready},
          {"nodes", nodes_view(state, now)},    {"deployments", deployments_view(state)},
          {"models", std::move(models)}};
}

json keys_view(const KeyBook& keys, int64_t now_unix_us) {
  const auto time = [](int64_t unix_us) {
    return unix_us == 0 ? json() : json(to_iso8601(wall_time_from_unix_microseconds(unix_us)));
  };
  json rows = json::array();
  for (const auto& [id, record] : keys.records()) {
    const protocol::ApiKey& key = record.key;
    const bool is_over = key.expires_unix_us != 0 && key.expires_unix_us <= now_unix_us;
    rows.push_back({{"id", id},
                    {"name", key.name},
                    {"state", record.revoked_unix_us != 0 ? "revoked"
                              : is_over                   ? "expired"
                                                          : "valid"},
                    {"models", key.models},
                    {"rate", key.rate},
                    {"concurrent", key.concurrent},
                    {"may_load", key.may_load},
                    {"created", time(key.created_unix_us)},
                    {"expires", time(key.expires_unix_us)},
                    {"revoked", time(record.revoked_unix_us)}});
  }
  return rows;
}

}  // namespace troupe::cluster
