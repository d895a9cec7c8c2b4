#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/self_attention.cpp"
#include <hwy/foreach_target.h>

#include "gpu/kernels/panel-inl.h"
#include "gpu/kernels/softmax-inl.h"
#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

/// Queries whose scores are held at once.
constexpr int64_t query_rows = 16;

/// Four values of each of four tokens, turned over.
HWY_INLINE void turn_block(const float* HWY_RESTRICT from, int64_t stride, int64_t padded, float* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_SCALAR
  for (int64_t i = 0; i < 4; ++i) {
    for (int64_t token = 0; token < 4; ++token) out[i * padded + token] = from[token * stride + i];
  }
#else
  const hn::Full128<float> d;
  const auto a = hn::LoadU(d, from);
  const auto b = hn::LoadU(d, from + stride);
  const auto c = hn::LoadU(d, from + 2 * stride);
  const auto e = hn::LoadU(d, from + 3 * stride);
  const auto ab_low = hn::InterleaveLower(d, a, b);
  const auto ab_high = hn::InterleaveUpper(d, a, b);
  const auto ce_low = hn::InterleaveLower(d, c, e);
  const auto ce_high = hn::InterleaveUpper(d, c, e);
  hn::StoreU(hn::ConcatLowerLower(d, ce_low, ab_low), d, out);
  hn::StoreU(hn::ConcatUpperUpper(d, ce_low, ab_low), d, out + padded);
  hn::StoreU(hn::ConcatLowerLower(d, ce_high, ab_high), d, out + 2 * padded);
  hn::StoreU(hn::ConcatUpperUpper(d, ce_high, ab_high), d, out + 3 * padded);
#endif
}

/// The head's keys as [head_dim, padded], so that a vector holds one dimension of many keys.
HWY_INLINE void turn_keys(const SelfAttentionArgs& args, int64_t padded, float* HWY_RESTRICT out) {
  const int64_t whole_tokens = args.tokens / 4 * 4;
  const int64_t whole_dims = args.head_dim / 4 * 4;
  for (int64_t token = 0; token < whole_tokens; token += 4) {
    const float* HWY_RESTRICT keys = args.keys + token * args.stride;
    for (int64_t i = 0; i < whole_dims; i += 4) turn_block(keys + i, args.stride, padded, out + i * padded + token);
  }
  for (int64_t token = 0; token < padded; ++token) {
    const bool is_key = token < args.tokens;
    const float* HWY_RESTRICT key = args.keys + token * args.stride;
    for (int64_t i = token < whole_tokens ? whole_dims : 0; i < args.head_dim; ++i) {
      out[i * padded + token] = is_key ? key[i] : 0.0F;
    }
  }
}

/// The head's values as [tokens, padded].
HWY_INLINE void copy_values(const SelfAttentionArgs& args, int64_t padded, float* HWY_RESTRICT out) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t token = 0; token < args.tokens; ++token) {
    const float* HWY_RESTRICT value = args.values + token * args.stride;
    int64_t i = 0;
    for (; i + lanes <= args.head_dim; i += lanes) hn::StoreU(hn::LoadU(d, value + i), d, out + token * padded + i);
    for (; i < args.head_dim; ++i) out[token * padded + i] = value[i];
    for (; i < padded; ++i) out[token * padded + i] = 0;
  }
}

void attend_to_self(const SelfAttentionArgs& args) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t tokens = round_up(args.tokens, panel_columns);
  const int64_t width = round_up(args.head_dim, panel_columns);
  float* HWY_RESTRICT keys = args.scratch;
  float* HWY_RESTRICT values = keys + args.head_dim * tokens;
  float* HWY_RESTRICT scores = values + args.tokens * width;
  turn_keys(args, tokens, keys);
  copy_values(args, width, values);
  const FloatVector scale = hn::Set(d, 1.0F / __builtin_sqrtf(static_cast<float>(args.head_dim)));

  for (int64_t first = 0; first < args.tokens; first += query_rows) {
    const int64_t rows = HWY_MIN(query_rows, args.tokens - first);
    const Factors score_factors{
        args.queries + first * args.stride, args.stride, keys, tokens, panel_columns, args.head_dim};
    multiply(score_factors, 0, rows, 0, tokens, [&](int64_t row, int64_t column, FloatVector sum) {
      hn::StoreU(hn::Mul(sum, scale), d, scores + row * tokens + column);
    });
    float shares[query_rows];
    for (int64_t row = 0; row < rows; ++row) {
      float* HWY_RESTRICT row_scores = scores + row * tokens;
      if (args.relative_bias != nullptr) {
        const float* bias = args.relative_bias - (first + row);
        for (int64_t j = 0; j < args.tokens; ++j) row_scores[j] += bias[j];
      }
      shares[row] = 1.0F / exponentiate(row_scores, args.tokens, tokens);
    }
    const Factors value_factors{scores, tokens, values, width, panel_columns, args.tokens};
    multiply(value_factors, 0, rows, 0, width, [&](int64_t row, int64_t column, FloatVector sum) {
      const FloatVector value = hn::Mul(sum, hn::Set(d, shares[row]));
      float* out = args.out + (first + row) * args.stride + column;
      const int64_t left = args.head_dim - column;
      if (left >= lanes) {
        hn::StoreU(value, d, out);
      } else if (left > 0) {
        store_partial(value, d, out, left);
      }
    });
  }
}

int64_t scratch_floats(int64_t tokens, int64_t head_dim) {
  const int64_t padded = round_up(tokens, panel_columns);
  return head_dim * padded + tokens * round_up(head_dim, panel_columns) + query_rows * padded;
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(attend_to_self);
HWY_EXPORT(scratch_floats);
void self_attention(const SelfAttentionArgs& args) {
  HWY_DYNAMIC_DISPATCH(attend_to_self)(args);
}
int64_t self_attention_scratch(int64_t tokens, int64_t head_dim) noexcept {
  return HWY_DYNAMIC_DISPATCH(scratch_floats)(tokens, head_dim);
}
}  // namespace troupe::gpu::kernels
#endif
