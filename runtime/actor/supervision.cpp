#include "runtime/actor/supervision.hpp"

#include <algorithm>
#include <array>

namespace troupe::actor {

using Kind = SupervisionAction::Kind;

std::string_view to_string(Strategy strategy) noexcept {
  constexpr std::array<std::string_view, 3> names{"one_for_one", "one_for_all", "rest_for_one"};
  return names[static_cast<size_t>(strategy)];
}

std::string_view to_string(Supervision::State state) noexcept {
  constexpr std::array<std::string_view, 6> names{"starting",   "running",  "restarting",
                                                  "restarting", "stopping", "failed"};
  return names[static_cast<size_t>(state)];
}

namespace {

using Child = Supervision::Child;
using State = Supervision::State;

bool is_up(const Child& child) {
  return child.state == State::starting || child.state == State::running;
}

/// Whether what is marked starts again one after the other; else each by itself.
bool is_group(const Child& supervisor) {
  return supervisor.strategy != Strategy::one_for_one || supervisor.state == State::starting;
}

}  // namespace

Supervision::Supervision(Time now)
    : root_{.path = std::string(root_path), .is_supervisor = true, .options = {}, .policy = RestartPolicy({})} {
  set_state(root_, State::running, now);
  by_path_[root_.path] = &root_;
}

Status Supervision::add_actor(std::string_view parent, std::string path, ChildOptions options, Time now) {
  return add(parent,
             std::make_unique<Child>(
                 Child{.path = std::move(path), .options = options, .policy = RestartPolicy(options.restart)}),
             now);
}

Status Supervision::add_supervisor(std::string_view parent, std::string path, Strategy strategy, ChildOptions options,
                                   Time now) {
  if (const Child* there = find(path); there != nullptr && there->is_supervisor && there->state != State::failed &&
                                       there->parent->path == (parent.empty() ? root_path : parent))
    return {};
  return add(parent,
             std::make_unique<Child>(Child{.path = std::move(path),
                                           .is_supervisor = true,
                                           .strategy = strategy,
                                           .options = options,
                                           .policy = RestartPolicy(options.restart)}),
             now);
}

Status Supervision::add(std::string_view parent, std::unique_ptr<Child> child, Time now) {
  const auto found = by_path_.find(parent.empty() ? root_path : parent);
  if (found == by_path_.end() || !found->second->is_supervisor)
    return troupe::fail(Errc::not_found, "there is no supervisor {} to start {} under", parent, child->path);
  Child& supervisor = *found->second;
  if (!is_up(supervisor))
    return troupe::fail(Errc::unavailable, "{} is {}; it starts nothing at {}", supervisor.path,
                        to_string(supervisor.state), child->path);
  if (const auto there = by_path_.find(child->path); there != by_path_.end()) {
    if (there->second->state != State::failed)
      return troupe::fail(Errc::already_exists, "an actor runs at {} already", child->path);
    erase(*there->second, now);
  }
  child->parent = &supervisor;
  // A supervisor without children has nothing to start.
  set_state(*child, child->is_supervisor ? State::running : State::starting, now);
  by_path_[child->path] = child.get();
  supervisor.children.push_back(std::move(child));
  return {};
}

void Supervision::started(std::string_view path, Time now) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end() || found->second->state != State::starting) return;
  set_state(*found->second, State::running, now);
  settle(*found->second->parent, now);
}

void Supervision::halted(std::string_view path, Time now) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end() || found->second->state != State::halting) return;
  set_state(*found->second, State::down, now);
  settle(*found->second->parent, now);
}

void Supervision::failed(std::string_view path, const Error& reason, Time now) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end() || found->second == &root_) return;
  Child& child = *found->second;
  if (child.state == State::halting) {
    // It was to go down anyhow: one incident.
    child.last_error = reason.message;
    return halted(path, now);
  }
  if (is_up(child)) fail(child, reason, now);
}

