#include "gpu/kernels/kernels.hpp"

#include <bit>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "gpu/kernels/reference.hpp"
#include "runtime/base/random.hpp"

using namespace troupe;
using troupe::gpu::Bf16;
namespace kernels = troupe::gpu::kernels;
namespace reference = troupe::gpu::kernels::reference;
namespace data = boost::unit_test::data;

namespace {

/// Uniform in [-1, 1).
std::vector<float> numbers(int64_t count, uint64_t seed) {
  SeededRandom random(seed);
  std::vector<float> result(static_cast<size_t>(count));
  for (float& value : result) value = static_cast<float>(2 * random.uniform() - 1);
  return result;
}

std::vector<Bf16> halves(int64_t count, uint64_t seed) {
  std::vector<Bf16> result;
  for (const float value : numbers(count, seed)) {
    result.push_back({static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16)});
  }
  return result;
}

std::vector<float> widened(const std::vector<Bf16>& values) {
  std::vector<float> result(values.size());
  kernels::widen(values.data(), static_cast<int64_t>(values.size()), result.data());
  return result;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest;
}

std::vector<float> product(int64_t rows, int64_t inner, int64_t columns, bool accumulate,
                           void (*matmul)(const kernels::MatmulArgs&)) {
  const auto x = numbers(rows * inner, 1);
  const auto w = numbers(columns * inner, 2);
  auto y = numbers(rows * columns, 3);
  matmul({x.data(), w.data(), y.data(), rows, inner, columns, columns, accumulate});
  return y;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kernels_against_reference)

// Tolerance: inputs below 1, so a sum of n products in fp32 is off by less than n * 6e-8 (and far less as a rule).
BOOST_DATA_TEST_CASE(matmul_agrees, data::make({1, 2, 3, 4, 5, 7, 66, 131}) * data::make({1, 3, 16, 33, 200}), rows,
                     inner) {
  for (const int64_t columns : {1, 2, 4, 7, 8, 29}) {
    for (const bool accumulate : {false, true}) {
      const auto actual = product(rows, inner, columns, accumulate, kernels::matmul);
      const auto expected = product(rows, inner, columns, accumulate, reference::matmul);

      BOOST_TEST(largest_difference(actual, expected) < 1e-7 * (inner + 2));
    }
  }
}

BOOST_DATA_TEST_CASE(matmul_agrees_with_weights_in_bf16,
                     data::make({1, 2, 3, 4, 5, 66}) * data::make({1, 3, 16, 33, 200}), rows, inner) {
  for (const int64_t columns : {1, 2, 4, 7, 8, 29}) {
    const auto x = numbers(rows * inner, 1);
    const auto w = halves(columns * inner, 2);
    const auto bias = numbers(columns, 3);
    std::vector<float> actual(static_cast<size_t>(rows * columns));
    auto expected = actual;

    kernels::matmul({x.data(), nullptr, actual.data(), rows, inner, columns, columns, false, bias.data(), w.data()});
    reference::matmul(
        {x.data(), nullptr, expected.data(), rows, inner, columns, columns, false, bias.data(), w.data()});

    BOOST_TEST(largest_difference(actual, expected) < 1e-7 * (inner + 2));
  }
}

BOOST_DATA_TEST_CASE(rms_norm_agrees, data::make({1, 7, 16, 42, 192, 2048}), columns) {
  const auto x = numbers(columns, 1);
  const auto weight = numbers(columns, 2);
  std::vector<float> actual(x.size());
  std::vector<float> expected(x.size());

  kernels::rms_norm(x.data(), weight.data(), 1e-5F, columns, actual.data());
  reference::rms_norm(x.data(), weight.data(), 1e-5F, columns, expected.data());

  BOOST_TEST(largest_difference(actual, expected) < 2e-6);
}

BOOST_AUTO_TEST_CASE(silu_agrees_also_for_huge_values) {
  auto actual = numbers(61, 1);
  for (float& value : actual) value *= 20;
  actual.insert(actual.end(), {0.0F, -88.0F, 88.0F, -200.0F, 200.0F, -1e30F, 1e30F});
  const auto up = numbers(static_cast<int64_t>(actual.size()), 2);
  auto expected = actual;

  kernels::silu_multiply(actual.data(), up.data(), static_cast<int64_t>(actual.size()));
  reference::silu_multiply(expected.data(), up.data(), static_cast<int64_t>(expected.size()));

  for (size_t i = 0; i < actual.size(); ++i) {
    BOOST_TEST(std::abs(actual[i] - expected[i]) <= 1e-6F + 1e-6F * std::abs(expected[i]));
  }
}

BOOST_DATA_TEST_CASE(rotate_agrees, data::make({1, 5, 8, 16, 37}), half) {
  const auto angles = numbers(2 * half, 1);
  auto actual = numbers(2 * half, 2);
  auto expected = actual;

  kernels::rotate(angles.data(), half, actual.data());
  reference::rotate(angles.data(), half, expected.data());

  BOOST_TEST(largest_difference(actual, expected) < 1e-6);
}

