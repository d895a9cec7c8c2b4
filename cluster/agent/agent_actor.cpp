#include "cluster/agent/agent_actor.hpp"

#include <algorithm>

#include "actors/gateway/messages.hpp"
#include "cluster/agent/actor_rows.hpp"
#include "cluster/agent/process_memory.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"
#include "runtime/protocol/routing_delta.hpp"

namespace troupe::cluster {

using observe::kv;

namespace {

constexpr Duration goodbye_patience = std::chrono::seconds{1};

}  // namespace

AgentActor::AgentActor(actor::Context& context, AgentOptions options)
    : Actor(context), options_(std::move(options)), state_(options_.drain_patience) {
  on<protocol::Assignment>(
      [this](const protocol::Assignment& assignment) { perform(state_.assign(assignment, this->context().now())); });
  on<protocol::RoutingSnapshot>([this](const protocol::RoutingSnapshot& snapshot) {
    take_routes(std::make_shared<const protocol::RoutingSnapshot>(snapshot));
  });
  on<protocol::RoutingDelta>([this](const protocol::RoutingDelta& delta) { on_delta(delta); });
  on<protocol::Peers>([this](const protocol::Peers& peers) {
    if (peers.epoch != epoch_ || peers.revision <= peers_revision_) return;
    peers_revision_ = peers.revision;
    if (options_.on_peers) options_.on_peers(peers);
  });
  on<KeyChanged>([this](const KeyChanged& changed) {
    options_.node.public_key = changed.public_key;
    // A node that stops has no use for it any more.
    if (is_joined_ && !hand_over_until_) join_again();
  });
  on<AskToLoad>([this](const AskToLoad& ask) { ask_to_load(ask); });
  on<PrepareToStop>([this](const PrepareToStop& stop) { prepare_to_stop(stop.done); });
}

void AgentActor::started() {
  tick();
  find_head();
}

void AgentActor::tick() {
  perform(state_.tick(context().now()));
  want_models();
  if (hand_over_until_ && *hand_over_until_ <= context().now()) drain_all();
  context().after(heartbeat_interval_, [this] { tick(); });
}

void AgentActor::find_head() {
  timer_ = {};
  if (has_left_) return;
  if (options_.head_control.empty()) {
    head_ = context().host().find(protocol::head_path);
    join();
    return;
  }
  options_.transport->discover(options_.head_control, std::chrono::seconds{2},
                               context().bind<Result<bus::Peer>>([this](const Result<bus::Peer>& head) {
                                 if (!head) return head_not_found(head.error());
                                 strangers_met_ = 0;
                                 if (options_.on_head_found) options_.on_head_found(head->node);
                                 options_.transport->add_peer(*head);
                                 head_ = context().host().remote(head->node, head->incarnation,
                                                                 std::string(protocol::head_path), bus::Lane::control);
                                 join();
                               }));
}

void AgentActor::head_not_found(const Error& error) {
  constexpr uint32_t strangers_max = 3;
  if (was_joined_ || beats_ == 0)
    options_.log.warn("no head found", kv("address", options_.head_control), kv("error", error.message));
  if (error.code == Errc::permission_denied)
    return refused(
        {error.code,
         fmt::format("the head at {} refuses this node's key: the node was revoked. To let it in again, remove "
                     "node.key from its folder and join with a new token",
                     options_.head_control),
         {},
         {}});
  // A connection may break in its handshake; one that does so each time has another head behind it.
  strangers_met_ = error.code == Errc::unauthenticated ? strangers_met_ + 1 : 0;
  if (!was_joined_ && strangers_met_ >= strangers_max) return refused(error);
  timer_ = context().after(options_.join_retry, [this] { find_head(); });
}

void AgentActor::ask_to_load(const AskToLoad& ask) {
  if (!is_joined_ || has_left_)
    return ask.done(fail(Errc::unavailable, "the head, which loads models, is not found at the moment"));
  context().call(head_, ask.wish, {.deadline = ask.deadline}, [done = ask.done](const actor::ReplyEvent& event) {
    done(event.error ? Status(fail(*event.error)) : Status());
  });
}

void AgentActor::refused(const Error& error) {
  options_.log.error("the head will not have this node", kv("error", error.message));
  if (options_.on_refused) options_.on_refused(error);
}

void AgentActor::join() {
  if (has_left_) return;
  context().call(head_, protocol::JoinRequest{options_.node, state_.running(), options_.token, epoch_},
                 {.deadline = context().now() + std::chrono::seconds{2}},
                 [this, key = options_.node.public_key](const actor::ReplyEvent& event) {
                   if (const auto* reply = event.body.get<protocol::JoinReply>()) {
                     joined(*reply);
                     // It has changed meanwhile.
                     if (key != options_.node.public_key && !reply->declared_down) join_again();
                     return;
                   }
                   options_.log.warn("the head did not let this node join", kv("error", event.error->message));
                   const bool is_final =
                       event.error->code == Errc::unauthenticated || event.error->code == Errc::permission_denied;
                   // A member that is refused later serves on: its head may have come back from an old backup.
                   if (is_final && !was_joined_) return refused(*event.error);
                   timer_ = context().after(options_.join_retry, [this] { find_head(); });
                 });
}

void AgentActor::joined(const protocol::JoinReply& reply) {
  if (has_left_) return;
  if (reply.declared_down) return begin_new_life();
  is_joined_ = true;
  epoch_ = reply.epoch;
  heartbeat_interval_ = reply.heartbeat_interval;
  routes_.reset();
  peers_revision_ = 0;
  state_.joined(reply.epoch);
  options_.log.info("joined the cluster", kv("cluster", reply.cluster), kv("epoch", reply.epoch.value));
  if (!was_joined_ && options_.on_joined) options_.on_joined();
  was_joined_ = true;
  beat();
}

/// The node stood still or was cut off, and the others went on without it. What they asked of it they have asked of
/// others since; what is loaded is kept, and the head may take it up again.
void AgentActor::begin_new_life() {
  Incarnation& incarnation = options_.node.incarnation;
  incarnation.value = std::max(incarnation.value + 1, static_cast<uint64_t>(unix_microseconds(context().wall())));
  options_.log.warn("this node was declared down; it drops what others asked of it and begins a new life",
                    kv("incarnation", incarnation.value));
  epoch_ = {};
  options_.transport->renew(incarnation, context().bind<>([this] {
    context().host().renew(options_.node.incarnation);
    find_head();
  }));
}

void AgentActor::lost_head(const std::string& why) {
  options_.log.warn("lost the head; serving goes on", kv("why", why));
  join_again();
}

void AgentActor::join_again() {
  is_joined_ = false;
  if (timer_) context().cancel(timer_);
  if (hand_over_until_) drain_all();
  find_head();
}

std::vector<protocol::ReplicaStatus> AgentActor::statuses() const {
  auto statuses = state_.statuses();
  for (protocol::ReplicaStatus& status : statuses) {
    const auto replica = replicas_.find(status.id);
    if (replica == replicas_.end()) continue;
    status.waiting = replica->second.load->waiting.load(std::memory_order_relaxed);
    status.running = replica->second.load->running.load(std::memory_order_relaxed);
    status.requests = replica->second.load->answered.load(std::memory_order_relaxed);
    if (const uint32_t pid = replica->second.back_end->pid(); pid != 0) status.memory_bytes = resident_bytes(pid);
  }
  return statuses;
}

/// Actors and supervisors of this node, and back ends under their workers.
std::vector<protocol::ActorHealth> AgentActor::health() {
  std::map<std::string, const worker::Replica*> by_worker;
  for (const auto& [id, replica] : replicas_) by_worker[protocol::worker_path(id)] = &replica;
  std::vector<protocol::ActorHealth> rows;
  for (protocol::ActorHealth& row : context().host().health()) {
    const auto of = by_worker.find(row.path);
    rows.push_back(std::move(row));
    if (of == by_worker.end()) continue;
    if (auto back_end = of->second->back_end->row(of->second->id, *of->second->load, context().now()))
      rows.push_back(std::move(*back_end));
  }
  show_failed_replicas(rows, state_.statuses());
  return rows;
}

void AgentActor::beat() {
  // Until it has joined, the timer is the one that looks for the head again.
  if (!is_joined_) return;
  if (timer_) context().cancel(timer_);
  timer_ = {};
  protocol::Heartbeat heartbeat;
  heartbeat.node = options_.node.id;
  heartbeat.incarnation = options_.node.incarnation;
  heartbeat.epoch = epoch_;
  heartbeat.assignment_revision = state_.assignment_revision();
  heartbeat.routing_revision = routes_ ? routes_->revision : 0;
  heartbeat.peers_revision = peers_revision_;
  heartbeat.draining = stop_done_ != nullptr;
  heartbeat.replicas = statuses();
  if (beats_++ % options_.actors_every == 0) heartbeat.actors = health();
  context().call(head_, std::move(heartbeat), {.deadline = context().now() + options_.heartbeat_patience},
                 [this, epoch = epoch_, asked = context().now()](const actor::ReplyEvent& event) {
                   if (!is_joined_ || epoch != epoch_) return;
                   const auto* ack = event.body.get<protocol::HeartbeatAck>();
                   if (ack == nullptr) {
                     lost_head(event.error ? event.error->message : "a heartbeat was answered with something else");
                   } else if (!ack->member || ack->epoch != epoch_) {
                     lost_head("the head does not know this node");
                   } else if (ack->weights_hold) {
                     static_cast<void>(context().host().find(protocol::gateway_path).send(gateway::RenewLease{asked}));
                   }
                 });
  timer_ = context().after(heartbeat_interval_, [this] {
    timer_ = {};
    beat();
  });
}

void AgentActor::take_routes(std::shared_ptr<const protocol::RoutingSnapshot> routes) {
  if (routes->epoch != epoch_ || (routes_ && routes->revision <= routes_->revision)) return;
  const actor::Ref gateway = context().host().find(protocol::gateway_path);
  if (!gateway || !gateway.send(protocol::AnyMessage::of(routes))) return;
  routes_ = std::move(routes);
  beat();  // The head lets replicas drain that no gateway sends to any more.
}

void AgentActor::on_delta(const protocol::RoutingDelta& delta) {
  if (!routes_) return;
  if (auto routes = protocol::apply(*routes_, delta))
    take_routes(std::make_shared<const protocol::RoutingSnapshot>(std::move(*routes)));
}

void AgentActor::perform(const std::vector<AgentAction>& actions) {
  for (const AgentAction& action : actions) {
    if (const auto* start_replica = std::get_if<StartReplica>(&action)) {
      prepare(start_replica->spec);
    } else if (const auto* drain = std::get_if<DrainReplica>(&action)) {
      options_.log.info("replica drains", kv("replica", drain->id));
      if (const auto replica = replicas_.find(drain->id); replica != replicas_.end()) this->drain(replica->second);
      if (fetching_.erase(drain->id) > 0) stopped(drain->id);
    } else {
      end(std::get<EndReplica>(action).id);
    }
  }
}

void AgentActor::prepare(const protocol::ReplicaSpec& spec) {
  if (spec.folder.empty() || !context().host().find(protocol::fetcher_path)) return start(spec);
  fetching_[spec.id] = spec;
  want_models();
}

/// All of it each time, and again at each tick: the fetcher may have started anew.
void AgentActor::want_models() {
  const actor::Ref fetcher = context().host().find(protocol::fetcher_path);
  if (!fetcher) return;
  ModelsWanted wanted;
  wanted.head = head_;
  wanted.tell = context().bind<FetchNews>([this](const FetchNews& news) { take_news(news); });
  for (const auto& [id, spec] : fetching_) wanted.starting.push_back(spec);
  for (const protocol::ReplicaStatus& status : state_.statuses())
    if (replicas_.contains(status.id)) wanted.running.push_back({status.model, status.version});
  const bool wants = !wanted.starting.empty() || !wanted.running.empty();
  if (!std::exchange(wants_models_, wants) && !wants) return;
  static_cast<void>(fetcher.send(std::move(wanted)));
}

void AgentActor::take_news(const FetchNews& news) {
  const auto found = fetching_.find(news.replica);
  if (found == fetching_.end()) return;
  if (news.what == FetchNews::What::ready) {
    protocol::ReplicaSpec spec = std::move(found->second);
    fetching_.erase(found);
    spec.folder = news.folder;
    return start(spec);
  }
  for (protocol::ReplicaStatus& status : state_.statuses()) {
    if (status.id != news.replica) continue;
    const auto before = status.state;
    status.state = news.what == FetchNews::What::fetching   ? protocol::ReplicaState::fetching
                   : news.what == FetchNews::What::retrying ? protocol::ReplicaState::backing_off
                                                            : protocol::ReplicaState::failed;
    status.reason = news.text;
    // How far it is rides on the next beat.
    if (status.state != protocol::ReplicaState::fetching || before != status.state) return on_replica_changed(status);
    return perform(state_.replica_changed(status));
  }
}

void AgentActor::start(const protocol::ReplicaSpec& spec) {
  options_.log.info("replica starts", kv("replica", spec.id), kv("model", spec.model), kv("version", spec.version));
  auto replica = worker::start_replica(
      context().host(), spec, options_.backend,
      context().bind<protocol::ReplicaStatus>([this](const protocol::ReplicaStatus& s) { on_replica_changed(s); }));
  if (replica) {
    replicas_[spec.id] = std::move(*replica);
    return;
  }
  protocol::ReplicaStatus status;
  status.id = spec.id;
  status.deployment = spec.deployment;
  status.model = spec.model;
  status.version = spec.version;
  status.state = protocol::ReplicaState::failed;
  status.reason = replica.error().message;
  on_replica_changed(status);
}

/// One that was given up has nothing to finish.
void AgentActor::drain(const worker::Replica& replica) {
  const Status told = worker::drain_replica(replica);
  if (told || told.error().code != Errc::unavailable) return;
  stopped(replica.id);
}

/// Nothing of it is left to finish; told after what is being done now.
void AgentActor::stopped(ReplicaId id) {
  for (protocol::ReplicaStatus& status : state_.statuses()) {
    if (status.id != id) continue;
    status.state = protocol::ReplicaState::stopped;
    context().after(Duration{0}, [this, status] { on_replica_changed(status); });
  }
}

void AgentActor::end(ReplicaId id) {
  fetching_.erase(id);
  const auto gone = context().bind<>([this, id] {
    options_.log.info("replica ended", kv("replica", id));
    forget(id);
    state_.ended(id);
    beat();
    finish_stopping();
  });
  if (const auto replica = replicas_.find(id); replica != replicas_.end()) {
    worker::end_replica(context().host(), replica->second, gone);
  } else {
    gone();
  }
}

void AgentActor::forget(ReplicaId id) {
  const auto replica = replicas_.extract(id);
  if (replica.empty()) return;
  const std::string& model = replica.mapped().model;
  const bool is_last = std::ranges::none_of(replicas_, [&](const auto& other) { return other.second.model == model; });
  if (is_last) worker::end_model(context().host(), model);
}

void AgentActor::on_replica_changed(const protocol::ReplicaStatus& status) {
  if (status.state != protocol::ReplicaState::failed && status.state != protocol::ReplicaState::backing_off) {
    options_.log.info("replica changed", kv("replica", status.id), kv("model", status.model),
                      kv("version", status.version), kv("state", static_cast<int>(status.state)));
  } else {
    options_.log.error("replica failed", kv("replica", status.id), kv("model", status.model),
                       kv("version", status.version), kv("reason", status.reason), kv("restarts", status.restarts));
  }
  perform(state_.replica_changed(status));
  beat();
}

void AgentActor::prepare_to_stop(std::function<void()> done) {
  stop_done_ = std::move(done);
  hand_over_until_ = context().now() + options_.drain_patience;
  is_joined_ ? beat() : drain_all();
  finish_stopping();
}

void AgentActor::drain_all() {
  hand_over_until_.reset();
  perform(state_.drain_all(context().now()));
  beat();
}

void AgentActor::finish_stopping() {
  if (!stop_done_ || !state_.empty()) return;
  has_left_ = true;
  state_.leave();
  is_joined_ = false;
  if (timer_) context().cancel(timer_);
  timer_ = {};
  hand_over_until_.reset();
  // A head that does not hear it takes the node for down in a while.
  context().call(head_, protocol::Leave{options_.node.id, options_.node.incarnation},
                 {.deadline = context().now() + goodbye_patience},
                 [done = std::exchange(stop_done_, {})](const actor::ReplyEvent&) { done(); });
}

}  // namespace troupe::cluster
