#pragma once
// CPU kernels in fp32, on plain host memory; matrices of weights may be in bf16. Each picks at run time the best
// instruction set that it was compiled for (Google Highway). reference.hpp has the same functions in plain loops.
//
// Every output is accumulated in an order that depends only on the length of its own sum, never on how many rows,
// columns or tokens are computed beside it: results are batch-invariant to the last bit. Two machines with different
// vector widths may differ in rounding.
//
// Pure functions without locks or allocation. Any alignment; nothing behind the stated sizes is read.

#include <cstdint>

#include "gpu/tensor/bf16.hpp"
#include "gpu/tensor/functions.hpp"

namespace troupe::gpu::kernels {

/// The instruction set in use: "AVX3", "AVX2", ….
const char* target_name();

/// y[m][n] = sum over k of x[m][k] * w[n][k] + bias[n], or y[m][n] += all that; n in [0, columns).
/// x: [rows, inner], w: [columns, inner], y: `columns` of each of `rows` rows that lie `y_stride` floats apart.
/// Weights in bf16 are widened on the way and give the same bits as if they had been before.
struct MatmulArgs {
  const float* x;
  const float* w;  ///< Or null, and the weights are w_bf16.
  float* y;
  int64_t rows;
  int64_t inner;
  int64_t columns;
  int64_t y_stride;
  bool accumulate;
  const float* bias = nullptr;  ///< [columns], added to each row; or null.
  const Bf16* w_bf16 = nullptr;
};
void matmul(const MatmulArgs& args);

/// Weights in panels: [rows / panel_width, columns, panel_width], the last panel filled up with zeros. A vector of them
/// belongs to as many outputs; so no sum has to be gathered from the lanes of a vector, and one x serves them all.
inline constexpr int64_t panel_width = 16;
int64_t panel_floats(int64_t rows, int64_t columns) noexcept;
/// values: [rows, columns]; out: panel_floats(rows, columns).
void pack_panels(const float* values, int64_t rows, int64_t columns, float* out);

/// As matmul() with w in panels. Sums run in another order than there, so the two may differ in rounding.
struct PanelMatmulArgs {
  const float* x;  ///< [rows, inner]
  const float* w;  ///< Panels of [columns, inner]; `columns` may end within the last one.
  float* y;
  int64_t rows;
  int64_t inner;
  int64_t columns;
  int64_t y_stride;
  bool accumulate;
  const float* bias;  ///< [columns] or null.
};
void panel_matmul(const PanelMatmulArgs& args);

/// out = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias over one row; out may be x.
void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, int64_t columns, float* out);

/// out = x / sqrt(mean(x^2) + epsilon) * weight over one row.
void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out);

/// gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i]
void silu_multiply(float* gate, const float* up, int64_t count);

/// x[i] = activation(x[i])
void activate(Activation activation, float* x, int64_t count);

/// to[i] = from[i]
void widen(const Bf16* from, int64_t count, float* to);

/// x[i] += y[i]
void add(const float* y, int64_t count, float* x);

/// For i < half: (x[i], x[half + i]) turned by the angle with cosine angles[i] and sine angles[half + i].
void rotate(const float* angles, int64_t half, float* x);

/// One token and one key head: softmax(q K^T / sqrt(head_dim)) V for each of the `group` query heads of that key head.
/// Keys and values of position p start at (block_table[p / block_tokens] * block_stride + p % block_tokens * head_dim).
struct AttentionArgs {
  const float* queries;  ///< [group, head_dim]
  const float* keys;     ///< First block, at this key head.
  const float* values;
  const int32_t* block_table;
  int64_t block_tokens;
  int64_t block_stride;  ///< Floats from block to block.
  int64_t first;         ///< Positions [first, end) are seen, at least one.
  int64_t end;
  int64_t group;
  int64_t head_dim;
  float* scores;  ///< Scratch: attention_scratch(group, end - first) floats.
  float* out;     ///< [group, head_dim]
};
void attention(const AttentionArgs& args);
int64_t attention_scratch(int64_t group, int64_t seen) noexcept;

/// One head of one sequence in which every token sees all: out = softmax(q K^T / sqrt(head_dim) + bias) V.
/// Rows of queries, keys, values and out are `tokens` rows of head_dim floats that lie `stride` floats apart.
struct SelfAttentionArgs {
  const float* queries;
  const float* keys;
  const float* values;
  int64_t tokens;  ///< At least 1.
  int64_t head_dim;
  int64_t stride;
  /// Added to the score of query i and key j: relative_bias[j - i]; null for none.
  const float* relative_bias;
  float* scratch;  ///< self_attention_scratch(tokens, head_dim) floats.
  float* out;
};
void self_attention(const SelfAttentionArgs& args);
int64_t self_attention_scratch(int64_t tokens, int64_t head_dim) noexcept;

/// One row of `columns` made of `rows` >= 1 rows.
void pool(Pooling pooling, const float* x, int64_t rows, int64_t columns, float* out);

/// x /= max(|x|, 1e-12), |x| the Euclidean length of the row.
void normalize_length(float* x, int64_t columns);

/// Index of the largest value, the first of equals; -1 if a value is not finite. Requires count >= 1.
int32_t argmax(const float* x, int64_t count);

}  // namespace troupe::gpu::kernels
