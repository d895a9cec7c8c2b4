#pragma once
// The kernels of kernels.hpp in plain loops with sums in double: what the tests compare with.

#include "gpu/kernels/kernels.hpp"

namespace troupe::gpu::kernels::reference {

void matmul(const MatmulArgs& args);
void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out);
void silu_multiply(float* gate, const float* up, int64_t count);
void rotate(const float* angles, int64_t half, float* x);
void attention(const AttentionArgs& args);
int32_t argmax(const float* x, int64_t count);

}  // namespace troupe::gpu::kernels::reference
