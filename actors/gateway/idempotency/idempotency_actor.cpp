#include "actors/gateway/idempotency/idempotency_actor.hpp"

#include <algorithm>
#include <limits>

#include "actors/gateway/idempotency/keepers.hpp"
#include "runtime/actor/host.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::gateway {
namespace {

using observe::kv;
using Outcome = AnswerTable::Outcome;

constexpr std::chrono::milliseconds come_back{1000};
constexpr Duration expiry_interval = std::chrono::minutes{1};

bool streams(const protocol::ServeRequest& request) {
  const auto* generate = std::get_if<protocol::Generate>(&request.work);
  return generate != nullptr && generate->stream;
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::first:
      return "first";
    case Outcome::again:
      return "again";
    case Outcome::joined:
      return "joined";
    case Outcome::replayed:
      return "replayed";
    case Outcome::reused:
      return "conflict";
    case Outcome::unrepeatable:
      return "unrepeatable";
    case Outcome::full:
      return "full";
  }
  return "refused";
}

Error reused() {
  return {Errc::already_exists,
          "this idempotency key stands for another request; a new request needs a new key",
          std::string(idempotency_field),
          {}};
}

Error unrepeatable() {
  return {Errc::failed_precondition,
          "the request with this idempotency key has run, but its answer is too long to be given again; ask with a new "
          "key to run it once more",
          std::string(idempotency_field),
          {}};
}

Error full() {
  return {Errc::overloaded, "too many requests with idempotency keys run or wait here", std::string(idempotency_field),
          come_back};
}

Error not_served(const Error& damage) {
  return {Errc::unavailable, "requests with idempotency keys are not served: " + damage.message,
          std::string(idempotency_field), come_back};
}

Error not_yet() {
  return {Errc::unavailable, "a gateway is still reading the answers it keeps", std::string(idempotency_field),
          come_back};
}

Error disagreement() {
  return {Errc::unavailable, "the gateways do not agree yet which of them keeps this idempotency key",
          std::string(idempotency_field), come_back};
}

Error unreachable(NodeId keeper) {
  return {Errc::unavailable,
          fmt::format("gateway {} cannot be reached, and if there is an answer to this idempotency key it is there; "
                      "come back with the same key",
                      keeper),
          std::string(idempotency_field), come_back};
}

/// A failure of the store as those who ask hear it: nothing was begun, or nothing was told.
Error not_kept(const Error& cause) {
  return {Errc::unavailable, "an answer could not be kept under its idempotency key: " + cause.message,
          std::string(idempotency_field), come_back};
}

}  // namespace

/// One who waits. It hears of an end whatever happens here.
class IdempotencyActor::Client {
 public:
  /// `call` where it came from another gateway.
  Client(std::shared_ptr<balancer::ResponseSink> sink, actor::ReplyId call, std::shared_ptr<const void> hold)
      : sink_(std::move(sink)), call_(call), hold_(std::move(hold)) {}
  ~Client() {
    if (sink_) sink_->on_error({Errc::unavailable, "the request was lost inside the gateway", {}, come_back});
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void part(const PartPtr& part) const {
    if (sink_) sink_->on_part(part, false);
  }
  void end(const std::vector<PartPtr>& parts) {
    const auto sink = std::exchange(sink_, nullptr);
    for (size_t i = 0; sink && i < parts.size(); ++i) sink->on_part(parts[i], i + 1 == parts.size());
  }
  void fail(const Error& error) {
    if (const auto sink = std::exchange(sink_, nullptr)) sink->on_error(error);
  }
  void forget() { sink_.reset(); }
  actor::ReplyId call() const { return call_; }

 private:
  std::shared_ptr<balancer::ResponseSink> sink_;
  const actor::ReplyId call_;
  const std::shared_ptr<const void> hold_;
};

/// Takes the answer of one attempt to the actor; dropped before its end, the attempt is lost.
class IdempotencyActor::AttemptSink final : public balancer::ResponseSink {
 public:
  AttemptSink(std::function<void(PartPtr, bool)> on_part, std::function<void(Error)> on_error)
      : part_(std::move(on_part)), error_(std::move(on_error)) {}
  ~AttemptSink() override {
    if (!has_ended_) error_({Errc::lost, "the request was lost inside the gateway", {}, come_back});
  }

  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    has_ended_ = last;
    part_(std::move(part), last);
  }
  void on_error(const Error& error) override {
    has_ended_ = true;
    error_(error);
  }

 private:
  const std::function<void(PartPtr, bool)> part_;
  const std::function<void(Error)> error_;
  bool has_ended_ = false;
};

