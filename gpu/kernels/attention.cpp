#include "gpu/kernels/kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "gpu/kernels/attention.cpp"
#include <hwy/foreach_target.h>

#include "gpu/kernels/softmax-inl.h"
#include "gpu/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace troupe::gpu::kernels::HWY_NAMESPACE {

/// Scores rows are padded to the widest vector, so that softmax has no remainder.
constexpr int64_t padding = 64;

HWY_INLINE float dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, int64_t count) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector sum = hn::Zero(d);
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) sum = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum);
  if (i < count) sum = hn::MulAdd(load_partial(d, a + i, count - i), load_partial(d, b + i, count - i), sum);
  return sum_of(d, sum);
}

/// out += factor * row
HWY_INLINE void add_scaled(float factor, const float* HWY_RESTRICT row, int64_t count, float* HWY_RESTRICT out) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const FloatVector factors = hn::Set(d, factor);
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::MulAdd(factors, hn::LoadU(d, row + i), hn::LoadU(d, out + i)), d, out + i);
  }
  for (; i < count; ++i) out[i] += factor * row[i];
}

void attend(const AttentionArgs& args) {
  const int64_t seen = args.end - args.first;
  const int64_t padded = (seen + padding - 1) / padding * padding;
  const float scale = 1.0F / __builtin_sqrtf(static_cast<float>(args.head_dim));
  const auto place_of = [&](int64_t position) {
    return args.block_table[position / args.block_tokens] * args.block_stride +
           position % args.block_tokens * args.head_dim;
  };
  for (int64_t i = 0; i < seen; ++i) {
    const float* key = args.keys + place_of(args.first + i);
    for (int64_t head = 0; head < args.group; ++head) {
      args.scores[head * padded + i] = dot(args.queries + head * args.head_dim, key, args.head_dim) * scale;
    }
  }
  for (int64_t head = 0; head < args.group; ++head) {
    float* scores = args.scores + head * padded;
    const float share = 1.0F / exponentiate(scores, seen, padded);
    for (int64_t i = 0; i < seen; ++i) scores[i] *= share;
  }
  for (int64_t i = 0; i < args.group * args.head_dim; ++i) args.out[i] = 0;
  for (int64_t i = 0; i < seen; ++i) {
    const float* value = args.values + place_of(args.first + i);
    for (int64_t head = 0; head < args.group; ++head) {
      add_scaled(args.scores[head * padded + i], value, args.head_dim, args.out + head * args.head_dim);
    }
  }
}

}  // namespace troupe::gpu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace troupe::gpu::kernels {
HWY_EXPORT(attend);
void attention(const AttentionArgs& args) {
  HWY_DYNAMIC_DISPATCH(attend)(args);
}
int64_t attention_scratch(int64_t group, int64_t seen) noexcept {
  return group * ((seen + 63) / 64 * 64);
}
}  // namespace troupe::gpu::kernels
#endif
