#include "runtime/actor/cell.hpp"

#include <exception>

#include "runtime/actor/host_impl.hpp"
#include "runtime/base/assert.hpp"

namespace troupe::actor::internal {
namespace {

std::string_view name_of(uint8_t state) {
  constexpr std::array<std::string_view, 5> names{"starting", "running", "restarting", "stopped", "failed"};
  return names[state];
}

/// Answers a caller that lives on this host.
class LocalRoute final : public ReplyRoute {
 public:
  LocalRoute(std::shared_ptr<Cell> caller, CallId call, std::shared_ptr<CallState> state, const CallOptions& options)
      : ReplyRoute(std::move(state), options.deadline, options.trace, options.credit),
        caller_(std::move(caller)),
        call_(call) {}

  void deliver(protocol::AnyMessage message, uint32_t index, bool last) override {
    if (state->cancelled.load(std::memory_order_relaxed)) return;
    caller_->post({Answer{call_, ReplyEvent{std::move(message), index, last, std::nullopt}}});
  }
  void fail(Error error) override {
    if (state->cancelled.load(std::memory_order_relaxed)) return;
    caller_->post({Answer{call_, ReplyEvent{{}, 0, true, std::move(error)}}});
  }

 private:
  std::shared_ptr<Cell> caller_;
  CallId call_;
};

}  // namespace

Cell::Cell(HostImpl& host, std::string path, SpawnOptions options, ActorFactory factory)
    : host_(host),
      path_(std::move(path)),
      options_(options),
      factory_(std::move(factory)),
      since_(host.clock().wall()) {}

Ref Cell::start(Executor& executor) {
  Ref self = host_.local_ref(shared_from_this());
  self_ = self;
  mailbox_ = executor.open(options_.placement, [cell = shared_from_this()](Delivery& d) { return cell->run(d); });
  post({Start{}});
  return self;
}

void Cell::post(Delivery delivery) {
  mailbox_->push(std::make_shared<Delivery>(std::move(delivery)));
}

Status Cell::send(protocol::AnyMessage message) {
  const State state = state_.load(std::memory_order_relaxed);
  if (state == State::stopped || state == State::failed)
    return fail(Errc::unavailable, "actor {} is {}", path_, name_of(static_cast<uint8_t>(state)));
  if (depth_.fetch_add(1, std::memory_order_relaxed) >= options_.mailbox_max) {
    depth_.fetch_sub(1, std::memory_order_relaxed);
    return fail(Errc::overloaded, "the mailbox of {} is full ({} messages)", path_, options_.mailbox_max);
  }
  post({Event{std::move(message)}});
  return {};
}

Status Cell::request(protocol::AnyMessage message, Reply reply) {
  const State state = state_.load(std::memory_order_relaxed);
  Error error;
  if (state == State::stopped || state == State::failed) {
    error = {Errc::unavailable, fmt::format("actor {} is {}", path_, name_of(static_cast<uint8_t>(state))), {}, {}};
  } else if (depth_.fetch_add(1, std::memory_order_relaxed) >= options_.mailbox_max) {
    depth_.fetch_sub(1, std::memory_order_relaxed);
    error = {Errc::overloaded, fmt::format("the mailbox of {} is full", path_), {}, {}};
  } else {
    post({Request{std::move(message), std::move(reply)}});
    return {};
  }
  reply.fail(error);
  return troupe::fail(std::move(error));
}

void Cell::watch(const std::shared_ptr<Cell>& watcher, uint64_t monitor) {
  {
    const std::lock_guard lock(mutex_);
    const State state = state_.load();
    if (state != State::stopped && state != State::failed) {
      watchers_.emplace_back(watcher, monitor);
      return;
    }
  }
  watcher->post({Down{monitor, {Errc::unavailable, fmt::format("actor {} has ended", path_), {}, {}}}});
}

protocol::ActorHealth Cell::health() const {
  protocol::ActorHealth health;
  health.path = path_;
  health.state = name_of(static_cast<uint8_t>(state_.load()));
  health.restarts = restarts_.load();
  health.queue_depth = depth_.load();
  health.handled = handled_.load();
  const auto microseconds = [](Duration d) {
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(d).count());
  };
  health.handling_us_p50 = microseconds(handling_time_.quantile(0.5));
  health.handling_us_p99 = microseconds(handling_time_.quantile(0.99));
  const std::lock_guard lock(mutex_);
  health.last_error = last_error_;
  health.since_unix_us = unix_microseconds(since_);
  return health;
}

Host& Cell::host() {
  return host_;
}
Time Cell::now() const {
  return host_.clock().now();
}
WallTime Cell::wall() const {
  return host_.clock().wall();
}

