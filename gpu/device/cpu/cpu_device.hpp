#pragma once
// CpuDevice: the device interface on the host's own memory and threads.

#include <vector>

#include "gpu/device/cpu/thread_pool.hpp"
#include "gpu/device/device.hpp"

namespace troupe::gpu {

/// Operations run in the calling thread and `threads - 1` workers, and are finished when a call returns. Weights that
/// are memory-mapped are used where they lie, but for factors, which are copied into panels.
class CpuDevice final : public Device {
 public:
  explicit CpuDevice(uint32_t threads) : pool_(threads), scratch_(threads) {}

  std::string name() const override;
  Result<Buffer> allocate(ByteCount size) override;
  Result<Weight> import_weight(std::shared_ptr<const void> owner, std::span<const std::byte> values, DType dtype,
                               int64_t rows, int64_t columns) override;
  Result<Weight> import_factor(std::span<const float> values, int64_t rows, int64_t columns) override;
  void copy_to_device(std::span<const float> from, Matrix<float> to) override;
  void copy_to_device(std::span<const int32_t> from, Matrix<int32_t> to) override;
  void copy_to_host(Matrix<const float> from, std::span<float> to) override;
  void copy_to_host(Matrix<const int32_t> from, std::span<int32_t> to) override;

  void gather_rows(Matrix<const float> table, Matrix<const int32_t> rows, Matrix<float> out) override;
  void gather_rows(const Weight& table, Matrix<const int32_t> rows, Matrix<float> out) override;
  void add_rows(Matrix<const float> table, Matrix<const int32_t> rows, Matrix<float> out) override;
  void add(Matrix<const float> y, Matrix<float> x) override;
  void layer_norm(Matrix<const float> x, const Weight& weight, const Weight& bias, float epsilon,
                  Matrix<float> out) override;
  void rms_norm(Matrix<const float> x, const Weight& weight, float epsilon, Matrix<float> out) override;
  using Device::linear;
  void linear(Matrix<const float> x, const Weight& weight, const Weight& bias, Matrix<float> y, Store store) override;
  void rotary_angles(Matrix<const int32_t> positions, Matrix<const float> frequencies, float scale,
                     Matrix<float> out) override;
  void rotate(Matrix<const float> angles, Matrix<float> x) override;
  void activate(Activation activation, Matrix<float> x) override;
  void silu_multiply(Matrix<float> gate, Matrix<const float> up) override;
  void write_kv(Matrix<const float> keys, Matrix<const float> values, const TokenLayout& layout,
                const AttentionShape& shape, const KvCacheLayer& cache) override;
  void attention(Matrix<const float> queries, const KvCacheLayer& cache, const TokenLayout& layout,
                 const AttentionShape& shape, Matrix<float> out) override;
  void self_attention(Matrix<const float> queries, Matrix<const float> keys, Matrix<const float> values,
                      const SequenceOffsets& sequences, const AttentionShape& shape, Matrix<const float> relative_bias,
                      Matrix<float> out) override;
  void pool(Pooling pooling, Matrix<const float> x, const SequenceOffsets& sequences, Matrix<float> out) override;
  void normalize_length(Matrix<float> x) override;
  void argmax(Matrix<const float> x, Matrix<int32_t> out) override;

 private:
  /// Calls work(first, last, thread) over pieces of [0, count), each a multiple of `step` but the last, on as many
  /// threads as `cost` multiply-adds are worth.
  template <class Work>
  void split(int64_t count, int64_t step, int64_t cost, const Work& work);

  ThreadPool pool_;
  std::vector<std::vector<float>> scratch_;  ///< By thread: attention scores; grows to the longest context seen.
};

}  // namespace troupe::gpu
