#include "gpu/device/cpu/cpu_device.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::gpu;

namespace {

struct Fixture {
  explicit Fixture(uint32_t threads) : device(threads) {}

  Matrix<float> matrix(int64_t rows, int64_t columns, uint64_t seed) {
    SeededRandom random(seed);
    std::vector<float> values(static_cast<size_t>(rows * columns));
    for (float& value : values) value = static_cast<float>(2 * random.uniform() - 1);
    buffers.push_back(device.allocate({values.size() * sizeof(float)}).value());
    const auto result = buffers.back().matrix<float>(rows, columns);
    device.copy_to_device(values, result);
    return result;
  }
  Matrix<int32_t> list(const std::vector<int32_t>& values) {
    buffers.push_back(device.allocate({values.size() * sizeof(int32_t)}).value());
    const auto result = buffers.back().matrix<int32_t>(static_cast<int64_t>(values.size()), 1);
    device.copy_to_device(values, result);
    return result;
  }
  std::vector<float> read(Matrix<const float> from) {
    std::vector<float> result(static_cast<size_t>(from.size()));
    device.copy_to_host(from, result);
    return result;
  }

  CpuDevice device;
  std::vector<Buffer> buffers;
};

/// A chain of all parallel operations, on rows enough to be split.
std::vector<float> compute(uint32_t threads, int64_t window) {
  const AttentionShape shape{.heads = 4, .kv_heads = 2, .head_dim = 32, .window = window};
  constexpr int64_t tokens = 100;
  Fixture f(threads);
  std::vector<int32_t> positions(tokens);
  std::iota(positions.begin(), positions.end(), 0);
  Matrix<int32_t> tables = f.list({7, 6, 5, 4, 3, 2, 1});
  tables = {tables.data, 1, 7};
  const TokenLayout layout{f.list(positions), f.list(std::vector<int32_t>(tokens, 0)), tables};
  const KvCacheLayer cache{f.matrix(8 * 2 * 16, 32, 10), f.matrix(8 * 2 * 16, 32, 11)};
  const Weight norm{nullptr, f.matrix(1, 128, 1)};
  const Weight wide{nullptr, f.matrix(128, 128, 2)};
  const Weight narrow{nullptr, f.matrix(64, 128, 3)};
  const auto x = f.matrix(tokens, 128, 4);
  const auto q = f.matrix(tokens, 128, 5);
  const auto kv = f.matrix(tokens, 64, 6);
  const auto angles = f.matrix(tokens, 32, 7);

  f.device.rms_norm(x, norm, 1e-5F, x);
  f.device.linear(x, wide, q, Device::Store::replace);
  f.device.linear(x, narrow, kv, Device::Store::add);
  f.device.rotary_angles(layout.positions, f.matrix(1, 16, 8), 1.0F, angles);
  f.device.rotate(angles, q);
  f.device.write_kv(kv, kv, layout, shape, cache);
  f.device.attention(q, cache, layout, shape, x);
  f.device.silu_multiply(x, q);
  return f.read(x);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cpu_device)

BOOST_AUTO_TEST_CASE(results_do_not_depend_on_the_number_of_threads) {
  for (const int64_t window : {0, 20}) {
    const auto alone = compute(1, window);

    BOOST_TEST(compute(2, window) == alone);
    BOOST_TEST(compute(5, window) == alone);
  }
}

BOOST_AUTO_TEST_CASE(a_window_hides_what_is_older_and_nothing_else) {
  const auto all = compute(1, 0);
  const auto some = compute(1, 20);

  constexpr std::ptrdiff_t same = 20 * 128;
  BOOST_TEST(std::equal(all.begin(), all.begin() + same, some.begin()));
  BOOST_TEST(!std::equal(all.begin() + same, all.end(), some.begin() + same));
  BOOST_TEST(compute(1, 100) == all);
}

BOOST_AUTO_TEST_CASE(rotary_angles_are_scaled) {
  Fixture f(1);
  const auto frequencies = f.matrix(1, 2, 1);
  const auto out = f.matrix(1, 4, 2);

  f.device.rotary_angles(f.list({7}), frequencies, 1.5F, out);

  const auto values = f.read(frequencies);
  BOOST_TEST(f.read(out) == (std::vector<float>{std::cos(7 * values[0]) * 1.5F, std::cos(7 * values[1]) * 1.5F,
                                                std::sin(7 * values[0]) * 1.5F, std::sin(7 * values[1]) * 1.5F}));
}

BOOST_AUTO_TEST_CASE(memory_beyond_what_there_is_is_an_error) {
  CpuDevice device(1);
  const auto buffer = device.allocate({uint64_t{1} << 62});

  BOOST_REQUIRE(!buffer);
  BOOST_TEST((buffer.error().code == Errc::resource_exhausted));
}

BOOST_AUTO_TEST_CASE(gathered_rows_come_in_the_order_asked_for) {
  Fixture f(1);
  const auto table = f.matrix(3, 2, 1);
  const auto out = f.matrix(4, 2, 2);

  f.device.gather_rows(table, f.list({2, 0, 2, 1}), out);

  const auto t = f.read(table);
  BOOST_TEST(f.read(out) == (std::vector<float>{t[4], t[5], t[0], t[1], t[4], t[5], t[2], t[3]}));
}

BOOST_AUTO_TEST_CASE(weights_in_bf16_are_used_in_place_with_the_bits_of_fp32) {
  Fixture f(3);
  const auto wide = f.matrix(40, 2048, 1);
  std::vector<uint16_t> bits;
  for (float& value : std::span(wide.data, static_cast<size_t>(wide.size()))) {
    bits.push_back(static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16));
    value = to_float(Bf16{bits.back()});
  }
  const Weight narrow = f.device.import_weight(nullptr, std::as_bytes(std::span(bits)), DType::bf16, 40, 2048).value();
  const auto x = f.matrix(30, 2048, 2);
  const auto expected = f.matrix(30, 40, 3);
  const auto actual = f.matrix(30, 40, 3);
  const auto rows = f.list({39, 0, 7});
  const auto gathered = f.matrix(3, 2048, 4);
  const auto gathered_wide = f.matrix(3, 2048, 5);

  f.device.linear(x, Weight{nullptr, wide}, expected, Device::Store::add);
  f.device.linear(x, narrow, actual, Device::Store::add);
  f.device.gather_rows(narrow, rows, gathered);
  f.device.gather_rows(Weight{nullptr, wide}, rows, gathered_wide);

  BOOST_TEST((narrow.halves.data == reinterpret_cast<const Bf16*>(bits.data())));
  BOOST_TEST((narrow.dtype() == DType::bf16 && narrow.rows() == 40 && narrow.columns() == 2048));
  BOOST_TEST(f.read(actual) == f.read(expected));
  BOOST_TEST(f.read(gathered) == f.read(gathered_wide));
}

BOOST_AUTO_TEST_SUITE_END()
