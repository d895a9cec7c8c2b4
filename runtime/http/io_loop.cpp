#include "runtime/http/io_loop.hpp"

#include <algorithm>
#include <vector>

#include "runtime/http/session.hpp"

namespace troupe::http::internal {
namespace {

using std::chrono::milliseconds;

/// Timeouts are checked so often that none is late by more than a quarter, and not oftener than every 5 ms.
Duration sweep_period(const HttpOptions& options) {
  const Duration shortest =
      std::min({options.header_timeout, options.body_timeout, options.keep_alive_timeout, options.write_timeout});
  return std::clamp<Duration>(shortest / 4, milliseconds{5}, milliseconds{500});
}

}  // namespace

IoLoop::IoLoop(size_t index, std::shared_ptr<ServerShared> shared)
    : index_(index), shared_(std::move(shared)), sweep_period_(sweep_period(shared_->options)) {}

bool IoLoop::add(std::shared_ptr<Session> session) {
  const std::lock_guard lock(mutex_);
  if (!closed_) sessions_.insert(std::move(session));
  return !closed_;
}

void IoLoop::remove(const std::shared_ptr<Session>& session) {
  sessions_.erase(session);
}

void IoLoop::start() {
  sweep();
  thread_ = std::thread([this] { run(); });
}

void IoLoop::run() {
  const auto guard = boost::asio::make_work_guard(context_);
  context_.run();
}

void IoLoop::sweep() {
  sweep_timer_.expires_after(sweep_period_);
  sweep_timer_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return;
    const Time now = shared_->clock.now();
    const std::vector<std::shared_ptr<Session>> sessions(sessions_.begin(), sessions_.end());
    for (const auto& session : sessions) session->check_time(now);
    sweep();
  });
}

void IoLoop::drain() {
  const std::vector<std::shared_ptr<Session>> sessions(sessions_.begin(), sessions_.end());
  for (const auto& session : sessions) session->drain();
}

void IoLoop::close() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  context_.stop();
  thread_.join();

  sweep_timer_.cancel();
  const std::vector<std::shared_ptr<Session>> sessions(sessions_.begin(), sessions_.end());
  for (const auto& session : sessions) session->close();
  // What was still queued holds connections, and those hold this loop: let it run out.
  context_.restart();
  context_.poll();
}

}  // namespace troupe::http::internal
