#pragma once
// IoLoop: one I/O thread's event loop and the connections that live on it. Internal to the server.

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
  Gate connections{};
  std::atomic<uint64_t> connections_total{0};
  std::atomic<uint64_t> requests_total{0};
};

/// A connection counted in ServerShared::connections, for as long as this lives.
class ConnectionPass {
 public:
  /// None once the server stops.
  static std::unique_ptr<ConnectionPass> enter(std::shared_ptr<ServerShared> shared) {
    if (!shared->connections.try_enter()) return nullptr;
    return std::unique_ptr<ConnectionPass>(new ConnectionPass(std::move(shared)));
  }
  ~ConnectionPass() { shared_->connections.leave(); }
  ConnectionPass(const ConnectionPass&) = delete;
  ConnectionPass& operator=(const ConnectionPass&) = delete;

 private:
  explicit ConnectionPass(std::shared_ptr<ServerShared> shared) : shared_(std::move(shared)) {}
  const std::shared_ptr<ServerShared> shared_;
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
