#pragma once
// IdempotencyActor: answers requests that have an idempotency key once, however often they come. At "idempotency"
// beside every gateway. Takes Submit with a key, and Withdraw of those; passes requests on to the gateway that keeps
// their key (keepers.hpp), and gives those that must run here back to its own gateway, without the key. Serves
// KeptRequest and FindAnswer, of other gateways.

#include <memory>
#include <unordered_map>
#include <vector>

#include "actors/gateway/dispatch_ids.hpp"
#include "actors/gateway/idempotency/answer_table.hpp"
#include "actors/gateway/idempotency/idempotency_metrics.hpp"
#include "actors/gateway/in_flight.hpp"
#include "actors/gateway/messages.hpp"
#include "actors/gateway/routing_table.hpp"
#include "runtime/actor/actor.hpp"
#include "runtime/observe/log.hpp"
#include "runtime/protocol/idempotency.hpp"
#include "storage/record_store.hpp"

namespace troupe::gateway {

/// What the actor works with; outlives its restarts.
struct IdempotencyParts {
  /// Where answers are kept, or why there is nowhere: then no request with a key is served.
  Result<std::shared_ptr<storage::RecordStore>> store = nullptr;
  std::shared_ptr<DispatchIds> ids;  ///< Those of the front ends.
  std::shared_ptr<const RoutingBoard> routing;
  std::shared_ptr<InFlight> in_flight;  ///< Hears who waits, so that a drain waits for them.
  std::shared_ptr<IdempotencyMetrics> metrics;
  observe::Logger log;
  AnswerTableOptions table{};
  std::string if_damaged{};  ///< What is to be done about a record that can't be read; the reason follows.
};

class IdempotencyActor final : public actor::Actor {
 public:
  IdempotencyActor(actor::Context& context, IdempotencyParts parts);

  void started() override;
  void cancelled(actor::ReplyId call) override;

 private:
  class Client;
  class AttemptSink;
  class RemoteSink;

  void loaded(Result<storage::Records> records);
  void submit(const Submit& submit);
  void serve_kept(const protocol::KeptRequest& request, actor::Reply reply);
  void serve_find(const protocol::FindAnswer& question, actor::Reply reply);

  std::vector<NodeId> keepers(const std::string& name);
  NodeId self();
  void place(const Submit& submit);
  void find_elsewhere(const Submit& submit, std::vector<NodeId> keepers, size_t next);
  void pass_on(const Submit& submit, NodeId keeper, bool is_found);
  void relay(AnswerTable::Id waiter, NodeId keeper, const actor::ReplyEvent& event);
  Result<actor::Ref> at(NodeId keeper);

  void take(const Submit& submit);
  void join(const Submit& submit, const std::vector<PartPtr>& so_far);
  void withdraw(AnswerTable::Id waiter);
  void end(AnswerTable::Id waiter, const Error& error, std::string_view outcome);
  std::shared_ptr<Client> release(AnswerTable::Id waiter);

  void begin(const std::string& name, AnswerTable::Id attempt, const AnswerRecord& record, const Submit& submit);
  void run(const std::string& name, AnswerTable::Id attempt, const Submit& submit);
  void part(const std::string& name, AnswerTable::Id attempt, const PartPtr& part, bool last);
  void settle(const std::string& name, AnswerTable::Id attempt);
  void abandon(const std::string& name, AnswerTable::Id attempt, const Error& error);
  void expire();
  void store_changes();

  IdempotencyParts parts_;
  AnswerTable table_;
  bool is_loaded_ = false;
  std::optional<Error> damage_;  ///< Why the stored answers can't be used.
  std::vector<Submit> early_;    ///< Came before the stored answers were read; among clients_ too.
  std::unordered_map<AnswerTable::Id, std::shared_ptr<Client>> clients_;  ///< Who waits here, or for another gateway.
  std::unordered_map<AnswerTable::Id, actor::CallId> calls_;              ///< Those that wait for another gateway.
  std::unordered_map<actor::ReplyId, AnswerTable::Id> remote_;            ///< Those that came from another gateway.
};

}  // namespace troupe::gateway
