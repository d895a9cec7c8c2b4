#include "actors/experiment/analysis/watch.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/decision/verdict.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/ledger/event_batch.hpp"
#include "actors/experiment/lifecycle/experiment_book.hpp"
#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

constexpr WallTime noon{std::chrono::hours{480'000}};
constexpr int64_t second = 1'000'000;

Definition asked() {
  Definition made;
  made.name = "sums";
  made.model = "clerk";
  made.unit = protocol::UnitKind::request;
  made.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  MetricDefinition goal{"correct"};
  goal.role = MetricRole::goal;
  MetricDefinition latency{"p90", MetricKind::quantile, "latency_ms"};
  latency.quantile = 0.9;
  latency.role = MetricRole::guardrail;
  latency.direction = Direction::decrease;
  latency.margin = 0.2;
  MetricDefinition mean{"mean latency", MetricKind::ratio, "latency_ms"};
  mean.name = "mean_latency";
  made.metrics = {goal, latency, mean};
  made.window = std::chrono::seconds{1};
  made.rule.maximum_duration = std::chrono::hours{1};
  return made;
}

/// What a variant does.
struct Behaviour {
  double correct = 0.5;
  int64_t latency_us = 20'000;
  double kept = 1;  ///< Share of its units that are seen at all.
};

struct Run {
  explicit Run(Definition definition = asked()) {
    ExperimentBook book;
    book.set(book.defined(definition, 1, "salt", noon).value());
    record = book.started(definition.name, {"1", "2"}, noon).value();
    rules.set(rules_of(definition, 1, noon));
    watch.emplace(record);
  }

  /// `units` more a second for so many seconds.
  void pass(int seconds, int units, const Behaviour& control, const Behaviour& treatment) {
    const Allocation allocation = Allocation::from_ranges(record.revisions.back().slots, 2).value();
    for (int s = 0; s < seconds; ++s, ++now_s) {
      std::vector<protocol::Event> events;
      for (int i = 0; i < units; ++i) {
        const std::string unit = "request-" + std::to_string(next++);
        const uint32_t arm = allocation.arm_of(slot_of(unit, salt_of(record.salt)));
        const Behaviour& behaviour = arm == 0 ? control : treatment;
        if (random.uniform() >= behaviour.kept) continue;
        const int64_t at = unix_microseconds(noon) + now_s * second + i;
        const protocol::ArmOf place{1, record.revisions.back().number, arm};
        const auto latency = static_cast<int64_t>(static_cast<double>(behaviour.latency_us) * (0.5 + random.uniform()));
        events.push_back({at, definition().unit, unit, protocol::Attempt{place, 0, latency, 0, 1, 1}});
        if (random.uniform() < behaviour.correct)
          events.push_back(
              {at + 1, definition().unit, unit, protocol::Outcome{0, next, "correct", Fixed{1} << fixed_bits}});
      }
      EventBatch batch(rules);
      for (const protocol::Event& event : events) batch.add(event);
      std::vector<UnitRecord> records(batch.units().size());
      aggregates.merge(batch.apply(records).delta);
    }
  }
  Analysis look() { return watch->look(aggregates, noon + std::chrono::seconds{now_s}); }
  const Definition& definition() const { return record.definition; }

  SeededRandom random{5};
  ExperimentRecord record;
  RuleBook rules;
  Aggregates aggregates;
  std::optional<Watch> watch;
  uint64_t next = 0;
  int now_s = 0;
};

const Finding* unhealthy(const Analysis& analysis) {
  const auto found = std::ranges::find(analysis.health, false, &Finding::healthy);
  return found == analysis.health.end() ? nullptr : &*found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(watches)

BOOST_AUTO_TEST_CASE(a_better_variant_wins_with_the_right_numbers) {
  Run run;
  std::optional<Verdict> verdict;
  Analysis last;
  while (!verdict && run.now_s < 1000) {
    run.pass(1, 100, {0.5}, {0.7});
    last = run.look();
    verdict = decide(run.definition(), last);
  }

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST((verdict->state == State::decided));
  BOOST_TEST(verdict->winner.value() == 1u);
  const Comparison& correct = last.comparisons[0];
  BOOST_TEST(correct.control.value == 0.5, boost::test_tools::tolerance(0.1));
  BOOST_TEST(correct.treated.value == 0.7, boost::test_tools::tolerance(0.1));
  BOOST_TEST(correct.interval.low > 0);
  BOOST_TEST(correct.interval.low < 0.2);
  BOOST_TEST(correct.interval.high > 0.2);
  BOOST_TEST(last.comparisons[1].treated.value == 28, boost::test_tools::tolerance(0.05));
  BOOST_TEST(last.comparisons[2].treated.value == 20, boost::test_tools::tolerance(0.05));
  BOOST_TEST(last.is_healthy);
}

BOOST_AUTO_TEST_CASE(a_worse_variant_loses_and_the_control_stays) {
  Run run;
  run.pass(100, 100, {0.7}, {0.5});

  // Looked at once and late: the evidence is that of all that came.
  const auto verdict = decide(run.definition(), run.look());

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST(verdict->winner.value() == 0u);
}

BOOST_AUTO_TEST_CASE(two_that_are_alike_end_inconclusive_at_their_time) {
  Run run;
  std::optional<Verdict> verdict;
  for (int i = 0; i < 180 && !verdict; ++i) {
    run.pass(20, 20, {0.5}, {0.5});
    verdict = decide(run.definition(), run.look());
  }

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST((verdict->state == State::inconclusive), verdict->sentence);
}

BOOST_AUTO_TEST_CASE(a_variant_that_is_right_more_often_but_slow_harms_its_guardrail) {
  Run run;
  run.pass(100, 100, {0.5, 20'000}, {0.7, 40'000});

  const auto verdict = decide(run.definition(), run.look());

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST(verdict->winner.value() == 0u);
  BOOST_TEST(verdict->sentence.find("harms p90") != std::string::npos, verdict->sentence);
}

BOOST_AUTO_TEST_CASE(units_that_are_lost_in_one_arm_make_it_sick) {
  Run run;
  run.pass(300, 200, {0.5}, {0.7, 20'000, 0.93});
  const Analysis analysis = run.look();

  BOOST_TEST(!analysis.is_healthy);
  BOOST_TEST_REQUIRE(unhealthy(analysis) != nullptr);
  BOOST_TEST((unhealthy(analysis)->check == HealthCheck::sample_ratio));
  BOOST_TEST(!decide(run.definition(), analysis).has_value());
}

BOOST_AUTO_TEST_CASE(a_ramp_under_a_drifting_rate_finds_nothing_where_nothing_is) {
  Definition ramped = asked();
  ramped.variants[0].weight = 0.95;
  ramped.variants[1].weight = 0.05;
  Run run(ramped);
  run.pass(200, 100, {0.2}, {0.2});
  ExperimentBook book;
  book.set(run.record);
  run.record = book.reweighted("sums", std::vector{0.5, 0.5}, noon + std::chrono::seconds{200}).value();
  run.watch->update(run.record);
  run.pass(200, 100, {0.6}, {0.6});

  const Analysis analysis = run.look();

  // Pooled, the treatment would look better by far: most of its units came late.
  const Comparison& correct = analysis.comparisons[0];
  BOOST_TEST(correct.treated.value - correct.control.value > 0.1);
  BOOST_TEST(std::abs(*correct.difference) < 0.03);
  BOOST_TEST(!correct.is_significant);
  BOOST_TEST(analysis.is_healthy);
}

BOOST_AUTO_TEST_CASE(an_experiment_without_units_says_so_of_each_metric) {
  Run run;

  const Analysis analysis = run.look();

  for (const Comparison& comparison : analysis.comparisons) BOOST_TEST(!comparison.reason.empty());
  BOOST_TEST(waiting_for(run.definition(), analysis) == "waits for traffic");
}

BOOST_AUTO_TEST_CASE(moments_keep_their_digits_beside_a_large_mean) {
  UnitSums sums;
  for (int i = 0; i < 1000; ++i) sums.add({to_fixed(1e9 - 1 + 0.5 * (i % 2)).value(), to_fixed(i % 2).value()});

  const Moments moments = moments_of(sums);

  BOOST_TEST(moments.mean == 1e9 - 0.75, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(moments.m2 == 1000 * 0.0625, boost::test_tools::tolerance(1e-12));
  const CovariateMoments both = covariate_moments_of(sums);
  BOOST_TEST(both.m_xy == 1000 * 0.125, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_SUITE_END()
