#pragma once
// EncoderEngine: makes vectors and class scores of texts with one model, for many requests at once.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gpu/engine/encode.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

class EncoderTexts;

struct EncoderOptions {
  /// Computed at once; raised to the model's longest input, which is never cut in pieces. Bounds the work space. More
  /// than some hundreds bring nothing but a larger work space: a processor's caches hold no more.
  uint32_t tokens_per_step = 1024;
  uint32_t max_waiting = 4096;  ///< Inputs; more are refused as overloaded.
  uint32_t threads = 1;         ///< Of the CPU, the caller's included.
};

struct EncoderStats {
  uint32_t waiting = 0;
  uint64_t steps = 0;
  uint64_t inputs = 0;  ///< Computed.
  uint64_t tokens = 0;  ///< Computed.
  uint32_t largest_step_tokens = 0;
};

/// One thread calls everything. An input's result depends on that input alone, to the last bit: not on the batches it
/// was computed in, nor on the number of threads.
///
/// What a folder's model can do: `classify` where its architecture is ...ForSequenceClassification; `embed` where it is
/// not, or where a modules.json of sentence-transformers says how. Pooling and normalisation are those of the folder
/// (see SentenceModules).
class EncoderEngine {
 public:
  /// True where the folder's architecture is an encoder that load() knows. Errors: those of ModelFolder.
  static Result<bool> is_encoder(const std::filesystem::path& folder);

  /// Opens a model folder (see ModelFolder), maps its weights and allocates all memory that steps use. Errors:
  /// invalid_argument naming the option, resource_exhausted, or those of the folder's parts. A tokenizer that is not
  /// understood is no error until a text comes.
  static Result<std::unique_ptr<EncoderEngine>> load(const std::filesystem::path& folder,
                                                     const EncoderOptions& options);

  ~EncoderEngine();
  EncoderEngine(const EncoderEngine&) = delete;
  EncoderEngine& operator=(const EncoderEngine&) = delete;

  bool can(EncoderTask task) const;
  /// Length of an embedding; 0 where there are none.
  uint32_t dimensions() const;
  /// Names of the classes; empty where there are none.
  const std::vector<std::string>& labels() const;
  /// Longest input in tokens, special ones included.
  uint32_t max_tokens() const;
  /// Most tokens that a step computes: what bounds its duration.
  uint32_t tokens_per_step() const;

  /// Computes a few tokens for nobody, so that the first request finds code and weights in memory. Errors:
  /// failed_precondition unless idle, internal if the model yields numbers that are not finite.
  Status warm_up();

  /// Enqueues an input under an id of the caller's choice. Errors: invalid_argument naming the field (a task that the
  /// model cannot do, too many dimensions, unknown or too many token ids), already_exists, overloaded, or those of the
  /// tokenizer.
  Status submit(uint64_t id, const EncoderInput& input);

  /// Drops an input that still waits; it has no result. Unknown ids are ignored.
  void cancel(uint64_t id);

  /// Computes as many of the inputs that wait longest as a step takes, and returns their results in that order; none
  /// when idle.
  std::vector<EncoderResult> step();

  /// Computes all of `inputs`, by as many steps as it takes; results are in their order, their ids count from 0.
  /// Errors: those of submit() but overloaded, naming the input's index; failed_precondition unless idle.
  Result<std::vector<EncoderResult>> compute(const std::vector<EncoderInput>& inputs);

  /// For those who count tokens.
  const EncoderTexts& texts() const;

  bool idle() const;
  EncoderStats stats() const;

 private:
  class Impl;
  explicit EncoderEngine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::gpu
