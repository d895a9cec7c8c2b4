#include "actors/experiment/analysis/watch.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/experiment/analysis/exact_moments.hpp"
#include "actors/experiment/decision/verdict.hpp"
#include "test/unit/experiment/live_run.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

const Finding* unhealthy(const Analysis& analysis) {
  const auto found = std::ranges::find(analysis.health, false, &Finding::healthy);
  return found == analysis.health.end() ? nullptr : &*found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(watches)

BOOST_AUTO_TEST_CASE(a_better_variant_wins_with_the_right_numbers) {
  LiveRun run;
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

BOOST_AUTO_TEST_CASE(what_is_sure_before_it_has_an_interval_must_still_be_better_by_enough) {
  Definition definition = asked();
  definition.rule.minimum_units = 10;
  definition.rule.minimum_improvement = 10;
  LiveRun run(definition);
  run.pass(10, 30, {0.1}, {0.9});

  const Analysis analysis = run.look();

  const Comparison& correct = analysis.comparisons[0];
  BOOST_TEST(correct.is_significant);
  BOOST_TEST(std::isinf(correct.interval.high));
  BOOST_TEST(*correct.relative < 10);
  BOOST_TEST(!decide(definition, analysis).has_value());
}

BOOST_AUTO_TEST_CASE(a_worse_variant_loses_and_the_control_stays) {
  LiveRun run;
  run.pass(100, 100, {0.7}, {0.5});

  // Looked at once and late: the evidence is that of all that came.
  const auto verdict = decide(run.definition(), run.look());

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST(verdict->winner.value() == 0u);
}

BOOST_AUTO_TEST_CASE(two_that_are_alike_end_inconclusive_at_their_time) {
  LiveRun run;
  std::optional<Verdict> verdict;
  for (int i = 0; i < 180 && !verdict; ++i) {
    run.pass(20, 20, {0.5}, {0.5});
    verdict = decide(run.definition(), run.look());
  }

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST((verdict->state == State::inconclusive), verdict->sentence);
}

BOOST_AUTO_TEST_CASE(a_variant_that_is_right_more_often_but_slow_harms_its_guardrail) {
  LiveRun run;
  run.pass(100, 100, {0.5, 20'000}, {0.7, 40'000});

  const auto verdict = decide(run.definition(), run.look());

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST(verdict->winner.value() == 0u);
  BOOST_TEST(verdict->sentence.find("harms p90") != std::string::npos, verdict->sentence);
}

BOOST_AUTO_TEST_CASE(units_that_are_lost_in_one_arm_make_it_sick) {
  LiveRun run;
  run.pass(300, 200, {0.5}, {0.7, 20'000, 0.93});
  const Analysis analysis = run.look();

  BOOST_TEST(!analysis.is_healthy);
  BOOST_TEST_REQUIRE(unhealthy(analysis) != nullptr);
  BOOST_TEST((unhealthy(analysis)->check == HealthCheck::sample_ratio));
  BOOST_TEST(!decide(run.definition(), analysis).has_value());
}

BOOST_AUTO_TEST_CASE(a_sum_of_which_nothing_came_yet_makes_nothing_sick) {
  Definition with_sum = asked();
  with_sum.metrics.push_back({"spent", MetricKind::sum});
  LiveRun run(with_sum);
  run.pass(100, 100, {0.5}, {0.7});

  const Analysis analysis = run.look();

  BOOST_TEST(analysis.is_healthy, (unhealthy(analysis) == nullptr ? "" : unhealthy(analysis)->sentence));
  BOOST_TEST(decide(run.definition(), analysis).has_value());
}

BOOST_AUTO_TEST_CASE(a_sum_that_stopped_in_one_arm_makes_it_sick_and_a_rare_one_does_not) {
  Definition with_sum = asked();
  with_sum.metrics = {with_sum.metrics[0], {"spent", MetricKind::sum}};
  const auto is_healthy_with = [&](int64_t spenders) {
    LiveRun run(with_sum);
    for (uint32_t arm = 0; arm < 2; ++arm) {
      Row row;
      for (int64_t unit = 0; unit < 10'000; ++unit)
        row.sums.add({arm == 0 && unit < spenders ? Fixed{5} << fixed_bits : 0, 0});
      run.aggregates.set({1, 1, arm, 1, 0}, row);
      run.aggregates.set({1, 1, arm, 0, 0}, row);
    }
    return run.look().is_healthy;
  };

  BOOST_TEST(is_healthy_with(3));
  BOOST_TEST(!is_healthy_with(3000));
}

BOOST_AUTO_TEST_CASE(conversions_wait_for_windows_that_are_over) {
  Definition slow = asked();
  slow.window = std::chrono::minutes{30};
  LiveRun run(slow);
  run.pass(100, 100, {0.3}, {0.6});

  const Comparison correct = run.look().comparisons[0];

  BOOST_TEST(!correct.is_significant);
  BOOST_TEST(correct.reason == "waits for units whose window is over");
  BOOST_TEST(correct.interval.low > 0, "what it looks like is shown");
}

BOOST_AUTO_TEST_CASE(a_ramp_under_a_drifting_rate_finds_nothing_where_nothing_is) {
  Definition ramped = asked();
  ramped.variants[0].weight = 0.95;
  ramped.variants[1].weight = 0.05;
  LiveRun run(ramped);
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
  LiveRun run;

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
