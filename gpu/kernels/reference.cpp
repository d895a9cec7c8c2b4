#include "gpu/kernels/reference.hpp"

#include <cmath>
#include <vector>

namespace troupe::gpu::kernels::reference {
namespace {

double dot(const float* a, const float* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

}  // namespace

void matmul(const MatmulArgs& args) {
  for (int64_t m = 0; m < args.rows; ++m) {
    for (int64_t n = 0; n < args.columns; ++n) {
      float& y = args.y[m * args.y_stride + n];
      const double sum = dot(args.x + m * args.inner, args.w + n * args.inner, args.inner);
      y = static_cast<float>(args.accumulate ? double{y} + sum : sum);
    }
  }
}

void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out) {
  const double mean = dot(x, x, columns) / static_cast<double>(columns);
  const double scale = 1 / std::sqrt(mean + double{epsilon});
  for (int64_t i = 0; i < columns; ++i) out[i] = static_cast<float>(double{x[i]} * scale * double{weight[i]});
}

void silu_multiply(float* gate, const float* up, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const double value = gate[i];
    gate[i] = static_cast<float>(value / (1 + std::exp(-value)) * double{up[i]});
  }
}

void rotate(const float* angles, int64_t half, float* x) {
  for (int64_t i = 0; i < half; ++i) {
    const double a = x[i];
    const double b = x[half + i];
    x[i] = static_cast<float>(a * double{angles[i]} - b * double{angles[half + i]});
    x[half + i] = static_cast<float>(b * double{angles[i]} + a * double{angles[half + i]});
  }
}

void attention(const AttentionArgs& args) {
  const auto place = [&](int64_t position) {
    return args.block_table[position / args.block_tokens] * args.block_stride +
           position % args.block_tokens * args.head_dim;
  };
  for (int64_t head = 0; head < args.group; ++head) {
    const float* query = args.queries + head * args.head_dim;
    std::vector<double> weights;
    double sum = 0;
    for (int64_t p = 0; p < args.context; ++p) {
      const double score = dot(query, args.keys + place(p), args.head_dim) / std::sqrt(double(args.head_dim));
      weights.push_back(std::exp(score));
      sum += weights.back();
    }
    for (int64_t i = 0; i < args.head_dim; ++i) {
      double value = 0;
      for (int64_t p = 0; p < args.context; ++p) {
        value += weights[static_cast<size_t>(p)] / sum * double{args.values[place(p) + i]};
      }
      args.out[head * args.head_dim + i] = static_cast<float>(value);
    }
  }
}

int32_t argmax(const float* x, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(x[i])) return -1;
    if (x[i] > x[best]) best = i;
  }
  return static_cast<int32_t>(best);
}

}  // namespace troupe::gpu::kernels::reference
