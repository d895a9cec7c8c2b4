#pragma once
// IoLoop: one I/O thread's event loop and the connections that live on it. Internal to the server.

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "runtime/base/clock.hpp"
#include "runtime/base/gate.hpp"
#include "runtime/http/connection_bounds.hpp"
#include "runtime/http/message.hpp"
#include "runtime/http/options.hpp"

namespace troupe::http::internal {

class Session;

/// What all connections of a server share.
struct ServerShared {
  HttpOptions options;
  Clock& clock;
  Handler handler;
  ErrorBody error_body;
  ConnectionBounds bounds{options.connections_max, options.connections_per_address_max};
  Gate connections{};
  std::atomic<uint64_t> connections_total{0};
  std::atomic<uint64_t> requests_total{0};
  std::atomic<uint64_t> unsent_bytes{0};
  std::atomic<uint64_t> body_bytes{0};
  std::array<std::atomic<uint64_t>, cut_count> cuts{};

  void count(Cut cut) {
    cuts[static_cast<size_t>(cut)].fetch_add(1, std::memory_order_relaxed);
    if (options.on_cut) options.on_cut(cut);
  }
};

/// A connection counted in ServerShared::connections and its bounds, for as long as this lives.
class ConnectionPass {
 public:
  /// None once the server stops, or where there is not even room to say that there is none.
  static std::unique_ptr<ConnectionPass> enter(std::shared_ptr<ServerShared> shared, std::string address) {
    if (!shared->connections.try_enter()) return nullptr;
    const auto verdict = shared->bounds.enter(address);
    if (verdict != ConnectionBounds::Verdict::drop)
      return std::unique_ptr<ConnectionPass>(new ConnectionPass(std::move(shared), std::move(address), verdict));
    shared->count(Cut::connections);
    shared->connections.leave();
    return nullptr;
  }
  ~ConnectionPass() {
    shared_->bounds.leave(address_, verdict_);
    shared_->connections.leave();
  }
  ConnectionPass(const ConnectionPass&) = delete;
  ConnectionPass& operator=(const ConnectionPass&) = delete;

  ConnectionBounds::Verdict verdict() const noexcept { return verdict_; }

 private:
  ConnectionPass(std::shared_ptr<ServerShared> shared, std::string address, ConnectionBounds::Verdict verdict)
      : shared_(std::move(shared)), address_(std::move(address)), verdict_(verdict) {}

  const std::shared_ptr<ServerShared> shared_;
  const std::string address_;
  const ConnectionBounds::Verdict verdict_;
};

/// All functions but post() and on_thread() belong to its own thread, or to the server while that does not run.
class IoLoop {
 public:
  IoLoop(size_t index, std::shared_ptr<ServerShared> shared);

  ServerShared& shared() noexcept { return *shared_; }
  boost::asio::io_context& context() noexcept { return context_; }
  size_t index() const noexcept { return index_; }
  bool on_thread() noexcept { return context_.get_executor().running_in_this_thread(); }

  /// Queues `action` for the loop's thread; from any thread. Dropped once the loop is closed, so that nothing that
  /// holds the loop can stay queued in it.
  template <class Action>
  void post(Action action) {
    const std::lock_guard lock(mutex_);
    if (!closed_) boost::asio::post(context_, std::move(action));
  }

  /// False once the loop is closed.
  [[nodiscard]] bool add(std::shared_ptr<Session> session);
  void remove(const std::shared_ptr<Session>& session);

  void start();
  /// Lets idle connections go, and the others after their present answer.
  void drain();
  /// Closes all connections and joins the thread. Idempotent.
  void close();

 private:
  void run();
  void sweep();

  const size_t index_;
  const std::shared_ptr<ServerShared> shared_;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer sweep_timer_{context_};
  Duration sweep_period_;
  std::unordered_set<std::shared_ptr<Session>> sessions_;
  std::mutex mutex_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace troupe::http::internal
