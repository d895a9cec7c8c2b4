#include "cluster/head/head_state.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace troupe::cluster {

using protocol::ReplicaState;

namespace {

/// Workers named to one that fetches; if they all fail, it asks again.
constexpr size_t model_sources_max = 4;

/// Whether requests may wait for it. One that backs off too: it comes back, or is given up within seconds.
bool is_coming(ReplicaState state) {
  return state == ReplicaState::pending || state == ReplicaState::fetching || state == ReplicaState::loading ||
         state == ReplicaState::warming || state == ReplicaState::backing_off;
}

}  // namespace

protocol::Resources taken_by(const ReplicaRecord& replica) {
  protocol::Resources taken = replica.spec.resources;
  taken.memory_bytes = std::max(taken.memory_bytes, replica.status.memory_bytes);
  return taken;
}

HeadState::HeadState(HeadOptions options, VersionOf version_of, Random& random, Time now)
    : options_(std::move(options)),
      version_of_(std::move(version_of)),
      random_(random),
      place_from_(now + options_.adoption_grace),
      membership_(options_.membership, options_.self),
      routes_(options_.epoch) {}

Result<protocol::JoinReply> HeadState::join(const protocol::JoinRequest& request, Time now) {
  const NodeId node = request.node.id;
  protocol::JoinReply reply{options_.epoch, options_.cluster, options_.membership.heartbeat_interval, false};
  if (membership_.is_over(node, request.node.incarnation, request.member_of == options_.epoch)) {
    reply.declared_down = true;
    return reply;
  }
  if (const Member* known = membership_.find(node);
      known != nullptr && known->info.incarnation != request.node.incarnation)
    lose_node(node);
  TROUPE_CHECK(membership_.join(request.node, now));
  assignments_.erase(node);
  routes_.forget(node);
  adopt(request);
  reconcile(now);
  return reply;
}

void HeadState::adopt(const protocol::JoinRequest& request) {
  for (const protocol::ReplicaSpec& spec : request.running) {
    ReplicaRecord& replica = replicas_[spec.id];
    replica.spec = spec;
    replica.node = request.node.id;
    replica.status.id = spec.id;
    replica.status.deployment = spec.deployment;
    replica.status.model = spec.model;
    replica.status.version = spec.version;
  }
}

protocol::HeartbeatAck HeadState::heartbeat(const protocol::Heartbeat& heartbeat, Time now) {
  const Member* known = membership_.find(heartbeat.node);
  const auto standing = [&known] { return std::tuple(known->state, known->draining, known->routing_revision); };
  const auto before = known == nullptr ? std::tuple<NodeState, bool, uint64_t>{} : standing();
  // A beat of another epoch comes from a node that has not joined this head.
  if (heartbeat.epoch != options_.epoch || !membership_.heartbeat(heartbeat, now)) return {options_.epoch, false};
  // Most beats change nothing: then only this node is looked after.
  if (update_replicas(heartbeat) || standing() != before) reconcile(now);
  // What the node has not taken is sent again: messages may be lost, states converge.
  if (const auto newest = assignments_.find(heartbeat.node);
      newest != assignments_.end() && heartbeat.assignment_revision < newest->second.revision)
    messages_.push_back({heartbeat.node, newest->second});
  if (known->info.roles.gateway) send_routes(heartbeat.node, heartbeat.routing_revision, now);
  const bool has_newest = routes_.revision() != 0 && heartbeat.routing_revision >= routes_.revision();
  return {options_.epoch, true, known->info.roles.gateway && has_newest};
}

/// Whether anything changed that placement or routes depend on.
bool HeadState::update_replicas(const protocol::Heartbeat& heartbeat) {
  bool changed = false;
  for (const protocol::ReplicaStatus& status : heartbeat.replicas) {
    const auto replica = replicas_.find(status.id);
    if (replica == replicas_.end()) continue;
    changed |= replica->second.status.state != status.state || replica->second.status.interface != status.interface;
    replica->second.status = status;
  }
  // One that the node was told of, and that it reports no more, has stopped.
  const auto assignment = assignments_.find(heartbeat.node);
  if (assignment == assignments_.end() || heartbeat.assignment_revision < assignment->second.revision) return changed;
  const size_t ended = std::erase_if(replicas_, [&](const auto& entry) {
    const ReplicaRecord& replica = entry.second;
    if (replica.node != heartbeat.node) return false;
    const bool reported = std::any_of(heartbeat.replicas.begin(), heartbeat.replicas.end(),
                                      [&](const protocol::ReplicaStatus& s) { return s.id == entry.first; });
    return replica.stopping && (!reported || replica.status.state == ReplicaState::stopped);
  });
  return changed || ended > 0;
}