/// An actor that is gone, or a supervisor whose child crashed once too often.
void Supervision::fail(Child& child, const Error& reason, Time now) {
  Child& supervisor = *child.parent;
  child.last_error = reason.message;
  if (!is_up(supervisor) || child.again) {
    take_down(child, now);
    return settle(supervisor, now);
  }
  supervisor.last_error = reason.message;
  const auto delay = child.policy.on_crash(now);
  if (!delay) {
    const bool escalates = child.options.escalates && &supervisor != &root_;
    take_down(child, now);
    return escalates ? fail(supervisor, reason, now) : give_up(child, reason, now);
  }
  act(Kind::restarts, supervisor, reason);
  bool is_affected = supervisor.strategy == Strategy::one_for_all;
  for (const auto& other : supervisor.children) {
    if (other.get() == &child) is_affected = true;
    if (is_affected && other->state != State::stopping && other->state != State::failed && !other->given_up) {
      other->due = std::max(other->again ? other->due : now, now + *delay);
      other->again = true;
    }
    if (supervisor.strategy == Strategy::one_for_one) is_affected = false;
  }
  take_down(child, now);
  settle(supervisor, now);
}

void Supervision::give_up(Child& child, const Error& reason, Time now) {
  child.given_up = reason;
  child.again = false;
  if (child.state == State::down) tell_given_up(child, reason, now);
  settle(*child.parent, now);
}

void Supervision::tell_given_up(Child& child, const Error& reason, Time now) {
  for (auto one = child.children.rbegin(); one != child.children.rend(); ++one)
    if ((*one)->state != State::failed) tell_given_up(**one, reason, now);
  set_state(child, State::failed, now);
  act(Kind::give_up, child, reason);
}

// --- Down and up again -----------------------------------------------------------------------------------------------

/// It has failed: an actor is gone by then, a supervisor's children are halted.
void Supervision::take_down(Child& child, Time now) {
  if (!is_up(child)) return;
  if (!child.is_supervisor) return set_state(child, State::down, now);
  set_state(child, State::halting, now);
  halt_next(child, now);
}

/// It shall go down though nothing is wrong with it.
void Supervision::halt(Child& child, Time now) {
  if (!is_up(child)) return;
  if (child.is_supervisor) return take_down(child, now);
  set_state(child, State::halting, now);
  act(Kind::halt, child);
}

void Supervision::halt_next(Child& supervisor, Time now) {
  for (auto one = supervisor.children.rbegin(); one != supervisor.children.rend(); ++one) {
    halt(**one, now);
    if ((*one)->state == State::halting || (*one)->state == State::stopping) return;
  }
  for (const auto& child : supervisor.children) child->again = false;
  set_state(supervisor, State::down, now);
  if (supervisor.given_up) tell_given_up(supervisor, *supervisor.given_up, now);
}

void Supervision::begin_start(Child& child, Time now) {
  child.again = false;
  ++child.restarts;
  set_state(child, State::starting, now);
  if (!child.is_supervisor) return act(Kind::start, child);
  for (const auto& one : child.children) {
    if (one->state != State::down) continue;
    one->policy = RestartPolicy(one->options.restart);
    one->again = true;
    one->due = now;
  }
  restart_next(child, now);
}

/// What its strategy has marked, and nothing else.
void Supervision::restart_next(Child& supervisor, Time now) {
  std::vector<Child*> marked;
  for (const auto& child : supervisor.children) {
    // Those that start are in it: the next one waits for them.
    if (child->again || child->state == State::starting) marked.push_back(child.get());
  }
  if (is_group(supervisor)) {
    restart_group(marked, now);
  } else {
    for (Child* child : marked) restart_group({child}, now);
  }
  const bool is_done = std::none_of(supervisor.children.begin(), supervisor.children.end(),
                                    [](const auto& child) { return child->again || child->state == State::starting; });
  if (supervisor.state == State::starting && is_done) set_state(supervisor, State::running, now);
}

