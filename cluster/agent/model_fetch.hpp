#pragma once
// Local messages between a node's agent and its FetchActor.

#include <functional>
#include <string>
#include <vector>

#include "runtime/actor/ref.hpp"
#include "runtime/protocol/cluster.hpp"
#include "storage/model_ref.hpp"

namespace troupe::cluster {

/// Of a replica that is to start.
struct FetchNews {
  enum class What : uint8_t {
    ready,     ///< `folder` has the files.
    fetching,  ///< `text` says how far they are.
    retrying,  ///< It failed, and is tried again; `text` says why.
    failed,    ///< Likewise, and it has failed often: it is tried on all the same.
  };
  ReplicaId replica;
  What what = What::fetching;
  std::string text;
  std::string folder;

  bool operator==(const FetchNews&) const = default;
};

/// All that the node runs and is to start: what is not among it is fetched no longer and may leave the cache. Sent
/// again and again; nothing is lost with a message or a crash.
struct ModelsWanted {
  std::vector<protocol::ReplicaSpec> starting;  ///< Those with files, until `tell` says that they are ready.
  std::vector<storage::ModelRef> running;
  actor::Ref head;
  std::function<void(FetchNews)> tell;  ///< On any thread.
};

}  // namespace troupe::cluster
