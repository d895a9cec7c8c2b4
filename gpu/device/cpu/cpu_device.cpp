#include "gpu/device/cpu/cpu_device.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "gpu/kernels/kernels.hpp"

namespace troupe::gpu {
namespace {

constexpr std::align_val_t buffer_alignment{64};
/// Below this many multiply-adds a thread, waking another costs more than it brings.
constexpr int64_t cost_per_thread_min = 1 << 16;
/// Columns of a matrix product go to threads in multiples of the widest register block.
constexpr int64_t column_step = 8;
constexpr int64_t panel_step = kernels::panel_width;

template <class T>
void copy(const T* from, int64_t count, T* to) {
  if (count > 0) std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
}

struct Place {
  int64_t block;
  int64_t slot;
};

Place place_of(const TokenLayout& layout, int64_t token) {
  const int64_t position = layout.positions.data[token];
  const int64_t sequence = layout.sequences.data[token];
  const auto& tables = layout.block_tables;
  TROUPE_ASSERT(sequence < tables.rows && position / kv_block_tokens < tables.columns);
  return {tables.data[sequence * tables.columns + position / kv_block_tokens], position % kv_block_tokens};
}

/// Positions that causal attention sees from `position`, its own included.
int64_t seen_from(int64_t position, const AttentionShape& shape) {
  return shape.window == 0 ? position + 1 : std::min(position + 1, shape.window);
}

}  // namespace

std::string CpuDevice::name() const {
  return fmt::format("cpu ({})", kernels::target_name());
}

Result<Buffer> CpuDevice::allocate(ByteCount size) {
  // Asked before, because Linux promises more than it has and kills the process that believes it.
  const auto machine =
      static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  if (size.value > machine) {
    return fail(Errc::resource_exhausted, "{} of memory are needed; this machine has {}", format_bytes(size),
                format_bytes({machine}));
  }
  void* memory = ::operator new(std::max<size_t>(size.value, 1), buffer_alignment, std::nothrow);
  if (memory == nullptr) return fail(Errc::resource_exhausted, "no {} of memory left", format_bytes(size));
  std::shared_ptr<void> owner(memory, [](void* address) { ::operator delete(address, buffer_alignment); });
  std::memset(memory, 0, size.value);
  return Buffer(std::move(owner), size);
}

Result<Weight> CpuDevice::import_weight(std::shared_ptr<const void> owner, std::span<const std::byte> values,
                                        DType dtype, int64_t rows, int64_t columns) {
  TROUPE_ASSERT(dtype == DType::f32 || dtype == DType::bf16);
  TROUPE_ASSERT(values.size() == static_cast<size_t>(rows * columns) * element_size(dtype));
  Weight weight{std::move(owner)};
  if (dtype == DType::f32) {
    weight.values = {reinterpret_cast<const float*>(values.data()), rows, columns};
  } else {
    weight.halves = {reinterpret_cast<const Bf16*>(values.data()), rows, columns};
  }
  return weight;
}

Result<Weight> CpuDevice::import_factor(std::span<const float> values, int64_t rows, int64_t columns) {
  TROUPE_ASSERT(static_cast<int64_t>(values.size()) == rows * columns);
  const int64_t floats = kernels::panel_floats(rows, columns);
  TROUPE_TRY(const Buffer memory, allocate({static_cast<uint64_t>(floats) * sizeof(float)}));
  float* panels = memory.matrix<float>(1, floats).data;
  kernels::pack_panels(values.data(), rows, columns, panels);
  return Weight{
      .owner = std::make_shared<Buffer>(memory), .values = {panels, rows, columns}, .layout = WeightLayout::factor};
}

void CpuDevice::copy_to_device(std::span<const float> from, Matrix<float> to) {
  TROUPE_ASSERT(static_cast<int64_t>(from.size()) == to.size());
  copy(from.data(), to.size(), to.data);
}

void CpuDevice::copy_to_device(std::span<const int32_t> from, Matrix<int32_t> to) {
  TROUPE_ASSERT(static_cast<int64_t>(from.size()) == to.size());
  copy(from.data(), to.size(), to.data);
}

void CpuDevice::copy_to_host(Matrix<const float> from, std::span<float> to) {
  TROUPE_ASSERT(static_cast<int64_t>(to.size()) == from.size());
  copy(from.data, from.size(), to.data());
}

void CpuDevice::copy_to_host(Matrix<const int32_t> from, std::span<int32_t> to) {
  TROUPE_ASSERT(static_cast<int64_t>(to.size()) == from.size());
  copy(from.data, from.size(), to.data());
}

template <class Work>
void CpuDevice::split(int64_t count, int64_t step, int64_t cost, const Work& work) {
  const int64_t pieces = (count + step - 1) / step;
  const int64_t threads = std::min<int64_t>({pool_.threads(), pieces, cost / cost_per_thread_min});
  const int64_t parts = std::max<int64_t>(threads, 1);
  pool_.run(static_cast<uint32_t>(parts), [&](uint32_t part) {
    const int64_t first = std::min(count, pieces * part / parts * step);
    const int64_t last = std::min(count, pieces * (part + 1) / parts * step);
    work(first, last, part);
  });
}

void CpuDevice::gather_rows(Matrix<const float> table, Matrix<const int32_t> rows, Matrix<float> out) {
  TROUPE_ASSERT(rows.rows == out.rows && table.columns == out.columns);
  for (int64_t i = 0; i < out.rows; ++i) {
    const int64_t row = rows.data[i];
    TROUPE_ASSERT(row >= 0 && row < table.rows);
    copy(table.data + row * table.columns, table.columns, out.data + i * out.columns);
  }
}

void CpuDevice::gather_rows(const Weight& table, Matrix<const int32_t> rows, Matrix<float> out) {
  if (table.dtype() == DType::f32) return gather_rows(table.values, rows, out);
  TROUPE_ASSERT(rows.rows == out.rows && table.columns() == out.columns);
  for (int64_t i = 0; i < out.rows; ++i) {
    const int64_t row = rows.data[i];
    TROUPE_ASSERT(row >= 0 && row < table.rows());
    kernels::widen(table.halves.data + row * out.columns, out.columns, out.data + i * out.columns);
  }
}

void CpuDevice::add_rows(Matrix<const float> table, Matrix<const int32_t> rows, Matrix<float> out) {
  TROUPE_ASSERT(rows.rows == out.rows && table.columns == out.columns);
  for (int64_t i = 0; i < out.rows; ++i) {
    const int64_t row = rows.data[i];
    TROUPE_ASSERT(row >= 0 && row < table.rows);
    kernels::add(table.data + row * table.columns, table.columns, out.data + i * out.columns);
  }
}

void CpuDevice::add(Matrix<const float> y, Matrix<float> x) {
  TROUPE_ASSERT(y.same_shape(x));
  split(x.rows, 1, x.size(), [&](int64_t first, int64_t last, uint32_t) {
    kernels::add(y.data + first * x.columns, (last - first) * x.columns, x.data + first * x.columns);
  });
}

void CpuDevice::layer_norm(Matrix<const float> x, const Weight& weight, const Weight& bias, float epsilon,
                           Matrix<float> out) {
  TROUPE_ASSERT(x.same_shape(out) && weight.values.columns == x.columns && bias.values.columns == x.columns);
  split(x.rows, 1, 4 * x.size(), [&](int64_t first, int64_t last, uint32_t) {
    for (int64_t row = first; row < last; ++row) {
      const int64_t start = row * x.columns;
      kernels::layer_norm(x.data + start, weight.values.data, bias.values.data, epsilon, x.columns, out.data + start);
    }
  });
}

void CpuDevice::rms_norm(Matrix<const float> x, const Weight& weight, float epsilon, Matrix<float> out) {
  TROUPE_ASSERT(x.same_shape(out) && weight.values.columns == x.columns);
  split(x.rows, 1, 2 * x.size(), [&](int64_t first, int64_t last, uint32_t) {
    for (int64_t row = first; row < last; ++row) {
      const int64_t start = row * x.columns;
      kernels::rms_norm(x.data + start, weight.values.data, epsilon, x.columns, out.data + start);
    }
  });
}

void CpuDevice::linear(Matrix<const float> x, const Weight& weight, const Weight& bias, Matrix<float> y, Store store) {
  TROUPE_ASSERT(x.rows == y.rows && weight.columns() == x.columns && weight.rows() == y.columns);
  const bool is_bf16 = weight.dtype() == DType::bf16;
  const float* added = bias.values.data;
  TROUPE_ASSERT(added == nullptr || bias.values.columns == y.columns);
  if (weight.layout == WeightLayout::factor) {
    split(y.columns, panel_step, y.size() * x.columns, [&](int64_t first, int64_t last, uint32_t) {
      if (first == last) return;
      kernels::panel_matmul({.x = x.data,
                             .w = weight.values.data + first * x.columns,
                             .y = y.data + first,
                             .rows = x.rows,
                             .inner = x.columns,
                             .columns = last - first,
                             .y_stride = y.columns,
                             .accumulate = store == Store::add,
                             .bias = added == nullptr ? nullptr : added + first});
    });
    return;
  }
  split(y.columns, column_step, y.size() * x.columns, [&](int64_t first, int64_t last, uint32_t) {
    kernels::matmul({.x = x.data,
                     .w = is_bf16 ? nullptr : weight.values.data + first * x.columns,
                     .y = y.data + first,
                     .rows = x.rows,
                     .inner = x.columns,
                     .columns = last - first,
                     .y_stride = y.columns,
                     .accumulate = store == Store::add,
                     .bias = added == nullptr ? nullptr : added + first,
                     .w_bf16 = is_bf16 ? weight.halves.data + first * x.columns : nullptr});
  });
}

void CpuDevice::rotary_angles(Matrix<const int32_t> positions, Matrix<const float> frequencies, float scale,
                              Matrix<float> out) {
  const int64_t half = frequencies.columns;
  TROUPE_ASSERT(positions.rows == out.rows && out.columns == 2 * half);
  for (int64_t row = 0; row < out.rows; ++row) {
    float* angles = out.data + row * out.columns;
    for (int64_t i = 0; i < half; ++i) {
      const float angle = static_cast<float>(positions.data[row]) * frequencies.data[i];
      angles[i] = std::cos(angle) * scale;
      angles[half + i] = std::sin(angle) * scale;
    }
  }
}

void CpuDevice::rotate(Matrix<const float> angles, Matrix<float> x) {
  TROUPE_ASSERT(angles.rows == x.rows && x.columns % angles.columns == 0);
  split(x.rows, 1, 4 * x.size(), [&](int64_t first, int64_t last, uint32_t) {
    for (int64_t row = first; row < last; ++row) {
      for (int64_t head = 0; head < x.columns; head += angles.columns) {
        kernels::rotate(angles.data + row * angles.columns, angles.columns / 2, x.data + row * x.columns + head);
      }
    }
  });
}

void CpuDevice::activate(Activation activation, Matrix<float> x) {
  split(x.rows, 1, 16 * x.size(), [&](int64_t first, int64_t last, uint32_t) {
    for (int64_t row = first; row < last; ++row) {
      kernels::activate(activation, x.data + row * x.columns, x.columns);
    }
  });
}

void CpuDevice::silu_multiply(Matrix<float> gate, Matrix<const float> up) {
  TROUPE_ASSERT(gate.same_shape(up));
  split(gate.rows, 1, 16 * gate.size(), [&](int64_t first, int64_t last, uint32_t) {
    for (int64_t row = first; row < last; ++row) {
      kernels::silu_multiply(gate.data + row * gate.columns, up.data + row * up.columns, gate.columns);
    }
  });
}

void CpuDevice::write_kv(Matrix<const float> keys, Matrix<const float> values, const TokenLayout& layout,
                         const AttentionShape& shape, const KvCacheLayer& cache) {
  TROUPE_ASSERT(keys.same_shape(values) && keys.rows == layout.positions.rows && cache.keys.same_shape(cache.values));
  TROUPE_ASSERT(keys.columns == shape.kv_heads * shape.head_dim && cache.keys.columns == shape.head_dim);
  for (int64_t token = 0; token < keys.rows; ++token) {
    const Place place = place_of(layout, token);
    for (int64_t head = 0; head < shape.kv_heads; ++head) {
      const int64_t row = (place.block * shape.kv_heads + head) * kv_block_tokens + place.slot;
      TROUPE_ASSERT(row >= 0 && row < cache.keys.rows);
      const int64_t from = token * keys.columns + head * shape.head_dim;
      copy(keys.data + from, shape.head_dim, cache.keys.data + row * shape.head_dim);
      copy(values.data + from, shape.head_dim, cache.values.data + row * shape.head_dim);
    }
  }
}

void CpuDevice::attention(Matrix<const float> queries, const KvCacheLayer& cache, const TokenLayout& layout,
                          const AttentionShape& shape, Matrix<float> out) {
  TROUPE_ASSERT(queries.same_shape(out) && queries.rows == layout.positions.rows);
  TROUPE_ASSERT(queries.columns == shape.heads * shape.head_dim && shape.heads % shape.kv_heads == 0);
  const int64_t group = shape.heads / shape.kv_heads;
  const int64_t head_floats = kv_block_tokens * shape.head_dim;
  int64_t contexts = 0;
  int64_t longest = 1;
  for (int64_t token = 0; token < queries.rows; ++token) {
    const int64_t seen = seen_from(layout.positions.data[token], shape);
    contexts += seen;
    longest = std::max(longest, seen);
  }
  const auto scratch = static_cast<size_t>(kernels::attention_scratch(group, longest));

  const int64_t tasks = queries.rows * shape.kv_heads;
  split(tasks, 1, contexts * queries.columns * 2, [&](int64_t first, int64_t last, uint32_t part) {
    if (scratch_[part].size() < scratch) scratch_[part].resize(scratch);
    for (int64_t task = first; task < last; ++task) {
      const int64_t token = task / shape.kv_heads;
      const int64_t kv_head = task % shape.kv_heads;
      const int64_t start = token * queries.columns + kv_head * group * shape.head_dim;
      const int64_t table = layout.sequences.data[token] * layout.block_tables.columns;
      const int64_t end = layout.positions.data[token] + 1;
      kernels::attention({.queries = queries.data + start,
                          .keys = cache.keys.data + kv_head * head_floats,
                          .values = cache.values.data + kv_head * head_floats,
                          .block_table = layout.block_tables.data + table,
                          .block_tokens = kv_block_tokens,
                          .block_stride = shape.kv_heads * head_floats,
                          .first = end - seen_from(layout.positions.data[token], shape),
                          .end = end,
                          .group = group,
                          .head_dim = shape.head_dim,
                          .scores = scratch_[part].data(),
                          .out = out.data + start});
    }
  });
}

void CpuDevice::self_attention(Matrix<const float> queries, Matrix<const float> keys, Matrix<const float> values,
                               const SequenceOffsets& sequences, const AttentionShape& shape,
                               Matrix<const float> relative_bias, Matrix<float> out) {
  TROUPE_ASSERT(queries.same_shape(out) && keys.same_shape(out) && values.same_shape(out));
  TROUPE_ASSERT(out.columns == shape.heads * shape.head_dim && shape.kv_heads == shape.heads);
  const int64_t reach = relative_bias.columns / 2;
  TROUPE_ASSERT(relative_bias.data == nullptr || (relative_bias.rows == shape.heads && sequences.longest <= reach + 1));
  const int32_t* offsets = sequences.data.data;
  const auto scratch = static_cast<size_t>(kernels::self_attention_scratch(sequences.longest, shape.head_dim));

  // By head first, so that threads that get whole heads get equal work from sequences of any length.
  const int64_t tasks = shape.heads * sequences.count();
  split(tasks, 1, out.size() * sequences.longest * 2, [&](int64_t first, int64_t last, uint32_t part) {
    if (scratch_[part].size() < scratch) scratch_[part].resize(scratch);
    for (int64_t task = first; task < last; ++task) {
      const int64_t head = task / sequences.count();
      const int64_t sequence = task % sequences.count();
      const int64_t tokens = offsets[sequence + 1] - offsets[sequence];
      TROUPE_ASSERT(tokens >= 1 && tokens <= sequences.longest && offsets[sequence + 1] <= out.rows);
      const int64_t start = offsets[sequence] * out.columns + head * shape.head_dim;
      const float* bias =
          relative_bias.data == nullptr ? nullptr : relative_bias.data + head * relative_bias.columns + reach;
      kernels::self_attention({.queries = queries.data + start,
                               .keys = keys.data + start,
                               .values = values.data + start,
                               .tokens = tokens,
                               .head_dim = shape.head_dim,
                               .stride = out.columns,
                               .relative_bias = bias,
                               .scratch = scratch_[part].data(),
                               .out = out.data + start});
    }
  });
}

void CpuDevice::pool(Pooling pooling, Matrix<const float> x, const SequenceOffsets& sequences, Matrix<float> out) {
  TROUPE_ASSERT(out.rows == sequences.count() && out.columns == x.columns);
  const int32_t* offsets = sequences.data.data;
  split(out.rows, 1, x.size(), [&](int64_t first, int64_t last, uint32_t) {
    for (int64_t sequence = first; sequence < last; ++sequence) {
      const int64_t begin = offsets[sequence];
      const int64_t rows = offsets[sequence + 1] - begin;
      TROUPE_ASSERT(rows >= 1 && begin + rows <= x.rows);
      kernels::pool(pooling, x.data + begin * x.columns, rows, x.columns, out.data + sequence * out.columns);
    }
  });
}

void CpuDevice::normalize_length(Matrix<float> x) {
  for (int64_t row = 0; row < x.rows; ++row) kernels::normalize_length(x.data + row * x.columns, x.columns);
}

void CpuDevice::argmax(Matrix<const float> x, Matrix<int32_t> out) {
  TROUPE_ASSERT(x.rows == out.rows && x.columns >= 1);
  split(x.rows, 1, x.size(), [&](int64_t first, int64_t last, uint32_t) {
    for (int64_t row = first; row < last; ++row) out.data[row] = kernels::argmax(x.data + row * x.columns, x.columns);
  });
}

}  // namespace troupe::gpu