void HeadState::leave(const protocol::Leave& leave, Time now) {
  const Member* member = membership_.find(leave.node);
  if (member == nullptr || member->info.incarnation != leave.incarnation) return;
  membership_.leave(leave.node, leave.incarnation, now);
  lose_node(leave.node);
  reconcile(now);
}

void HeadState::lose_node(NodeId node) {
  std::erase_if(replicas_, [&](const auto& entry) { return entry.second.node == node; });
  assignments_.erase(node);
  routes_.forget(node);
}

void HeadState::tick(Time now) {
  for (const NodeId node : membership_.tick(now)) lose_node(node);
  reconcile(now);
}

Status HeadState::check(const DeploymentRecord& record) const {
  for (const auto& [name, other] : deployments_)
    if (name != record.name && other.record.model == record.model && other.record.version == record.version)
      return fail_field("model", "deployment {} serves {}@{} already; raise its replicas instead", name, record.model,
                        record.version);
  const bool is_python = record.backend == protocol::BackendKind::python;
  if (is_python && record.entry.empty())
    return fail_field("entry", "a back end in Python needs an entry, such as my_module:Class; {}@{} was stored without",
                      record.model, record.version);
  if (!is_python && !(record.entry.empty() && record.python.empty() && record.settings.empty()))
    return fail_field("backend", "entry, python and settings are of back ends in Python; this one is not");
  if (is_python && record.isolation == protocol::Isolation::thread)
    return fail_field("isolation", "a back end in Python runs in a process of its own: leave isolation at process");
  if (record.load == LoadPolicy::on_demand && record.replicas == 0)
    return fail_field("replicas", "with `load: on_demand`, replicas is how many run once it is loaded: at least 1");
  if (record.backend == protocol::BackendKind::echo) return {};
  const StoredVersion stored = version_of_(record.model, record.version);
  const auto known = deployments_.find(record.name);
  const bool is_served = known != deployments_.end() && known->second.record.model == record.model &&
                         known->second.record.version == record.version;
  if (stored.is_retired && !is_served)
    return fail(Errc::failed_precondition,
                "{0}@{1} is retired: it takes no new deployments; `troupe model retire --undo "
                "{0}@{1}` takes that back",
                record.model, record.version);
  if (stored.folder.empty())
    return fail(Errc::not_found, "there is no {}@{} in the model store; add it with: troupe model add {}@{} FOLDER",
                record.model, record.version, record.model, record.version);
  return {};
}

double HeadState::default_weight(const std::string& name, const std::string& model) const {
  const auto same = deployments_.find(name);
  if (same != deployments_.end() && same->second.record.model == model) return same->second.record.weight;
  for (const auto& [other, view] : deployments_)
    if (other != name && view.record.model == model) return 0;
  return 1;
}

void HeadState::set_deployment(const DeploymentRecord& record, uint64_t revision, Time now) {
  DeploymentView& view = deployments_[record.name];
  view.record = record;
  view.revision = revision;
  reconcile(now);
}

void HeadState::remove_deployment(const std::string& name, Time now) {
  deployments_.erase(name);
  reconcile(now);
}

void HeadState::set_labels(const std::string& model, const std::map<std::string, std::string>& labels, Time now) {
  labels_[model] = labels;
  publish_routes(now);
}

void HeadState::set_experiments(const std::string& model, std::vector<protocol::RoutedExperiment> experiments,
                                Time now) {
  experiments_[model] = std::move(experiments);
  publish_routes(now);
}

protocol::ReplicaSpec HeadState::spec_of(const DeploymentView& deployment) const {
  const DeploymentRecord& record = deployment.record;
  protocol::ReplicaSpec spec;
  spec.deployment = record.name;
  spec.generation = deployment.revision;
  spec.model = record.model;
  spec.version = record.version;
  // An echo has no files, whatever is stored under its name.
  if (record.backend != protocol::BackendKind::echo) {
    StoredVersion stored = version_of_(record.model, record.version);
    spec.folder = std::move(stored.folder);
    spec.digest = std::move(stored.digest);
  }
  spec.backend = record.backend;
  spec.resources = record.resources;
  spec.batching = record.batching;
  spec.engine = record.engine;
  spec.isolation = record.isolation;
  spec.echo = record.echo;
  spec.entry = record.entry;
  spec.python = record.python;
  spec.settings = record.settings;
  spec.warm_up = record.warm_up;
  return spec;
}

