#pragma once
// What passes between a replica's batcher, its worker and the node agent. Local to a worker's process.

#include <string>
#include <vector>

#include "actors/worker/backend.hpp"
#include "runtime/actor/ref.hpp"
#include "runtime/actor/reply.hpp"
#include "runtime/protocol/cluster.hpp"

namespace troupe::worker {

/// Batcher -> worker: run these. Answers go through the Replies, which the worker owns from here on.
struct Batch {
  struct Entry {
    std::shared_ptr<const protocol::ServeRequest> request;
    std::shared_ptr<actor::Reply> reply;
  };
  std::vector<Entry> entries;
};

/// Worker -> batcher: `count` of the slots are free again.
struct SlotsFree {
  uint32_t count = 0;
};

/// Worker -> batcher: the back end is ready and has so many slots; or it is gone (0): fail what waits as unavailable.
struct BackendReady {
  actor::Ref worker;
  uint32_t slots = 0;
};

/// Batcher -> worker: a request inside was cancelled.
struct CancelWork {
  actor::ReplyId reply;
};

/// Batcher -> worker: so many more bytes of an answer may be sent.
struct CreditWork {
  actor::ReplyId reply;
  uint64_t bytes = 0;
};

/// Agent -> batcher, and from there, once nothing waits, to the worker: take nothing new, finish what you have, then
/// report ReplicaState::stopped.
struct Drain {};

}  // namespace troupe::worker
