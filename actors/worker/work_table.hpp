#pragma once
// WorkTable: who waits for what the back end computes. Parts go from the back end's thread straight to the caller; the
// worker actor is not on their way.

#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/worker/backend.hpp"
#include "actors/worker/load.hpp"
#include "runtime/actor/reply.hpp"

namespace troupe::worker {

/// Thread-safe. Each Reply is used by one thread at a time: the back end's.
class WorkTable {
 public:
  /// `freed` is told of every slot that falls free, on the back end's thread.
  WorkTable(std::string version, std::shared_ptr<ReplicaLoad> load, std::function<void(uint32_t)> freed);

  WorkId add(std::shared_ptr<actor::Reply> reply);
  void part(WorkId id, protocol::ResultPart part, bool last);
  void error(WorkId id, const Error& error);
  /// The work of a call that is inside; else none.
  WorkId find(actor::ReplyId reply) const;
  /// Forgets the work of a cancelled call; its id, or none.
  WorkId cancel(actor::ReplyId reply);
  /// Forgets the work whose deadline passed before `time`; nobody waits for it. Their ids.
  std::vector<WorkId> expire(Time time);
  /// Fails everything inside, e.g. when the back end has died.
  void fail_all(const Error& error);
  size_t size() const;

 private:
  std::shared_ptr<actor::Reply> take(WorkId id);
  void left(uint32_t count);

  const std::string version_;
  const std::shared_ptr<ReplicaLoad> load_;
  const std::function<void(uint32_t)> freed_;
  mutable std::mutex mutex_;
  uint64_t next_ = 0;
  std::unordered_map<WorkId, std::shared_ptr<actor::Reply>> replies_;
  std::unordered_map<actor::ReplyId, WorkId> by_reply_;
};

}  // namespace troupe::worker