/// Answers another gateway.
class IdempotencyActor::RemoteSink final : public balancer::ResponseSink {
 public:
  explicit RemoteSink(actor::Reply reply) : reply_(std::move(reply)) {}

  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override {
    reply_.deliver(protocol::AnyMessage::of(std::move(part)), last);
  }
  void on_error(const Error& error) override {
    constexpr int64_t retry_max = std::numeric_limits<uint32_t>::max();
    reply_.finish(
        protocol::AnswerFailed{error.code, error.message, error.field,
                               static_cast<uint32_t>(std::clamp<int64_t>(error.retry_after.count(), 0, retry_max))});
  }

 private:
  actor::Reply reply_;
};

IdempotencyActor::IdempotencyActor(actor::Context& context, IdempotencyParts parts)
    : Actor(context), parts_(std::move(parts)), table_(parts_.table) {
  on<Submit>([this](const Submit& message) { submit(message); });
  on<Withdraw>([this](const Withdraw& message) { withdraw(message.id); });
  serve<protocol::KeptRequest>([this](const std::shared_ptr<const protocol::KeptRequest>& request, actor::Reply reply) {
    serve_kept(*request, std::move(reply));
  });
  serve<protocol::FindAnswer>([this](const std::shared_ptr<const protocol::FindAnswer>& question, actor::Reply reply) {
    serve_find(*question, std::move(reply));
  });
}

// --- Which gateway keeps it ------------------------------------------------------------------------------------------

/// This one alone where no head has said otherwise.
std::vector<NodeId> IdempotencyActor::keepers(const std::string& name) {
  const auto table = parts_.routing->table();
  if (!table || table->snapshot().gateways.empty()) return {self()};
  return keepers_of(name, table->snapshot().gateways, context().wall(), parts_.table.retention);
}

NodeId IdempotencyActor::self() {
  return context().host().options().node;
}

void IdempotencyActor::submit(const Submit& submit) {
  if (clients_.size() >= parts_.table.waiting_max) {
    parts_.metrics->count("full");
    return submit.sink->on_error(full());
  }
  clients_.emplace(submit.id, std::make_shared<Client>(submit.sink, actor::ReplyId{}, parts_.in_flight->hold()));
  is_loaded_ ? place(submit) : early_.push_back(submit);
}

/// An answer that is here is given by whichever gateway has it, so that who keeps the key need not be asked.
void IdempotencyActor::place(const Submit& submit) {
  const std::string name = submit.key->name();
  if (table_.knows(name, context().wall())) return take(submit);
  std::vector<NodeId> keepers = this->keepers(name);
  if (keepers.front() != self()) return pass_on(submit, keepers.front(), false);
  find_elsewhere(submit, std::move(keepers), 1);
}

/// Those that kept the key before this gateway came may have its answer: each is asked in turn from `next` on.
void IdempotencyActor::find_elsewhere(const Submit& submit, std::vector<NodeId> keepers, size_t next) {
  if (next >= keepers.size()) return take(submit);
  const NodeId keeper = keepers[next];
  const auto other = at(keeper);
  if (!other) return end(submit.id, other.error(), "unreachable");
  calls_[submit.id] = context().call(
      *other, protocol::FindAnswer{submit.key->scope, submit.key->key}, {submit.deadline, submit.request->request_id},
      [this, submit, keepers = std::move(keepers), next, keeper](const actor::ReplyEvent& event) {
        calls_.erase(submit.id);
        const auto* found = event.body.get<protocol::AnswerFound>();
        if (event.error || found == nullptr) return end(submit.id, unreachable(keeper), "unreachable");
        if (found->is_found) return pass_on(submit, keeper, true);
        // One that came meanwhile was told that there is no answer here: it is its turn then.
        this->keepers(submit.key->name()) == keepers ? find_elsewhere(submit, keepers, next + 1) : place(submit);
      });
}

void IdempotencyActor::pass_on(const Submit& submit, NodeId keeper, bool is_found) {
  const auto other = at(keeper);
  if (!other) return end(submit.id, other.error(), "unreachable");
  const RequestKey& key = *submit.key;
  calls_[submit.id] =
      context().call(*other, protocol::KeptRequest{*submit.request, key.scope, key.key, key.fingerprint, is_found},
                     {submit.deadline, submit.request->request_id},
                     [this, id = submit.id, keeper](const actor::ReplyEvent& event) { relay(id, keeper, event); });
}

void IdempotencyActor::relay(AnswerTable::Id waiter, NodeId keeper, const actor::ReplyEvent& event) {
  if (event.last) calls_.erase(waiter);
  if (event.error && event.error->code == Errc::deadline_exceeded) return end(waiter, *event.error, {});
  if (event.error) return end(waiter, unreachable(keeper), "unreachable");
  if (const auto* failed = event.body.get<protocol::AnswerFailed>()) {
    const std::chrono::milliseconds retry_after(failed->retry_after_ms);
    return end(waiter, {failed->code, failed->message, failed->field, retry_after}, {});
  }
  const auto part = event.body.share<protocol::ResultPart>();
  if (part == nullptr) {
    if (const auto call = calls_.extract(waiter)) context().cancel(call.mapped());
    return end(waiter, unreachable(keeper), "unreachable");
  }
  if (!event.last) return clients_.at(waiter)->part(part);
  release(waiter)->end({part});
}

