#include "actors/gateway/gateway_actor.hpp"

#include "actors/cache_shard/cache_key.hpp"
#include "actors/cache_shard/messages.hpp"
#include "actors/gateway/router.hpp"
#include "actors/gateway/tracked_sink.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/base/units.hpp"
#include "runtime/protocol/paths.hpp"
#include "runtime/protocol/payload.hpp"
#include "runtime/protocol/validate.hpp"

namespace troupe::gateway {
namespace {

constexpr std::chrono::milliseconds come_back{1000};
constexpr Duration balancer_retry = std::chrono::seconds{1};

bool needs_seed(const protocol::ServeRequest& request) {
  const auto* generate = std::get_if<protocol::Generate>(&request.work);
  return generate != nullptr && generate->sampling.temperature > 0 && !generate->sampling.seed;
}

}  // namespace

GatewayActor::GatewayActor(actor::Context& context, GatewayParts parts)
    : Actor(context), parts_(std::move(parts)), lease_(parts_.weight_lease) {
  on<Submit>([this](const Submit& message) { submit(message); });
  on<Withdraw>([this](const Withdraw& message) { withdraw(message); });
  on<Drain>([this](const Drain&) { drain(); });
  serve<protocol::KeySet>([this](const std::shared_ptr<const protocol::KeySet>& keys, actor::Reply reply) {
    if (parts_.keys) parts_.keys->update(*keys);
    reply.finish(protocol::KeyAck{keys->epoch, keys->revision});
  });
  on<RenewLease>([this](const RenewLease& renewed) {
    lease_.renew(renewed.asked);
    follow_lease();
  });
  on<protocol::RoutingSnapshot>([this](const protocol::RoutingSnapshot& snapshot) { take(snapshot); });
}

void GatewayActor::started() {
  parts_.metrics->stable_only(parts_.routing->is_stable_only());
  table_ = parts_.routing->table();
  if (!table_) return;
  update_peers(table_->snapshot());
  update_balancers();
}

// --- Requests --------------------------------------------------------------------------------------------------------

void GatewayActor::submit(const Submit& submit) {
  last_request_ = context().now();
  const auto status = admit(submit);
  if (status) return;
  const bool is_known = table_ && table_->find(submit.request->model) != nullptr;
  parts_.metrics->rejected(is_known ? submit.request->model : "", status.error().code, parts_.routing->is_closed());
  submit.sink->on_error(status.error());
}

/// Fails only where nobody has the sink yet.
Status GatewayActor::admit(const Submit& submit) {
  if (parts_.routing->is_closed()) {
    return fail(Error{Errc::unavailable, "this gateway is shutting down; another one will answer", {}, come_back});
  }
  if (!table_) return fail(Error{Errc::unavailable, "this gateway has not heard from the head yet", {}, come_back});
  TROUPE_TRY(const Time deadline, parts_.in_flight->deadline(submit.deadline, context().now()));
  return submit.key ? answer_once(submit, deadline) : route(submit, deadline);
}

/// Where it must run it comes back without its key.
Status GatewayActor::answer_once(const Submit& submit, Time deadline) {
  if (!parts_.idempotency) {
    return fail(Error{Errc::unimplemented, "this gateway keeps no answers", std::string(idempotency_field), {}});
  }
  TROUPE_CHECK(protocol::validate(*submit.request));
  return parts_.idempotency.send(Submit{submit.id, submit.request, deadline, submit.sink, submit.key});
}

Status GatewayActor::route(const Submit& submit, Time deadline) {
  const protocol::ServeRequest& request = *submit.request;
  const bool weights_hold = lease_.holds(context().now());
  // Nobody is assigned by what may have changed meanwhile.
  const auto choice =
      weights_hold && parts_.events ? choose_variant(*table_, request, context().host().clock().wall()) : std::nullopt;
  TROUPE_CHECK(protocol::validate(request));
  const std::string& unit = request.unit.empty() ? request.request_id : request.unit;
  std::optional<Errc> variant_failure;
  if (choice) {
    const auto variant = choose_route(*table_, request.model, choice->version(), unit);
    if (variant) return hand_over(submit, **variant, deadline, note_of(choice));
    // It is answered all the same, as without an experiment, which hears of it as of a failure.
    variant_failure = variant.error().code;
  }
  TROUPE_TRY(const protocol::Route* const route,
             choose_route(*table_, request.model, request.version, unit, weights_hold));
  if (auto note = note_of(choice)) {
    note->begin();
    note->ended(variant_failure);
  }
  return hand_over(submit, *route, deadline, std::nullopt);
}

std::optional<AttemptNote> GatewayActor::note_of(const std::optional<ExperimentChoice>& choice) {
  if (!choice || !choice->is_counted) return std::nullopt;
  return AttemptNote(*parts_.events, *choice, context().host().clock());
}

Status GatewayActor::hand_over(const Submit& submit, const protocol::Route& route, Time deadline,
                               std::optional<AttemptNote> note) {
  const std::string& model = submit.request->model;
  const auto balancer = balancers_.find(model);
  if (balancer == balancers_.end()) {
    return fail(Error{Errc::unavailable, fmt::format("model {} is just being started", model), {}, come_back});
  }
  const bool use_cache = parts_.cache && route.cache.enabled && cache_shard::is_cacheable(*submit.request);
  const actor::Ref& handler = use_cache ? parts_.cache : balancer->second;
  TROUPE_CHECK(parts_.in_flight->enter(submit.id, model, handler, protocol::payload_bytes(*submit.request)));

  if (note) note->begin();
  const auto sink =
      std::make_shared<TrackedSink>(submit.id, submit.sink, parts_.in_flight, parts_.metrics->of(model, route.version),
                                    context().host().clock(), std::move(note));
  balancer::Dispatch dispatch{submit.id, with_seed(submit.request), route.version, deadline, sink};
  const Status sent = use_cache
                          ? handler.send(cache_shard::Lookup{cache_shard::cache_key(*submit.request, route.version),
                                                             route.cache.ttl, balancer->second, std::move(dispatch)})
                          : handler.send(std::move(dispatch));
  if (!sent) sink->on_error(sent.error());
  return {};
}

std::shared_ptr<const protocol::ServeRequest> GatewayActor::with_seed(
    std::shared_ptr<const protocol::ServeRequest> request) {
  if (!needs_seed(*request)) return request;
  auto copy = std::make_shared<protocol::ServeRequest>(*request);
  std::get<protocol::Generate>(copy->work).sampling.seed = parts_.random->next();
  return copy;
}

void GatewayActor::withdraw(const Withdraw& withdraw) {
  // A full mailbox may drop this: the work then goes on to its end, and its answer goes nowhere.
  if (const actor::Ref handler = parts_.in_flight->withdraw(withdraw.id)) {
    static_cast<void>(handler.send(balancer::CancelDispatch{withdraw.id}));
  } else if (parts_.idempotency) {
    static_cast<void>(parts_.idempotency.send(withdraw));
  }
}

void GatewayActor::drain() {
  if (parts_.routing->is_draining()) return;
  parts_.routing->begin_drain();
  close_when_quiet(context().now() + parts_.drain.lame_duck_max);
}

void GatewayActor::close_when_quiet(Time latest) {
  const Time now = context().now();
  const bool is_quiet = !last_request_ || now - *last_request_ >= parts_.drain.quiet;
  if (is_quiet || now >= latest) {
    parts_.routing->close();
    return;
  }
  context().after(parts_.drain.quiet / 4, [this, latest] { close_when_quiet(latest); });
}

// --- Routes ----------------------------------------------------------------------------------------------------------

void GatewayActor::follow_lease() {
  const bool holds = lease_.holds(context().now());
  if (parts_.routing->is_stable_only() == holds) set_stable_only(!holds);
  if (!holds || std::exchange(watches_lease_, true)) return;
  context().after(*lease_.ends() - context().now(), [this] {
    watches_lease_ = false;
    follow_lease();
  });
}

void GatewayActor::set_stable_only(bool stable_only) {
  if (stable_only) {
    parts_.log.warn("the head has not confirmed the weights for too long: what is not pinned goes to stable versions",
                    observe::kv("lease", format_duration(parts_.weight_lease)));
  } else {
    parts_.log.info("the head has confirmed the weights again");
  }
  parts_.routing->set_stable_only(stable_only);
  parts_.metrics->stable_only(stable_only);
}

void GatewayActor::take(const protocol::RoutingSnapshot& snapshot) {
  if (table_ && !is_newer(snapshot, table_->snapshot())) return;
  table_ = std::make_shared<const RoutingTable>(snapshot);
  for (const Error& error : table_->plan_errors())
    parts_.log.error("a model's experiments are left out", observe::kv("error", error.message));
  update_peers(snapshot);
  update_balancers();
  parts_.routing->publish(table_);
}

void GatewayActor::update_peers(const protocol::RoutingSnapshot& snapshot) {
  std::unordered_map<NodeId, protocol::RoutedNode> nodes;
  for (const protocol::RoutedNode& node : snapshot.nodes) {
    if (node.id != context().host().options().node) nodes.emplace(node.id, node);
  }
  for (const auto& [id, known] : peers_) {
    const auto now = nodes.find(id);
    if (now == nodes.end()) parts_.remove_peer(id);
    if (now == nodes.end() || now->second.incarnation != known.incarnation) context().host().peer_lost(id);
  }
  for (const auto& [id, node] : nodes) {
    const auto known = peers_.find(id);
    if (known == peers_.end() || known->second != node) {
      parts_.add_peer({node.id, node.incarnation, node.control, node.request, node.bulk, node.public_key});
    }
  }
  peers_ = std::move(nodes);
}

void GatewayActor::update_balancers() {
  std::vector<std::string> gone;
  for (const auto& [model, balancer] : balancers_) {
    if (table_->find(model) == nullptr) gone.push_back(model);
  }
  for (const std::string& model : gone) stop_balancer(model);
  for (const protocol::RoutedModel& model : table_->snapshot().models) start_balancer(model.name);
}

/// Or tells the one there is of its routes, as it must be after a crash too.
void GatewayActor::start_balancer(const std::string& model) {
  const protocol::RoutedModel* routes = table_->find(model);
  if (routes == nullptr || stopping_.contains(model)) return;
  if (!balancers_.contains(model)) {
    actor::Ref balancer = context().host().find(protocol::balancer_path(model));
    if (!balancer) {
      auto made = parts_.make_balancer(context().host(), model);
      if (!made) return balancer_failed(model, made.error());
      balancer = *made;
    }
    balancers_.emplace(model, balancer);
    watch_balancer(model);
  }
  const Status sent = balancers_.at(model).send(balancer::UpdateRoutes{*routes, table_->snapshot().nodes});
  if (!sent) balancer_failed(model, sent.error());
}

void GatewayActor::watch_balancer(const std::string& model) {
  context().monitor(balancers_.at(model), [this, model](const Error&) {
    if (!balancers_.contains(model)) return;
    watch_balancer(model);
    start_balancer(model);
  });
}

void GatewayActor::balancer_failed(const std::string& model, const Error& error) {
  parts_.log.error("the balancer of a model failed", observe::kv("model", model), observe::kv("reason", error.message));
  balancers_.erase(model);
  context().after(balancer_retry, [this, model] { start_balancer(model); });
}

void GatewayActor::stop_balancer(const std::string& model) {
  const actor::Ref balancer = balancers_.at(model);
  balancers_.erase(model);
  stopping_.insert(model);
  const auto ended = context().bind<std::string>([this](const std::string& name) {
    stopping_.erase(name);
    start_balancer(name);  // Where the model has come back meanwhile.
  });
  context().host().stop(balancer, [ended, model] { ended(model); });
}

}  // namespace troupe::gateway