/// By its settings alone: revisions of the store rise with changes that concern no replica, such as a weight's, and are
/// given again where a store was lost.
bool HeadState::is_current(const ReplicaRecord& replica) const {
  const auto deployment = deployments_.find(replica.spec.deployment);
  if (deployment == deployments_.end()) return true;
  protocol::ReplicaSpec wanted = spec_of(deployment->second);
  wanted.id = replica.spec.id;
  wanted.generation = replica.spec.generation;
  wanted.folder = replica.spec.folder;
  return wanted == replica.spec;
}

void HeadState::start_replica(const DeploymentView& deployment, NodeId node) {
  const DeploymentRecord& record = deployment.record;
  ReplicaRecord replica;
  replica.spec = spec_of(deployment);
  do replica.spec.id = ReplicaId{random_.next()};
  while (!replica.spec.id || replicas_.contains(replica.spec.id));
  replica.node = node;
  replica.status.id = replica.spec.id;
  replica.status.deployment = record.name;
  replica.status.model = record.model;
  replica.status.version = record.version;
  replicas_[replica.spec.id] = std::move(replica);
}

std::vector<Host> HeadState::hosts() const {
  std::vector<Host> hosts;
  for (const auto& [id, member] : membership_.members())
    if (member.state == NodeState::alive && member.info.roles.worker && !member.draining)
      hosts.push_back({id, member.info.name, member.info.resources});
  return hosts;
}

std::vector<Placed> HeadState::placed() const {
  std::vector<Placed> placed;
  for (const auto& [id, replica] : replicas_) {
    const Member* member = membership_.find(replica.node);
    placed.push_back({.id = id,
                      .deployment = replica.spec.deployment,
                      .node = replica.node,
                      .takes = taken_by(replica),
                      .ready = replica.status.state == ReplicaState::ready,
                      .stopping = replica.stopping,
                      .leaving = member != nullptr && member->draining,
                      .outdated = !is_current(replica)});
  }
  return placed;
}

void HeadState::reconcile(Time now) {
  if (now >= place_from_) {
    std::vector<Wish> wishes;
    for (const auto& [name, view] : deployments_)
      wishes.push_back({name, view.record.replicas_wished(), view.record.resources});
    const Plan plan = plan_placement(wishes, hosts(), placed());
    for (const Plan::Start& start : plan.starts) start_replica(deployments_.at(start.deployment), start.node);
    for (const ReplicaId id : plan.stops) replicas_.at(id).stopping = true;
    for (auto& [name, view] : deployments_) {
      const auto reason = plan.unplaced.find(name);
      view.unplaced = reason == plan.unplaced.end() ? "" : reason->second;
    }
  }
  publish_routes(now);
  publish_assignments(now);
}

void HeadState::publish_routes(Time now) {
  // Before all have come back the picture is not whole; gateways serve on from what they have.
  if (now < place_from_) return;
  routes_.update(routing(now));
  for (auto& [id, replica] : replicas_) {
    if (!replica.stopping || replica.unrouted_at) continue;
    replica.unrouted_at = now;
    replica.unrouted_by = routes_.revision();
  }
  for (const auto& [id, member] : membership_.members())
    if (member.is_member() && member.info.roles.gateway) send_routes(id, member.routing_revision, now);
}

void HeadState::send_routes(NodeId gateway, uint64_t acked, Time now) {
  if (auto message = routes_.next_for(gateway, acked, now))
    std::visit([&](auto& routes) { messages_.push_back({gateway, std::move(routes)}); }, *message);
}

void HeadState::publish_assignments(Time now) {
  for (const auto& [id, member] : membership_.members()) {
    if (!member.is_member() || !member.info.roles.worker) continue;
    protocol::Assignment assignment = assignment_of(id, now);
    protocol::Assignment& newest = assignments_[id];
    if (newest.revision != 0 && newest.replicas == assignment.replicas) continue;
    assignment.revision = newest.revision + 1;
    newest = assignment;
    messages_.push_back({id, std::move(assignment)});
  }
}

