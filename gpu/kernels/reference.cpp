#include "gpu/kernels/reference.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace troupe::gpu::kernels::reference {
namespace {

double to_double(float value) {
  return value;
}
double to_double(Bf16 value) {
  return to_float(value);
}

template <class Element>
double dot(const float* a, const Element* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += double{a[i]} * to_double(b[i]);
  return sum;
}

}  // namespace

void matmul(const MatmulArgs& args) {
  for (int64_t m = 0; m < args.rows; ++m) {
    for (int64_t n = 0; n < args.columns; ++n) {
      float& y = args.y[m * args.y_stride + n];
      const float* x = args.x + m * args.inner;
      double sum = args.w_bf16 == nullptr ? dot(x, args.w + n * args.inner, args.inner)
                                          : dot(x, args.w_bf16 + n * args.inner, args.inner);
      if (args.bias != nullptr) sum += double{args.bias[n]};
      y = static_cast<float>(args.accumulate ? double{y} + sum : sum);
    }
  }
}

void rms_norm(const float* x, const float* weight, float epsilon, int64_t columns, float* out) {
  const double mean = dot(x, x, columns) / static_cast<double>(columns);
  const double scale = 1 / std::sqrt(mean + double{epsilon});
  for (int64_t i = 0; i < columns; ++i) out[i] = static_cast<float>(double{x[i]} * scale * double{weight[i]});
}

void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, int64_t columns, float* out) {
  double mean = 0;
  for (int64_t i = 0; i < columns; ++i) mean += double{x[i]} / static_cast<double>(columns);
  double variance = 0;
  for (int64_t i = 0; i < columns; ++i) variance += (double{x[i]} - mean) * (double{x[i]} - mean);
  const double scale = 1 / std::sqrt(variance / static_cast<double>(columns) + double{epsilon});
  for (int64_t i = 0; i < columns; ++i) {
    out[i] = static_cast<float>((double{x[i]} - mean) * scale * double{weight[i]} + double{bias[i]});
  }
}

void activate(Activation activation, float* x, int64_t count) {
  const auto value_of = [&](double value) {
    switch (activation) {
      case Activation::gelu:
        return 0.5 * value * std::erfc(-value / std::sqrt(2.0));
      case Activation::gelu_tanh:
        return 0.5 * value * (1 + std::tanh(std::sqrt(2 / M_PI) * (value + 0.044715 * value * value * value)));
      case Activation::tanh:
        return std::tanh(value);
      case Activation::relu:
        break;
    }
    return std::max(value, 0.0);
  };
  for (int64_t i = 0; i < count; ++i) x[i] = static_cast<float>(value_of(double{x[i]}));
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
    for (int64_t p = args.first; p < args.end; ++p) {
      const double score = dot(query, args.keys + place(p), args.head_dim) / std::sqrt(double(args.head_dim));
      weights.push_back(std::exp(score));
      sum += weights.back();
    }
    for (int64_t i = 0; i < args.head_dim; ++i) {
      double value = 0;
      for (int64_t p = args.first; p < args.end; ++p) {
        value += weights[static_cast<size_t>(p - args.first)] / sum * double{args.values[place(p) + i]};
      }
      args.out[head * args.head_dim + i] = static_cast<float>(value);
    }
  }
}

void self_attention(const SelfAttentionArgs& args) {
  for (int64_t i = 0; i < args.tokens; ++i) {
    std::vector<double> weights;
    double sum = 0;
    for (int64_t j = 0; j < args.tokens; ++j) {
      const double product = dot(args.queries + i * args.stride, args.keys + j * args.stride, args.head_dim);
      const double bias = args.relative_bias == nullptr ? 0.0 : double{args.relative_bias[j - i]};
      weights.push_back(std::exp(product / std::sqrt(double(args.head_dim)) + bias));
      sum += weights.back();
    }
    for (int64_t c = 0; c < args.head_dim; ++c) {
      double value = 0;
      for (int64_t j = 0; j < args.tokens; ++j) {
        value += weights[static_cast<size_t>(j)] / sum * double{args.values[j * args.stride + c]};
      }
      args.out[i * args.stride + c] = static_cast<float>(value);
    }
  }
}

void pool(Pooling pooling, const float* x, int64_t rows, int64_t columns, float* out) {
  for (int64_t c = 0; c < columns; ++c) {
    double sum = 0;
    double largest = double{x[c]};
    for (int64_t r = 0; r < rows; ++r) {
      sum += double{x[r * columns + c]};
      largest = std::max(largest, double{x[r * columns + c]});
    }
    const auto count = static_cast<double>(rows);
    const double last = double{x[(rows - 1) * columns + c]};
    const double results[] = {double{x[c]}, last, sum / count, sum / std::sqrt(count), largest};
    out[c] = static_cast<float>(results[static_cast<size_t>(pooling)]);
  }
}

void normalize_length(float* x, int64_t columns) {
  const double length = std::max(std::sqrt(dot(x, x, columns)), 1e-12);
  for (int64_t i = 0; i < columns; ++i) x[i] = static_cast<float>(double{x[i]} / length);
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
