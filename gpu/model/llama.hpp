#pragma once
// LlamaModel: the Llama architecture (Touvron et al. 2023; grouped queries: Ainslie et al. 2023) in fp32, on any
// device.

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/device/device.hpp"
#include "gpu/loader/model_folder.hpp"
#include "gpu/model/kv_cache.hpp"
#include "gpu/model/model_config.hpp"

namespace troupe::gpu {

/// What one step may bring at most; fixes the size of all work space.
struct LlamaLimits {
  int64_t tokens = 0;  ///< New tokens of all sequences together.
  int64_t sequences = 0;
  int64_t logit_rows = 0;
  int64_t kv_blocks = 0;            ///< In the whole cache.
  int64_t blocks_per_sequence = 0;  ///< Columns of the block table.
};

/// One step, in host memory. A step may mix pieces of prompts with single tokens to go on from. Reused from step to
/// step.
struct LlamaBatch {
  std::vector<int32_t> token_ids;     ///< [tokens]
  std::vector<int32_t> positions;     ///< [tokens]: in the token's sequence; all earlier ones are in the cache or here.
  std::vector<int32_t> sequences;     ///< [tokens]: row of the block table.
  std::vector<int32_t> block_tables;  ///< [sequences, LlamaLimits::blocks_per_sequence], row-major.
  std::vector<int32_t> logit_rows;    ///< Indices of the tokens whose logits are wanted.

  void clear();
};

/// One thread at a time. Logits are batch-invariant, as the device is.
class LlamaModel {
 public:
  /// Takes the weights from `folder` in place or copies them, as the device does; the folder may go. `device` must
  /// outlive the model. Errors: those of WeightLoader and Device::allocate().
  static Result<LlamaModel> load(Device& device, const ModelFolder& folder, const ModelConfig& config,
                                 const LlamaLimits& limits);

  /// Computes the batch and keeps its keys and values in the cache. Requires a batch within the limits, ids within the
  /// vocabulary and blocks within the cache. Work space is there already; only a device may add scratch of its own.
  void forward(const LlamaBatch& batch);

  /// Logits [batch.logit_rows, vocab_size] of the last forward(), on the host; valid until the next call.
  std::span<const float> logits();
  /// Token of the largest logit of each row, the lowest of equals; -1 where a logit is not finite. Cheaper than
  /// logits().
  std::span<const int32_t> greedy_tokens();

  const ModelConfig& config() const noexcept { return config_; }

 private:
  struct Layer {
    Weight input_norm, q, k, v, o;
    Weight post_norm, gate, up, down;
  };
  /// Views of one step's part of the work space.
  struct Activations {
    Matrix<float> hidden, normed, q, k, v, attended, gate, up, angles;
  };

  LlamaModel(Device& device, const ModelConfig& config, const LlamaLimits& limits)
      : device_(&device), config_(config), limits_(limits) {}

  Status load_weights(const ModelFolder& folder);
  Status allocate_work_space();
  TokenLayout upload(const LlamaBatch& batch);
  void run_layer(const Layer& layer, const KvCacheLayer& cache, const TokenLayout& layout, const Activations& a);

  Device* device_;
  ModelConfig config_;
  LlamaLimits limits_;

  Weight embedding_, final_norm_, head_;
  std::vector<Layer> layers_;
  KvCache cache_;

  // Work space, sized by the limits.
  Buffer memory_;
  Activations space_;
  Matrix<float> frequencies_, last_hidden_, logits_;
  Matrix<int32_t> token_ids_, positions_, sequences_, block_tables_, logit_rows_, greedy_;
  int64_t rows_ = 0;  ///< Logit rows of the last step.
  std::vector<float> host_logits_;
  std::vector<int32_t> host_greedy_;
};

}  // namespace troupe::gpu
