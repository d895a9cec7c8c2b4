#pragma once
// BatcherActor: a replica's queue, beside its back end, at "replica/<id>/batcher". Serves protocol::ServeRequest.

#include <unordered_map>

#include "actors/batcher/batch_policy.hpp"
#include "actors/worker/load.hpp"
#include "actors/worker/messages.hpp"
#include "runtime/actor/actor.hpp"

namespace troupe::batcher {

/// Also takes BackendReady and SlotsFree from the worker and Drain from the agent.
class BatcherActor final : public actor::Actor {
 public:
  /// `load` is shared with the worker, which reports it on answers.
  BatcherActor(actor::Context& context, std::string worker_path, BatchOptions options,
               std::shared_ptr<worker::ReplicaLoad> load);

  void cancelled(actor::ReplyId id) override;
  void credited(actor::ReplyId id, uint64_t bytes) override;

 private:
  struct Waiting {
    std::shared_ptr<const protocol::ServeRequest> request;
    std::shared_ptr<actor::Reply> reply;
  };

  void accept(std::shared_ptr<const protocol::ServeRequest> request, actor::Reply reply);
  void backend_ready(const worker::BackendReady& ready);
  void send_batches();
  void arm_timer();
  void fail_all(const Error& error);
  void drain();
  void report_load();

  const std::string worker_path_;
  actor::Ref worker_;  ///< Known once the back end is ready.
  BatchOptions options_;
  std::shared_ptr<worker::ReplicaLoad> load_;
  BatchPolicy policy_;
  bool draining_;
  std::unordered_map<actor::ReplyId, Waiting> waiting_;
  uint32_t free_slots_ = 0;
  bool ready_ = false;
  actor::TimerId timer_;
};

}  // namespace troupe::batcher
