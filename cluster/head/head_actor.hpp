#pragma once
// HeadActor: the head of the cluster, at "head": HeadState over the bus, the state store and the model store.

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "actors/experiment/lifecycle/experiment_book.hpp"
#include "cluster/head/admin.hpp"
#include "cluster/head/audit_log.hpp"
#include "cluster/head/experiment_historian.hpp"
#include "cluster/head/experiment_watcher.hpp"
#include "cluster/head/head_state.hpp"
#include "cluster/head/key_book.hpp"
#include "cluster/head/model_book.hpp"
#include "cluster/head/trust.hpp"
#include "runtime/actor/actor.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/protocol/loading.hpp"
#include "runtime/protocol/models.hpp"
#include "storage/model_ref.hpp"
#include "storage/model_store.hpp"
#include "storage/state_store.hpp"

namespace troupe::cluster {

struct HeadActorOptions {
  HeadOptions head;
  uint64_t seed = 0;  ///< Of replica ids.
  std::shared_ptr<storage::StateStore> store;
  std::shared_ptr<storage::ModelStore> models;
  actor::Ref catalog;                                ///< The CatalogActor over `models`.
  actor::Ref mirror;                                 ///< Gets into `models` what is in a bucket; empty: all is there.
  std::filesystem::path models_root;                 ///< Of `models`.
  std::vector<storage::ModelManifest> known_models;  ///< What the store holds at the start.
  std::vector<storage::StateEntry> deployments;      ///< What the state store holds at the start.
  std::vector<storage::StateEntry> keys;             ///< Likewise, API keys.
  std::vector<storage::StateEntry> model_records;    ///< Likewise, labels and notes of models.
  std::vector<storage::StateEntry> experiment_records;  ///< Likewise, experiments.
  actor::Ref experiment_watcher;                        ///< Empty: nobody looks at their numbers.
  actor::Ref experiment_reader;                         ///< Empty: nobody reads their raw events.
  actor::Ref experiment_historian;                      ///< Likewise: nobody can tell how they went.
  bool require_keys = false;                            ///< Also before the first one is made.
  NodeId self;
  Trust trust{{}, {}};                               ///< As the state store holds it at the start,
  std::map<std::string, storage::Revision> trusted;  ///< and the revisions of its records.
  AuditLog audit;                                    ///< As the state store holds it at the start,
  std::vector<Error> audit_damage;                   ///< and what of it cannot be read.
  std::string join_address;                          ///< HOST:PORT that new nodes join at.
  /// Makes a node reachable by the bus.
  std::function<void(const protocol::NodeInfo&)> add_peer;
  std::function<void(NodeId)> remove_peer;
  /// The key that a node proved on its connection; empty where there is none.
  std::function<std::string(NodeId)> key_of;
  /// From now on the bus lets in these nodes alone.
  std::function<void(const Trust&)> admit;
  observe::Logger log;
  std::filesystem::path data_dir;  ///< The head's own folder, for backups.
};

/// Serves protocol::JoinRequest, protocol::Heartbeat and protocol::Leave; takes AdminCall, RefusedWrite and
/// UntoldWrites.
class HeadActor final : public actor::Actor {
 public:
  HeadActor(actor::Context& context, HeadActorOptions options);

  void started() override;

 private:
  struct ApplyJob;
  struct LogSearch;
  struct KeyExchange;
  /// What is to be stored, and the record of it.
  struct Change {
    storage::Transaction transaction;
    AuditEntry entry;
    std::function<void(Result<storage::Revision>)> done;
  };
  struct AuditReading;
  using Done = std::function<void(Result<std::string>)>;

  // What was done, and by whom (head_audit.cpp).
  Done recording_failure(const AuditAct& by, Done done);
  void commit(storage::Transaction transaction, AuditEntry entry, std::function<void(Result<storage::Revision>)> done);
  void commit_next();
  void find_tip(const std::shared_ptr<Change>& change, const std::shared_ptr<const AuditAppend>& append,
                const Result<storage::Revision>& failed);
  void end_commit(const Change& change, const Result<storage::Revision>& revision);
  void record(AuditEntry entry, std::function<void(Status)> done);
  void record_done(const AuditAct& by, std::string change, std::string answer, const Done& done);
  void take_refusal(const RefusedWrite& refused);
  void record_refusal(const AuditAct& act, const Error& error);
  void record_left_out();
  void read_audit(const ReadAudit& wish, const Done& done);
  void read_audit_block(const std::shared_ptr<AuditReading>& reading);
  void verify_audit(const Done& done);
  void check_audit_block(const std::shared_ptr<AuditCheck>& check, const Done& done);

