// The part of the host that looks after its actors: the supervision tree, and what it says about them.

#include "runtime/actor/host_impl.hpp"

namespace troupe::actor::internal {

using Kind = SupervisionAction::Kind;

Status HostImpl::supervise(std::string path, SupervisorOptions options) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return fail(Errc::unavailable, "this host is stopping; it starts nothing at {}", path);
  const Supervision::Child* const there = supervision_.find(path);
  const bool is_new = there == nullptr || there->state == Supervision::State::failed;
  TROUPE_CHECK(supervision_.add_supervisor(options.parent, path, options.strategy, {options.restart, options.escalates},
                                           clock_.now()));
  if (is_new) supervisors_[path] = {std::move(options.on_restart), std::move(options.on_give_up), {}};
  return {};
}

template <class Change>
void HostImpl::change_supervision(const Change& change) {
  std::vector<std::function<void()>> tell;
  {
    const std::lock_guard lock(mutex_);
    change(clock_.now());
    tell = supervise_on();
  }
  for (const auto& one : tell) one();
}

void HostImpl::stop_supervisor(std::string_view path, std::function<void()> stopped) {
  bool is_gone = false;
  change_supervision([&](Time now) {
    const auto found = supervisors_.find(std::string(path));
    is_gone = found == supervisors_.end() || stopping_;
    if (is_gone) return;
    if (stopped) found->second.stopped.push_back(std::move(stopped));
    supervision_.stop(path, now);
  });
  if (is_gone && stopped) stopped();
}

void HostImpl::started(const Cell& cell) {
  change_supervision([&](Time now) { supervision_.started(cell.path(), now); });
}

void HostImpl::halted(const Cell& cell) {
  change_supervision([&](Time now) { supervision_.halted(cell.path(), now); });
}

void HostImpl::crashed(const Cell& cell, const Error& reason) {
  change_supervision([&](Time now) { supervision_.failed(cell.path(), reason, now); });
}

void HostImpl::supervision_due() {
  change_supervision([this](Time now) {
    supervision_timer_ = {};
    supervision_.tick(now);
  });
}

void HostImpl::ended(Cell& cell, bool given_up) {
  // The last reference may be the directory's; it must not die inside its own mailbox.
  std::shared_ptr<Cell> keep;
  std::vector<std::function<void()>> tell;
  {
    auto health = given_up ? std::optional(cell.health()) : std::nullopt;
    const std::lock_guard lock(mutex_);
    const auto found = cells_.find(cell.path());
    if (found == cells_.end() || found->second.get() != &cell) return;
    keep = std::move(found->second);
    cells_.erase(found);
    std::erase(order_, cell.path());
    if (health) {
      failed_[cell.path()] = std::move(*health);
    } else {
      supervision_.removed(cell.path(), clock_.now());
      tell = supervise_on();
    }
  }
  for (const auto& one : tell) one();
}

std::vector<std::function<void()>> HostImpl::supervise_on() {
  std::vector<std::function<void()>> tell;
  const auto actions = supervision_.take_actions();
  // Each actor has been told to stop, or will be.
  if (stopping_) return tell;
  for (const SupervisionAction& action : actions) perform(action, tell);
  timers_->cancel(supervision_timer_);
  supervision_timer_ = {};
  if (const auto due = supervision_.due()) supervision_timer_ = timers_->set(*due, [this] { supervision_due(); });
  return tell;
}

void HostImpl::perform(const SupervisionAction& action, std::vector<std::function<void()>>& tell) {
  const auto post = [&](Delivery delivery) {
    if (const auto cell = cells_.find(action.path); cell != cells_.end()) cell->second->post(std::move(delivery));
  };
  const auto supervisor = supervisors_.find(action.path);
  switch (action.kind) {
    case Kind::start:
      return post({Restart{}});
    case Kind::halt:
      return post({Halt{}});
    case Kind::stop:
      return post({Stop{}});
    case Kind::give_up:
      if (supervisor == supervisors_.end()) return post({GiveUp{action.reason}});
      if (supervisor->second.on_give_up)
        tell.push_back([told = supervisor->second.on_give_up, reason = action.reason] { told(reason); });
      return;
    case Kind::restarts:
      if (supervisor != supervisors_.end() && supervisor->second.on_restart)
        tell.push_back([told = supervisor->second.on_restart, reason = action.reason] { told(reason); });
      return;
    case Kind::gone:
      if (supervisor == supervisors_.end()) return;
      for (auto& stopped : supervisor->second.stopped) tell.push_back(std::move(stopped));
      supervisors_.erase(supervisor);
      std::erase_if(failed_, [this](const auto& row) { return supervision_.find(row.first) == nullptr; });
      return;
  }
}

std::vector<protocol::ActorHealth> HostImpl::health() const {
  std::vector<protocol::ActorHealth> rows;
  std::vector<std::shared_ptr<Cell>> cells;  // Of each row; empty where it is none.
  {
    const std::lock_guard lock(mutex_);
    const Time now = clock_.now();
    const WallTime wall = clock_.wall();
    supervision_.visit([&](const Supervision::Child& child) {
      protocol::ActorHealth& row = rows.emplace_back();
      const auto cell = cells_.find(child.path);
      cells.push_back(cell == cells_.end() ? nullptr : cell->second);
      if (const auto failed = failed_.find(child.path); failed != failed_.end()) row = failed->second;
      row.path = child.path;
      row.parent = child.parent->path;
      if (!child.is_supervisor) return;
      row.kind = protocol::ActorKind::supervisor;
      row.state = to_string(child.state);
      row.restarts = child.restarts;
      row.last_error = child.last_error;
      row.since_unix_us = unix_microseconds(wall - std::chrono::duration_cast<WallTime::duration>(now - child.since));
    });
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!cells[i]) continue;
    std::string parent = std::move(rows[i].parent);
    rows[i] = cells[i]->health();
    rows[i].parent = std::move(parent);
  }
  return rows;
}

}  // namespace troupe::actor::internal
