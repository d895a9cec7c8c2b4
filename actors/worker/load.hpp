#pragma once
// ReplicaLoad: how busy a replica is, written by its batcher and worker, read for load reports and heartbeats. It
// outlives both: what they must know after a restart is here too.

#include <atomic>
#include <cstdint>

namespace troupe::worker {

struct ReplicaLoad {
  std::atomic<uint32_t> waiting{0};   ///< In the batcher.
  std::atomic<uint32_t> running{0};   ///< In the back end.
  std::atomic<uint64_t> answered{0};  ///< Ended, well or badly, since the replica began.
  std::atomic<uint32_t> restarts{0};  ///< Of the back end, or of batcher and worker, after a failure.
  std::atomic<bool> draining{false};
};

}  // namespace troupe::worker