void Supervision::restart_group(const std::vector<Child*>& group, Time now) {
  Time due = Time::min();
  for (auto one = group.rbegin(); one != group.rend(); ++one) {
    Child& child = **one;
    if (!child.again) continue;
    halt(child, now);
    if (child.state == State::halting) return;
    due = std::max(due, child.due);
  }
  if (now < due) return;
  for (Child* child : group) {
    if (child->again && child->state == State::down) begin_start(*child, now);
    if (child->state == State::starting) return;
  }
}

void Supervision::tick(Time now) {
  std::vector<Child*> supervisors;
  for (const auto& [path, child] : by_path_)
    if (child->is_supervisor && is_up(*child)) supervisors.push_back(child);
  for (Child* supervisor : supervisors) settle(*supervisor, now);
}

std::optional<Time> Supervision::due() const {
  std::optional<Time> next;
  for (const auto& [path, child] : by_path_) {
    if (!child->again || child->state != State::down || child->parent == nullptr || !is_up(*child->parent)) continue;
    // It starts with its group: when the last of that is due, and not before all are down.
    Time due = child->due;
    bool waits = false;
    if (is_group(*child->parent))
      for (const auto& other : child->parent->children) {
        if (other->again) due = std::max(due, other->due);
        waits |= other->state == State::halting || other->state == State::starting;
      }
    if (!waits) next = next ? std::min(*next, due) : due;
  }
  return next;
}

/// Goes on with what the supervisor is about, after something of its children has changed.
void Supervision::settle(Child& supervisor, Time now) {
  const State before = supervisor.state;
  switch (before) {
    case State::starting:
    case State::running:
      restart_next(supervisor, now);
      break;
    case State::halting:
      halt_next(supervisor, now);
      break;
    case State::stopping:
      return stop_next(supervisor, now);
    case State::down:
    case State::failed:
      return;
  }
  if (supervisor.state != before && supervisor.parent != nullptr) settle(*supervisor.parent, now);
}

// --- Ends ------------------------------------------------------------------------------------------------------------

void Supervision::removed(std::string_view path, Time now) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end() || found->second->is_supervisor) return;
  Child& supervisor = *found->second->parent;
  erase(*found->second, now);
  settle(supervisor, now);
}

void Supervision::stop(std::string_view supervisor, Time now) {
  const auto found = by_path_.find(supervisor);
  if (found == by_path_.end() || !found->second->is_supervisor || found->second == &root_) return;
  set_state(*found->second, State::stopping, now);
  stop_next(*found->second, now);
}

void Supervision::begin_stop(Child& child, Time now) {
  if (child.state == State::failed) return erase(child, now);
  if (child.state == State::stopping) return;
  if (child.is_supervisor) return stop(child.path, now);
  set_state(child, State::stopping, now);
  act(Kind::stop, child);
}

void Supervision::stop_next(Child& supervisor, Time now) {
  if (!supervisor.children.empty()) {
    Child& last = *supervisor.children.back();
    const bool stays = last.state != State::failed;
    begin_stop(last, now);
    // A supervisor that is gone has settled this one.
    if (stays) return;
    return stop_next(supervisor, now);
  }
  Child& parent = *supervisor.parent;
  act(Kind::gone, supervisor);
  erase(supervisor, now);
  settle(parent, now);
}

void Supervision::erase(Child& child, Time now) {
  while (!child.children.empty()) erase(*child.children.back(), now);
  by_path_.erase(child.path);
  std::erase_if(child.parent->children, [&](const auto& one) { return one.get() == &child; });
}

void Supervision::set_state(Child& child, State state, Time now) {
  child.state = state;
  child.since = now;
}

void Supervision::act(Kind kind, const Child& child, Error reason) {
  actions_.push_back({kind, child.path, std::move(reason)});
}

const Supervision::Child* Supervision::find(std::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : found->second;
}

void Supervision::visit(const std::function<void(const Child&)>& visitor) const {
  const std::function<void(const Child&)> walk = [&](const Child& child) {
    if (&child != &root_) visitor(child);
    for (const auto& one : child.children) walk(*one);
  };
  walk(root_);
}

}  // namespace troupe::actor
