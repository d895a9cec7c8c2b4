#include "actors/experiment/statistics/quantiles.hpp"

#include <cmath>

#include "oracle.hpp"

using namespace troupe::experiment;
using namespace troupe::experiment::test;

namespace {

void compare_estimate(const std::string& method, const QuantileEstimate& ours, const nlohmann::json& c) {
  BOOST_TEST_CONTEXT(c.dump()) {
    count_case(method);
    near(method, ours.value, number(c["value"]));
    near(method, ours.standard_error, number(c["error"]));
    near(method, ours.interval.low, number(c["low"]));
    near(method, ours.interval.high, number(c["high"]));
    if (c.contains("bucket_error")) near(method, ours.bucket_error, number(c["bucket_error"]));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(quantiles)

BOOST_AUTO_TEST_CASE(quantiles_of_values_are_the_references) {
  for (const auto& c : oracle("quantiles")["values"]) {
    compare_estimate("quantile of values",
                     quantile_of_values(numbers(c["values"]), number(c["q"]), number(c["confidence"])).value(), c);
  }
}

BOOST_AUTO_TEST_CASE(quantiles_of_clusters_are_the_references) {
  for (const auto& c : oracle("quantiles")["clusters"]) {
    std::vector<UnitValue> values;
    for (size_t i = 0; i < c["values"].size(); ++i) {
      values.push_back({c["units"][i].get<uint64_t>(), number(c["values"][i])});
    }
    compare_estimate("quantile of clusters",
                     quantile_of_clusters(values, number(c["q"]), number(c["confidence"])).value(), c);
  }
}

BOOST_AUTO_TEST_CASE(quantiles_of_histograms_are_the_references) {
  for (const auto& c : oracle("quantiles")["histogram"]) {
    compare_estimate(
        "quantile of a histogram",
        quantile_of_histogram(numbers(c["edges"]), numbers(c["counts"]), number(c["q"]), number(c["confidence"]))
            .value(),
        c);
  }
}

BOOST_AUTO_TEST_CASE(differences_of_quantiles_are_the_references) {
  for (const auto& c : oracle("quantiles")["difference"]) {
    count_case("difference of quantiles");
    const QuantileEstimate first{.value = number(c["first"][0]), .standard_error = number(c["first"][1])};
    const QuantileEstimate second{.value = number(c["second"][0]), .standard_error = number(c["second"][1])};
    compare("difference of quantiles", quantile_difference(first, second).value(), c);
  }
}

BOOST_AUTO_TEST_CASE(a_histogram_is_off_by_no_more_than_it_says) {
  std::vector<double> values;
  for (int i = 1; i <= 5000; ++i) values.push_back(std::exp(std::sin(i * 0.7) * 3));
  std::vector<double> edges{0.01};
  while (edges.back() < 25) edges.push_back(edges.back() * 1.1);
  std::vector<double> counts(edges.size() - 1);
  for (const double value : values) {
    ++counts[static_cast<size_t>(std::lower_bound(edges.begin(), edges.end(), value) - edges.begin()) - 1];
  }
  for (const double q : {0.05, 0.5, 0.9, 0.99}) {
    const QuantileEstimate exact = quantile_of_values(values, q).value();
    const QuantileEstimate binned = quantile_of_histogram(edges, counts, q).value();
    BOOST_TEST(std::abs(binned.value - exact.value) <= binned.bucket_error);
    BOOST_TEST(binned.interval.low <= exact.interval.low);
    BOOST_TEST(binned.interval.high >= exact.interval.high);
    BOOST_TEST(exact.interval.low - binned.interval.low <= binned.bucket_error);
    BOOST_TEST(binned.interval.high - exact.interval.high <= binned.bucket_error);
  }
}

BOOST_AUTO_TEST_CASE(too_few_values_leave_the_interval_open) {
  const std::vector<double> values{1, 2, 3, 4, 5};
  const QuantileEstimate estimate = quantile_of_values(values, 0.99).value();
  BOOST_TEST(estimate.interval.high == infinite);
  BOOST_TEST(estimate.standard_error == infinite);
  BOOST_TEST(refused(quantile_difference(estimate, estimate)));
}

BOOST_AUTO_TEST_CASE(what_has_no_answer_is_refused) {
  const std::vector<double> fine{1, 2, 3};
  const std::vector<UnitValue> clusters{{1, 1}, {2, 5}, {2, 6}};
  const std::vector<double> edges{0, 1, 2};
  const std::vector<double> counts{4, 6};
  for (const double bad : {0.0, 1.0, -1.0, not_a_number}) {
    BOOST_TEST(refused(quantile_of_values(fine, bad)));
    BOOST_TEST(refused(quantile_of_values(fine, 0.5, bad)));
    BOOST_TEST(refused(quantile_of_clusters(clusters, bad)));
    BOOST_TEST(refused(quantile_of_clusters(clusters, 0.5, bad)));
    BOOST_TEST(refused(quantile_of_histogram(edges, counts, bad)));
    BOOST_TEST(refused(quantile_of_histogram(edges, counts, 0.5, bad)));
  }
  BOOST_TEST(refused(quantile_of_values({}, 0.5)));
  BOOST_TEST(refused(quantile_of_values(std::vector{1.0, not_a_number}, 0.5)));
  BOOST_TEST(refused(quantile_of_clusters({}, 0.5)));
  BOOST_TEST(refused(quantile_of_clusters(std::vector<UnitValue>{{7, 1}, {7, 2}}, 0.5)));
  BOOST_TEST(refused(quantile_of_clusters(std::vector<UnitValue>{{7, 1}, {8, infinite}}, 0.5)));
  BOOST_TEST(refused(quantile_of_histogram(edges, std::vector{1.0}, 0.5)));
  BOOST_TEST(refused(quantile_of_histogram(edges, std::vector{0.0, 0.0}, 0.5)));
  BOOST_TEST(refused(quantile_of_histogram(edges, std::vector{-1.0, 3.0}, 0.5)));
  BOOST_TEST(refused(quantile_of_histogram(std::vector{0.0, 2.0, 1.0}, counts, 0.5)));
  BOOST_TEST(refused(quantile_of_histogram(std::vector{0.0, 2.0, infinite}, counts, 0.5)));
  BOOST_TEST(refused(quantile_of_histogram({}, {}, 0.5)));
  BOOST_TEST(refused(quantile_difference({.value = 1}, {.value = 2})));
  BOOST_TEST(refused(quantile_difference({.value = not_a_number, .standard_error = 1}, {.value = 2})));
  BOOST_TEST(refused(quantile_difference({.value = 1, .standard_error = 1}, {.value = 2}, {.confidence = 2})));
}

BOOST_AUTO_TEST_SUITE_END()
