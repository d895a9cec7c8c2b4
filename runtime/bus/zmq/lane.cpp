#include "runtime/bus/zmq/lane.hpp"

#include "runtime/base/random.hpp"

namespace troupe::bus::internal {
namespace {

using namespace std::chrono_literals;

constexpr size_t commands_per_round = 256;
constexpr size_t rounds_without_poll = 8;
constexpr Duration sweep_interval = 100ms;
constexpr Duration blocked_retry = 5ms;
constexpr Duration stop_patience = 1s;

tl::unexpected<Error> stopped() {
  return fail(Errc::unavailable, "this node's transport is stopped");
}

}  // namespace

Result<std::unique_ptr<LaneWorker>> LaneWorker::make(Lane lane, NodeId node, Incarnation incarnation,
                                                     const ZmqTransportOptions& options, const Gatekeeper& gatekeeper,
                                                     const Context& context) {
  TROUPE_TRY(auto poller, Poller::make());
  TROUPE_TRY(auto router, Socket::router(context, lane, options, options.port(lane), options.port_option(lane)));
  TROUPE_TRY(auto monitor, Monitor::of(context, router, fmt::format("lane-{}", static_cast<int>(lane))));
  std::unique_ptr<LaneWorker> worker(new LaneWorker(lane, node, incarnation, options, gatekeeper, context,
                                                    std::move(poller), std::move(router), std::move(monitor)));
  return worker;
}

LaneWorker::LaneWorker(Lane lane, NodeId node, Incarnation incarnation, const ZmqTransportOptions& options,
                       const Gatekeeper& gatekeeper, const Context& context, std::unique_ptr<Poller> poller,
                       Socket router, Monitor router_monitor)
    : lane_(lane),
      node_(node),
      options_(options),
      gatekeeper_(gatekeeper),
      context_(context),
      senders_life_(incarnation.value),
      poller_(std::move(poller)),
      keys_(options.keys),
      incarnation_(incarnation),
      router_monitor_(std::move(router_monitor)),
      router_(std::move(router)),
      defects_(options.on_defect) {
  watch(router_.fd(), {Watch::What::router, {}});
  watch(router_monitor_.fd(), {Watch::What::router_monitor, {}});
}

LaneWorker::~LaneWorker() {
  begin_stop();
  finish_stop();
}

void LaneWorker::start(Peer self, std::shared_ptr<const ReceiveHandler> handler) {
  self_ = std::move(self);
  handler_ = std::move(handler);
  thread_ = std::thread([this] { run(); });
}

void LaneWorker::begin_stop() {
  stopping_.store(true, std::memory_order_seq_cst);
  poller_->wake();
}

void LaneWorker::finish_stop() {
  if (thread_.joinable()) thread_.join();
  // What came too late, or was asked of a lane that never started.
  while (auto command = commands_.pop()) {
    if (auto* message = std::get_if<Outgoing>(&*command)) settle(*message);
    if (auto* question = std::get_if<Discover>(&*command)) question->found(stopped());
    if (auto* change = std::get_if<ChangeKeys>(&*command)) change->done(stopped());
  }
  router_.close(Duration{0});
  router_monitor_.close();
}

Outgoing LaneWorker::pack(NodeId node, wire::Message message, Incarnation life) const {
  wire::Envelope& envelope = message.envelope;
  envelope.source_node = node_;
  envelope.source_incarnation = life;
  Outgoing out{node, life, {}, std::move(message.body), envelope.kind, envelope.correlation_id, nullptr};
  wire::encode(envelope, out.header);
  return out;
}

Status LaneWorker::send(NodeId node, wire::Message message) {
  if (stopping_.load(std::memory_order_relaxed)) return stopped();
  auto outbox = directory_.find(node);
  if (!outbox) return fail(Errc::unavailable, "node {} is not known here, nor connected to this node", node);

  Outgoing out = pack(node, std::move(message), Incarnation{senders_life_.load(std::memory_order_relaxed)});
  const wire::Limits& limits = options_.limits;
  const size_t size = out.body.size();
  if (out.header.size() > limits.header_bytes_max)
    return fail(Errc::too_large, "an envelope of {} bytes; at most {} are taken", out.header.size(),
                limits.header_bytes_max);
  if (out.body.data.size() > limits.body_bytes_max)
    return fail(Errc::too_large, "a body of {} bytes; at most {} are taken", out.body.data.size(),
                limits.body_bytes_max);
  if (out.body.attachments.size() > limits.attachments_max || size - out.body.data.size() > limits.attachment_bytes_max)
    return fail(Errc::too_large, "{} attachments of {} bytes; at most {} of {} bytes are taken",
                out.body.attachments.size(), size - out.body.data.size(), limits.attachments_max,
                limits.attachment_bytes_max);

  const size_t peer_messages = outbox->messages.fetch_add(1, std::memory_order_relaxed);
  const size_t messages = queued_messages_.fetch_add(1, std::memory_order_relaxed);
  const size_t bytes = queued_bytes_.fetch_add(size, std::memory_order_relaxed);
  out.outbox = std::move(outbox);
  // The first one is always taken, whatever its size.
  if (peer_messages >= options_.peer_queue_max || messages >= options_.queue_messages_max ||
      (bytes > 0 && bytes + size > options_.queue_bytes(lane_).value)) {
    settle(out);
    counters_.overloaded.fetch_add(1, std::memory_order_relaxed);
    return fail(Errc::overloaded,
                "the queue to node {} is full: {} messages wait for it, {} messages of {} for the lane", node,
                peer_messages, messages, format_bytes({bytes}));
  }
  command(std::move(out));
  return {};
}

void LaneWorker::add_peer(const Peer& peer) {
  directory_.set_added(peer.node, true, [&] {
    command(Add{peer.node, peer.incarnation, peer.endpoint(lane_), peer.key});
  });
}

void LaneWorker::remove_peer(NodeId node) {
  directory_.set_added(node, false, [&] { command(Remove{node}); });
}

void LaneWorker::discover(const std::string& endpoint, Duration patience, std::optional<CurveKeys> keys, Found found) {
  if (stopping_.load(std::memory_order_seq_cst)) return found(stopped());
  command(Discover{endpoint, patience, std::move(keys), std::move(found)});
}

void LaneWorker::change_keys(const CurveKeys& keys, std::function<void(Status)> done) {
  if (stopping_.load(std::memory_order_seq_cst)) return done(stopped());
  command(ChangeKeys{keys, std::move(done)});
}

void LaneWorker::renew(Incarnation incarnation, std::function<void()> done) {
  senders_life_.store(incarnation.value);
  command(Renew{incarnation, std::move(done)});
}

void LaneWorker::allow_list_changed() {
  command(CheckLinks{});
}

void LaneWorker::command(Command command) {
  commands_.push(std::move(command));
  poller_->wake();
}

void LaneWorker::run() {
  now_ = clock_.now();
  next_sweep_ = now_ + sweep_interval;
  serve_router_monitor();
  std::optional<Time> deadline;
  for (size_t round = 0;; ++round) {
    const bool stopping = stopping_.load(std::memory_order_seq_cst);
    now_ = clock_.now();
    if (stopping && !deadline) deadline = now_ + stop_patience;
    const size_t taken = take_commands();
    serve_scheduled();
    if (now_ >= next_sweep_) sweep();
    if (deadline && taken == 0 && (now_ >= *deadline || !anything_waits())) break;

    const bool idle = scheduled_.empty() && !router_scheduled_;
    if (idle || round % rounds_without_poll == 0) take_ready();
  }
  close_all(*deadline);
}

size_t LaneWorker::take_commands() {
  size_t taken = 0;
  for (; taken < commands_per_round; ++taken) {
    auto command = commands_.pop();
    if (!command) break;
    if (auto* message = std::get_if<Outgoing>(&*command)) enqueue(std::move(*message));
    if (auto* peer = std::get_if<Add>(&*command)) add(std::move(*peer));
    if (auto* peer = std::get_if<Remove>(&*command)) remove(peer->node);
    if (auto* question = std::get_if<Discover>(&*command)) begin(std::move(*question));
    if (const auto* life = std::get_if<Renew>(&*command)) renew(*life);
    if (std::holds_alternative<CheckLinks>(*command)) check_links();
    if (auto* change = std::get_if<ChangeKeys>(&*command)) {
      const Status changed = router_.change_keys(change->keys);
      if (changed) keys_ = std::move(change->keys);
      change->done(changed);
    }
  }
  return taken;
}

void LaneWorker::take_ready() {
  Duration timeout = std::max(next_sweep_ - now_, Duration{0});
  if (!blocked_.empty()) timeout = std::min(timeout, blocked_retry);
  if (stopping_.load(std::memory_order_seq_cst)) timeout = std::min<Duration>(timeout, blocked_retry);
  const auto ready =
      poller_->wait(timeout, [this] { return !commands_.empty() || router_scheduled_ || !scheduled_.empty(); });
  // Serving one may end another's watch, so each is looked up when its turn comes.
  for (const uint64_t token : ready) {
    const auto it = watches_.find(token);
    if (it == watches_.end()) continue;
    const Watch watch = it->second;
    Link* const link = find(watch.node);
    if (watch.what == Watch::What::router) router_scheduled_ = true;
    if (watch.what == Watch::What::router_monitor) serve_router_monitor();
    if (watch.what == Watch::What::call && link) schedule(*link);
    if (watch.what == Watch::What::call_monitor && link) call_changed(*link);
    if (watch.what == Watch::What::discovery) serve_discovery(token);
    if (watch.what == Watch::What::discovery_monitor) discovery_changed(watch.discovery);
  }
  for (const NodeId node : std::exchange(blocked_, {}))
    if (Link* const link = find(node)) schedule(*link);
}

void LaneWorker::serve_scheduled() {
  serving_.swap(scheduled_);
  for (const NodeId node : serving_) {
    Link* const link = find(node);
    if (link == nullptr) continue;
    link->scheduled = false;
    if (serve_call(*link)) schedule(*link);
  }
  serving_.clear();
  // After the links: what they sent by the ROUTER may have swallowed the sign that something came in.
  if (std::exchange(router_scheduled_, false)) serve_router();
}

void LaneWorker::sweep() {
  next_sweep_ = now_ + sweep_interval;
  std::vector<NodeId> gone;
  for (auto& [node, link] : links_) {
    look_after(*link);
    if (!link->added && !link->inbound && !link->call && link->waiting.empty()) gone.push_back(node);
  }
  for (const NodeId node : gone) links_.erase(node);

  std::vector<uint64_t> late;
  for (const auto& [token, discovery] : discoveries_)
    if (now_ >= discovery.deadline) late.push_back(token);
  for (const uint64_t token : late)
    finish(token, fail(Errc::deadline_exceeded, "no node answered at {}", discoveries_.at(token).endpoint));
}

bool LaneWorker::anything_waits() const {
  return std::any_of(links_.begin(), links_.end(), [](const auto& entry) { return !entry.second->waiting.empty(); });
}

void LaneWorker::close_all(Time deadline) {
  while (!discoveries_.empty()) finish(discoveries_.begin()->first, stopped());
  const Duration linger = std::max(deadline - clock_.now(), Duration{0});
  for (auto& [node, link] : links_) {
    for (const Outgoing& message : link->waiting) {
      settle(message);
      counters_.undeliverable.fetch_add(1, std::memory_order_relaxed);
    }
    if (link->call) link->call->socket.close(link->call->connected ? linger : Duration{0});
  }
  links_.clear();
  router_.close(linger);
}

uint64_t LaneWorker::watch(int fd, Watch watch) {
  const uint64_t token = ++last_token_;
  // Fails only for want of memory; the descriptor is then looked at whenever its owner is served for another reason.
  (void)poller_->watch(fd, token);
  watches_.emplace(token, watch);
  return token;
}

void LaneWorker::forget(int fd, uint64_t token) {
  poller_->forget(fd);
  watches_.erase(token);
}

wire::Message LaneWorker::own_message(wire::Kind kind) const {
  wire::Message message;
  message.envelope.kind = kind;
  message.envelope.source_node = node_;
  message.envelope.source_incarnation = incarnation_;
  return message;
}

}  // namespace troupe::bus::internal
