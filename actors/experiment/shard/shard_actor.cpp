#include "actors/experiment/shard/shard_actor.hpp"

#include "actors/experiment/events/event_codec.hpp"

namespace troupe::experiment {

using observe::kv;

ShardActor::ShardActor(actor::Context& context, ShardParts parts) : Actor(context), parts_(std::move(parts)) {
  serve<protocol::EventBlock>([this](const std::shared_ptr<const protocol::EventBlock>& block, actor::Reply reply) {
    take(*block, std::move(reply));
  });
  on<SetRules>([this](const SetRules& set) { set_rules(set); });
  on<ForgetExperiment>([this](const ForgetExperiment& forget) {
    if (!store_) return;
    if (const Status removed = store_->remove_experiment(forget.number); !removed)
      parts_.log.error("an experiment's events are not forgotten", kv("experiment", forget.number),
                       kv("error", removed.error().message));
  });
  serve<GetRows>([this](const std::shared_ptr<const GetRows>& wish, actor::Reply reply) {
    if (!store_) return reply.fail(*failure_);
    const Aggregates& all = store_->aggregates();
    reply.finish(ExperimentRows{wish->with_parts ? all.of_experiment(wish->number) : all.of_part(wish->number, 0),
                                store_->counts(), store_->delivery(wish->number)});
  });
}

void ShardActor::started() {
  auto opened = ShardStore::open(*parts_.database);
  if (opened) {
    store_ = std::move(*opened);
    if (parts_.keep_raw > Duration{0}) remove_old();
    return;
  }
  failure_ = opened.error();
  parts_.log.error("the store of events cannot be read; experiments count nothing here",
                   kv("error", failure_->message));
}

void ShardActor::set_rules(const SetRules& set) {
  if (!store_) return;
  if (const Status known = store_->set_rules(set.all, set.known_through); !known)
    parts_.log.error("what is counted cannot be written down; new experiments wait",
                     kv("error", known.error().message));
}

/// A slice, so that blocks that come need not wait for long.
void ShardActor::remove_old() {
  const WallTime before = context().wall() - std::chrono::duration_cast<WallTime::duration>(parts_.keep_raw);
  const auto removed = store_->remove_old_blocks(removal_turn_, before, parts_.removed_at_once);
  if (!removed)
    parts_.log.warn("old events are not removed", kv("slot", removal_turn_), kv("error", removed.error().message));
  const bool has_more = removed && *removed == parts_.removed_at_once;
  if (!has_more) removal_turn_ = (removal_turn_ + 1) % event_slots;
  context().after(has_more ? parts_.removal_pause : parts_.removal_interval, [this] { remove_old(); });
}

void ShardActor::take(const protocol::EventBlock& block, actor::Reply reply) {
  if (!store_) return reply.fail(*failure_);
  const auto held = store_->take(block, context().wall());
  if (!held && held.error().code == Errc::unavailable) return reply.fail(held.error());
  if (!held) {
    parts_.log.warn("a block of events was not taken", kv("slot", block.slot), kv("error", held.error().message));
    return reply.fail(held.error());
  }
  taken_.push_back({std::move(reply), *held});
  if (taken_.size() >= parts_.sync_blocks) return sync();
  if (std::exchange(is_sync_due_, true)) return;
  context().after(parts_.sync_delay, [this] { sync(); });
}

void ShardActor::sync() {
  is_sync_due_ = false;
  if (taken_.empty()) return;
  const Status synced = store_->sync();
  if (!synced) parts_.log.error("events are not safe yet", kv("error", synced.error().message));
  for (Taken& one : std::exchange(taken_, {})) synced ? one.reply.finish(one.held) : one.reply.fail(synced.error());
}

}  // namespace troupe::experiment
