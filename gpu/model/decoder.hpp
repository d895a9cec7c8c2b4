#pragma once
// Decoder: any decoder-only transformer that a DecoderDescription can say, on any device. Activations and cache are
// fp32, weights fp32 or bf16.

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/device/device.hpp"
#include "gpu/loader/model_folder.hpp"
#include "gpu/model/decoder_description.hpp"
#include "gpu/model/kv_cache.hpp"

namespace troupe::gpu {

/// What one step may bring at most; fixes the size of all work space.
struct DecoderLimits {
  int64_t tokens = 0;  ///< New tokens of all sequences together.
  int64_t sequences = 0;
  int64_t logit_rows = 0;
  int64_t kv_blocks = 0;            ///< In the whole cache.
  int64_t blocks_per_sequence = 0;  ///< Columns of the block table.
};

/// One step, in host memory. A step may mix pieces of prompts with single tokens to go on from. Reused from step to
/// step.
struct DecoderBatch {
  std::vector<int32_t> token_ids;     ///< [tokens]
  std::vector<int32_t> positions;     ///< [tokens]: in the token's sequence; all earlier ones are in the cache or here.
  std::vector<int32_t> sequences;     ///< [tokens]: row of the block table.
  std::vector<int32_t> block_tables;  ///< [sequences, DecoderLimits::blocks_per_sequence], row-major.
  std::vector<int32_t> logit_rows;    ///< Indices of the tokens whose logits are wanted.

  void clear();
};

/// One thread at a time. Logits are batch-invariant, as the device is.
class Decoder {
 public:
  /// Takes the weights from `folder` in place or copies them, as the device does; the folder may go. `device` must
  /// outlive the model. Errors: those of WeightLoader and Device::allocate().
  static Result<Decoder> load(Device& device, const ModelFolder& folder, DecoderDescription description,
                              const DecoderLimits& limits);

  /// Computes the batch and keeps its keys and values in the cache. Requires a batch within the limits, ids within the
  /// vocabulary, positions below max_positions and blocks within the cache. Work space is there already; only a device
  /// may add scratch of its own.
  void forward(const DecoderBatch& batch);

  /// Logits [batch.logit_rows, vocabulary] of the last forward(), on the host; valid until the next call.
  std::span<const float> logits();
  /// Token of the largest logit of each row, the lowest of equals; -1 where a logit is not finite. Cheaper than
  /// logits().
  std::span<const int32_t> greedy_tokens();

  const DecoderDescription& description() const noexcept { return description_; }

 private:
  struct Norm {
    Weight weight, bias;
  };
  struct Layer {
    Norm attention_norm, mlp_norm;
    Linear q, k, v, o, gate, up, down;
    AttentionShape attention;
  };
  /// Views of one step's part of the work space.
  struct Activations {
    Matrix<float> hidden, normed, q, k, v, attended, gate, up, angles;
  };

  Decoder(Device& device, DecoderDescription description, const DecoderLimits& limits)
      : device_(&device), description_(std::move(description)), limits_(limits) {}

  Status load_weights(const WeightLoader& loader);
  Result<Layer> load_layer(const WeightLoader& loader, const DecoderLayerDescription& layer) const;
  Result<Norm> load_norm(const WeightLoader& loader, const NormSource& source) const;
  Status allocate_work_space();
  TokenLayout upload(const DecoderBatch& batch);
  void embed(Matrix<const int32_t> token_ids, const TokenLayout& layout, const Activations& a);
  void run_attention(const Layer& layer, const KvCacheLayer& cache, const TokenLayout& layout, const Activations& a);
  void run_mlp(const Layer& layer, const Activations& a);
  void normalize(Matrix<const float> x, const Norm& norm, Matrix<float> out);
  void multiply(Matrix<const float> x, const Linear& linear, Matrix<float> y, Device::Store store);

  Device* device_;
  DecoderDescription description_;
  DecoderLimits limits_;

  Weight token_embedding_, position_embedding_, head_;
  Norm final_norm_;
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