CallId Cell::call(const Ref& callee, protocol::AnyMessage message, CallOptions options, ReplyHandler handler) {
  const CallId id{++next_id_};
  OpenCall& open = calls_[id];
  open.handler = std::move(handler);
  open.callee = callee;
  if (options.deadline)
    open.deadline = host_.timers().set(*options.deadline, [weak = weak_from_this(), id] {
      const auto cell = weak.lock();
      if (cell)
        cell->post({Action{[cell = cell.get(), id] {
          Answer late{id, {{}, 0, true, Error{Errc::deadline_exceeded, "the deadline passed", {}, {}}}};
          if (const auto call = cell->calls_.find(id); call != cell->calls_.end())
            cell->tell_callee_to_cancel(call->second);
          cell->handle(late);
        }}});
    });

  const Target* target = RefAccess::target(callee);
  if (target == nullptr) {
    post({Answer{id, {{}, 0, true, Error{Errc::unavailable, "the actor called does not exist", {}, {}}}}});
  } else if (target->cell) {
    open.state = std::make_shared<CallState>();
    open.state->reply = host_.next_reply_id();
    // A refused request answers through its Reply.
    static_cast<void>(target->cell->request(
        std::move(message), Reply(std::make_unique<LocalRoute>(shared_from_this(), id, open.state, options))));
  } else {
    const auto sent = host_.send_request(*target, std::move(message), options, shared_from_this(), id);
    if (sent) {
      open.correlation = *sent;
    } else {
      post({Answer{id, {{}, 0, true, sent.error()}}});
    }
  }
  return id;
}

void Cell::tell_callee_to_cancel(const OpenCall& call) {
  if (call.state) {
    call.state->cancelled.store(true, std::memory_order_relaxed);
    RefAccess::target(call.callee)->cell->post({Cancelled{call.state->reply}});
  } else if (call.correlation) {
    host_.cancel_request(*RefAccess::target(call.callee), call.correlation);
  }
}

void Cell::cancel(CallId id) {
  const auto call = calls_.find(id);
  if (call == calls_.end()) return;
  host_.timers().cancel(call->second.deadline);
  tell_callee_to_cancel(call->second);
  calls_.erase(call);
}

Status Cell::credit(CallId id, uint64_t bytes) {
  const auto call = calls_.find(id);
  if (call == calls_.end()) return {};
  const OpenCall& open = call->second;
  if (open.state) {
    RefAccess::target(open.callee)->cell->post({Credited{open.state->reply, bytes}});
  } else if (open.correlation) {
    return host_.credit_request(*RefAccess::target(open.callee), open.correlation, bytes);
  }
  return {};
}

actor::TimerId Cell::after(Duration delay, std::function<void()> action) {
  const actor::TimerId id{++next_id_};
  OpenTimer& timer = timers_[id];
  timer.action = std::move(action);
  timer.timer = host_.timers().set(now() + delay, [weak = weak_from_this(), id] {
    if (const auto cell = weak.lock()) cell->post({TimerFired{id}});
  });
  return id;
}

void Cell::cancel(actor::TimerId id) {
  const auto timer = timers_.find(id);
  if (timer == timers_.end()) return;
  host_.timers().cancel(timer->second.timer);
  timers_.erase(timer);
}

void Cell::monitor(const Ref& other, std::function<void(const Error&)> handler) {
  const uint64_t id = ++next_id_;
  monitors_[id] = std::move(handler);
  const Target* target = RefAccess::target(other);
  if (target == nullptr) {
    post({Down{id, {Errc::unavailable, "the actor watched does not exist", {}, {}}}});
  } else if (target->cell) {
    target->cell->watch(shared_from_this(), id);
  } else {
    host_.watch_node(target->node, shared_from_this(), id);
  }
}

std::function<void(std::function<void()>)> Cell::poster() {
  return [weak = weak_from_this()](std::function<void()> action) {
    if (const auto cell = weak.lock()) cell->post({Action{std::move(action)}});
  };
}

bool Cell::run(Delivery& delivery) {
  const State state = state_.load(std::memory_order_relaxed);
  if (state == State::stopped || state == State::failed) return false;
  const bool counted =
      std::holds_alternative<Event>(delivery.content) || std::holds_alternative<Request>(delivery.content);
  if (state == State::restarting && counted) {
    hold(delivery);
    return true;
  }
  if (counted) depth_.fetch_sub(1, std::memory_order_relaxed);
  dispatch(delivery);
  return state_.load(std::memory_order_relaxed) < State::stopped;
}

void Cell::dispatch(Delivery& delivery) {
  const Time begun = host_.clock().now();
  try {
    std::visit([this](auto& content) { handle(content); }, delivery.content);
  } catch (const std::exception& exception) {
    crash(exception.what());
  } catch (...) {
    crash("an exception of unknown type");
  }
  handling_time_.record(host_.clock().now() - begun);
  handled_.fetch_add(1, std::memory_order_relaxed);
  if (stopping_ && state_.load() < State::stopped)
    end(State::stopped, {Errc::unavailable, path_ + " has stopped", {}, {}});
}

