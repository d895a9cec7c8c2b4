#pragma once
// ChildSession: one process of a back end and the thread that talks to it: starts it, sends it work, hands on what it
// says, judges its health, keeps its output, ends it.

#include <atomic>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <variant>

#include "actors/worker/backend.hpp"
#include "actors/worker/child_frames.hpp"
#include "actors/worker/child_health.hpp"
#include "actors/worker/child_process.hpp"
#include "actors/worker/replica_log.hpp"
#include "runtime/bus/mpsc_queue.hpp"
#include "runtime/bus/zmq/poller.hpp"
#include "runtime/bus/zmq/socket.hpp"
#include "runtime/observe/log.hpp"

namespace troupe::worker {

struct ChildSessionOptions {
  protocol::ReplicaSpec spec;
  std::vector<std::string> program;  ///< Path and arguments; the protocol's own are added.
  std::filesystem::path socket;      ///< At most 107 bytes.
  std::filesystem::path logs;
  int niceness = 5;
  Duration unload_patience = std::chrono::seconds{5};
  ChildHealthOptions health;
  observe::Logger log;
};

/// The queue is bounded by its users: a batcher keeps at most the back end's slots inside.
class ChildSession {
 public:
  /// Starts the thread, which starts the process. `events` are called on it until retire().
  ChildSession(ChildSessionOptions options, const bus::internal::Context& context,
               std::unique_ptr<bus::internal::Poller> poller, Clock& clock, BackendEvents& events);
  /// Waits until the process is gone, at most unload_patience after retire().
  ~ChildSession();

  void execute(std::vector<WorkItem> batch);
  void cancel(WorkId id);
  void credit(WorkId id, uint64_t bytes);
  /// No event comes after this has returned. The process is told to unload, and killed if it does not.
  void retire();

  /// Known once on_warm was called.
  uint32_t slots() const { return slots_.load(std::memory_order_relaxed); }
  Duration longest_step() const { return Duration{longest_step_.load(std::memory_order_relaxed)}; }
  protocol::ModelInterface interface() const;
  /// As of the last report.
  StepProgress progress() const;
  /// The process is gone and the thread done; destruction does not wait.
  bool ended() const { return ended_.load(); }

 private:
  struct Cancel {
    WorkId id;
  };
  struct Credit {
    WorkId id;
    uint64_t bytes = 0;
  };
  using Command = std::variant<std::monostate, std::vector<WorkItem>, Cancel, Credit>;

  void run();
  Status open();
  void work();
  void take_commands();
  void send(wire::Message message);
  void flush();
  void receive();
  void hear(FromChild frame);
  void hear(const protocol::WorkerHello& hello);
  void hear(const protocol::BackendLoaded&);
  void hear(const protocol::BackendWarm& warm);
  void hear(const protocol::Progress& progress);
  void hear(PartFrame frame);
  void hear(const ErrorFrame& frame);
  void judge();
  void read_output();
  /// The end of everything: the process is killed, on_failed says why.
  void lose(Error reason);
  void process_ended(const ProcessEnd& end);
  Duration patience() const;
  void push(Command command);
  /// Runs `tell` with the events unless retired.
  template <class Tell>
  void emit(Tell tell);

  const ChildSessionOptions options_;
  const bus::internal::Context& context_;
  Clock& clock_;
  const std::unique_ptr<bus::internal::Poller> poller_;
  bus::MpscQueue<Command> commands_;
  mutable std::mutex interface_mutex_;
  protocol::ModelInterface interface_;
  std::mutex events_mutex_;
  BackendEvents* events_;  ///< nullptr once retired.
  std::atomic<bool> retired_{false};
  std::atomic<bool> ended_{false};
  std::atomic<uint32_t> slots_{0};
  std::atomic<int64_t> longest_step_{0};
  std::atomic<uint64_t> steps_{0};
  std::atomic<int64_t> step_running_{0};

  // Of the thread.
  std::optional<bus::internal::Socket> socket_;
  std::optional<ChildProcess> process_;
  std::optional<ReplicaLog> output_;
  std::optional<ChildHealth> health_;
  bus::TransportCounters counters_;
  std::deque<wire::Message> unsent_;               ///< While the socket is full.
  std::unordered_map<WorkId, uint32_t> expected_;  ///< Index of the next part of what is inside.
  std::optional<Time> unload_until_;               ///< Retired: when the process is killed.
  std::optional<Time> ended_at_;                   ///< When the process was seen to have ended.
  bool lost_ = false;
  uint64_t dropped_ = 0;
  std::thread thread_;
};

}  // namespace troupe::worker
