#pragma once
// Device: memory and the operations that models are written in. Models are written once, against this interface.
//
// Batches are ragged: the new tokens of all sequences of a step stand one after the other as rows [tokens, ...],
// without padding. A sequence may bring any number of tokens (a piece of its prompt, or one token to go on from).
//
// One thread at a time uses a device. Operations run in the order of the calls, and may still be running when a call
// returns; copy_to_host() waits for all before it. Shapes that do not fit are defects of the caller and end the
// process.
//
// Weights are fp32 where an operation does not say otherwise.
//
// Every operation is *batch-invariant*: a row of a result depends on the rows it is made of and on nothing else of the
// batch, to the last bit. So a sequence gets the same logits alone and in any company, and by any split of its prompt.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "gpu/tensor/bf16.hpp"
#include "gpu/tensor/functions.hpp"
#include "gpu/tensor/matrix.hpp"
#include "runtime/base/dtype.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"

namespace troupe::gpu {

/// Positions of one cache block. A sequence's keys and values lie in blocks anywhere in the cache, found by its row of
/// the block table (Kwon et al. 2023, "PagedAttention").
inline constexpr int64_t kv_block_tokens = 16;

/// Memory of one device, zeroed at first; freed with the last copy of this handle.
class Buffer {
 public:
  Buffer() = default;
  Buffer(std::shared_ptr<void> memory, ByteCount size) : memory_(std::move(memory)), size_(size) {}

  ByteCount size() const noexcept { return size_; }

  /// The rows [rows, columns] that start `skip` elements into the buffer. Requires them to lie inside.
  template <class T>
  Matrix<T> matrix(int64_t rows, int64_t columns, int64_t skip = 0) const {
    TROUPE_ASSERT(rows >= 0 && columns >= 0 && skip >= 0);
    TROUPE_ASSERT(static_cast<uint64_t>(skip + rows * columns) * sizeof(T) <= size_.value);
    return {static_cast<T*>(memory_.get()) + skip, rows, columns};
  }

 private:
  std::shared_ptr<void> memory_;
  ByteCount size_;
};

enum class WeightLayout : uint8_t {
  rows,    ///< As Matrix says.
  factor,  ///< In the device's own order: `values` tells the shape, and only linear() may read it.
};

/// A constant of a model, on its device, in fp32 or in bf16. The default has no elements.
struct Weight {
  std::shared_ptr<const void> owner;
  Matrix<const float> values;  ///< Empty for one in bf16.
  Matrix<const Bf16> halves;   ///< Empty for one in fp32.
  WeightLayout layout = WeightLayout::rows;

  DType dtype() const noexcept { return halves.data == nullptr ? DType::f32 : DType::bf16; }
  int64_t rows() const noexcept { return halves.data == nullptr ? values.rows : halves.rows; }
  int64_t columns() const noexcept { return halves.data == nullptr ? values.columns : halves.columns; }
};

/// Where a step's tokens stand, in device memory.
struct TokenLayout {
  Matrix<const int32_t> positions;     ///< [tokens, 1]: place in the token's own sequence, from 0.
  Matrix<const int32_t> sequences;     ///< [tokens, 1]: row of the block table.
  Matrix<const int32_t> block_tables;  ///< [sequences, blocks]: cache block of positions [16 i, 16 i + 16).
};

/// Where whole sequences lie among a step's rows: sequence s is rows [offsets[s], offsets[s + 1]), at least one. The
/// offsets begin with 0 and end with the number of rows; `data` is device memory, [sequences + 1, 1].
struct SequenceOffsets {
  Matrix<const int32_t> data;
  int64_t longest = 0;  ///< Rows of the longest sequence, which the host knows.

  int64_t count() const noexcept { return data.rows - 1; }
};

/// One layer's cache: [blocks * kv_heads * kv_block_tokens, head_dim] each; a block's rows are by head, then by
/// position.
struct KvCacheLayer {
  Matrix<float> keys;
  Matrix<float> values;
};

struct AttentionShape {
  int64_t heads = 0;
  int64_t kv_heads = 0;  ///< Divides heads; query head h reads key head h / (heads / kv_heads).
  int64_t head_dim = 0;
  int64_t window = 0;  ///< Of causal attention: a token sees itself and window - 1 before it; 0 = all before it.
};

class Device {
 public:
  virtual ~Device() = default;

  /// "cpu (avx3)"
  virtual std::string name() const = 0;

  /// Errors: resource_exhausted.
  virtual Result<Buffer> allocate(ByteCount size) = 0;
  /// Brings [rows, columns] of f32 or bf16 `values` to the device, or uses them in place; `owner` keeps them alive.
  virtual Result<Weight> import_weight(std::shared_ptr<const void> owner, std::span<const std::byte> values,
                                       DType dtype, int64_t rows, int64_t columns) = 0;
  /// A copy of [rows, columns] that is only ever the weight of linear(), laid out as the device's products read it
  /// fastest. A product with it may differ in rounding from one with the same weight of import_weight().
  virtual Result<Weight> import_factor(std::span<const float> values, int64_t rows, int64_t columns) = 0;
  virtual void copy_to_device(std::span<const float> from, Matrix<float> to) = 0;
  virtual void copy_to_device(std::span<const int32_t> from, Matrix<int32_t> to) = 0;
  /// Waits for all operations before it.
  virtual void copy_to_host(Matrix<const float> from, std::span<float> to) = 0;
  virtual void copy_to_host(Matrix<const int32_t> from, std::span<int32_t> to) = 0;

