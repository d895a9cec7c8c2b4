#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "gpu/kernels/kernels.hpp"
#include "gpu/kernels/reference.hpp"
#include "runtime/base/random.hpp"

using namespace troupe;
using troupe::gpu::Activation;
using troupe::gpu::Pooling;
namespace kernels = troupe::gpu::kernels;
namespace reference = troupe::gpu::kernels::reference;
namespace data = boost::unit_test::data;

namespace {

constexpr Activation activations[] = {Activation::gelu, Activation::gelu_tanh, Activation::tanh, Activation::relu};
constexpr Pooling poolings[] = {Pooling::first, Pooling::last, Pooling::mean, Pooling::mean_sqrt_length, Pooling::max};

/// Uniform in [-scale, scale).
std::vector<float> numbers(int64_t count, uint64_t seed, float scale = 1) {
  SeededRandom random(seed);
  std::vector<float> result(static_cast<size_t>(count));
  for (float& value : result) value = scale * static_cast<float>(2 * random.uniform() - 1);
  return result;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest;
}

/// w: [columns, inner].
std::vector<float> pack(const std::vector<float>& w, int64_t columns, int64_t inner) {
  std::vector<float> panels(static_cast<size_t>(kernels::panel_floats(columns, inner)), NAN);
  kernels::pack_panels(w.data(), columns, inner, panels.data());
  return panels;
}

/// One head in rows of `stride` floats; the memory around the head is checked to stay as it was.
struct Head {
  Head(int64_t tokens, int64_t head_dim, bool is_biased)
      : tokens(tokens),
        head_dim(head_dim),
        stride(head_dim + 3),
        queries(numbers(tokens * stride, 1, 2)),
        keys(numbers(tokens * stride, 2, 2)),
        values(numbers(tokens * stride, 3)),
        bias(is_biased ? numbers(2 * tokens - 1, 4) : std::vector<float>()) {}

  std::vector<float> attend(void (*function)(const kernels::SelfAttentionArgs&)) const {
    std::vector<float> scratch(static_cast<size_t>(kernels::self_attention_scratch(tokens, head_dim)), NAN);
    std::vector<float> out(queries.size(), 7.0F);
    function({.queries = queries.data(),
              .keys = keys.data(),
              .values = values.data(),
              .tokens = tokens,
              .head_dim = head_dim,
              .stride = stride,
              .relative_bias = bias.empty() ? nullptr : bias.data() + tokens - 1,
              .scratch = scratch.data(),
              .out = out.data()});
    return out;
  }

