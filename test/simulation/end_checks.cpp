#include "test/simulation/end_checks.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/base/units.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::sim {
namespace {

using nlohmann::json;

const DeploymentWish* find(const std::map<std::string, Wish>& wishes, const std::string& name) {
  const auto found = wishes.find(name);
  return found == wishes.end() || !found->second ? nullptr : &*found->second;
}

bool is_of(const protocol::ReplicaSpec& spec, const DeploymentWish& wish) {
  return spec.deployment == wish.name && spec.model == wish.model && spec.version == wish.version &&
         spec.batching.size_max == wish.batch_size;
}

}  // namespace

void EndChecks::ask_head() {
  nodes_view_.clear();
  deployments_view_.clear();
  if (!nodes_[0]->is_up()) return;
  operator_.view(cluster::View::nodes, [this, epoch = nodes_[0]->epoch()](const Result<std::string>& view) {
    nodes_view_ = view.value_or("");
    check_lives(epoch);
  });
  operator_.view(cluster::View::deployments,
                 [this](const Result<std::string>& view) { deployments_view_ = view.value_or(""); });
}

std::string EndChecks::unsettled() const {
  for (const auto& node : nodes_)
    if (!node->is_up()) return fmt::format("node {} is not up", node->index());
  if (!operator_.is_satisfied()) return "the head does not take the last changes";
  for (const auto check : {&EndChecks::wrong_members, &EndChecks::wrong_replicas, &EndChecks::wrong_routes})
    if (std::string wrong = (this->*check)(); !wrong.empty()) return wrong;
  return {};
}

void EndChecks::check_lives(Epoch epoch) {
  const json rows = json::parse(nodes_view_, nullptr, false);
  if (!rows.is_array()) return;
  for (const json& row : rows) {
    const std::tuple life{epoch, row.at("id").get<std::string>(), row.at("incarnation").get<uint64_t>()};
    if (row.at("state") == "down") over_.insert(life);
    if (row.at("state") == "alive" && over_.contains(life))
      world_.ledger.violation(fmt::format("node {} was declared down, and is back under the same incarnation {}",
                                          std::get<1>(life), std::get<2>(life)));
  }
}

std::string EndChecks::wrong_members() const {
  const json rows = json::parse(nodes_view_, nullptr, false);
  if (!rows.is_array()) return "the head does not say who is a member";
  std::set<std::string> alive;
  for (const json& row : rows)
    if (row.at("state") == "alive") alive.insert(row.at("id").get<std::string>());
  for (const auto& node : nodes_)
    if (!alive.contains(node->id().str())) return fmt::format("node {} is not alive to the head", node->index());
  if (alive.size() != nodes_.size()) return "the head believes in nodes that are not there";
  return {};
}

std::string EndChecks::wrong_replicas() const {
  std::map<std::string, uint32_t> ready;
  std::map<const SimNode*, uint32_t> used;
  for (const auto& node : nodes_) {
    for (const SimBackend* backend : node->backends().all) {
      const protocol::ReplicaSpec& spec = backend->spec();
      const DeploymentWish* wish = find(operator_.wishes(), spec.deployment);
      if (wish == nullptr || !is_of(spec, *wish))
        return fmt::format("node {} runs a replica of {} that nobody wants (any more)", node->index(), spec.deployment);
      if (!backend->is_warm()) return fmt::format("a replica of {} is not ready", spec.deployment);
      ++ready[spec.deployment];
      ++used[node.get()];
    }
  }
  const bool is_room = std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    return node->is_worker() && used[node.get()] < world_.knobs.cpus;
  });
  for (const auto& [name, wish] : operator_.wishes()) {
    if (!wish) continue;
    const uint32_t count = ready[name];
    if (count > wish->replicas) return fmt::format("{} has {} replicas, {} are wanted", name, count, wish->replicas);
    if (count < wish->replicas && is_room)
      return fmt::format("{} has {} replicas, {} are wanted and there is room", name, count, wish->replicas);
  }
  return {};
}

