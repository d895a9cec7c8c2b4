#pragma once
// Encoder: texts' tokens to vectors and class scores, for every family that an EncoderDescription describes, in fp32 on
// any device (Vaswani et al. 2017, the encoder, with norms behind the sums as in Devlin et al. 2018).

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gpu/device/device.hpp"
#include "gpu/loader/model_folder.hpp"
#include "gpu/loader/sentence_modules.hpp"
#include "gpu/model/encoder_description.hpp"
#include "gpu/model/weight_loader.hpp"

namespace troupe::gpu {

/// What one step may bring at most; fixes the size of all work space.
struct EncoderLimits {
  int64_t tokens = 0;     ///< Of all sequences together.
  int64_t sequences = 0;  ///< At most `tokens`.
};

/// One step of whole sequences, in host memory. Reused from step to step.
struct EncoderBatch {
  std::vector<int32_t> token_ids;  ///< [tokens], sequence after sequence.
  std::vector<int32_t> type_ids;   ///< [tokens]; ignored by models without token types.
  std::vector<int32_t> offsets;    ///< [sequences + 1]: where each begins, and the end of the last.

  EncoderBatch() { clear(); }
  void clear();
  /// Requires at least one token, and as many types as tokens.
  void add(std::span<const int32_t> ids, std::span<const int32_t> types);
  int64_t tokens() const noexcept { return offsets.back(); }
  int64_t sequences() const noexcept { return static_cast<int64_t>(offsets.size()) - 1; }
};

/// One thread at a time. A sequence's results are batch-invariant, as the device is.
class Encoder {
 public:
  /// Takes the weights from `folder` in place or copies them, as the device does; the folder may go. `device` must
  /// outlive the model. `modules` says what embeddings() makes of token vectors; none: there are no embeddings. Errors:
  /// those of ModelFolder::tensor(), read_dense_tensor() and Device::allocate().
  static Result<Encoder> load(Device& device, const ModelFolder& folder, EncoderDescription description,
                              std::optional<SentenceModules> modules, const EncoderLimits& limits);

  /// Computes the batch. Requires one within the limits, sequences within description().max_tokens, ids within the
  /// vocabulary and types within token_types.
  void forward(const EncoderBatch& batch);

  /// Of the last forward(), on the host; valid until the next call. [sequences, embedding_width()]; requires `modules`.
  std::span<const float> embeddings();
  /// [sequences, labels]; requires description().classifier.
  std::span<const float> logits();

  const EncoderDescription& description() const noexcept { return description_; }
  const EncoderLimits& limits() const noexcept { return limits_; }
  /// 0 where there are no embeddings.
  int64_t embedding_width() const noexcept;

 private:
  struct Norm {
    Weight weight, bias;
  };
  struct Layer {
    Linear q, k, v, o, up, down;
    Norm attention_norm, output_norm;
  };
  /// Views of one step's part of the work space.
  struct Activations {
    Matrix<float> hidden, q, k, v, attended, inner;
  };

  Encoder(Device& device, EncoderDescription description, std::optional<SentenceModules> modules,
          const EncoderLimits& limits)
      : device_(&device), description_(std::move(description)), modules_(std::move(modules)), limits_(limits) {}

  Status load_weights(const ModelFolder& folder);
  Status load_dense();
  Status allocate_work_space();
  Status load_relative_bias(const WeightLoader& loader);
  std::vector<int32_t> positions_of(const EncoderBatch& batch) const;
  void embed_tokens(const EncoderBatch& batch, Matrix<float> hidden);
  void run_layer(const Layer& layer, const Activations& a);
  void linear(Matrix<const float> x, const Linear& map, Matrix<float> y, Device::Store store);
  std::span<const float> to_host(Matrix<const float> from);

  Device* device_;
  EncoderDescription description_;
  std::optional<SentenceModules> modules_;
  EncoderLimits limits_;

  Weight token_embedding_, position_embedding_, type_embedding_;
  Norm embedding_norm_;
  std::vector<Layer> layers_;
  std::vector<Linear> dense_;             ///< As modules_->dense.
  Linear classifier_dense_, classifier_;  ///< Where description_.classifier.

  // Work space, sized by the limits.
  Buffer memory_;
  Activations space_;
  Buffer relative_memory_;
  Matrix<float> relative_bias_;
  Matrix<int32_t> token_ids_, positions_, type_ids_, offsets_;
  Matrix<float> pooled_, pooled_next_;  ///< By sequence; each as wide as the widest result.
  std::vector<float> host_;
  // Of the last step.
  int64_t tokens_ = 0;
  SequenceOffsets sequences_;
};

}  // namespace troupe::gpu
