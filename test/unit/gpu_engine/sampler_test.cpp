#include "gpu/engine/sampler.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <numeric>

using namespace troupe::gpu;
namespace data = boost::unit_test::data;

namespace {

constexpr int draws = 200'000;
const std::vector<float> logits{1.0F, 3.0F, -1.0F, 2.5F, 0.0F, 2.0F};

/// Softmax of `logits` at a temperature, over `kept` tokens only.
std::vector<double> distribution(double temperature, const std::vector<size_t>& kept) {
  std::vector<double> result(logits.size());
  for (const size_t token : kept) result[token] = std::exp(double{logits[token]} / temperature);
  const double total = std::accumulate(result.begin(), result.end(), 0.0);
  for (double& value : result) value /= total;
  return result;
}

double chi_square(const SamplingParams& params, const std::vector<double>& expected) {
  Sampler sampler;
  std::vector<double> counts(logits.size());
  for (int i = 0; i < draws; ++i) counts[static_cast<size_t>(sampler.sample(logits, params, i).value())] += 1;
  double sum = 0;
  for (size_t token = 0; token < counts.size(); ++token) {
    const double mean = draws * expected[token];
    if (mean == 0) BOOST_TEST(counts[token] == 0, "token " << token << " should be impossible");
    if (mean > 0) sum += (counts[token] - mean) * (counts[token] - mean) / mean;
  }
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sampler)

// 0.999 quantiles of chi-square: 20.52 with 5 degrees of freedom, 16.27 with 3, 13.82 with 2, 10.83 with 1.
BOOST_DATA_TEST_CASE(tokens_come_as_often_as_softmax_says, data::make({0.5F, 1.0F, 2.0F}), temperature) {
  const auto expected = distribution(double{temperature}, {0, 1, 2, 3, 4, 5});
  BOOST_TEST(chi_square({.temperature = temperature, .seed = 1}, expected) < 20.52);
}

BOOST_AUTO_TEST_CASE(top_k_leaves_the_k_likeliest) {
  BOOST_TEST(chi_square({.top_k = 3, .seed = 2}, distribution(1, {1, 3, 5})) < 13.82);
}

BOOST_AUTO_TEST_CASE(min_p_leaves_those_near_the_likeliest) {
  // Against token 1: 0.14, 1, 0.02, 0.61, 0.05, 0.37.
  BOOST_TEST(chi_square({.min_p = 0.3F, .seed = 5}, distribution(1, {1, 3, 5})) < 13.82);
  // At temperature 2 token 0 comes up to 0.37.
  BOOST_TEST(chi_square({.temperature = 2, .min_p = 0.3F, .seed = 6}, distribution(2, {0, 1, 3, 5})) < 16.27);
}

BOOST_AUTO_TEST_CASE(top_p_counts_what_min_p_left) {
  // Of tokens 1, 3 and 5, the first two have 0.82.
  BOOST_TEST(chi_square({.top_p = 0.8F, .min_p = 0.3F, .seed = 7}, distribution(1, {1, 3})) < 10.83);
}

BOOST_AUTO_TEST_CASE(top_p_leaves_the_fewest_that_reach_it) {
  // Shares are 0.09, 0.48, ...: tokens 1 and 3 together have 0.74 of the probability.
  BOOST_TEST(chi_square({.top_p = 0.7F, .seed = 3}, distribution(1, {1, 3})) < 10.83);
}

BOOST_AUTO_TEST_CASE(top_p_counts_what_top_k_left) {
  // Of tokens 1, 3 and 5, the first two have 0.82.
  BOOST_TEST(chi_square({.top_p = 0.8F, .top_k = 3, .seed = 4}, distribution(1, {1, 3})) < 10.83);
}

BOOST_AUTO_TEST_CASE(a_tiny_top_p_or_temperature_leaves_the_likeliest) {
  BOOST_TEST(chi_square({.top_p = 1e-6F}, distribution(1, {1})) == 0);
  BOOST_TEST(chi_square({.temperature = 1e-30F}, distribution(1, {1})) == 0);
  BOOST_TEST(chi_square({.temperature = 0}, distribution(1, {1})) == 0);
}

BOOST_AUTO_TEST_CASE(the_draw_depends_on_seed_and_position_alone) {
  Sampler fresh;
  Sampler used;
  const SamplingParams params{.seed = 9};
  for (uint64_t i = 0; i < 50; ++i) used.sample(logits, {.top_p = 0.5F, .top_k = 2, .seed = 77}, i);

  for (uint64_t i = 0; i < 50; ++i) BOOST_TEST(*fresh.sample(logits, params, i) == *used.sample(logits, params, i));
}

BOOST_AUTO_TEST_CASE(equal_logits_fall_to_the_lower_token) {
  Sampler sampler;
  const std::vector<float> equal{1, 2, 2, 2};
  BOOST_TEST(*sampler.sample(equal, {.temperature = 0}, 0) == 1);
  for (uint64_t i = 0; i < 100; ++i) BOOST_TEST(*sampler.sample(equal, {.top_k = 2}, i) <= 2);
}

BOOST_AUTO_TEST_CASE(logits_that_are_not_finite_give_no_token) {
  Sampler sampler;
  for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    BOOST_TEST(!sampler.sample(std::vector{1.0F, wrong, 2.0F}, {}, 0).has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
