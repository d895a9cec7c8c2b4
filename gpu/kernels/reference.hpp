#pragma once
// The kernels of kernels.hpp in plain loops with sums in double: what the tests compare with.

#include "gpu/kernels/kernels.hpp"

namespace troupe::gpu::kernels::reference {

void matmul(const MatmulArgs& args);
void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out);
void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, int64_t columns, float* out);
void activate(Activation activation, float* x, int64_t count);
void silu_multiply(float* gate, const float* up, int64_t count);
void rotate(const float* angles, int64_t half, float* x);
void attention(const AttentionArgs& args);
void self_attention(const SelfAttentionArgs& args);
void pool(Pooling pooling, const float* x, int64_t rows, int64_t columns, float* out);
void normalize_length(float* x, int64_t columns);
int32_t argmax(const float* x, int64_t count);

}  // namespace troupe::gpu::kernels::reference