bool HeadState::gateways_are_up_to_date() const {
  return have_routes(routes_.revision());
}

bool HeadState::have_routes(uint64_t revision) const {
  return std::ranges::all_of(membership_.members(), [&](const auto& entry) {
    const Member& member = entry.second;
    return !member.is_member() || !member.info.roles.gateway || member.routing_revision >= revision;
  });
}

/// A replica drains once no gateway sends to it any more, so that it need not refuse anybody.
bool HeadState::may_drain(const ReplicaRecord& replica, Time now) const {
  if (!replica.unrouted_at) return false;
  if (now - *replica.unrouted_at >= options_.unroute_patience) return true;
  return have_routes(replica.unrouted_by);
}

protocol::Assignment HeadState::assignment_of(NodeId node, Time now) const {
  protocol::Assignment assignment;
  assignment.epoch = options_.epoch;
  for (const auto& [id, replica] : replicas_)
    if (replica.node == node && !(replica.stopping && may_drain(replica, now)))
      assignment.replicas.push_back(replica.spec);
  return assignment;
}

std::set<std::string> HeadState::versions_of(const std::string& model) const {
  std::set<std::string> versions;
  for (const auto& [name, view] : deployments_)
    if (view.record.model == model) versions.insert(view.record.version);
  return versions;
}

std::map<std::string, std::string> HeadState::stable_deployments() const {
  std::map<std::string, std::string> stable;
  for (const auto& [name, view] : deployments_) {
    const DeploymentRecord& record = view.record;
    if (record.weight <= 0) continue;
    const auto [best, is_first] = stable.emplace(record.model, name);
    const DeploymentRecord& other = deployments_.at(best->second).record;
    if (!is_first &&
        std::pair(-record.weight, record.created_unix_us) < std::pair(-other.weight, other.created_unix_us))
      best->second = name;
  }
  return stable;
}

protocol::RoutingSnapshot HeadState::routing(Time now) const {
  protocol::RoutingSnapshot snapshot;
  snapshot.epoch = options_.epoch;
  std::map<std::string, protocol::RoutedModel> models;
  for (const auto& [name, view] : deployments_) {
    const DeploymentRecord& record = view.record;
    protocol::RoutedModel& model = models[record.model];
    model.name = record.model;
    const int64_t created = record.created_unix_us / 1'000'000;
    model.created_unix_s = model.routes.empty() ? created : std::min(model.created_unix_s, created);
    protocol::Route route{name, record.version,   record.weight, record.balancing, record.cache, record.backend, {}, 0,
                          {},   !record.is_loaded};
    for (const auto& [id, replica] : replicas_) {
      if (replica.spec.deployment != name || replica.stopping) continue;
      if (replica.status.state == ReplicaState::ready) route.replicas.push_back({id, replica.node});
      route.coming += is_coming(replica.status.state);
      if (!route.interface.is_declared() && replica.spec.version == record.version)
        route.interface = replica.status.interface;
    }
    model.routes.push_back(std::move(route));
  }
  for (const auto& [name, deployment] : stable_deployments()) models.at(name).stable = deployment;
  for (auto& [name, model] : models) {
    if (const auto labels = labels_.find(name); labels != labels_.end()) model.labels = labels->second;
    if (const auto running = experiments_.find(name); running != experiments_.end())
      model.experiments = running->second;
    snapshot.models.push_back(std::move(model));
  }
  // A gateway drops what is under way from a node that it is to forget. One that left in order has answered everything,
  // but the last of it may still be on the wire.
  const auto is_reachable = [&](const Member& member) {
    return member.is_member() || (member.state == NodeState::left && now - member.changed < options_.last_words);
  };
  for (const auto& [id, member] : membership_.members())
    if (is_reachable(member) && (member.info.roles.worker || member.info.roles.gateway || id == options_.self))
      snapshot.nodes.push_back({id, member.info.incarnation, member.info.addresses.control,
                                member.info.addresses.request, member.info.public_key, member.info.addresses.bulk});
  // One that is gone may come back with the answers it keeps; until it is forgotten nobody else answers in its place.
  for (const auto& [id, member] : membership_.members())
    if (member.info.roles.gateway) snapshot.gateways.push_back({id, static_cast<int64_t>(member.first.value)});
  // The one head keeps all events.
  snapshot.shards = {{options_.self, ~uint64_t{0}}};
  return snapshot;
}

