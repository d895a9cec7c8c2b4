#include "actors/experiment/analysis/history.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/experiment/analysis/watch.hpp"
#include "actors/experiment/definition/compile.hpp"

using namespace troupe;
using namespace troupe::experiment;
using boost::test_tools::tolerance;

namespace {

constexpr WallTime noon{std::chrono::hours{480'000}};
constexpr uint32_t number = 7;

/// Buckets of 7.2 s: 500 in the hour that it may take.
ExperimentRecord running(size_t revisions = 1) {
  ExperimentRecord record;
  record.number = number;
  record.state = State::running;
  record.started_unix_us = unix_microseconds(noon);
  Definition& made = record.definition;
  made.name = "sums";
  made.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  MetricDefinition goal{"correct"};
  goal.role = MetricRole::goal;
  MetricDefinition latency{"p90", MetricKind::quantile, "latency_ms"};
  latency.quantile = 0.9;
  latency.role = MetricRole::guardrail;
  MetricDefinition shown{"tokens", MetricKind::sum, "completion_tokens"};
  made.metrics = {goal, latency, shown};
  made.window = std::chrono::seconds{10};
  made.rule.maximum_duration = std::chrono::hours{1};
  for (uint32_t i = 1; i <= revisions; ++i) record.revisions.push_back({i, record.started_unix_us, {0.5, 0.5}, {}, 0});
  return record;
}

WallTime after(double seconds) {
  return noon + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

struct Units {
  int64_t bucket = 0;
  uint32_t arm = 0;
  int count = 0;
  int successes = 0;
  int errors = 0;  ///< Of two requests each.
  double latency_ms = 20;
  uint32_t revision = 1;
};

Aggregates rows_of(const std::vector<Units>& all) {
  Aggregates aggregates;
  for (const Units& units : all) {
    std::vector<Contribution> places;
    for (int i = 0; i < units.count; ++i) {
      Contribution one;
      one.revision = units.revision;
      one.arm = units.arm;
      one.bucket = units.bucket;
      one.values = {{i < units.successes ? Fixed{1} << fixed_bits : 0, 0},
                    {},
                    {to_fixed(i % 5).value(), 0},
                    {i < units.errors ? Fixed{1} << fixed_bits : 0, Fixed{2} << fixed_bits}};
      one.counts = {{}, {{bucket_of(to_fixed(units.latency_ms + i % 7).value()), 1}}, {}, {}};
      places.push_back(std::move(one));
    }
    aggregates.add(number, places);
  }
  return aggregates;
}

/// 60 buckets of 100 units each; the treatment is better.
std::vector<Units> an_hour() {
  std::vector<Units> all;
  for (int64_t bucket = 0; bucket < 60; ++bucket) {
    all.push_back({bucket, 0, 50, 20 + static_cast<int>(bucket % 5), 1});
    all.push_back({bucket, 1, 50, 28 + static_cast<int>(bucket % 3), 5, 30});
  }
  return all;
}

void check_like(const Comparison& expected, const HistoryPoint& point) {
  BOOST_TEST(expected.control.units == point.control.units);
  BOOST_TEST(expected.treated.units == point.treated.units);
  BOOST_TEST(expected.control.value == point.control.value);
  BOOST_TEST(expected.treated.value == point.treated.value);
  BOOST_TEST_REQUIRE(expected.relative.has_value() == point.relative.has_value());
  if (!expected.relative) return;
  BOOST_TEST(*expected.relative == *point.relative, tolerance(1e-12));
  BOOST_TEST_REQUIRE(std::isinf(expected.interval.low) == std::isinf(point.interval.low));
  if (std::isinf(expected.interval.low)) return;
  BOOST_TEST(expected.relative_interval.low == point.relative_interval.low, tolerance(1e-12));
  BOOST_TEST(expected.relative_interval.high == point.relative_interval.high, tolerance(1e-12));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(histories)

BOOST_AUTO_TEST_CASE(each_point_is_what_a_watch_says_of_the_units_up_to_then) {
  const ExperimentRecord record = running();
  const History history = history_of(record, rows_of(an_hour()), after(60 * 7.2), 20);

  BOOST_TEST_REQUIRE(history.times.size() == 16u);  // Of four buckets each, the 61st alone.
  BOOST_TEST_REQUIRE(history.lines.size() == 2u);   // A metric that is only watched has none.
  Watch watch(record);
  for (size_t step = 0; step < history.times.size(); ++step) {
    std::vector<Units> so_far = an_hour();
    std::erase_if(so_far, [&](const Units& units) { return units.bucket >= static_cast<int64_t>(step + 1) * 4; });
    const Analysis analysis = watch.look(rows_of(so_far), history.times[step]);
    check_like(analysis.comparisons[0], history.lines[0].points[step]);
    check_like(analysis.comparisons[1], history.lines[1].points[step]);
  }
  BOOST_TEST(history.lines[0].points.back().relative_interval.low > 0);
  BOOST_TEST((history.times[0] == after(4 * 7.2)));
  BOOST_TEST((history.times.back() == after(60 * 7.2)));
}

BOOST_AUTO_TEST_CASE(traffic_is_of_each_step_alone) {
  std::vector<Units> all = an_hour();
  all.push_back({5, 1, 10, 10, 10, 500});
  const History history = history_of(running(), rows_of(all), after(60 * 7.2), 61);

  BOOST_TEST_REQUIRE(history.traffic.size() == 2u);
  const StepTraffic& usual = history.traffic[1][4];
  BOOST_TEST(usual.units == 50u);
  BOOST_TEST(usual.requests == 100);
  BOOST_TEST(usual.errors == 5);
  BOOST_TEST(usual.satisfaction.value() == 29.0 / 50);
  BOOST_TEST(usual.latency_ms.value().p50 == 33, tolerance(0.02));
  const StepTraffic& slow = history.traffic[1][5];
  BOOST_TEST(slow.units == 60u);
  BOOST_TEST(slow.errors == 15);
  BOOST_TEST(slow.latency_ms.value().p50 < 40);
  BOOST_TEST(slow.latency_ms.value().p99 > 450);
  const StepTraffic& none = history.traffic[0].back();
  BOOST_TEST(none.units == 0u);
  BOOST_TEST(!none.satisfaction.has_value());
  BOOST_TEST(!none.latency_ms.has_value());
}

BOOST_AUTO_TEST_CASE(a_conversion_has_the_posterior_of_a_uniform_prior) {
  const History history = history_of(running(), rows_of({{0, 0, 50, 20}, {1, 0, 50, 10}, {1, 1, 40, 40}}), after(20));

  BOOST_TEST_REQUIRE(history.posteriors.size() == 2u);
  BOOST_TEST(history.posteriors[0].rate.a == 31);
  BOOST_TEST(history.posteriors[0].rate.b == 71);
  BOOST_TEST(history.posteriors[1].rate.a == 41);
  BOOST_TEST(history.posteriors[1].rate.b == 1);
}

BOOST_AUTO_TEST_CASE(segments_with_weights_of_their_own_are_not_pooled_into_posteriors) {
  ExperimentRecord record = running();
  record.definition.segments = {{"header.x-plan", {"pro"}}};
  record.definition.bandit = BanditDefinition{BanditPolicy::linear};
  record.revisions[0].segment = 1;

  BOOST_TEST(history_of(record, rows_of({{0, 0, 50, 20}, {1, 1, 40, 40}}), after(20)).posteriors.empty());
}

BOOST_AUTO_TEST_CASE(units_of_clocks_that_are_wrong_are_in_the_first_and_last_step) {
  const History history = history_of(running(), rows_of({{-3, 0, 5, 1}, {900, 0, 7, 1}}), after(72), 5);

  BOOST_TEST(history.traffic[0].front().units == 5u);
  BOOST_TEST(history.traffic[0].back().units == 7u);
  BOOST_TEST(history.lines[0].points.back().control.units == 12u);
  BOOST_TEST(history.posteriors[0].rate.b == 11);
}

BOOST_AUTO_TEST_CASE(without_traffic_there_are_steps_and_no_numbers) {
  const History history = history_of(running(), {}, after(72), 100);

  BOOST_TEST(history.times.size() == 11u);
  BOOST_TEST(history.posteriors.empty());
  for (const HistoryLine& line : history.lines) {
    BOOST_TEST_REQUIRE(line.points.size() == 11u);
    BOOST_TEST(!line.points.back().difference.has_value());
  }
}

BOOST_AUTO_TEST_CASE(one_that_has_ended_keeps_its_history_whenever_it_is_asked_for) {
  ExperimentRecord record = running();
  record.state = State::decided;
  record.ended_unix_us = unix_microseconds(after(60 * 7.2));

  const History soon = history_of(record, rows_of(an_hour()), after(3600));
  const History late = history_of(record, rows_of(an_hour()), after(360'000));

  BOOST_TEST((soon.times.back() == after(60 * 7.2)));
  BOOST_TEST((soon.times == late.times));
  BOOST_TEST(*soon.lines[0].points.back().relative == *late.lines[0].points.back().relative);
}

BOOST_AUTO_TEST_CASE(times_to_an_event_are_those_of_a_watch_that_saw_every_row) {
  ExperimentRecord record = running();
  record.definition.metrics[0].kind = MetricKind::survival;
  record.definition.window = std::chrono::minutes{5};
  std::vector<Units> all = an_hour();
  Aggregates rows;
  for (const Units& units : all)
    for (int i = 0; i < units.count; ++i) {
      Contribution one{1, units.arm, units.bucket, false, std::vector<MetricValue>(4), std::vector<BucketCounts>(4)};
      if (i < units.successes) one.counts[0] = {{bucket_of(to_fixed(1 + 3 * i).value()), 1}};
      rows.add(number, {one});
    }
  const WallTime now = after(60 * 7.2);

  const HistoryPoint last = history_of(record, rows, now, 20).lines[0].points.back();

  const Comparison expected = Watch(record).look(rows, now).comparisons[0];
  BOOST_TEST_REQUIRE(expected.relative.has_value());
  BOOST_TEST(*expected.relative == *last.relative, tolerance(1e-12));
  BOOST_TEST(expected.treated.value == last.treated.value, tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_method_with_planned_looks_has_intervals_in_between) {
  ExperimentRecord record = running();
  record.definition.rule.method = Method::fixed;
  record.definition.rule.planned_units = 100'000;

  const History history = history_of(record, rows_of(an_hour()), after(60 * 7.2), 20);

  BOOST_TEST(history.lines[0].points.back().relative_interval.low > 0);
  record.definition.rule.method = Method::always_valid;
  const History same = history_of(record, rows_of(an_hour()), after(60 * 7.2), 20);
  BOOST_TEST(*history.lines[0].points[9].relative == *same.lines[0].points[9].relative);
}

BOOST_AUTO_TEST_CASE(a_thousand_revisions_make_fewer_steps) {
  std::vector<Units> all;
  for (uint32_t revision = 1; revision <= 1000; ++revision)
    for (uint32_t arm = 0; arm < 2; ++arm) all.push_back({revision / 4, arm, 12, 6, 0, 20, revision});
  const size_t folded = 1000 * 2 * 4;

  const History history = history_of(running(1000), rows_of(all), after(250 * 7.2 + 1), 100);

  BOOST_TEST(history.times.size() <= history_work_max / folded);
  BOOST_TEST(history.times.size() > 10u);
  BOOST_TEST(history.lines[0].points.back().treated.units == 12'000u);
}

BOOST_AUTO_TEST_SUITE_END()