std::string EndChecks::wrong_routes() const {
  std::map<std::string, std::set<std::pair<ReplicaId, NodeId>>> ready;
  for (const auto& node : nodes_)
    for (const SimBackend* backend : node->backends().all)
      ready[backend->spec().deployment].emplace(backend->spec().id, node->id());
  uint64_t revision = 0;
  for (const auto& node : nodes_) {
    if (!node->is_gateway()) continue;
    const auto routes = node->routes();
    if (!routes) return fmt::format("gateway {} has no routes", node->index());
    if (node->is_stable_only()) return fmt::format("gateway {} does not go by the weights", node->index());
    const protocol::RoutingSnapshot& snapshot = routes->snapshot();
    if (snapshot.epoch != nodes_[0]->epoch())
      return fmt::format("gateway {} has routes of another epoch", node->index());
    if (revision != 0 && snapshot.revision != revision)
      return fmt::format("gateway {} has other routes than the others", node->index());
    revision = snapshot.revision;
    size_t routed = 0;
    for (const protocol::RoutedModel& model : snapshot.models) {
      for (const protocol::Route& route : model.routes) {
        std::set<std::pair<ReplicaId, NodeId>> replicas;
        for (const protocol::RoutedReplica& replica : route.replicas) replicas.emplace(replica.id, replica.node);
        if (replicas != ready[route.deployment])
          return fmt::format("gateway {} has {} replicas of {}, {} are ready", node->index(), replicas.size(),
                             route.deployment, ready[route.deployment].size());
        ++routed;
      }
    }
    const auto wished = static_cast<size_t>(std::count_if(operator_.wishes().begin(), operator_.wishes().end(),
                                                          [](const auto& entry) { return entry.second.has_value(); }));
    if (routed != wished) return fmt::format("gateway {} routes {} deployments of {}", node->index(), routed, wished);
  }
  return {};
}

std::string EndChecks::leaked() {
  if (world_.ledger.sinks != 0) return fmt::format("{} clients' sinks are held", world_.ledger.sinks);
  std::string first;
  for (const auto& node : nodes_) {
    if (clean_.contains(node->index())) continue;
    std::string held = this->held(*node);
    if (held.empty()) {
      clean_.insert(node->index());
    } else if (first.empty()) {
      first = fmt::format("at node {}: {}", node->index(), held);
    }
  }
  return first;
}

std::string EndChecks::held(const SimNode& node) const {
  if (node.is_gateway() && node.requests_inside() != 0) return fmt::format("{} requests", node.requests_inside());
  for (const SimBackend* backend : node.backends().all)
    if (backend->running() != 0) return fmt::format("{} requests in a back end", backend->running());
  const actor::OpenCalls open = node.host().open_calls();
  if (open.to_others + open.from_others > 0)
    return fmt::format("{} open calls to others, {} from others", open.to_others, open.from_others);
  if (node.transport().waiting() > 0) return fmt::format("{} messages that wait", node.transport().waiting());
  return wrong_actors(node);
}

std::string EndChecks::wrong_actors(const SimNode& node) const {
  std::set<std::string> expected{std::string(protocol::control_plane_path), std::string(protocol::agent_path)};
  if (node.is_head()) expected.insert(std::string(protocol::head_path));
  if (node.is_gateway()) {
    expected.insert(std::string(protocol::gateway_plane_path));
    expected.insert(std::string(protocol::gateway_path));
    expected.insert("cache/0");
    expected.insert(std::string(protocol::idempotency_path));
    for (const auto& [name, wish] : operator_.wishes())
      if (wish) expected.insert(protocol::balancer_path(wish->model));
  }
  for (const SimBackend* backend : node.backends().all) {
    expected.insert(protocol::model_path(backend->spec().model));
    expected.insert(protocol::replica_path(backend->spec().id));
    expected.insert(protocol::batcher_path(backend->spec().id));
    expected.insert(protocol::worker_path(backend->spec().id));
  }
  // The plane of a worker that has had no replica yet is not there.
  const std::string worker_plane(protocol::worker_plane_path);
  for (const protocol::ActorHealth& actor : node.host().health()) {
    if (actor.path == worker_plane) continue;
    if (expected.erase(actor.path) == 0) return fmt::format("an actor {} too many", actor.path);
    if (actor.queue_depth != 0) return fmt::format("{} messages that wait for {}", actor.queue_depth, actor.path);
  }
  if (!expected.empty()) return fmt::format("no actor {}", *expected.begin());
  return {};
}

void EndChecks::check_leases() const {
  for (const auto& node : nodes_)
    if (node->is_up() && node->outlives_its_lease())
      world_.ledger.violation(fmt::format("gateway {} goes by weights whose lease of {} has run out", node->index(),
                                          format_duration(world_.knobs.weight_lease)));
}

/// Part of a replica whose worker a fault has crashed.
bool EndChecks::was_broken(const std::string& path) const {
  return std::any_of(
      world_.ledger.broken_replicas.begin(), world_.ledger.broken_replicas.end(),
      [&](const auto& broken) { return broken.second > 0 && path.starts_with(protocol::replica_path(broken.first)); });
}

void EndChecks::check_crashes() const {
  for (const auto& node : nodes_) {
    if (!node->is_up()) continue;
    for (const protocol::ActorHealth& actor : node->host().health())
      if ((actor.restarts != 0 || actor.state == "failed") && !was_broken(actor.path))
        world_.ledger.violation(
            fmt::format("actor {} of node {} crashed: {}", actor.path, node->index(), actor.last_error));
  }
}

}  // namespace troupe::sim
