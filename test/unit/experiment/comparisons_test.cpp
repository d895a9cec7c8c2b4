// Comparisons of two variants from the rows of sums alone, and what becomes of numbers at the edge.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "actors/experiment/analysis/pair_estimate.hpp"
#include "actors/experiment/analysis/quantile_comparison.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

constexpr double unbounded = std::numeric_limits<double>::infinity();

Definition asked() {
  Definition made;
  made.name = "sums";
  made.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  made.metrics = {{"p95", MetricKind::quantile, "latency_ms", "", 0.95}};
  return made;
}

UnitSums units(int64_t count, double x = 0, double y = 0) {
  UnitSums sums;
  for (int64_t i = 0; i < count; ++i) sums.add({to_fixed(x).value(), to_fixed(y).value()});
  return sums;
}

/// Of each unit as many values.
Row latencies(int64_t units_count, const std::map<double, int64_t>& counts) {
  int64_t values = 0;
  for (const auto& [value, count] : counts) values += count;
  Row row{units(units_count, static_cast<double>(values / units_count))};
  for (const auto& [value, count] : counts) row.counts[bucket_of(to_fixed(value).value())] += count;
  return row;
}

Aggregates rows_of(const Row& control, const Row& treated) {
  Aggregates rows;
  rows.set({1, 1, 0, 0, 0}, control);
  rows.set({1, 1, 1, 0, 0}, treated);
  return rows;
}

PairEstimate pair_of(MetricKind kind, const UnitSums& control, const UnitSums& treated) {
  MetricDefinition metric{"profit", kind};
  const Aggregates rows = rows_of({control}, {treated});
  return estimate_pair(metric, {rows, 1, 0}, 1, {}, WallTime{std::chrono::hours{480'000}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(comparisons)

BOOST_AUTO_TEST_CASE(a_long_tail_of_single_values_is_not_rounded_away) {
  // Five values of each of 400 units; of the treatment one in four is slow, each in a bucket of its own.
  std::map<double, int64_t> tail{{10, 1500}};
  for (int i = 0; i < 500; ++i) tail[100 * std::pow(2, i / 64.0)] = 1;
  const Aggregates rows = rows_of(latencies(400, {{10, 2000}}), latencies(400, tail));

  const Comparison said = compare_quantiles(asked(), 0, 1, {rows, 1, 0});

  BOOST_TEST(*said.difference > 200);
  BOOST_TEST(said.interval.low > 50);
  BOOST_TEST(said.interval.high > *said.difference);
}

BOOST_AUTO_TEST_CASE(a_variant_whose_units_make_more_requests_is_known_no_better_for_them) {
  const auto said = [](int64_t requests) {
    std::map<double, int64_t> counts;
    for (int i = 0; i < 400; ++i) counts[10 + i * 0.1] = requests;
    const Row often = latencies(400, counts);
    for (auto& [value, count] : counts) count = 1;
    const Aggregates rows = rows_of(latencies(400, counts), often);
    return compare_quantiles(asked(), 0, 1, {rows, 1, 0}).interval;
  };

  BOOST_TEST(said(1).low < -1);
  BOOST_TEST(said(9).low == said(1).low);
  BOOST_TEST(said(9).high == said(1).high);
}

BOOST_AUTO_TEST_CASE(one_unit_with_most_of_the_requests_is_one_unit) {
  std::map<double, int64_t> counts;
  for (int i = 0; i < 4000; ++i) counts[10 + i * 0.01] = 1;
  const Row even = latencies(4000, counts);
  Row uneven = even;  // One of 400 units made 3,601 of the 4,000 requests.
  uneven.sums = units(399, 1);
  uneven.sums += units(1, 3601);
  const auto interval = [](const Row& row) {
    const Aggregates rows = rows_of(row, row);
    return compare_quantiles(asked(), 0, 1, {rows, 1, 0}).interval;
  };

  BOOST_TEST(std::isfinite(interval(even).high));
  BOOST_TEST(std::isinf(interval(uneven).high));
}

BOOST_AUTO_TEST_CASE(a_quantile_lacks_values_until_both_variants_have_some) {
  const auto said = [](const Row& control, const Row& treated) {
    const Aggregates rows = rows_of(control, treated);
    return compare_quantiles(asked(), 0, 1, {rows, 1, 0});
  };
  const Row none{units(400)};
  const Row some = latencies(400, {{10, 400}});
  BOOST_TEST(said(none, none).lacks_values);
  BOOST_TEST(said(some, none).lacks_values);
  BOOST_TEST(!said(some, none).difference.has_value());
  BOOST_TEST(said(none, some).lacks_values);
  BOOST_TEST(!said(some, some).lacks_values);
}

BOOST_AUTO_TEST_CASE(a_ratio_without_a_denominator_lacks_values_and_one_that_is_0_does_not) {
  BOOST_TEST(pair_of(MetricKind::ratio, units(300, 0, 1), units(300, 0, 0)).lacks_values);
  BOOST_TEST(!pair_of(MetricKind::ratio, units(300, 0, 1), units(300, 0, 1)).lacks_values);
  BOOST_TEST(!pair_of(MetricKind::sum, units(300), units(300)).lacks_values);
}

BOOST_AUTO_TEST_CASE(a_variant_without_units_leaves_the_other_ones_value) {
  const PairEstimate pair = pair_of(MetricKind::sum, units(300, 2), {});

  BOOST_TEST(pair.control.units == 300u);
  BOOST_TEST(pair.control.value == 2);
  BOOST_TEST(pair.treated.units == 0u);
  BOOST_TEST(pair.reason == "no units yet");
}

BOOST_AUTO_TEST_CASE(less_of_a_loss_is_an_increase) {
  PairEstimate pair;
  pair.control = {-10, 0.1, 300};
  pair.treated = {-8, 0.1, 300};
  pair.difference = Estimate{2, std::sqrt(0.02), 300, 300};
  Comparison said;
  set_interval(said, MetricKind::sum, pair, {1.5, 2.5});

  BOOST_TEST(*said.relative == 0.2);
  BOOST_TEST((said.relative_interval.low > 0 && said.relative_interval.low < 0.2));
  BOOST_TEST((said.relative_interval.high > 0.2 && said.relative_interval.high < 0.4));
}

BOOST_AUTO_TEST_CASE(that_a_hazard_ratio_is_above_0_bounds_nothing) {
  PairEstimate pair;
  pair.difference = Estimate{std::log(2.0), 0.1, 300, 300};
  Comparison said;
  set_interval(said, MetricKind::survival, pair, {-unbounded, unbounded});

  BOOST_TEST(*said.difference == 1, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(said.interval.low == -unbounded);
  BOOST_TEST(said.interval.high == unbounded);
}

BOOST_AUTO_TEST_SUITE_END()
