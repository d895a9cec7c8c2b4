#pragma once
// TextEngine: generates text with one model for many requests at once.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "gpu/engine/generate.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::gpu {

class PromptEncoder;

/// What TextEngine::warm_up() computes at once.
inline constexpr int64_t warm_up_tokens = 8;

struct EngineOptions {
  uint32_t max_sequences = 32;         ///< Running at once.
  uint32_t max_waiting = 256;          ///< More are refused as overloaded.
  uint32_t tokens_per_step = 512;      ///< Computed at once; at least max_sequences.
  ByteCount kv_cache_bytes = 256_MiB;  ///< At most; no more than max_sequences full contexts is taken.
  uint32_t threads = 1;                ///< Of the CPU, the caller's included.
};

struct EngineStats {
  uint32_t running = 0;
  uint32_t waiting = 0;
  uint32_t kv_blocks_used = 0;
  uint32_t kv_blocks_total = 0;
  ByteCount kv_cache;  ///< Allocated.
  uint64_t steps = 0;
  uint64_t prompt_tokens = 0;  ///< Of all sequences whose prompt was computed.
  uint64_t generated_tokens = 0;
  uint64_t preemptions = 0;  ///< Sequences put back because the cache was full.
};

/// One thread calls everything. A sequence's tokens depend on its own input alone, to the last bit: not on the batches
/// it was computed in, nor on preemption.
class TextEngine {
 public:
  /// Opens a model folder (see ModelFolder), maps its weights and allocates all memory that steps use. Errors:
  /// invalid_argument naming the option, resource_exhausted, or those of the folder's parts.
  static Result<std::unique_ptr<TextEngine>> load(const std::filesystem::path& folder, const EngineOptions& options);

  ~TextEngine();
  TextEngine(const TextEngine&) = delete;
  TextEngine& operator=(const TextEngine&) = delete;

  /// Computes a few tokens for nobody, so that the first request finds code and weights in memory. Errors:
  /// failed_precondition unless idle, internal if the model yields numbers that are not finite.
  Status warm_up();

  /// Enqueues a request under an id of the caller's choice. Errors: invalid_argument naming the field (empty or too
  /// long prompt, unknown token, bad parameter), already_exists, overloaded. max_tokens beyond the context are cut off.
  Status submit(uint64_t id, GenerateInput input);

  /// Drops a request; it has no further event. Unknown ids are ignored.
  void cancel(uint64_t id);

  /// Computes one step over everything admitted. Returns at most one event for each sequence; none when idle, and none
  /// for a sequence whose prompt is not finished.
  std::vector<SequenceEvent> step();

  /// For those who count tokens, or make prompts of them. See PromptEncoder.
  const PromptEncoder& encoder() const;

  bool idle() const;
  EngineStats stats() const;
  /// Most tokens of a prompt and its completion: the model's positions, or fewer if the cache holds fewer.
  uint32_t context_length() const;

 private:
  class Impl;
  explicit TextEngine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::gpu
