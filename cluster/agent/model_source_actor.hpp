#pragma once
// ModelSourceActor: a node's model files for other nodes, at "models" on every node that has a store or a cache of
// them. On a thread of its own, because disks block, and on the bulk lane.

#include <cstdio>
#include <list>
#include <memory>

#include "runtime/actor/actor.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/protocol/models.hpp"
#include "storage/file_tree.hpp"
#include "storage/model_store.hpp"

namespace troupe::cluster {

struct ModelSourceOptions {
  std::shared_ptr<storage::ModelStore> store;
  /// Nodes served at a time; others are told to come back, or find somebody else who has it by then.
  size_t readers_max = 8;
  /// A node that has asked for nothing for so long is none of them any more.
  Duration reader_patience = std::chrono::seconds{2};
};

/// Serves protocol::ReadModel with protocol::ModelChunk. Errors: not_found (no such version, or file),
/// failed_precondition (other content than was asked for), invalid_argument, overloaded (enough are served),
/// corrupt_data.
class ModelSourceActor final : public actor::Actor {
 public:
  ModelSourceActor(actor::Context& context, ModelSourceOptions options);

 private:
  /// A version that is being read, and the file that was read last.
  struct Open {
    storage::ModelManifest manifest;
    std::string digest;
    std::string json;
    std::filesystem::path folder;
    size_t file = SIZE_MAX;
    storage::FileDescriptor descriptor;
  };

  Result<protocol::ModelChunk> read(const protocol::ReadModel& wish);
  Result<Open*> open(const protocol::ReadModel& wish);
  bool admit(NodeId reader);

  ModelSourceOptions options_;
  std::list<Open> open_;            ///< The one that was read last first.
  std::map<NodeId, Time> readers_;  ///< When each asked last.
};

}  // namespace troupe::cluster
