#pragma once
// HeadState: what the head knows and wants. A pure state machine: messages, commands and ticks in; messages for nodes
// out. The actor over it does the sending and the storing; the simulator drives it as it is.

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "cluster/head/membership.hpp"
#include "cluster/head/placement.hpp"
#include "cluster/head/routing_log.hpp"
#include "cluster/spec/records.hpp"
#include "runtime/base/random.hpp"

namespace troupe::cluster {

struct HeadOptions {
  MembershipOptions membership;
  /// After a start the head waits so long for nodes to come back with what they run, before it
  /// places anything anew or changes a route.
  Duration adoption_grace = std::chrono::seconds{3};
  /// A gateway that has not acknowledged for so long that a replica is out of its routes is not waited for.
  Duration unroute_patience = std::chrono::seconds{1};
  Duration last_words = std::chrono::seconds{5};  ///< How long gateways keep a node that has left in order.
  Epoch epoch;
  std::string cluster;
  NodeId self;  ///< The head's own node.
};

/// A message for a node's agent.
struct ToNode {
  NodeId node;
  std::variant<protocol::Assignment, protocol::RoutingSnapshot, protocol::RoutingDelta> message;
};

/// A published version; all is empty where there is none.
struct StoredVersion {
  std::string folder;
  std::string digest;       ///< storage::ModelManifest::digest().
  bool is_retired = false;  ///< New deployments of it are refused.
};

/// One replica as the head sees it.
struct ReplicaRecord {
  protocol::ReplicaSpec spec;
  NodeId node;
  protocol::ReplicaStatus status;
  bool stopping = false;            ///< Out of the routes; told to drain as soon as all gateways know.
  std::optional<Time> unrouted_at;  ///< Since when it is out of the routes,
  uint64_t unrouted_by = 0;         ///< and by which revision of them.
};

/// What a replica takes of its node: of memory what it was placed for, or what its process has where that is more.
protocol::Resources taken_by(const ReplicaRecord& replica);

/// A deployment, the store's revision of it, and why it is not whole.
struct DeploymentView {
  DeploymentRecord record;
  uint64_t revision = 0;
  std::string unplaced;
};

/// `now` must not go backwards. After each input, take_messages() has what is to be sent.
class HeadState {
 public:
  using VersionOf = std::function<StoredVersion(const std::string& model, const std::string& version)>;

  HeadState(HeadOptions options, VersionOf version_of, Random& random, Time now);

  /// The reply says `declared_down` where the node must take a new incarnation first; then nothing has changed.
  Result<protocol::JoinReply> join(const protocol::JoinRequest& request, Time now);
  protocol::HeartbeatAck heartbeat(const protocol::Heartbeat& heartbeat, Time now);
  void leave(const protocol::Leave& leave, Time now);
  void tick(Time now);

  /// The deployment is stored: pursue it. `revision` is the store's, of the record.
  void set_deployment(const DeploymentRecord& record, uint64_t revision, Time now);
  void remove_deployment(const std::string& name, Time now);
  /// Whether `record` may be stored beside the others: one deployment a version, versions that exist.
  Status check(const DeploymentRecord& record) const;
  /// What an unset weight means for a deployment of `model` under `name`.
  double default_weight(const std::string& name, const std::string& model) const;

  /// Of a model's versions: gateways take them for the versions that they point to.
  void set_labels(const std::string& model, const std::map<std::string, std::string>& labels, Time now);

  /// The running experiments of a model.
  void set_experiments(const std::string& model, std::vector<protocol::RoutedExperiment> experiments, Time now);

  /// Versions of the model that deployments serve, or are to serve.
  std::set<std::string> versions_of(const std::string& model) const;

  /// By model: the deployment that takes the most traffic, of equal ones that which was deployed first. It serves alone
  /// where gateways have not heard from the head for too long. None where no deployment of the model has weight.
  std::map<std::string, std::string> stable_deployments() const;

  /// The deployment that loading or unloading `model`@`version` means; an empty version names the model's only one that
  /// loads on demand. Errors: not_found, failed_precondition (it runs always), invalid_argument (there are several).
  Result<DeploymentRecord> find_loadable(const std::string& model, const std::string& version) const;
  /// Whether any node has room for a replica of `record` now; resource_exhausted says what is short.
  Status has_room(const DeploymentRecord& record, Time now) const;
  /// Whether the deployment is loaded (`load`), or unloaded, and all gateways know. An error: that will not be, or not
  /// by itself.
  Result<bool> is_load_settled(const std::string& name, bool load) const;

  std::vector<ToNode> take_messages();

  /// Who has the files of a version, in the order in which `asker` should ask: workers that run it first, in an order
  /// of chance, at most `sources_max`; the head, which keeps the store, last.
  std::vector<protocol::RoutedNode> model_sources(const std::string& model, const std::string& version, NodeId asker);

  /// Whether each gateway has acknowledged the newest routes.
  bool gateways_are_up_to_date() const;

  const Membership& membership() const noexcept { return membership_; }
  const std::map<std::string, DeploymentView>& deployments() const noexcept { return deployments_; }
  const std::map<ReplicaId, ReplicaRecord>& replicas() const noexcept { return replicas_; }
  /// Whether the replica has the settings that its deployment has now. One whose deployment is gone has them.
  bool is_current(const ReplicaRecord& replica) const;
  const HeadOptions& options() const noexcept { return options_; }

 private:
  void adopt(const protocol::JoinRequest& request);
  bool update_replicas(const protocol::Heartbeat& heartbeat);
  void lose_node(NodeId node);
  void reconcile(Time now);
  std::vector<Host> hosts() const;
  std::vector<Placed> placed() const;
  /// Of a replica of `deployment` as it is now, without id.
  protocol::ReplicaSpec spec_of(const DeploymentView& deployment) const;
  void start_replica(const DeploymentView& deployment, NodeId node);
  void publish_routes(Time now);
  void publish_assignments(Time now);
  void send_routes(NodeId gateway, uint64_t acked, Time now);
  bool have_routes(uint64_t revision) const;
  bool may_drain(const ReplicaRecord& replica, Time now) const;
  protocol::Assignment assignment_of(NodeId node, Time now) const;
  protocol::RoutingSnapshot routing(Time now) const;

  HeadOptions options_;
  VersionOf version_of_;
  Random& random_;
  Time place_from_;
  Membership membership_;
  std::map<std::string, DeploymentView> deployments_;
  std::map<std::string, std::map<std::string, std::string>> labels_;            ///< By model.
  std::map<std::string, std::vector<protocol::RoutedExperiment>> experiments_;  ///< Likewise.
  std::map<ReplicaId, ReplicaRecord> replicas_;
  std::map<NodeId, protocol::Assignment> assignments_;  ///< Newest of each member.
  RoutingLog routes_;
  std::vector<ToNode> messages_;
};

}  // namespace troupe::cluster
