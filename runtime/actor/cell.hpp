#pragma once
// Cell: one actor with its mailbox, open calls, timers, monitors and health.

#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "runtime/actor/actor.hpp"
#include "runtime/actor/delivery.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/actor/internal.hpp"
#include "runtime/observe/latency_histogram.hpp"

namespace troupe::actor::internal {

/// Everything but post(), send(), request(), watch() and health() runs on the actor.
class Cell final : public Context, public std::enable_shared_from_this<Cell> {
 public:
  Cell(HostImpl& host, std::string path, SpawnOptions options, ActorFactory factory);

  /// Opens the mailbox; the actor is made as the first thing that runs in it.
  Ref start(Executor& executor);

  // From any thread.
  void post(Delivery delivery);                                        ///< Not subject to the mailbox bound.
  Status send(protocol::AnyMessage message);                           ///< overloaded, unavailable
  Status request(protocol::AnyMessage message, Reply reply);           ///< On failure the Reply is ended by the caller.
  void watch(const std::shared_ptr<Cell>& watcher, uint64_t monitor);  ///< Posts Down to `watcher` when this one ends.
  protocol::ActorHealth health() const;
  const std::string& path() const noexcept { return path_; }
  const SpawnOptions& options() const noexcept { return options_; }

  // Context.
  const Ref& self() const override { return self_; }
  Host& host() override;
  Time now() const override;
  WallTime wall() const override;
  CallId call(const Ref& callee, protocol::AnyMessage message, CallOptions options, ReplyHandler handler) override;
  void cancel(CallId call) override;
  Status credit(CallId call, uint64_t bytes) override;
  actor::TimerId after(Duration delay, std::function<void()> action) override;
  void cancel(actor::TimerId timer) override;
  void monitor(const Ref& other, std::function<void(const Error&)> handler) override;
  std::function<void(std::function<void()>)> poster() override;
  void stop() override { stopping_ = true; }

 private:
  struct OpenCall {
    ReplyHandler handler;
    Ref callee;
    std::shared_ptr<CallState> state;  ///< Of local callees.
    CorrelationId correlation;         ///< Of remote callees.
    WheelTimer deadline;
  };
  struct OpenTimer {
    std::function<void()> action;
    WheelTimer timer;
  };
  enum class State : uint8_t { starting, running, restarting, stopped, failed };

  bool run(Delivery& delivery);
  void dispatch(Delivery& delivery);
  void handle(Start&);
  void handle(Event& event);
  void handle(Request& request);
  void handle(Answer& answer);
  void handle(Cancelled& cancelled);
  void handle(Credited& credited);
  void handle(TimerFired& fired);
  void handle(Down& down);
  void handle(Action& action);
  void handle(Restart&);
  void handle(Halt&);
  void handle(GiveUp& given_up);
  void handle(Stop& stop);
  void make_actor();
  void hold(Delivery& delivery);
  void set_state(State state);
  void crash(const std::string& what);
  /// The actor is gone; its mailbox waits for Restart, GiveUp or Stop.
  void go_down(const Error& reason);
  void end(State state, const Error& reason);
  void drop_calls_and_timers();
  void tell_callee_to_cancel(const OpenCall& call);
  void tell_watchers(const Error& reason);

  HostImpl& host_;
  const std::string path_;
  const SpawnOptions options_;
  const ActorFactory factory_;
  Ref self_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<Actor> actor_;

  std::unordered_map<CallId, OpenCall> calls_;
  std::unordered_map<actor::TimerId, OpenTimer> timers_;
  std::unordered_map<uint64_t, std::function<void(const Error&)>> monitors_;
  uint64_t next_id_ = 0;
  std::deque<Delivery> held_;  ///< Waits for a restart; bounded with the mailbox.
  std::function<void()> stopped_;
  bool stopping_ = false;

  std::atomic<uint64_t> depth_{0};  ///< Events and requests that wait.
  std::atomic<uint64_t> handled_{0};
  std::atomic<uint32_t> restarts_{0};
  std::atomic<State> state_{State::starting};
  observe::LatencyHistogram handling_time_;

  mutable std::mutex mutex_;  ///< Guards what follows.
  std::vector<std::pair<std::weak_ptr<Cell>, uint64_t>> watchers_;
  std::string last_error_;
  WallTime since_;
};

}  // namespace troupe::actor::internal
