#pragma once
// AgentActor: the node's hand in the cluster, at "agent" on every node: finds the head, joins, beats, starts and stops
// replicas, and hands routes on to the gateway.

#include <functional>
#include <map>
#include <string>

#include "actors/worker/replica.hpp"
#include "cluster/agent/agent_state.hpp"
#include "cluster/agent/model_fetch.hpp"
#include "runtime/actor/actor.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/protocol/loading.hpp"

namespace troupe::cluster {

struct AgentOptions {
  protocol::NodeInfo node;
  std::string head_control;  ///< Bus endpoint of the head; empty: this node is the head.
  std::string token;         ///< Join token; may be empty where the node has joined before.
  Duration drain_patience = std::chrono::seconds{30};
  Duration heartbeat_patience = std::chrono::seconds{2};  ///< A beat unanswered for so long: the head is lost.
  Duration join_retry = std::chrono::milliseconds{300};
  uint32_t actors_every = 2;  ///< Every so many beats the actors' health rides along.
  bus::Transport* transport = nullptr;
  worker::BackendFactory backend;
  observe::Logger log;
  /// Told once when the node has joined for the first time, on this actor.
  std::function<void()> on_joined;
  /// The head will not have this node, whatever it tries: a wrong token, a revoked key, or another head than the one
  /// that was meant. The agent does not try again. On this actor.
  std::function<void(const Error&)> on_refused;
  /// A newer allow-list. On this actor; may be empty.
  std::function<void(const protocol::Peers&)> on_peers;
  /// The head's id, before it is first called. On this actor; may be empty.
  std::function<void(NodeId)> on_head_found;
};

/// Local: hand the replicas over to other nodes, drain, say goodbye to the head, then call `done` on this actor. The
/// head places each replica elsewhere before it lets it drain; without a head, or after drain_patience, they drain at
/// once.
struct PrepareToStop {
  std::function<void()> done;
};

/// Local: the node connects and listens with another key now; the head is told of it by joining again.
struct KeyChanged {
  std::string public_key;
};

/// Local: a gateway of this node asks the head for a client. `done` runs once, on this actor, and must hand over.
struct AskToLoad {
  protocol::ChangeLoad wish;
  Time deadline;
  std::function<void(Status)> done;
};

/// Takes protocol::Assignment, RoutingSnapshot, RoutingDelta and Peers from the head, PrepareToStop, KeyChanged and
/// AskToLoad.
class AgentActor final : public actor::Actor {
 public:
  AgentActor(actor::Context& context, AgentOptions options);

  void started() override;

 private:
  void tick();
  void find_head();
  void head_not_found(const Error& error);
  void refused(const Error& error);
  void join();
  void joined(const protocol::JoinReply& reply);
  void begin_new_life();
  void lost_head(const std::string& why);
  void join_again();
  void beat();
  void take_routes(std::shared_ptr<const protocol::RoutingSnapshot> routes);
  void on_delta(const protocol::RoutingDelta& delta);
  void perform(const std::vector<AgentAction>& actions);
  void start(const protocol::ReplicaSpec& spec);
  /// Its files first, where it has any and this node fetches.
  void prepare(const protocol::ReplicaSpec& spec);
  void want_models();
  void take_news(const FetchNews& news);
  void drain(const worker::Replica& replica);
  void stopped(ReplicaId id);
  void end(ReplicaId id);
  void forget(ReplicaId id);
  void on_replica_changed(const protocol::ReplicaStatus& status);
  void ask_to_load(const AskToLoad& ask);
  void prepare_to_stop(std::function<void()> done);
  void drain_all();
  void finish_stopping();
  std::vector<protocol::ReplicaStatus> statuses() const;
  std::vector<protocol::ActorHealth> health();

  AgentOptions options_;
  AgentState state_;
  actor::Ref head_;
  bool is_joined_ = false;
  bool was_joined_ = false;
  bool has_left_ = false;
  Epoch epoch_;
  Duration heartbeat_interval_{std::chrono::milliseconds{500}};
  uint64_t beats_ = 0;
  uint64_t peers_revision_ = 0;
  uint32_t strangers_met_ = 0;  ///< In a row: where the head was looked for was somebody without its key.
  std::shared_ptr<const protocol::RoutingSnapshot> routes_;  ///< Newest that the gateway has; empty: none yet.
  actor::TimerId timer_;
  std::map<ReplicaId, worker::Replica> replicas_;
  std::map<ReplicaId, protocol::ReplicaSpec> fetching_;  ///< Those whose files are not here yet.
  bool wants_models_ = false;                            ///< The fetcher was told of some last.
  std::function<void()> stop_done_;                      ///< Set while the node is about to stop.
  std::optional<Time> hand_over_until_;
};

}  // namespace troupe::cluster
