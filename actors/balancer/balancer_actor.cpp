#include "actors/balancer/balancer_actor.hpp"

#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::balancer {

BalancerActor::BalancerActor(actor::Context& context, std::string model, BalancerOptions options)
    : Actor(context),
      model_(std::move(model)),
      options_(options),
      random_(options.seed),
      budget_(options.retries, context.now()) {
  on<UpdateRoutes>([this](const UpdateRoutes& routes) { update(routes); });
  on<Dispatch>([this](const Dispatch& message) { dispatch(message); });
  on<CancelDispatch>([this](const CancelDispatch& message) { cancel(message); });
}

void BalancerActor::update(const UpdateRoutes& routes) {
  std::unordered_map<NodeId, Incarnation> incarnations;
  for (const protocol::RoutedNode& node : routes.nodes) incarnations[node.id] = node.incarnation;

  std::unordered_map<std::string, Version> versions;
  std::unordered_map<ReplicaId, actor::Ref> refs;
  for (const protocol::Route& route : routes.model.routes) {
    Version& version = versions[route.version];
    if (const auto known = versions_.find(route.version); known != versions_.end()) version = std::move(known->second);
    version.policy = route.balancing;
    version.replicas.update(route.replicas);
    for (const protocol::RoutedReplica& replica : route.replicas)
      refs[replica.id] = context().host().remote(replica.node, incarnations[replica.node],
                                                 protocol::replica_path(replica.id), bus::Lane::request);
  }
  versions_ = std::move(versions);
  refs_ = std::move(refs);
}

void BalancerActor::dispatch(const Dispatch& dispatch) {
  budget_.on_request(context().now());
  pending_[dispatch.id] = Pending{dispatch, {}, {}, {}, false};
  attempt(dispatch.id);
}

void BalancerActor::attempt(DispatchId id) {
  Pending& pending = pending_.at(id);
  const auto version = versions_.find(pending.dispatch.version);
  const auto replica = version == versions_.end() ? std::nullopt
                                                  : version->second.replicas.pick(version->second.policy, pending.tried,
                                                                                  random_, context().now());
  if (!replica) {
    finish(id, {Errc::unavailable,
                fmt::format("no replica of {}@{} can take the request right now", model_, pending.dispatch.version),
                {},
                std::chrono::seconds{1}});
    return;
  }
  pending.replica = *replica;
  pending.tried.push_back(*replica);
  version->second.replicas.on_dispatch(*replica);
  // A local replica that has just ended has no ref any more; call() fails it as unavailable.
  pending.call = context().call(refs_[*replica], protocol::AnyMessage::of(pending.dispatch.request),
                                {.deadline = pending.dispatch.deadline, .trace = pending.dispatch.request->request_id},
                                [this, id](const actor::ReplyEvent& event) { on_reply(id, event); });
}

void BalancerActor::on_reply(DispatchId id, const actor::ReplyEvent& event) {
  if (event.error) {
    on_failure(id, *event.error);
    return;
  }
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  auto part = event.body.share<protocol::ResultPart>();
  if (!part) {
    context().cancel(found->second.call);
    finish(id, {Errc::internal, "the replica answered with something that is not a result", {}, {}});
    return;
  }
  found->second.begun = true;
  found->second.dispatch.sink->on_part(std::move(part), event.last);
  if (!event.last) return;
  if (const auto version = versions_.find(found->second.dispatch.version); version != versions_.end())
    version->second.replicas.on_end(found->second.replica, false, context().now());
  pending_.erase(found);
}

bool BalancerActor::may_retry(const Pending& pending, Errc code) {
  if (pending.begun || pending.tried.size() >= options_.attempts_max) return false;
  if (code == Errc::unavailable) return true;
  return code == Errc::overloaded && budget_.try_retry(context().now());
}

void BalancerActor::on_failure(DispatchId id, const Error& error) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  Pending& pending = found->second;
  if (const auto version = versions_.find(pending.dispatch.version); version != versions_.end()) {
    version->second.replicas.on_end(pending.replica, error.code == Errc::unavailable, context().now());
    const bool others = pending.tried.size() < version->second.replicas.size();
    if (others && may_retry(pending, error.code)) {
      attempt(id);
      return;
    }
  }
  finish(id, error);
}

void BalancerActor::cancel(const CancelDispatch& cancel) {
  const auto found = pending_.find(cancel.id);
  if (found == pending_.end()) return;
  context().cancel(found->second.call);
  if (const auto version = versions_.find(found->second.dispatch.version); version != versions_.end())
    version->second.replicas.on_end(found->second.replica, false, context().now());
  pending_.erase(found);
}

void BalancerActor::finish(DispatchId id, const Error& error) {
  auto pending = pending_.extract(id);
  if (!pending.empty()) pending.mapped().dispatch.sink->on_error(error);
}

}  // namespace troupe::balancer
