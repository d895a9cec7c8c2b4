#include "actors/worker/back_end_health.hpp"

#include "runtime/protocol/paths.hpp"

namespace troupe::worker {

using protocol::ReplicaState;

void BackEndHealth::on_state(ReplicaState state, const std::string& reason, WallTime wall) {
  const std::lock_guard lock(mutex_);
  if (state != state_) since_ = wall;
  state_ = state;
  if (!reason.empty()) last_error_ = reason;
  const bool has_ended =
      state == ReplicaState::backing_off || state == ReplicaState::failed || state == ReplicaState::stopped;
  if (has_ended) pid_ = 0;
}

void BackEndHealth::on_process(uint32_t pid, Time now) {
  const std::lock_guard lock(mutex_);
  pid_ = pid;
  heard_ = now;
  step_running_ = Duration{0};
}

void BackEndHealth::on_progress(Duration step_running, Time now) {
  const std::lock_guard lock(mutex_);
  heard_ = now;
  step_running_ = step_running;
}

void BackEndHealth::on_thread(std::function<Duration()> step_running) {
  const std::lock_guard lock(mutex_);
  on_thread_ = std::move(step_running);
}

uint32_t BackEndHealth::pid() const {
  const std::lock_guard lock(mutex_);
  return pid_;
}

std::optional<protocol::ActorHealth> BackEndHealth::row(ReplicaId replica, const ReplicaLoad& load, Time now) const {
  const std::lock_guard lock(mutex_);
  if (state_ == ReplicaState::stopped) return std::nullopt;
  protocol::ActorHealth row;
  row.path = protocol::back_end_path(replica);
  row.parent = protocol::worker_path(replica);
  row.kind = protocol::ActorKind::back_end;
  row.state = to_string(state_);
  row.restarts = load.restarts;
  row.queue_depth = load.running;
  row.handled = load.answered;
  row.last_error = last_error_;
  row.since_unix_us = unix_microseconds(since_);
  row.pid = pid_;
  const auto show_age = [&row](Duration age) {
    row.progress_age_ms = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(age).count());
  };
  if (pid_ != 0) show_age(std::max(Duration{0}, now - heard_) + step_running_);
  if (on_thread_) show_age(on_thread_());
  return row;
}

}  // namespace troupe::worker
