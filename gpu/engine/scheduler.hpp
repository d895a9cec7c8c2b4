#pragma once
// Scheduler: what the next step computes (continuous batching: Yu et al. 2022, "Orca"; paged cache: Kwon et al. 2023).

#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "gpu/engine/kv_block_allocator.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct SchedulerOptions {
  uint32_t sequences_max = 32;     ///< Running at once.
  uint32_t waiting_max = 256;      ///< Accepted and not yet running; more are refused as overloaded.
  uint32_t tokens_per_step = 512;  ///< At least sequences_max.
  uint32_t scored_per_step = 64;   ///< Tokens of prompts that are scored; at least 1.
  uint32_t kv_blocks = 0;
  uint32_t block_tokens = 16;
};

/// The tokens [first, first + count) of one sequence are computed in this step.
struct ScheduledChunk {
  uint64_t id = 0;
  uint32_t first = 0;
  uint32_t count = 0;
  bool reaches_end = false;  ///< The last known token is in it: its logits give the next one.
};

/// Pure: knows sequences by id and length only. Not thread-safe.
///
/// Of prompts that are scored a step takes scored_per_step tokens at most, as each of them needs logits.
///
/// A step takes first one token of every sequence whose prompt is done, then pieces of prompts, both in the order of
/// arrival, up to tokens_per_step. Waiting sequences start in order of arrival, when a slot is free and blocks for all
/// their tokens are. When a running one needs a block and none is free, the newest running one gives back its blocks
/// and returns to the front of the queue, to be computed again from its start.
class Scheduler {
 public:
  explicit Scheduler(const SchedulerOptions& options);

  /// Enqueues a sequence of `tokens` >= 1 known tokens, of which the first `scored` are scored. Errors: overloaded when
  /// the queue is full, already_exists, too_large for a sequence that the whole cache could not hold.
  Status add(uint64_t id, uint32_t tokens, uint32_t scored = 0);
  /// Forgets a finished or cancelled sequence and frees its blocks. Returns whether there was one.
  bool remove(uint64_t id);
  /// One more token of `id` is known. Requires that the whole cache could hold it.
  void append_token(uint64_t id);

  /// Plans a step and counts its tokens as computed: the caller carries the plan out. Valid until the next call. Empty
  /// only if there are no sequences.
  std::span<const ScheduledChunk> schedule();

  /// Cache blocks of a scheduled sequence, in order of position.
  std::span<const int32_t> blocks(uint64_t id) const { return sequences_.at(id).blocks; }

  uint32_t running() const noexcept { return static_cast<uint32_t>(running_.size()); }
  uint32_t waiting() const noexcept { return static_cast<uint32_t>(waiting_.size()); }
  uint64_t preemptions() const noexcept { return preemptions_; }
  const KvBlockAllocator& allocator() const noexcept { return allocator_; }

 private:
  struct Sequence {
    uint32_t tokens = 0;    ///< Known.
    uint32_t computed = 0;  ///< Of these, in the cache.
    uint32_t scored = 0;    ///< Of these, from the first.
    std::vector<int32_t> blocks;
  };

  uint32_t blocks_for(uint32_t tokens) const noexcept;
  /// Makes the blocks of `sequence` reach all its tokens, preempting newer ones. False if it had to give way itself.
  bool grow(uint64_t id, Sequence& sequence);
  void preempt_newest();
  void schedule_decodes(uint32_t& budget);
  void schedule_prompts(uint32_t& budget);
  void admit(uint32_t budget);
  void take(uint64_t id, Sequence& sequence, uint32_t& budget);

  SchedulerOptions options_;
  KvBlockAllocator allocator_;
  std::unordered_map<uint64_t, Sequence> sequences_;
  std::vector<uint64_t> running_;  ///< Oldest first.
  std::deque<uint64_t> waiting_;   ///< Preempted ones in front; so at most waiting_max + sequences_max.
  std::vector<ScheduledChunk> plan_;
  uint32_t scored_left_ = 0;  ///< Of the step that is planned.
  uint64_t preemptions_ = 0;
};

}  // namespace troupe::gpu
