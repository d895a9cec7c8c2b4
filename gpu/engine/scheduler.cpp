#include "gpu/engine/scheduler.hpp"

#include <algorithm>

#include "runtime/base/assert.hpp"

namespace troupe::gpu {

Scheduler::Scheduler(const SchedulerOptions& options) : options_(options), allocator_(options.kv_blocks) {
  TROUPE_ASSERT(options.sequences_max >= 1 && options.tokens_per_step >= options.sequences_max);
  TROUPE_ASSERT(options.block_tokens >= 1 && options.kv_blocks >= 1 && options.scored_per_step >= 1);
}

uint32_t Scheduler::blocks_for(uint32_t tokens) const noexcept {
  return tokens / options_.block_tokens + (tokens % options_.block_tokens != 0 ? 1 : 0);
}

Status Scheduler::add(uint64_t id, uint32_t tokens, uint32_t scored) {
  TROUPE_ASSERT(tokens >= 1);
  if (sequences_.contains(id)) return fail(Errc::already_exists, "sequence {} is already running or waiting", id);
  if (blocks_for(tokens) > options_.kv_blocks) {
    return fail(Errc::too_large, "{} tokens need {} cache blocks; there are {}", tokens, blocks_for(tokens),
                options_.kv_blocks);
  }
  if (waiting_.size() >= options_.waiting_max) {
    return fail(Errc::overloaded, "{} sequences are waiting already, as many as may", waiting_.size());
  }
  sequences_[id] = {.tokens = tokens, .computed = 0, .scored = scored, .blocks = {}};
  waiting_.push_back(id);
  return {};
}

bool Scheduler::remove(uint64_t id) {
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) return false;
  allocator_.release(found->second.blocks);
  sequences_.erase(found);
  if (std::erase(running_, id) == 0) std::erase(waiting_, id);
  return true;
}

void Scheduler::append_token(uint64_t id) {
  Sequence& sequence = sequences_.at(id);
  ++sequence.tokens;
  TROUPE_ASSERT(blocks_for(sequence.tokens) <= options_.kv_blocks);
}

std::span<const ScheduledChunk> Scheduler::schedule() {
  plan_.clear();
  uint32_t budget = options_.tokens_per_step;
  scored_left_ = options_.scored_per_step;
  schedule_decodes(budget);
  admit(budget);
  schedule_prompts(budget);
  return plan_;
}

void Scheduler::schedule_decodes(uint32_t& budget) {
  // Preemption shortens the list from behind, so no sequence already in the plan loses its blocks.
  for (size_t i = 0; i < running_.size(); ++i) {
    const uint64_t id = running_[i];
    Sequence& sequence = sequences_.at(id);
    if (sequence.tokens - sequence.computed != 1) continue;
    if (grow(id, sequence)) take(id, sequence, budget);
  }
}

void Scheduler::schedule_prompts(uint32_t& budget) {
  for (const uint64_t id : running_) {
    if (budget == 0) return;
    Sequence& sequence = sequences_.at(id);
    if (sequence.computed < sequence.tokens) take(id, sequence, budget);
  }
}

void Scheduler::admit(uint32_t budget) {
  for (const uint64_t id : running_) {
    const Sequence& sequence = sequences_.at(id);
    budget -= std::min(budget, sequence.tokens - sequence.computed);
  }
  while (budget > 0 && !waiting_.empty() && running_.size() < options_.sequences_max) {
    const uint64_t id = waiting_.front();
    Sequence& sequence = sequences_.at(id);
    if (!allocator_.allocate(blocks_for(sequence.tokens), sequence.blocks)) return;
    waiting_.pop_front();
    running_.push_back(id);
    budget -= std::min(budget, sequence.tokens);
  }
}

bool Scheduler::grow(uint64_t id, Sequence& sequence) {
  const uint32_t needed = blocks_for(sequence.tokens);
  const auto held = static_cast<uint32_t>(sequence.blocks.size());
  if (needed <= held) return true;
  while (!allocator_.allocate(needed - held, sequence.blocks)) {
    const bool itself = running_.back() == id;
    preempt_newest();
    if (itself) return false;
  }
  return true;
}

void Scheduler::preempt_newest() {
  const uint64_t id = running_.back();
  Sequence& sequence = sequences_.at(id);
  allocator_.release(sequence.blocks);
  sequence.computed = 0;
  running_.pop_back();
  waiting_.push_front(id);
  ++preemptions_;
}

void Scheduler::take(uint64_t id, Sequence& sequence, uint32_t& budget) {
  uint32_t count = std::min(budget, sequence.tokens - sequence.computed);
  const uint32_t first = sequence.computed;
  if (first < sequence.scored) {
    // Up to the last that is scored, or all.
    const uint32_t scored = std::min(count, sequence.scored - first);
    if (scored > scored_left_) count = scored_left_;
    scored_left_ -= std::min(scored, scored_left_);
    if (count == 0) return;
  }
  sequence.computed += count;
  budget -= count;
  plan_.push_back({id, first, count, sequence.computed == sequence.tokens});
}

}  // namespace troupe::gpu
