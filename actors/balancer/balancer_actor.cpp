#include "actors/balancer/balancer_actor.hpp"

#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::balancer {
namespace {

/// How often those that wait for a replica look again when no new routes come: an ejection may have ended.
constexpr Duration held_interval = std::chrono::milliseconds{50};
constexpr Duration credit_retry = std::chrono::milliseconds{10};

}  // namespace

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
    version.coming = route.coming;
    for (const protocol::RoutedReplica& replica : route.replicas)
      refs[replica.id] = context().host().remote(replica.node, incarnations[replica.node],
                                                 protocol::batcher_path(replica.id), bus::Lane::request);
  }
  versions_ = std::move(versions);
  refs_ = std::move(refs);
  serve_held();
}

void BalancerActor::dispatch(const Dispatch& dispatch) {
  budget_.on_request(context().now());
  if (const Status admitted = admit(dispatch); !admitted) {
    dispatch.sink->on_error(admitted.error());
    return;
  }
  Pending& pending = pending_[dispatch.id];
  pending.dispatch = dispatch;
  pending.window = dispatch.sink->window();
  if (pending.window)
    dispatch.sink->on_begin(context().bind<uint64_t>([this, id = dispatch.id](uint64_t bytes) { credit(id, bytes); }));
  attempt(dispatch.id);
}

/// Only of new requests: one that comes back from a replica was admitted, and the loss is not its fault.
Status BalancerActor::admit(const Dispatch& dispatch) {
  const auto version = versions_.find(dispatch.version);
  if (version == versions_.end()) return {};
  const auto busy = version->second.replicas.busy_for(dispatch.deadline, context().now());
  if (!busy) return {};
  return fail(Error{Errc::overloaded,
                    fmt::format("the replicas of {}@{} are too busy to answer in time", model_, dispatch.version),
                    {},
                    std::chrono::ceil<std::chrono::milliseconds>(*busy)});
}

void BalancerActor::attempt(DispatchId id) {
  Pending& pending = pending_.at(id);
  const auto version = versions_.find(pending.dispatch.version);
  if (version == versions_.end() || (version->second.replicas.size() == 0 && version->second.coming == 0)) {
    finish(id, no_replica(pending.dispatch.version));
    return;
  }
  const auto replica = version->second.replicas.pick(version->second.policy, pending.tried, random_, context().now(),
                                                     pending.dispatch.deadline);
  if (!replica) {
    hold(id);
    return;
  }
  pending.replica = *replica;
  pending.tried.push_back(*replica);
  version->second.replicas.on_dispatch(*replica);
  // A local replica that has just ended has no ref any more; call() fails it as unavailable.
  pending.call = context().call(
      refs_[*replica], protocol::AnyMessage::of(pending.dispatch.request),
      {.deadline = pending.dispatch.deadline, .trace = pending.dispatch.request->request_id, .credit = pending.window},
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
  const std::optional<protocol::LoadReport> load = part->load;
  found->second.dispatch.sink->on_part(std::move(part), event.last);
  if (!event.last) return;
  if (const auto version = versions_.find(found->second.dispatch.version); version != versions_.end()) {
    version->second.replicas.on_end(found->second.replica, Ending::answered, context().now());
    version->second.replicas.on_answer(found->second.replica, load, context().now());
  }
  pending_.erase(found);
}

bool BalancerActor::may_retry(Pending& pending, Errc code) {
  if (pending.begun) return false;
  if (code == Errc::unavailable) return true;
  if (code == Errc::lost) return ++pending.losses < options_.losses_max;
  const auto version = versions_.find(pending.dispatch.version);
  const bool others = version != versions_.end() && pending.tried.size() < version->second.replicas.size();
  return code == Errc::overloaded && others && budget_.try_retry(context().now());
}

void BalancerActor::on_failure(DispatchId id, const Error& error) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  Pending& pending = found->second;
  const Ending ending = error.code == Errc::unavailable ? Ending::refused
                        : error.code == Errc::lost      ? Ending::lost
                                                        : Ending::answered;
  if (const auto version = versions_.find(pending.dispatch.version); version != versions_.end()) {
    version->second.replicas.on_end(pending.replica, ending, context().now());
    if (error.code == Errc::overloaded) version->second.replicas.on_full(pending.replica, context().now());
  }
  if (!may_retry(pending, error.code)) return finish(id, error);
  pending.dispatch.sink->on_retry(error);
  attempt(id);
}

void BalancerActor::hold(DispatchId id) {
  Pending& pending = pending_.at(id);
  const Time now = context().now();
  if (!pending.held_until) pending.held_until = now + options_.held_for;
  if (pending.dispatch.deadline && *pending.dispatch.deadline <= now) {
    finish(id, {Errc::deadline_exceeded, "the deadline passed while the request waited for a replica", {}, {}});
    return;
  }
  if (*pending.held_until <= now || held_.size() >= options_.held_max) {
    finish(id, no_replica(pending.dispatch.version));
    return;
  }
  pending.tried.clear();
  held_.push_back(id);
  if (!held_timer_)
    held_timer_ = context().after(held_interval, [this] {
      held_timer_ = {};
      serve_held();
    });
}

/// Tries each once more; those that still find nobody are held again, in the same order.
void BalancerActor::serve_held() {
  for (const DispatchId id : std::exchange(held_, {}))
    if (pending_.contains(id)) attempt(id);
}

Error BalancerActor::no_replica(const std::string& version) const {
  return {Errc::unavailable,
          fmt::format("no replica of {}@{} can take the request right now", model_, version),
          {},
          std::chrono::seconds{1}};
}

void BalancerActor::cancel(const CancelDispatch& cancel) {
  const auto found = pending_.find(cancel.id);
  if (found == pending_.end()) return;
  context().cancel(found->second.call);
  if (const auto version = versions_.find(found->second.dispatch.version); version != versions_.end())
    version->second.replicas.on_end(found->second.replica, Ending::answered, context().now());
  pending_.erase(found);
}

/// What got lost would hold up the stream for ever.
void BalancerActor::credit(DispatchId id, uint64_t bytes) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  const Status sent = context().credit(found->second.call, bytes);
  if (!sent && sent.error().code == Errc::overloaded)
    context().after(credit_retry, [this, id, bytes] { credit(id, bytes); });
}

void BalancerActor::finish(DispatchId id, const Error& error) {
  auto pending = pending_.extract(id);
  if (!pending.empty()) pending.mapped().dispatch.sink->on_error(error);
}

}  // namespace troupe::balancer