  int64_t tokens, head_dim, stride;
  std::vector<float> queries, keys, values, bias;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(encoder_kernels_against_reference)

BOOST_DATA_TEST_CASE(layer_norm_agrees, data::make({1, 7, 16, 42, 384, 2048}), columns) {
  auto x = numbers(columns, 1);
  for (float& value : x) value += 3;  // A mean that must not cost precision.
  const auto weight = numbers(columns, 2);
  const auto bias = numbers(columns, 3);
  std::vector<float> actual(x.size());
  std::vector<float> expected(x.size());

  kernels::layer_norm(x.data(), weight.data(), bias.data(), 1e-5F, columns, actual.data());
  reference::layer_norm(x.data(), weight.data(), bias.data(), 1e-5F, columns, expected.data());

  BOOST_TEST(largest_difference(actual, expected) < 5e-6);
}

BOOST_DATA_TEST_CASE(activations_agree_also_for_huge_values, data::xrange(4), index) {
  auto actual = numbers(1000, 1, 6);
  actual.insert(actual.end(), {0.0F, -0.0F, 1e-20F, -9.0F, 14.1F, -14.1F, -88.0F, 88.0F, -1e9F, 1e9F, 3e18F});
  auto expected = actual;

  kernels::activate(activations[index], actual.data(), static_cast<int64_t>(actual.size()));
  reference::activate(activations[index], expected.data(), static_cast<int64_t>(expected.size()));

  for (size_t i = 0; i < actual.size(); ++i) {
    BOOST_TEST(std::abs(actual[i] - expected[i]) <= 4e-7F + 3e-7F * std::abs(expected[i]));
  }
}

BOOST_DATA_TEST_CASE(activations_let_nan_pass, data::xrange(4), index) {
  std::vector<float> x(40, std::numeric_limits<float>::quiet_NaN());
  kernels::activate(activations[index], x.data(), static_cast<int64_t>(x.size()));
  BOOST_TEST(std::ranges::all_of(x, [](float value) { return std::isnan(value); }));
}

BOOST_DATA_TEST_CASE(a_product_gets_its_bias_once, data::make({1, 3, 4, 9}) * data::make({false, true}), rows,
                     accumulate) {
  constexpr int64_t inner = 40;
  constexpr int64_t columns = 21;
  const auto x = numbers(rows * inner, 1);
  const auto w = numbers(columns * inner, 2);
  const auto bias = numbers(columns, 3, 5);
  auto actual = numbers(rows * columns, 4);
  auto expected = actual;

  kernels::matmul({x.data(), w.data(), actual.data(), rows, inner, columns, columns, accumulate, bias.data()});
  reference::matmul({x.data(), w.data(), expected.data(), rows, inner, columns, columns, accumulate, bias.data()});

  BOOST_TEST(largest_difference(actual, expected) < 1e-5);
}

BOOST_DATA_TEST_CASE(products_with_panels_agree,
                     data::make({1, 2, 3, 4, 5, 7, 8, 9, 66, 131}) * data::make({1, 3, 16, 33, 200}), rows, inner) {
  for (const int64_t columns : {1, 2, 7, 15, 16, 17, 29, 48, 50, 130}) {
    const auto bias = numbers(columns, 4);
    for (const bool accumulate : {false, true}) {
      const auto x = numbers(rows * inner, 1);
      const auto w = numbers(columns * inner, 2);
      auto actual = numbers(rows * columns, 3);
      auto expected = actual;
      const float* added = columns % 2 == 0 ? bias.data() : nullptr;

      kernels::panel_matmul(
          {x.data(), pack(w, columns, inner).data(), actual.data(), rows, inner, columns, columns, accumulate, added});
      reference::matmul({x.data(), w.data(), expected.data(), rows, inner, columns, columns, accumulate, added});

      BOOST_TEST(largest_difference(actual, expected) < 1e-7 * (inner + 4));
    }
  }
}

BOOST_DATA_TEST_CASE(a_row_of_a_product_with_panels_is_the_same_bits_in_any_batch, data::make({33, 64, 192, 511}),
                     inner) {
  constexpr int64_t columns = 53;
  constexpr int64_t rows = 70;
  const auto x = numbers(rows * inner, 1);
  const auto panels = pack(numbers(columns * inner, 2), columns, inner);
  std::vector<float> together(rows * columns);
  kernels::panel_matmul({x.data(), panels.data(), together.data(), rows, inner, columns, columns, false, nullptr});

  for (const int64_t part : {1, 2, 3, 4, 5, 8, 9, 13}) {
    std::vector<float> apart(rows * columns);
    for (int64_t row = 0; row < rows; row += part) {
      kernels::panel_matmul({x.data() + row * inner, panels.data(), apart.data() + row * columns,
                             std::min(part, rows - row), inner, columns, columns, false, nullptr});
    }
    BOOST_TEST(apart == together, "parts of " << part << " rows differ");
  }
}

BOOST_DATA_TEST_CASE(self_attention_agrees,
                     data::make({1, 2, 15, 16, 17, 33, 100, 200}) * data::make({2, 10, 16, 32, 33, 64}) *
                         data::make({false, true}),
                     tokens, head_dim, is_biased) {
  const Head head(tokens, head_dim, is_biased);
  BOOST_TEST(largest_difference(head.attend(kernels::self_attention), head.attend(reference::self_attention)) < 1e-5);
}

BOOST_DATA_TEST_CASE(pooling_agrees, data::xrange(5) * data::make({1, 2, 9}) * data::make({1, 16, 37}), index, rows,
                     columns) {
  auto x = numbers(rows * columns, 1);
  for (float& value : x) value -= 2;  // All below zero, so that a maximum that begins with zero shows.
  std::vector<float> actual(static_cast<size_t>(columns));
  auto expected = actual;

  kernels::pool(poolings[index], x.data(), rows, columns, actual.data());
  reference::pool(poolings[index], x.data(), rows, columns, expected.data());

  BOOST_TEST(largest_difference(actual, expected) < 2e-6);
}

BOOST_DATA_TEST_CASE(rows_become_unit_length, data::make({1, 15, 16, 384}), columns) {
  auto actual = numbers(columns, 1, 30);
  auto expected = actual;

  kernels::normalize_length(actual.data(), columns);
  reference::normalize_length(expected.data(), columns);

  BOOST_TEST(largest_difference(actual, expected) < 1e-6);
}

BOOST_AUTO_TEST_CASE(a_row_of_zeros_has_no_length_and_stays) {
  std::vector<float> zeros(20, 0.0F);
  kernels::normalize_length(zeros.data(), 20);
  BOOST_TEST(zeros == std::vector<float>(20, 0.0F));
}

BOOST_AUTO_TEST_SUITE_END()
