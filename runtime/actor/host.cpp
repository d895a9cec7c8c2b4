#include "runtime/actor/host.hpp"

#include "runtime/actor/host_impl.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/protocol/registry.hpp"

namespace troupe::actor {

std::unique_ptr<Host> Host::make(HostOptions options, Clock& clock, std::unique_ptr<Executor> executor,
                                 bus::Transport* transport, std::unique_ptr<TimerService> timers) {
  if (!timers) timers = make_timer_thread(clock);
  return std::make_unique<internal::HostImpl>(options, clock, std::move(executor), transport, std::move(timers));
}

bool Ref::is_local() const noexcept {
  return target_ && target_->cell;
}
NodeId Ref::node() const noexcept {
  return target_ ? target_->node : NodeId{};
}

const std::string& Ref::path() const noexcept {
  static const std::string none;
  return target_ ? target_->path : none;
}

Status Ref::send(protocol::AnyMessage message) const {
  if (!target_) return fail(Errc::unavailable, "the actor does not exist");
  if (target_->cell) return target_->cell->send(std::move(message));
  return target_->host->send_event(*target_, message);
}

bool Ref::operator==(const Ref& other) const noexcept {
  if (target_ == other.target_) return true;
  return target_ && other.target_ && target_->node == other.target_->node && target_->path == other.target_->path &&
         target_->incarnation == other.target_->incarnation;
}

namespace internal {

HostImpl::HostImpl(HostOptions options, Clock& clock, std::unique_ptr<Executor> executor, bus::Transport* transport,
                   std::unique_ptr<TimerService> timers)
    : options_(options),
      incarnation_(options.incarnation.value),
      clock_(clock),
      transport_(transport),
      timers_(std::move(timers)),
      executor_(std::move(executor)),
      supervision_(clock.now()) {}

HostImpl::~HostImpl() {
  stop_all();
  timers_.reset();  // What it runs may still come here.
}

Result<Ref> HostImpl::spawn(std::string path, SpawnOptions options, ActorFactory factory) {
  auto cell = std::make_shared<Cell>(*this, path, options, std::move(factory));
  // To its start: whoever finds it may post to it.
  const std::lock_guard lock(mutex_);
  if (stopping_) return fail(Errc::unavailable, "this host is stopping; it starts no actor at {}", path);
  // One that was given up may not have ended yet.
  if (cells_.contains(path)) return fail(Errc::already_exists, "an actor runs at {} already", path);
  TROUPE_CHECK(supervision_.add_actor(options.parent, path, {options.restart, options.escalates}, clock_.now()));
  cells_[path] = cell;
  order_.push_back(path);
  failed_.erase(path);
  return cell->start(*executor_);
}

std::shared_ptr<Cell> HostImpl::find_cell(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  const auto cell = cells_.find(std::string(path));
  return cell == cells_.end() ? nullptr : cell->second;
}

Ref HostImpl::find(std::string_view path) {
  const auto cell = find_cell(path);
  return cell ? local_ref(cell) : Ref{};
}

Ref HostImpl::local_ref(std::shared_ptr<Cell> cell) {
  auto target = std::make_shared<Target>();
  target->host = this;
  target->node = options_.node;
  target->incarnation.value = incarnation_.load(std::memory_order_relaxed);
  target->path = cell->path();
  target->lane = cell->options().lane;
  target->cell = std::move(cell);
  return RefAccess::make(std::move(target));
}

Ref HostImpl::remote(NodeId node, Incarnation incarnation, std::string path, bus::Lane lane) {
  if (node == options_.node) return find(path);
  auto target = std::make_shared<Target>();
  target->host = this;
  target->node = node;
  target->incarnation = incarnation;
  target->path = std::move(path);
  target->lane = lane;
  return RefAccess::make(std::move(target));
}

void HostImpl::stop(const Ref& actor, std::function<void()> stopped) {
  const Target* target = RefAccess::target(actor);
  TROUPE_ASSERT(target == nullptr || target->cell);
  if (target != nullptr && find_cell(target->path) == target->cell) {
    target->cell->post({Stop{std::move(stopped)}});
  } else if (stopped) {
    stopped();
  }
}

void HostImpl::stop_all() {
  for (;;) {
    std::vector<std::shared_ptr<Cell>> newest_first;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      timers_->cancel(supervision_timer_);
      for (auto path = order_.rbegin(); path != order_.rend(); ++path) newest_first.push_back(cells_.at(*path));
    }
    if (newest_first.empty()) break;
    for (const auto& cell : newest_first) cell->post({Stop{}});
    newest_first.clear();
    executor_->join();
  }
}

OpenCalls HostImpl::open_calls() const {
  OpenCalls open;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    open.to_others += shard.outgoing.size();
    open.from_others += shard.incoming.size();
  }
  return open;
}

}  // namespace internal
}  // namespace troupe::actor