  /// out[i] = table[rows[i]]. Requires 0 <= rows[i] < table.rows. For embeddings, and for the last token of each
  /// sequence.
  virtual void gather_rows(Matrix<const float> table, Matrix<const int32_t> rows, Matrix<float> out) = 0;
  /// The same of a weight of either type.
  virtual void gather_rows(const Weight& table, Matrix<const int32_t> rows, Matrix<float> out) = 0;

  /// out[i] += table[rows[i]], as gather_rows(). For embeddings that are sums.
  virtual void add_rows(Matrix<const float> table, Matrix<const int32_t> rows, Matrix<float> out) = 0;
  /// x += y
  virtual void add(Matrix<const float> y, Matrix<float> x) = 0;

  /// out = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias, by row (Ba et al. 2016). weight, bias: [1,
  /// columns]; out may be x.
  virtual void layer_norm(Matrix<const float> x, const Weight& weight, const Weight& bias, float epsilon,
                          Matrix<float> out) = 0;
  /// out = x / sqrt(mean(x^2) + epsilon) * weight, by row (Zhang and Sennrich 2019). weight: [1, columns]; out may be
  /// x.
  virtual void rms_norm(Matrix<const float> x, const Weight& weight, float epsilon, Matrix<float> out) = 0;

  enum class Store : uint8_t { replace, add };
  /// y = x W^T, or y += x W^T. x: [n, in], weight: [out, in] in fp32 or bf16, y: [n, out]. Products with bf16 are made
  /// and summed in fp32: the bits are those of the same weight in fp32.
  void linear(Matrix<const float> x, const Weight& weight, Matrix<float> y, Store store) {
    linear(x, weight, Weight(), y, store);
  }
  /// The same with a bias [1, out] that is added to each row of the product; an empty one is none.
  virtual void linear(Matrix<const float> x, const Weight& weight, const Weight& bias, Matrix<float> y,
                      Store store) = 0;

  /// Cosines, then sines, of position * frequency, times `scale`. frequencies: [1, head_dim / 2], out: [tokens,
  /// head_dim].
  virtual void rotary_angles(Matrix<const int32_t> positions, Matrix<const float> frequencies, float scale,
                             Matrix<float> out) = 0;
  /// Turns every head of x [tokens, heads * head_dim] in place, pairing dimension i with i + head_dim / 2 (Su et al.
  /// 2021 in the "rotate_half" order of transformers). angles: from rotary_angles().
  virtual void rotate(Matrix<const float> angles, Matrix<float> x) = 0;

  /// x = activation(x), by element.
  virtual void activate(Activation activation, Matrix<float> x) = 0;
  /// gate = silu(gate) * up, by element.
  virtual void silu_multiply(Matrix<float> gate, Matrix<const float> up) = 0;

  /// Puts keys and values [tokens, kv_heads * head_dim] at their tokens' places.
  virtual void write_kv(Matrix<const float> keys, Matrix<const float> values, const TokenLayout& layout,
                        const AttentionShape& shape, const KvCacheLayer& cache) = 0;
  /// Causal attention, scaled by 1 / sqrt(head_dim): each token sees positions 0 to its own, or the last
  /// `shape.window` of them, all in the cache. queries, out: [tokens, heads * head_dim].
  virtual void attention(Matrix<const float> queries, const KvCacheLayer& cache, const TokenLayout& layout,
                         const AttentionShape& shape, Matrix<float> out) = 0;

  /// Attention of every token to the whole of its own sequence, scaled by 1 / sqrt(head_dim). queries, keys, values,
  /// out: [tokens, heads * head_dim], out apart from the others; requires shape.kv_heads == shape.heads.
  /// relative_bias [heads, 2 * reach + 1] is added to the scores: column reach + d for a key d positions behind its
  /// query; sequences have at most reach + 1 tokens. An empty one is none.
  virtual void self_attention(Matrix<const float> queries, Matrix<const float> keys, Matrix<const float> values,
                              const SequenceOffsets& sequences, const AttentionShape& shape,
                              Matrix<const float> relative_bias, Matrix<float> out) = 0;

  /// out [sequences, columns]: one row of each sequence's rows in x.
  virtual void pool(Pooling pooling, Matrix<const float> x, const SequenceOffsets& sequences, Matrix<float> out) = 0;
  /// x /= max(|x|, 1e-12), by row, |x| its Euclidean length.
  virtual void normalize_length(Matrix<float> x) = 0;

  /// out [rows, 1]: the column of each row's largest value, the first of equals; -1 for a row with a value that is not
  /// finite.
  virtual void argmax(Matrix<const float> x, Matrix<int32_t> out) = 0;
};

}  // namespace troupe::gpu
