#include "actors/batcher/batcher_actor.hpp"

#include "runtime/actor/host.hpp"

namespace troupe::batcher {
namespace {

constexpr Duration credit_retry = std::chrono::milliseconds{10};

}  // namespace

BatcherActor::BatcherActor(actor::Context& context, std::string worker_path, BatchOptions options,
                           std::shared_ptr<worker::ReplicaLoad> load)
    : Actor(context),
      worker_path_(std::move(worker_path)),
      options_(options),
      load_(std::move(load)),
      policy_(options),
      draining_(load_->draining.load()) {
  report_load();
  serve<protocol::ServeRequest>([this](std::shared_ptr<const protocol::ServeRequest> request, actor::Reply reply) {
    accept(std::move(request), std::move(reply));
  });
  on<worker::BackendReady>([this](const worker::BackendReady& ready) { backend_ready(ready); });
  on<worker::SlotsFree>([this](const worker::SlotsFree& free) {
    free_slots_ += free.count;
    send_batches();
  });
  on<worker::Drain>([this](const worker::Drain&) { drain(); });
}

void BatcherActor::accept(std::shared_ptr<const protocol::ServeRequest> request, actor::Reply reply) {
  if (draining_) {
    reply.fail({Errc::unavailable, "the replica is draining", {}, {}});
    return;
  }
  if (!ready_) {
    reply.fail({Errc::unavailable, "the replica's back end is not ready", {}, std::chrono::seconds{1}});
    return;
  }
  const actor::ReplyId id = reply.id();
  if (!policy_.add(id, context().now())) {
    reply.fail({Errc::overloaded,
                fmt::format("the replica's queue is full ({} requests wait)", options_.queue_max),
                {},
                std::chrono::seconds{1}});
    return;
  }
  waiting_[id] = {std::move(request), std::make_shared<actor::Reply>(std::move(reply))};
  send_batches();
}

void BatcherActor::backend_ready(const worker::BackendReady& ready) {
  worker_ = ready.worker;
  ready_ = ready.slots > 0;
  free_slots_ = ready.slots;
  if (ready_) {
    send_batches();
  } else {
    fail_all({Errc::unavailable, "the replica's back end has gone", {}, {}});
  }
}

void BatcherActor::send_batches() {
  const Time now = context().now();
  for (;;) {
    const auto ids = policy_.next_batch(now, free_slots_);
    if (ids.empty()) break;
    worker::Batch batch;
    for (const actor::ReplyId id : ids) {
      auto entry = waiting_.extract(id);
      Waiting& waiting = entry.mapped();
      if (waiting.reply->deadline() && *waiting.reply->deadline() <= now) {
        waiting.reply->fail({Errc::deadline_exceeded, "the deadline passed while the request waited", {}, {}});
        continue;
      }
      batch.entries.push_back({std::move(waiting.request), std::move(waiting.reply)});
    }
    free_slots_ -= static_cast<uint32_t>(batch.entries.size());
    // A worker that can't take it drops the batch, and the Replies in it fail as unavailable.
    if (!batch.entries.empty()) static_cast<void>(worker_.send(std::move(batch)));
  }
  report_load();
  if (draining_ && policy_.waiting() == 0) {
    static_cast<void>(worker_.send(worker::Drain{}));
    return;
  }
  arm_timer();
}

void BatcherActor::arm_timer() {
  if (timer_) return;
  const auto due = policy_.due();
  // Without free slots the next SlotsFree sends, not the clock.
  if (!due || free_slots_ == 0 || options_.delay_max == Duration{0}) return;
  timer_ = context().after(std::max(Duration{0}, *due - context().now()), [this] {
    timer_ = {};
    send_batches();
  });
}

void BatcherActor::cancelled(actor::ReplyId id) {
  if (policy_.remove(id)) {
    waiting_.erase(id);
    report_load();
  } else {
    static_cast<void>(worker_.send(worker::CancelWork{id}));
  }
}

/// Of what has begun, so the worker has it. Credit that got lost would hold up a stream for ever.
void BatcherActor::credited(actor::ReplyId id, uint64_t bytes) {
  const Status sent = worker_.send(worker::CreditWork{id, bytes});
  if (!sent && sent.error().code == Errc::overloaded)
    context().after(credit_retry, [this, id, bytes] { credited(id, bytes); });
}

void BatcherActor::fail_all(const Error& error) {
  for (auto& [id, waiting] : waiting_) {
    policy_.remove(id);
    waiting.reply->fail(error);
  }
  waiting_.clear();
  report_load();
}

void BatcherActor::drain() {
  draining_ = true;
  load_->draining = true;
  if (!worker_) worker_ = context().host().find(worker_path_);
  if (!ready_) fail_all({Errc::unavailable, "the replica is draining", {}, {}});
  send_batches();
}

void BatcherActor::report_load() {
  load_->waiting.store(static_cast<uint32_t>(policy_.waiting()), std::memory_order_relaxed);
}

}  // namespace troupe::batcher