BOOST_DATA_TEST_CASE(attention_agrees_over_scattered_blocks_and_windows,
                     data::make({1, 15, 16, 17, 100}) * data::make({2, 10, 32, 80}) * data::make({0, 1, 14, 90}), end,
                     head_dim, first) {
  if (first >= end) return;
  constexpr int64_t block_tokens = 16;
  constexpr int64_t group = 3;
  const std::vector<int32_t> table{6, 0, 3, 5, 1, 2, 4};
  const auto queries = numbers(group * head_dim, 1);
  const auto keys = numbers(7 * block_tokens * head_dim, 2);
  const auto values = numbers(7 * block_tokens * head_dim, 3);
  std::vector<float> scores(static_cast<size_t>(kernels::attention_scratch(group, end - first)));
  std::vector<float> actual(queries.size());
  std::vector<float> expected(queries.size());
  kernels::AttentionArgs args{.queries = queries.data(),
                              .keys = keys.data(),
                              .values = values.data(),
                              .block_table = table.data(),
                              .block_tokens = block_tokens,
                              .block_stride = block_tokens * head_dim,
                              .first = first,
                              .end = end,
                              .group = group,
                              .head_dim = head_dim,
                              .scores = scores.data(),
                              .out = actual.data()};

  kernels::attention(args);
  args.out = expected.data();
  reference::attention(args);

  BOOST_TEST(largest_difference(actual, expected) < 1e-5);
}

BOOST_AUTO_TEST_CASE(widening_is_exact_for_every_bf16) {
  std::vector<Bf16> all;
  for (uint32_t bits = 0; bits <= UINT16_MAX; ++bits) all.push_back({static_cast<uint16_t>(bits)});
  all.push_back({0x3F80});  // One more than a multiple of any vector.

  const std::vector<float> wide = widened(all);

  for (size_t i = 0; i < all.size(); ++i) {
    BOOST_REQUIRE(std::bit_cast<uint32_t>(wide[i]) == static_cast<uint32_t>(all[i].bits) << 16);
  }
  BOOST_TEST(wide.back() == 1.0F);
}

BOOST_DATA_TEST_CASE(argmax_agrees_and_takes_the_first_of_equals, data::make({1, 5, 16, 259, 1000}), count) {
  auto x = numbers(count, 1);
  BOOST_TEST(kernels::argmax(x.data(), count) == reference::argmax(x.data(), count));

  x[static_cast<size_t>(count) / 2] = 3;
  x.back() = 3;
  BOOST_TEST(kernels::argmax(x.data(), count) == count / 2);
}

BOOST_DATA_TEST_CASE(argmax_refuses_a_row_that_is_not_finite, data::make({0, 3, 17, 39}), place) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
    auto x = numbers(40, 1);
    x[static_cast<size_t>(place)] = wrong;

    BOOST_TEST(kernels::argmax(x.data(), 40) == -1);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(batch_invariance)

BOOST_DATA_TEST_CASE(a_product_with_bf16_is_the_bits_of_the_same_in_fp32,
                     data::make({1, 2, 3, 4, 9, 70}) * data::make({1, 33, 64, 192, 511}), rows, inner) {
  constexpr int64_t columns = 37;
  const auto x = numbers(rows * inner, 1);
  const auto w = halves(columns * inner, 2);
  const auto wide = widened(w);
  std::vector<float> in_bf16(static_cast<size_t>(rows * columns));
  auto in_fp32 = in_bf16;

  kernels::matmul({x.data(), nullptr, in_bf16.data(), rows, inner, columns, columns, false, nullptr, w.data()});
  kernels::matmul({x.data(), wide.data(), in_fp32.data(), rows, inner, columns, columns, false});

  BOOST_TEST(in_bf16 == in_fp32);
}

BOOST_DATA_TEST_CASE(a_row_of_a_product_is_the_same_bits_in_any_batch, data::make({33, 64, 192, 511}), inner) {
  constexpr int64_t columns = 37;
  constexpr int64_t rows = 70;
  const auto x = numbers(rows * inner, 1);
  const auto w = numbers(columns * inner, 2);
  std::vector<float> together(rows * columns);
  kernels::matmul({x.data(), w.data(), together.data(), rows, inner, columns, columns, false});

  for (const int64_t part : {1, 2, 3, 4, 5, 9}) {
    std::vector<float> apart(rows * columns);
    for (int64_t row = 0; row < rows; row += part) {
      kernels::matmul({x.data() + row * inner, w.data(), apart.data() + row * columns, std::min(part, rows - row),
                       inner, columns, columns, false});
    }
    BOOST_TEST(apart == together, "parts of " << part << " rows differ");
  }
}

BOOST_AUTO_TEST_SUITE_END()
