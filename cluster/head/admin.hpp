#pragma once
// What the admin API and the CLI ask of the head. Local messages of the head's process; answers are JSON texts.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "actors/experiment/shard/shard_reader.hpp"
#include "cluster/head/experiment_historian.hpp"
#include "cluster/head/key_book.hpp"
#include "cluster/spec/audit_record.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/logs.hpp"
#include "storage/model_manifest.hpp"

namespace troupe::cluster {

enum class View : uint8_t { status, nodes, actors, models, deployments, experiments, keys, tokens, members };

struct GetView {
  View view = View::status;
};
/// YAML with any number of documents; `file` is for messages. Relative sources of models are looked for under `base`, a
/// folder on the head's machine.
struct ApplyText {
  std::string text;
  std::string file;
  std::string base;
};
struct DeleteDeployment {
  std::string name;
};
/// Copies `source`, a folder on the head's machine, into the model store.
struct AddModel {
  std::string name;
  std::string version;
  std::string source;
  std::map<std::string, std::string> metadata;
};
struct DeleteModel {
  std::string name;
  std::string version;
};
/// Of a version, or of a model whose version the label names.
struct LabelModel {
  std::string name;
  std::string version;
  std::string label;
};
struct UnlabelModel {
  std::string name;
  std::string label;
};
struct RetireModel {
  std::string name;
  std::string version;
  bool is_retired = true;  ///< False: no more.
};
/// Sets notes; an empty value takes one away.
struct AnnotateModel {
  std::string name;
  std::string version;
  std::map<std::string, std::string> metadata;
};

/// Starts, or stops, the replicas of a deployment that loads on demand. Answers when that is done.
struct ChangeModelLoad {
  std::string name;
  std::string version;  ///< Empty: of the model's only deployment that loads on demand.
  bool load = true;     ///< False: unload.
};

struct StartExperiment {
  std::string name;
};
struct StopExperiment {
  std::string name;
  std::string reason;
};
/// Another allocation of its units.
struct WeighExperiment {
  std::string name;
  std::vector<double> weights;  ///< One for each variant.
};
struct DeleteExperiment {
  std::string name;
};
/// One of them, with what its numbers say.
struct ReadExperiment {
  std::string name;
};
/// A page of its raw events.
struct ReadExperimentEvents {
  std::string name;
  experiment::EventCursor after;
  uint64_t limit = 1000;
};
/// Whether the sums of a slot are what its raw events come to.
struct RecountExperiment {
  std::string name;
  uint32_t slot = 0;
};
/// What it takes on disk.
struct ReadExperimentDisk {
  std::string name;
};
/// How its numbers came to be what they are.
struct ReadExperimentHistory {
  std::string name;
  ExperimentTelling as = ExperimentTelling::history;
};

/// A version that comes piece by piece; answered with where it goes on.
struct BeginUpload {
  storage::ModelManifest manifest;
};
struct UploadPiece {
  std::string upload;  ///< NAME@VERSION.
  size_t file = 0;     ///< Index in the manifest.
  uint64_t offset = 0;
  std::shared_ptr<const std::string> bytes{};
};
struct EndUpload {
  std::string upload;
  bool publishes = true;  ///< False: what has come is thrown away.
};
/// Answered with bytes of a file; without a path with the manifest.
struct ReadModelBytes {
  std::string name;
  std::string version;
  std::string path;
  uint64_t offset = 0;
  uint32_t size = 0;
};

/// Makes a backup in `directory`, a new folder on the head's machine.
struct CreateBackup {
  std::string directory;
};

/// Answers with the key's text, which is kept nowhere.
struct CreateKey {
  KeyWish wish;
};
struct RevokeKey {
  std::string id;
};

/// A join token; the answer is the only place where its text is ever shown.
struct CreateToken {
  Duration lifetime{0};
  uint32_t uses_max = 0;  ///< 0 = any number of nodes.
  std::string created_by;
};
struct RevokeToken {
  std::string id;
};
/// Takes a node's keys off the allow-list for good.
struct RevokeNode {
  std::string name;  ///< Or its id.
};

/// Which logs of replicas there are.
struct FindLogs {
  std::string of;    ///< Of this deployment, model, MODEL@VERSION or replica; empty = all.
  std::string node;  ///< On this node, by name or id; empty = on all.
};
/// A page of one log.
struct ReadNodeLog {
  std::string node;  ///< Name or id.
  protocol::ReadLog wish;
  Duration since{0};  ///< What is younger; 0 = any.
};

/// Has a node that runs exchange its key. Answers when the last one is off the list.
struct RotateNode {
  std::string name;  ///< Or its id.
};

/// Records of acts.
struct ReadAudit {
  std::optional<uint64_t> since;  ///< First sequence; none: the newest records.
  uint64_t limit = 0;             ///< So many at most.
};
/// Whether the chain of records is whole.
struct VerifyAudit {};

struct AdminCall {
  std::variant<GetView, ApplyText, DeleteDeployment, AddModel, DeleteModel, LabelModel, UnlabelModel, RetireModel,
               AnnotateModel, ChangeModelLoad, StartExperiment, StopExperiment, WeighExperiment, DeleteExperiment,
               ReadExperiment, ReadExperimentHistory, ReadExperimentEvents, RecountExperiment, ReadExperimentDisk,
               BeginUpload, UploadPiece, EndUpload, ReadModelBytes, CreateBackup, CreateKey, RevokeKey, CreateToken,
               RevokeToken, RevokeNode, RotateNode, FindLogs, ReadNodeLog, ReadAudit, VerifyAudit>
      what;
  /// Runs once, on the head's thread: must hand over.
  std::function<void(Result<std::string>)> done;
  AuditAct by = {};  ///< Of what changes something.
};

/// A write that the admin API did not pass on.
struct RefusedWrite {
  AuditAct act;
  Error error;
  /// Let go of when this has been taken.
  std::shared_ptr<void> slot;
};

/// Of writes that it did not pass on, so many could not be told of one by one.
struct UntoldWrites {
  uint64_t count = 0;
};

}  // namespace troupe::cluster
