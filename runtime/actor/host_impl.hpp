#pragma once
// HostImpl: the directory of local actors and the table of calls that cross nodes.

#include <array>
#include <mutex>
#include <unordered_map>

#include "runtime/actor/cell.hpp"
#include "runtime/actor/host.hpp"

namespace troupe::actor::internal {

class HostImpl final : public Host {
 public:
  HostImpl(HostOptions options, Clock& clock, std::unique_ptr<Executor> executor, bus::Transport* transport,
           std::unique_ptr<TimerService> timers);
  ~HostImpl() override;

  Result<Ref> spawn(std::string path, SpawnOptions options, ActorFactory factory) override;
  Ref find(std::string_view path) override;
  Ref remote(NodeId node, Incarnation incarnation, std::string path, bus::Lane lane) override;
  Status supervise(std::string path, SupervisorOptions options) override;
  void stop_supervisor(std::string_view path, std::function<void()> stopped) override;
  void stop(const Ref& actor, std::function<void()> stopped) override;
  void stop_all() override;
  void peer_lost(NodeId node) override;
  void renew(Incarnation incarnation) override;
  void receive(bus::Lane lane, wire::Message message) override;
  const HostOptions& options() const override { return options_; }
  Clock& clock() override { return clock_; }
  std::vector<protocol::ActorHealth> health() const override;
  OpenCalls open_calls() const override;

  // For cells, refs and routes.
  TimerService& timers() { return *timers_; }
  bus::Transport* transport() { return transport_; }
  ReplyId next_reply_id() { return {next_reply_.fetch_add(1, std::memory_order_relaxed)}; }
  Ref local_ref(std::shared_ptr<Cell> cell);
  Status send_event(const Target& target, const protocol::AnyMessage& message);
  Result<CorrelationId> send_request(const Target& target, const protocol::AnyMessage& message,
                                     const CallOptions& options, const std::shared_ptr<Cell>& caller, CallId call);
  void cancel_request(const Target& target, CorrelationId correlation);
  Status credit_request(const Target& target, CorrelationId correlation, uint64_t bytes);
  void watch_node(NodeId node, const std::shared_ptr<Cell>& watcher, uint64_t monitor);
  /// The incoming call is answered or dropped: nobody can cancel it any more.
  void forget_incoming(NodeId node, CorrelationId correlation);
  // What becomes of a cell's actor; on it.
  void started(const Cell& cell);
  void halted(const Cell& cell);
  void crashed(const Cell& cell, const Error& reason);
  void ended(Cell& cell, bool given_up);

 private:
  struct Outgoing {
    std::weak_ptr<Cell> caller;
    CallId call;
    NodeId node;
    uint32_t next_index = 0;
  };
  struct Incoming {
    std::weak_ptr<Cell> callee;
    std::shared_ptr<CallState> state;
  };
  struct IncomingKey {
    NodeId node;
    CorrelationId correlation;
    bool operator==(const IncomingKey&) const = default;
  };
  struct IncomingHash {
    size_t operator()(const IncomingKey& key) const noexcept {
      return std::hash<NodeId>{}(key.node) ^ std::hash<CorrelationId>{}(key.correlation);
    }
  };
  struct Supervisor {
    std::function<void(const Error&)> on_restart;
    std::function<void(const Error&)> on_give_up;
    std::vector<std::function<void()>> stopped;
  };
  /// Calls are spread over shards so that lanes and schedulers seldom meet at a lock.
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<CorrelationId, Outgoing> outgoing;
    std::unordered_map<IncomingKey, Incoming, IncomingHash> incoming;
  };
  static constexpr size_t shard_count = 16;
  Shard& shard(CorrelationId correlation) { return shards_[correlation.value % shard_count]; }

  wire::Envelope envelope_to(const Target& target, wire::Kind kind, protocol::MessageType type) const;
  std::shared_ptr<Cell> find_cell(std::string_view path) const;
  void receive_request(bus::Lane lane, wire::Message& message);
  void receive_answer(const wire::Message& message);
  void receive_cancel(const wire::Message& message);
  void receive_credit(const wire::Message& message);
  std::optional<Incoming> find_incoming(const wire::Envelope& envelope);
  void refuse(bus::Lane lane, const wire::Envelope& request, const Error& error);
  /// Ends what goes on with `node`, or with every node where that is none.
  void lose(std::optional<NodeId> node, const Error& error);
  /// Changes supervision_ under mutex_, then does what it wants.
  template <class Change>
  void change_supervision(const Change& change);
  /// Under mutex_: does what supervision_ wants, and hands back whom to tell of it, without the lock.
  [[nodiscard]] std::vector<std::function<void()>> supervise_on();
  void perform(const SupervisionAction& action, std::vector<std::function<void()>>& tell);
  void supervision_due();

  HostOptions options_;
  std::atomic<uint64_t> incarnation_;
  Clock& clock_;
  bus::Transport* transport_;
  std::unique_ptr<TimerService> timers_;
  std::unique_ptr<Executor> executor_;
  std::atomic<uint64_t> next_reply_{1};
  std::atomic<uint64_t> next_correlation_{1};
  std::array<Shard, shard_count> shards_;

  mutable std::mutex mutex_;  ///< Guards what follows.
  std::unordered_map<std::string, std::shared_ptr<Cell>> cells_;
  bool stopping_ = false;           ///< Nothing new: join() would wait for it for ever.
  std::vector<std::string> order_;  ///< Paths, oldest first.
  Supervision supervision_;
  std::unordered_map<std::string, Supervisor> supervisors_;
  WheelTimer supervision_timer_;
  std::unordered_map<std::string, protocol::ActorHealth> failed_;  ///< Last health of those that were given up.
  std::unordered_multimap<NodeId, std::pair<std::weak_ptr<Cell>, uint64_t>> node_watchers_;
};

}  // namespace troupe::actor::internal
