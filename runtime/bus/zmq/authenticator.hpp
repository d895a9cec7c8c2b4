#pragma once
// Authenticator: answers ZeroMQ's question who may connect (ZAP, https://rfc.zeromq.org/spec/27/).

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "runtime/base/clock.hpp"
#include "runtime/bus/zmq/defect_log.hpp"
#include "runtime/bus/zmq/gatekeeper.hpp"
#include "runtime/bus/zmq/poller.hpp"

namespace troupe::bus::internal {

class Context;

/// One per context; a thread of its own, which sleeps until somebody connects. The key of a connection that was let in
/// is the user id of its messages.
class Authenticator {
 public:
  /// Must be there before the sockets that it guards are bound. All arguments outlive it.
  static Result<std::unique_ptr<Authenticator>> start(const Context& context, const Gatekeeper& gatekeeper,
                                                      const std::function<void(const std::string&)>& on_defect);
  ~Authenticator();

  /// The ZAP domain of a lane's ROUTER.
  static std::string domain(Lane lane) { return std::string(to_string(lane)); }

 private:
  struct Close {
    void operator()(void* socket) const noexcept;
  };

  Authenticator(std::unique_ptr<void, Close> socket, std::unique_ptr<Poller> poller, const Gatekeeper& gatekeeper,
                const std::function<void(const std::string&)>& on_defect)
      : socket_(std::move(socket)), poller_(std::move(poller)), gatekeeper_(gatekeeper), defects_(on_defect) {}
  void run();
  bool answer_one();

  const std::unique_ptr<void, Close> socket_;
  const std::unique_ptr<Poller> poller_;
  const Gatekeeper& gatekeeper_;
  const SystemClock clock_;
  DefectLog defects_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace troupe::bus::internal