std::vector<protocol::RoutedNode> HeadState::model_sources(const std::string& model, const std::string& version,
                                                           NodeId asker) {
  std::vector<protocol::RoutedNode> sources;
  const auto add = [&](NodeId id) {
    const Member* member = membership_.find(id);
    if (member == nullptr || !member->is_member() || id == asker) return;
    const protocol::NodeAddresses& at = member->info.addresses;
    sources.push_back({id, member->info.incarnation, at.control, at.request, member->info.public_key, at.bulk});
  };
  std::set<NodeId> have;
  for (const auto& [id, replica] : replicas_)
    if (replica.spec.model == model && replica.spec.version == version && replica.status.state == ReplicaState::ready &&
        replica.node != options_.self)
      have.insert(replica.node);
  for (const NodeId id : have) add(id);
  for (size_t left = sources.size(); left > 1; --left) std::swap(sources[left - 1], sources[random_.below(left)]);
  if (sources.size() > model_sources_max) sources.resize(model_sources_max);
  add(options_.self);
  return sources;
}

Result<DeploymentRecord> HeadState::find_loadable(const std::string& model, const std::string& version) const {
  std::vector<const DeploymentRecord*> found;
  std::vector<std::string> versions;
  for (const auto& [name, view] : deployments_) {
    const DeploymentRecord& record = view.record;
    if (record.model != model || (!version.empty() && record.version != version)) continue;
    versions.push_back(record.model + "@" + record.version);
    if (record.load == LoadPolicy::on_demand) found.push_back(&record);
  }
  if (found.size() == 1) return *found.front();
  if (found.size() > 1)
    return fail(Errc::invalid_argument, "{} versions of {} load on demand; name one of {}", found.size(), model,
                fmt::join(versions, ", "));
  if (versions.empty())
    return fail(Errc::not_found, "no deployment serves {}{}{}; what is loaded must be deployed with `load: on_demand`",
                model, version.empty() ? "" : "@", version);
  return fail(Errc::failed_precondition,
              "{} runs always: it is neither loaded nor unloaded. `load: on_demand` in its deployment changes that",
              fmt::join(versions, ", "));
}

Status HeadState::has_room(const DeploymentRecord& record, Time now) const {
  // Who comes back after a start of the head is not known yet.
  if (now < place_from_) return {};
  std::vector<Placed> others = placed();
  std::erase_if(others, [&](const Placed& replica) { return replica.deployment == record.name; });
  const Plan plan = plan_placement({{record.name, 1, record.resources}}, hosts(), others);
  if (!plan.starts.empty()) return {};
  return fail(Errc::resource_exhausted, "{}@{} cannot be loaded: {}", record.model, record.version,
              plan.unplaced.at(record.name));
}

Result<bool> HeadState::is_load_settled(const std::string& name, bool load) const {
  const auto found = deployments_.find(name);
  if (found == deployments_.end()) return fail(Errc::failed_precondition, "the deployment {} was deleted", name);
  const DeploymentView& view = found->second;
  if (view.record.is_loaded != load)
    return fail(Errc::failed_precondition, "{}@{} was {} meanwhile", view.record.model, view.record.version,
                load ? "unloaded" : "loaded");
  size_t running = 0;
  size_t failed = 0;
  bool is_ending = false;
  std::string reason;
  for (const auto& [id, replica] : replicas_) {
    if (replica.spec.deployment != name) continue;
    is_ending |= replica.stopping;
    if (replica.stopping) continue;
    if (replica.status.state == ReplicaState::ready && load && is_current(replica)) return gateways_are_up_to_date();
    ++running;
    failed += replica.status.state == ReplicaState::failed;
    if (!replica.status.reason.empty()) reason = replica.status.reason;
  }
  // Then what it took is free for others.
  if (!load) return running == 0 && !is_ending && gateways_are_up_to_date();
  if (running == 0 && !is_ending && !view.unplaced.empty()) return fail(Errc::resource_exhausted, "{}", view.unplaced);
  if (running > 0 && failed == running)
    return fail(Errc::failed_precondition, "{}@{} does not load: {}", view.record.model, view.record.version, reason);
  return false;
}

std::vector<ToNode> HeadState::take_messages() {
  return std::exchange(messages_, {});
}

}  // namespace troupe::cluster
