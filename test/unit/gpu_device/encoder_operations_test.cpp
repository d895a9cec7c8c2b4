#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <vector>

#include "gpu/device/cpu/cpu_device.hpp"
#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::gpu;

namespace {

constexpr AttentionShape shape{.heads = 5, .kv_heads = 5, .head_dim = 18};
constexpr int64_t width = shape.heads * shape.head_dim;
constexpr int64_t reach = 99;

std::vector<float> numbers(int64_t count, uint64_t seed) {
  SeededRandom random(seed);
  std::vector<float> result(static_cast<size_t>(count));
  for (float& value : result) value = static_cast<float>(2 * random.uniform() - 1);
  return result;
}

struct Fixture {
  explicit Fixture(uint32_t threads) : device(threads) {}

  Matrix<float> matrix(int64_t rows, int64_t columns, const std::vector<float>& values) {
    buffers.push_back(device.allocate({values.size() * sizeof(float)}).value());
    const auto result = buffers.back().matrix<float>(rows, columns);
    device.copy_to_device(values, result);
    return result;
  }
  Matrix<float> random(int64_t rows, int64_t columns, uint64_t seed) {
    return matrix(rows, columns, numbers(rows * columns, seed));
  }
  SequenceOffsets offsets(const std::vector<int32_t>& lengths) {
    std::vector<int32_t> values{0};
    for (const int32_t length : lengths) values.push_back(values.back() + length);
    buffers.push_back(device.allocate({values.size() * sizeof(int32_t)}).value());
    const auto list = buffers.back().matrix<int32_t>(static_cast<int64_t>(values.size()), 1);
    device.copy_to_device(values, list);
    return {list, *std::ranges::max_element(lengths)};
  }
  std::vector<float> read(Matrix<const float> from) {
    std::vector<float> result(static_cast<size_t>(from.size()));
    device.copy_to_host(from, result);
    return result;
  }

  CpuDevice device;
  std::vector<Buffer> buffers;
};

/// A layer and pooling over sequences whose first row of input is `first` of an endless list of rows.
std::vector<float> encode(uint32_t threads, const std::vector<int32_t>& lengths, int64_t first = 0) {
  const int64_t tokens = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  const std::vector<float> all = numbers(300 * width, 1);
  Fixture f(threads);
  const auto x = f.matrix(tokens, width, {all.begin() + first * width, all.begin() + (first + tokens) * width});
  const auto q = f.random(tokens, width, 2);
  const auto out = f.random(tokens, width, 3);
  const Weight square = f.device.import_factor(numbers(width * width, 4), width, width).value();
  const Weight row{nullptr, f.random(1, width, 5)};
  const SequenceOffsets sequences = f.offsets(lengths);

  f.device.linear(x, square, row, q, Device::Store::replace);
  f.device.self_attention(q, x, x, sequences, shape, f.random(shape.heads, 2 * reach + 1, 6), out);
  f.device.linear(out, square, row, x, Device::Store::add);
  f.device.layer_norm(x, row, row, 1e-12F, x);
  f.device.activate(Activation::gelu, x);
  f.device.add(out, x);
  const auto pooled = f.random(sequences.count(), width, 7);
  f.device.pool(Pooling::mean, x, sequences, pooled);
  f.device.normalize_length(pooled);
  return f.read(pooled);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(encoder_operations)

BOOST_AUTO_TEST_CASE(results_do_not_depend_on_the_number_of_threads) {
  const std::vector<int32_t> lengths{100, 1, 37, 64};
  const auto alone = encode(1, lengths);

  BOOST_TEST(encode(2, lengths) == alone);
  BOOST_TEST(encode(7, lengths) == alone);
}

BOOST_AUTO_TEST_CASE(a_sequence_gets_the_same_bits_alone_and_in_company) {
  const std::vector<int32_t> lengths{3, 100, 1, 16, 37, 15};
  const auto together = encode(2, lengths);

  std::vector<float> apart;
  int64_t first = 0;
  for (const int32_t length : lengths) {
    const auto one = encode(2, {length}, first);
    apart.insert(apart.end(), one.begin(), one.end());
    first += length;
  }
  BOOST_TEST(apart == together);
}

BOOST_AUTO_TEST_CASE(rows_are_added_in_the_order_asked_for) {
  Fixture f(1);
  const auto table = f.matrix(3, 2, {1, 2, 10, 20, 100, 200});
  const auto out = f.matrix(3, 2, {0.5F, 0.5F, 0.5F, 0.5F, 0.5F, 0.5F});
  const std::vector<int32_t> rows{2, 0, 2};
  f.buffers.push_back(f.device.allocate({rows.size() * sizeof(int32_t)}).value());
  const auto list = f.buffers.back().matrix<int32_t>(3, 1);
  f.device.copy_to_device(rows, list);

  f.device.add_rows(table, list, out);

  BOOST_TEST(f.read(out) == (std::vector<float>{100.5F, 200.5F, 1.5F, 2.5F, 100.5F, 200.5F}));
}

BOOST_AUTO_TEST_SUITE_END()