Result<actor::Ref> IdempotencyActor::at(NodeId keeper) {
  const auto table = parts_.routing->table();
  const auto& nodes = table->snapshot().nodes;
  const auto node = std::ranges::find(nodes, keeper, &protocol::RoutedNode::id);
  if (node == nodes.end()) return fail(unreachable(keeper));
  return context().host().remote(keeper, node->incarnation, std::string(protocol::idempotency_path),
                                 bus::Lane::request);
}

/// Only where both gateways agree that this one keeps the key; else it might run at two.
void IdempotencyActor::serve_kept(const protocol::KeptRequest& request, actor::Reply reply) {
  auto key = std::make_shared<const RequestKey>(RequestKey{request.scope, request.key, request.fingerprint});
  const std::string name = key->name();
  const actor::ReplyId call = reply.id();
  const std::optional<Time> deadline = reply.deadline();
  const auto sink = std::make_shared<RemoteSink>(std::move(reply));
  if (!is_loaded_) return sink->on_error(not_yet());
  if (clients_.size() >= parts_.table.waiting_max) return sink->on_error(full());
  const bool is_mine = request.is_found ? table_.knows(name, context().wall()) : keepers(name).front() == self();
  if (!is_mine) return sink->on_error(disagreement());
  const Submit submit{parts_.ids->next(), std::make_shared<const protocol::ServeRequest>(request.request), deadline,
                      sink, std::move(key)};
  remote_.emplace(call, submit.id);
  clients_.emplace(submit.id, std::make_shared<Client>(submit.sink, call, parts_.in_flight->hold()));
  request.is_found ? take(submit) : place(submit);
}

void IdempotencyActor::serve_find(const protocol::FindAnswer& question, actor::Reply reply) {
  const std::string name = RequestKey{question.scope, question.key, {}}.name();
  if (!is_loaded_ || damage_) return reply.fail(not_yet());
  // Who asks keeps the key in this gateway's eyes too, so this one runs it no more.
  if (keepers(name).front() != reply.source()) return reply.fail(disagreement());
  reply.finish(protocol::AnswerFound{table_.knows(name, context().wall())});
}

void IdempotencyActor::cancelled(actor::ReplyId call) {
  if (const auto known = remote_.find(call); known != remote_.end()) withdraw(known->second);
}

// --- What is stored --------------------------------------------------------------------------------------------------

void IdempotencyActor::started() {
  expire();
  if (!parts_.store) return loaded(fail(parts_.store.error()));
  (*parts_.store)->load(context().bind<Result<storage::Records>>([this](Result<storage::Records> records) {
    loaded(std::move(records));
  }));
}

void IdempotencyActor::loaded(Result<storage::Records> records) {
  is_loaded_ = true;
  if (!records) {
    damage_ = records.error();
  } else {
    for (auto& [name, bytes] : *records) {
      auto record = decode_answer_record(bytes);
      if (!record) {
        damage_ = Error{Errc::corrupt_data, fmt::format("{}: {}", parts_.if_damaged, record.error().message), {}, {}};
        break;
      }
      table_.restore(std::move(name), std::move(*record));
    }
  }
  if (damage_) {
    parts_.log.error("requests with idempotency keys are not served", kv("reason", damage_->message));
  } else {
    store_changes();
  }
  for (const Submit& early : std::exchange(early_, {})) place(early);
}

void IdempotencyActor::expire() {
  table_.expire(context().wall());
  store_changes();
  context().after(expiry_interval, [this] { expire(); });
}

/// Tells the store what the table has dropped. A record that stays there for a failure expires after the next start.
void IdempotencyActor::store_changes() {
  for (std::string& name : table_.take_dropped()) (*parts_.store)->write(std::move(name), std::nullopt, {});
  parts_.metrics->records.set(static_cast<double>(table_.size()));
  parts_.metrics->bytes.set(static_cast<double>(table_.bytes()));
}

// --- Who asks --------------------------------------------------------------------------------------------------------