/// What comes while the actor is down.
void Cell::hold(Delivery& delivery) {
  auto* request = std::get_if<Request>(&delivery.content);
  if (request == nullptr || options_.holds_requests) {
    held_.push_back(std::move(delivery));
    return;
  }
  depth_.fetch_sub(1, std::memory_order_relaxed);
  request->reply.fail({Errc::unavailable, fmt::format("actor {} is restarting", path_), {}, {}});
}

void Cell::make_actor() {
  actor_ = factory_(*this);
  set_state(State::running);
  actor_->started();
  host_.started(*this);
}

void Cell::set_state(State state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
  since_ = host_.clock().wall();
}

void Cell::handle(Start&) {
  make_actor();
}

void Cell::handle(Event& event) {
  if (actor_->handle_event(event.message)) return;
  const std::lock_guard lock(mutex_);
  last_error_ = fmt::format("no handler for an event of message type {}", static_cast<int>(event.message.type()));
}

void Cell::handle(Request& request) {
  if (request.reply.cancelled()) return;
  actor_->handle_request(request.message, std::move(request.reply));
}

void Cell::handle(Answer& answer) {
  const auto call = calls_.find(answer.call);
  if (call == calls_.end()) return;
  // The handler may open or cancel calls, this one too: it must not run inside the table.
  const ReplyHandler handler = std::move(call->second.handler);
  if (answer.event.last) {
    host_.timers().cancel(call->second.deadline);
    calls_.erase(call);
    handler(answer.event);
    return;
  }
  handler(answer.event);
  if (const auto still = calls_.find(answer.call); still != calls_.end()) still->second.handler = handler;
}

void Cell::handle(Cancelled& cancelled) {
  if (actor_) actor_->cancelled(cancelled.reply);
}

void Cell::handle(Credited& credited) {
  if (actor_) actor_->credited(credited.reply, credited.bytes);
}

void Cell::handle(TimerFired& fired) {
  const auto timer = timers_.find(fired.timer);
  if (timer == timers_.end()) return;
  const auto action = std::move(timer->second.action);
  timers_.erase(timer);
  action();
}

void Cell::handle(Down& down) {
  const auto monitor = monitors_.find(down.monitor);
  if (monitor == monitors_.end()) return;
  const auto handler = std::move(monitor->second);
  monitors_.erase(monitor);
  handler(down.error);
}

void Cell::handle(Action& action) {
  if (actor_) action.run();
}

void Cell::handle(Restart&) {
  restarts_.fetch_add(1, std::memory_order_relaxed);
  make_actor();
  auto held = std::exchange(held_, {});
  for (Delivery& delivery : held) {
    if (state_.load() == State::running && !stopping_) {
      depth_.fetch_sub(1, std::memory_order_relaxed);
      dispatch(delivery);
    } else if (state_.load() == State::restarting) {
      hold(delivery);
    }
  }
}

/// An actor that has crashed meanwhile has said so.
void Cell::handle(Halt&) {
  if (!actor_) return;
  actor_->stopping();
  go_down({Errc::unavailable, fmt::format("actor {} restarts with its supervisor's others", path_), {}, {}});
  host_.halted(*this);
}

void Cell::handle(GiveUp& given_up) {
  end(State::failed, given_up.reason);
  if (options_.on_give_up) options_.on_give_up(given_up.reason);
}

void Cell::handle(Stop& stop) {
  stopped_ = std::move(stop.stopped);
  stopping_ = true;
}

void Cell::drop_calls_and_timers() {
  for (const auto& [id, call] : calls_) {
    host_.timers().cancel(call.deadline);
    tell_callee_to_cancel(call);
  }
  calls_.clear();
  for (const auto& [id, timer] : timers_) host_.timers().cancel(timer.timer);
  timers_.clear();
  monitors_.clear();
}

void Cell::tell_watchers(const Error& reason) {
  std::vector<std::pair<std::weak_ptr<Cell>, uint64_t>> watchers;
  {
    const std::lock_guard lock(mutex_);
    watchers.swap(watchers_);
  }
  for (const auto& [weak, monitor] : watchers)
    if (const auto watcher = weak.lock()) watcher->post({Down{monitor, reason}});
}

void Cell::crash(const std::string& what) {
  {
    const std::lock_guard lock(mutex_);
    last_error_ = what;
  }
  const Error reason{Errc::unavailable, fmt::format("actor {} crashed: {}", path_, what), {}, {}};
  go_down(reason);
  host_.crashed(*this, reason);
}

void Cell::go_down(const Error& reason) {
  set_state(State::restarting);
  actor_.reset();
  drop_calls_and_timers();
  tell_watchers(reason);
}

void Cell::end(State state, const Error& reason) {
  if (actor_ && state == State::stopped) actor_->stopping();
  set_state(state);
  actor_.reset();
  held_.clear();
  drop_calls_and_timers();
  tell_watchers(reason);
  self_ = Ref{};  // It holds this cell.
  host_.ended(*this, state == State::failed);
  if (stopped_) std::exchange(stopped_, {})();
}

}  // namespace troupe::actor::internal