  // Who may join (head_trust.cpp).
  void join(const std::shared_ptr<const protocol::JoinRequest>& request, actor::Reply reply);
  void let_in(const protocol::JoinRequest& request, actor::Reply& reply);
  void refuse(const protocol::JoinRequest& request, const Error& error, actor::Reply& reply);
  void store_trust(std::vector<NodeRecord> nodes, std::vector<TokenRecord> tokens, AuditEntry entry,
                   std::function<void(Status)> done);
  void publish_peers();
  void send_peers(NodeId node);
  void create_token(const CreateToken& wish, const AuditAct& by, const Done& done);
  void revoke_token(const RevokeToken& token, const AuditAct& by, const Done& done);
  void revoke_node(const RevokeNode& node, const AuditAct& by, const Done& done);
  void put_out(const NodeRecord& record);

  // Exchange of nodes' keys (head_rotation.cpp).
  void rotate_node(const RotateNode& wish, const AuditAct& by, const Done& done);
  void take_offer(const std::shared_ptr<KeyExchange>& exchange, const std::string& key);
  void await_spread(const std::shared_ptr<KeyExchange>& exchange);
  void ask_to_use(const std::shared_ptr<KeyExchange>& exchange);
  void retire_keys(const protocol::NodeInfo& node);
  /// By value: the table that it leaves may hold the last other reference.
  void end_exchange(std::shared_ptr<KeyExchange> exchange, Result<std::string> outcome);

  // The model store (head_models.cpp).
  void restore_models();
  StoredVersion stored(const std::string& model, const std::string& version) const;
  /// Of "NAME@VERSION"; none, or empty, where it is not in the store.
  const storage::ModelManifest* manifest_of(const std::string& reference) const;
  std::map<std::string, std::string> metadata_of(const std::string& reference) const;
  std::string without_label(const std::string& reference) const;
  void find_model(const protocol::FindModel& wish, actor::Reply reply);
  std::set<storage::ModelRef> deployed_models() const;
  void add_model(const AddModel& model, const AuditAct& by, Done done);
  void take_stored(const storage::ModelManifest& manifest, const AuditAct& by, const Done& done);
  void start_upload(const BeginUpload& upload, const AuditAct& by, const Done& done);
  void write_upload(const UploadPiece& piece, const Done& done);
  void end_upload(const EndUpload& upload, const AuditAct& by, const Done& done);
  void read_model(const ReadModelBytes& wish, const Done& done);
  void delete_model(const DeleteModel& model, const AuditAct& by, Done done);
  void store_model_record(const ModelRecord& record, AuditEntry entry, std::function<void(Status)> done);
  void keep_model_record(const ModelRecord& record);
  void reread_model_record(const std::string& key);
  void change_model(const Result<ModelRecord>& record, const AuditAct& by, std::string change, nlohmann::json answer,
                    const Done& done);
  void label_model(const LabelModel& wish, const AuditAct& by, const Done& done);
  void unlabel_model(const UnlabelModel& wish, const AuditAct& by, const Done& done);
  void retire_model(const RetireModel& wish, const AuditAct& by, const Done& done);
  void annotate_model(const AnnotateModel& wish, const AuditAct& by, const Done& done);

  // Loading on demand (head_loads.cpp).
  struct WaitingLoad {
    std::string deployment;
    bool load = true;  ///< False: to be unloaded.
    Time until;
    Done done;
  };
  void change_load(const protocol::ChangeLoad& wish, actor::Reply reply);
  void change_load(const ChangeModelLoad& wish, AuditAct by, Done done);
  void await_load(const DeploymentRecord& record, bool load, const Done& done);
  void settle_loads();

