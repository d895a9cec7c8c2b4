#include "actors/experiment/statistics/quantile_sequence.hpp"

#include <cmath>

#include "oracle.hpp"
#include "runtime/base/random.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

std::vector<double> uniforms(size_t count, double shift, uint64_t seed) {
  troupe::SeededRandom random(seed);
  std::vector<double> values(count);
  for (double& value : values) value = random.uniform() + shift;
  return values;
}

std::vector<Bucket> histogram(const std::vector<double>& values, double width) {
  std::vector<double> edges(201), counts(200);
  for (size_t i = 0; i < edges.size(); ++i) edges[i] = static_cast<double>(i) * width;
  for (const double value : values) ++counts[static_cast<size_t>(value / width)];
  return buckets_of(edges, counts).value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(quantile_sequence_suite)

BOOST_AUTO_TEST_CASE(intervals_are_those_of_the_reference) {
  const std::string method = "quantile confidence sequence";
  for (const auto& c : oracle("sequential")["quantiles"]) {
    const auto a = buckets_of(numbers(c["a"])).value(), b = buckets_of(numbers(c["b"])).value();
    const QuantileSequenceOptions options{number(c["alpha"]), number(c["quantile"]), number(c["planned"])};
    count_case(method);
    const auto alone_a = quantile_sequence(a, options).value(), alone_b = quantile_sequence(b, options).value();
    near(method, alone_a.low, number(c["interval_a"][0]));
    near(method, alone_a.high, number(c["interval_a"][1]));
    near(method, alone_b.low, number(c["interval_b"][0]));
    near(method, alone_b.high, number(c["interval_b"][1]));
    const auto said = quantile_difference_sequence(a, b, options).value();
    near(method, said.interval.low, number(c["low"]));
    near(method, said.interval.high, number(c["high"]));
    near(method, said.statistic, number(c["log_inverse_p"]), 1e-6, 1);
  }
}

BOOST_AUTO_TEST_CASE(a_histogram_says_the_same_within_a_bucket) {
  const auto a = uniforms(20'000, 0, 1), b = uniforms(20'000, 0.05, 2);
  const QuantileSequenceOptions options{.quantile = 0.9};
  const auto exact = quantile_difference_sequence(buckets_of(a).value(), buckets_of(b).value(), options).value();
  const auto rough = quantile_difference_sequence(histogram(a, 0.01), histogram(b, 0.01), options).value();

  BOOST_TEST(exact.interval.low > 0);
  BOOST_TEST(exact.interval.low < 0.05);
  BOOST_TEST(exact.interval.high > 0.05);
  BOOST_TEST(rough.interval.low <= exact.interval.low);
  BOOST_TEST(rough.interval.low > exact.interval.low - 0.021);
  BOOST_TEST(rough.interval.high >= exact.interval.high);
  BOOST_TEST(rough.interval.high < exact.interval.high + 0.021);
  BOOST_TEST(rough.p_value >= exact.p_value);
}

BOOST_AUTO_TEST_CASE(few_values_leave_ends_open) {
  const auto few = buckets_of({1, 2, 3}).value();
  const auto interval = quantile_sequence(few, {.quantile = 0.99}).value();
  BOOST_TEST(interval.high == infinite);
  const auto said = quantile_difference_sequence(few, few, {.quantile = 0.99}).value();
  BOOST_TEST(said.interval.low == -infinite);
  BOOST_TEST(said.interval.high == infinite);
  BOOST_TEST(said.p_value == 1);
}

BOOST_AUTO_TEST_CASE(billions_of_values_are_counts) {
  std::vector<Bucket> buckets;
  for (int i = 0; i < 100; ++i) buckets.push_back({i * 0.01, (i + 1) * 0.01, 100'000'000});
  const auto interval = quantile_sequence(buckets, {.quantile = 0.505}).value();
  BOOST_TEST(interval.low == 0.5);
  BOOST_TEST(interval.high == 0.51, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(extreme_settings_give_no_nan) {
  const auto values = buckets_of(uniforms(500, 0, 1)).value();
  for (const double quantile : {0.0001, 0.9999}) {
    for (const double planned : {1.0, 1e12}) {
      for (const double alpha : {1e-100, 0.99}) {
        const QuantileSequenceOptions options{alpha, quantile, planned};
        const auto said = quantile_difference_sequence(values, values, options).value();
        BOOST_TEST(said.interval.low <= 0);
        BOOST_TEST(said.interval.high >= 0);
        const auto alone = quantile_sequence(values, options).value();
        BOOST_TEST(alone.low < alone.high);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const auto good = buckets_of({1, 2, 3}).value();
  BOOST_TEST(refused(buckets_of({1, not_a_number})));
  BOOST_TEST(refused(buckets_of(std::vector<double>{0, 1}, std::vector<double>{1, 2})));
  BOOST_TEST(refused(buckets_of(std::vector<double>{0, 1}, std::vector<double>{-1})));
  BOOST_TEST(refused(quantile_sequence({}, {})));
  BOOST_TEST(refused(quantile_sequence(std::vector<Bucket>{{0, 1, 0}}, {})));
  BOOST_TEST(refused(quantile_sequence(std::vector<Bucket>{{0, 1, 5}, {0.5, 2, 5}}, {})));
  BOOST_TEST(refused(quantile_sequence(std::vector<Bucket>{{0, infinite, 5}}, {})));
  BOOST_TEST(refused(quantile_sequence(good, {.alpha = 0})));
  BOOST_TEST(refused(quantile_sequence(good, {.quantile = 1})));
  BOOST_TEST(refused(quantile_sequence(good, {.values_planned = 0})));
  BOOST_TEST(refused(quantile_difference_sequence(good, {}, {})));
}

BOOST_AUTO_TEST_SUITE_END()