void IdempotencyActor::take(const Submit& submit) {
  if (damage_) return end(submit.id, not_served(*damage_), "refused");
  const AnswerTable::Id attempt = parts_.ids->next();
  const std::string name = submit.key->name();
  AnswerTable::Arrival arrival =
      table_.arrive(name, submit.key->fingerprint, attempt, submit.id, streams(*submit.request), context().wall());
  store_changes();
  const std::string_view outcome = name_of(arrival.outcome);
  switch (arrival.outcome) {
    case Outcome::reused:
      return end(submit.id, reused(), outcome);
    case Outcome::unrepeatable:
      return end(submit.id, unrepeatable(), outcome);
    case Outcome::full:
      return end(submit.id, full(), outcome);
    case Outcome::replayed:
      parts_.metrics->count(outcome);
      return release(submit.id)->end(arrival.parts);
    case Outcome::first:
    case Outcome::again:
      parts_.metrics->count(outcome);
      return begin(name, attempt, *arrival.record, submit);
    case Outcome::joined:
      parts_.metrics->count(outcome);
      return join(submit, arrival.parts);
  }
}

void IdempotencyActor::join(const Submit& submit, const std::vector<PartPtr>& so_far) {
  for (const PartPtr& part : so_far) clients_.at(submit.id)->part(part);
  if (!submit.deadline) return;
  // The attempt may have more time than this one.
  context().after(*submit.deadline - context().now(), [this, id = submit.id] {
    table_.withdraw(id);
    end(id, {Errc::deadline_exceeded, "the deadline passed", {}, {}}, {});
  });
}

void IdempotencyActor::withdraw(AnswerTable::Id waiter) {
  table_.withdraw(waiter);
  if (const auto call = calls_.extract(waiter)) context().cancel(call.mapped());
  if (const auto client = release(waiter)) client->forget();
  std::erase_if(early_, [waiter](const Submit& early) { return early.id == waiter; });
}

/// Whoever still waits under `waiter` hears `error`; `outcome` is counted unless it is empty.
void IdempotencyActor::end(AnswerTable::Id waiter, const Error& error, std::string_view outcome) {
  if (!outcome.empty()) parts_.metrics->count(outcome);
  if (const auto client = release(waiter)) client->fail(error);
}

std::shared_ptr<IdempotencyActor::Client> IdempotencyActor::release(AnswerTable::Id waiter) {
  const auto known = clients_.extract(waiter);
  if (known.empty()) return nullptr;
  remote_.erase(known.mapped()->call());
  return std::move(known.mapped());
}

// --- Attempts --------------------------------------------------------------------------------------------------------

/// Durable before it runs: after a crash it must be known that it may have.
void IdempotencyActor::begin(const std::string& name, AnswerTable::Id attempt, const AnswerRecord& record,
                             const Submit& submit) {
  (*parts_.store)->write(name, encode(record), context().bind<Status>([this, name, attempt, submit](Status stored) {
    if (!stored) return abandon(name, attempt, not_kept(stored.error()));
    run(name, attempt, submit);
  }));
}

/// Not withdrawn when its clients go: they may come back for the answer, within its deadline.
void IdempotencyActor::run(const std::string& name, AnswerTable::Id attempt, const Submit& submit) {
  auto sink = std::make_shared<AttemptSink>(
      context().bind<PartPtr, bool>(
          [this, name, attempt](const PartPtr& piece, bool last) { part(name, attempt, piece, last); }),
      context().bind<Error>([this, name, attempt](const Error& error) { abandon(name, attempt, error); }));
  const actor::Ref gateway = context().host().find(protocol::gateway_path);
  const Status sent =
      gateway ? gateway.send(Submit{attempt, with_seed_of(*submit.key, submit.request), submit.deadline, sink, nullptr})
              : Status(fail(Errc::unavailable, "the gateway is being started again"));
  if (!sent) sink->on_error(sent.error());
}

void IdempotencyActor::part(const std::string& name, AnswerTable::Id attempt, const PartPtr& part, bool last) {
  if (!last) {
    for (const AnswerTable::Id waiter : table_.add(name, attempt, part)) clients_.at(waiter)->part(part);
    return store_changes();
  }
  const auto record = table_.finish(name, attempt, part, context().wall());
  store_changes();
  if (!record) return;
  (*parts_.store)->write(name, encode(*record), context().bind<Status>([this, name, attempt](const Status& stored) {
    if (!stored) return abandon(name, attempt, not_kept(stored.error()));
    settle(name, attempt);
  }));
}

void IdempotencyActor::settle(const std::string& name, AnswerTable::Id attempt) {
  for (const AnswerTable::Delivery& delivery : table_.settle(name, attempt)) {
    const auto client = release(delivery.waiter);
    if (!client) continue;
    delivery.parts.empty() ? client->fail(unrepeatable()) : client->end(delivery.parts);
  }
  store_changes();
}

/// An error is no answer: whoever waits hears it, and the key is free for a retry.
void IdempotencyActor::abandon(const std::string& name, AnswerTable::Id attempt, const Error& error) {
  for (const AnswerTable::Id waiter : table_.abandon(name, attempt))
    if (const auto client = release(waiter)) client->fail(error);
  store_changes();
}

}  // namespace troupe::gateway