  // Experiments (head_experiments.cpp).
  void restore_experiments();
  void spread_experiments();
  void define_experiment(const experiment::Definition& definition, AuditAct by, const Done& done);
  void start_experiment(const StartExperiment& wish, const AuditAct& by, const Done& done);
  void stop_experiment(const StopExperiment& wish, const AuditAct& by, const Done& done);
  void weigh_experiment(const WeighExperiment& wish, const AuditAct& by, const Done& done);
  void delete_experiment(const DeleteExperiment& wish, const AuditAct& by, const Done& done);
  void change_experiment(const experiment::ExperimentRecord& record, const AuditAct& by, std::string change,
                         const Done& done);
  /// With `deployments`, whose weights follow from it, in one write.
  void store_experiment(const experiment::ExperimentRecord& record, std::vector<DeploymentRecord> deployments,
                        AuditEntry entry, std::function<void(Status)> done);
  /// A write failed: whether it is stored is known only to the store.
  void reread_experiment(const std::string& name);
  void take_look(const ExperimentLook& look);
  void end_experiment(const ExperimentLook& look, const experiment::ExperimentRecord& ended);
  void start_due_experiments();
  void tell_not_done(const std::string& name, std::string why);
  Result<std::string> experiment_status(const std::string& name) const;
  void tell_experiment(const ReadExperimentHistory& wish, const Done& done) const;
  /// Asks the reader of raw events; `wish_of` makes the question of the experiment's record.
  template <class WishOf>
  void ask_reader(const std::string& name, const WishOf& wish_of, const Done& done);
  bool read_events(const AdminCall& call);

  // What replicas and nodes write (head_logs.cpp).
  void find_logs(const FindLogs& wish, const Done& done);
  void take_logs(LogSearch& search, NodeId node, const std::string& name, const protocol::LogList& list);
  void finish_search(LogSearch& search);
  void read_log(const ReadNodeLog& wish, const Done& done);

  void tick();
  void send_messages();
  void admin(const AdminCall& call);
  Result<std::string> view(View view);
  void apply(const ApplyText& text, const AuditAct& by, Done done);
  void next_step(const std::shared_ptr<ApplyJob>& job);
  void store_deployment(DeploymentRecord record, AuditAct by, Done done);
  /// A write failed: whether it is stored is known only to the store.
  void reread(const std::string& name);
  void delete_deployment(const std::string& name, const AuditAct& by, Done done);
  void create_backup(const CreateBackup& backup, const AuditAct& by, Done done);
  void create_key(const KeyWish& wish, const AuditAct& by, const Done& done);
  void revoke_key(const std::string& id, const AuditAct& by, const Done& done);
  void store_key(KeyRecord record, AuditEntry entry, std::function<void(Status)> done);
  void spread_keys();

  HeadActorOptions options_;
  SeededRandom random_;
  std::vector<storage::ModelManifest> models_;
  std::map<std::string, std::string> digests_;                ///< Of NAME@VERSION: what its files hash to.
  ModelBook book_;                                            ///< Labels and notes of those,
  std::map<std::string, storage::Revision> model_revisions_;  ///< and the revisions of their records.
  std::map<std::string, storage::Revision> revisions_;        ///< Of the stored deployments.
  Trust trust_;
  protocol::Peers peers_;                                     ///< Newest allow-list,
  std::map<NodeId, uint64_t> peers_taken_;                    ///< and which one each node has.
  std::map<NodeId, std::shared_ptr<KeyExchange>> exchanges_;  ///< Those that have not ended.
  std::deque<Change> changes_;                                ///< Wait for the one that is being stored.
  bool is_committing_ = false;
  RefusalThrottle refusals_;
  HeadState state_;
  std::vector<WaitingLoad> loads_;  ///< Asked for and not yet settled.
  experiment::ExperimentBook experiments_;
  std::map<std::string, storage::Revision> experiment_revisions_;  ///< Of their records.
  std::map<std::string, std::string> experiment_documents_;        ///< What their numbers said last, as JSON.
  std::set<std::string> storing_;                                  ///< What a look at them said is being stored.
  std::map<std::string, std::string> not_done_;                    ///< Why what is due of one is not done, in words.
  KeyBook keys_;
  /// Gateways that have been told the keys, or are being told: incarnation and revision.
  std::map<NodeId, std::pair<Incarnation, uint64_t>> keys_known_;
};

}  // namespace troupe::cluster
