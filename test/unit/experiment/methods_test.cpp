// Methods other than always_valid, from events to verdicts.

#include <boost/test/unit_test.hpp>

#include "actors/experiment/analysis/event_times.hpp"
#include "actors/experiment/analysis/pair_estimate.hpp"
#include "actors/experiment/analysis/planned_judge.hpp"
#include "actors/experiment/decision/verdict.hpp"
#include "actors/experiment/statistics/survival.hpp"
#include "test/unit/experiment/live_run.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

Definition by(Method method, uint64_t planned_units = 0) {
  Definition made = asked();
  made.rule.method = method;
  made.rule.planned_units = planned_units;
  made.rule.minimum_units = 500;
  made.rule.maximum_duration = std::chrono::hours{10};
  return made;
}

std::optional<Verdict> run_until_verdict(LiveRun& run, const Behaviour& control, const Behaviour& treatment,
                                         int seconds) {
  std::optional<Verdict> verdict;
  for (int i = 0; i < seconds && !verdict; ++i) {
    run.pass(1, 100, control, treatment);
    verdict = decide(run.definition(), run.look());
  }
  return verdict;
}

/// Rows of one conversion, as if so many units had converted.
void put_rates(Aggregates& rows, std::array<std::pair<int64_t, int64_t>, 2> converted_of) {
  for (uint32_t arm = 0; arm < 2; ++arm) {
    Row row;
    for (int64_t unit = 0; unit < converted_of[arm].second; ++unit)
      row.sums.add({unit < converted_of[arm].first ? Fixed{1} << fixed_bits : 0, 0});
    rows.set({1, 1, arm, 0, 0}, row);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(methods)

BOOST_AUTO_TEST_CASE(a_fixed_test_decides_once_with_the_sample_that_was_planned) {
  LiveRun run(by(Method::fixed, 2000));
  run.pass(38, 100, {0.3}, {0.6});
  const Analysis early = run.look();
  BOOST_TEST(!decide(run.definition(), early).has_value(), "however great the difference");
  BOOST_TEST(early.looks.empty());
  BOOST_TEST(early.comparisons[0].reason.starts_with("is compared with 2000 units of each variant"));
  BOOST_TEST(waiting_for(run.definition(), early).starts_with("is looked at next with 2000 units of each variant"));

  const auto verdict = run_until_verdict(run, {0.3}, {0.6}, 10);

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST(verdict->winner.value() == 1u);
  const Analysis last = run.look();
  BOOST_TEST(last.looks.size() == 1u);
  BOOST_TEST(last.comparisons[0].method == "two-proportion z, pooled");
  BOOST_TEST(last.comparisons[0].interval.low > 0.2);
  BOOST_TEST(last.comparisons[0].interval.high < 0.4);
}

BOOST_AUTO_TEST_CASE(a_fixed_test_without_a_difference_ends_inconclusive) {
  LiveRun run(by(Method::fixed, 1000));

  const auto verdict = run_until_verdict(run, {0.5}, {0.5}, 30);

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST((verdict->state == State::inconclusive));
  BOOST_TEST(verdict->sentence.starts_with("The sample that was planned is there, and no variant is surely better"),
             verdict->sentence);
}

BOOST_AUTO_TEST_CASE(group_sequential_looks_are_made_as_planned_and_no_other) {
  Definition definition = by(Method::group_sequential, 5000);
  definition.rule.looks = 4;
  LiveRun run(definition);
  std::vector<uint64_t> units;
  std::optional<Verdict> verdict;
  for (int i = 0; i < 200 && !verdict; ++i) {
    run.pass(1, 100, {0.5}, {0.5});
    const Analysis analysis = run.look();
    verdict = decide(definition, analysis);
    if (analysis.looks.size() > units.size()) units.push_back(analysis.looks.back().units);
    run.record.looks = analysis.looks;
    // Whoever takes over in between goes on where looks were left.
    if (i == 60) run.watch.emplace(run.record);
  }

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST((verdict->state == State::inconclusive), verdict->sentence);
  BOOST_TEST_REQUIRE(units.size() == 4u);
  for (size_t i = 0; i < units.size(); ++i) {
    BOOST_TEST(units[i] >= 1250 * (i + 1));
    BOOST_TEST(units[i] < 1250 * (i + 1) + 120);
  }
}

BOOST_AUTO_TEST_CASE(a_great_difference_is_decided_at_an_early_look) {
  LiveRun run(by(Method::group_sequential, 5000));

  const auto verdict = run_until_verdict(run, {0.4}, {0.6}, 200);

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST(verdict->winner.value() == 1u);
  const Analysis last = run.look();
  BOOST_TEST(last.looks.size() <= 2u);
  BOOST_TEST(last.comparisons[0].adjusted_p < 0.05);
  BOOST_TEST(last.comparisons[0].interval.low > 0);
}

BOOST_AUTO_TEST_CASE(group_sequential_false_alarms_keep_to_alpha) {
  Definition definition = by(Method::group_sequential, 2000);
  definition.metrics.resize(1);
  ExperimentBook book;
  book.set(book.defined(definition, 1, "salt", noon).value());
  const ExperimentRecord record = book.started(definition.name, {"1", "2"}, noon).value();
  SeededRandom random(17);
  int alarms = 0;
  constexpr int runs = 300;
  for (int i = 0; i < runs; ++i) {
    Watch watch(record);
    std::array<std::pair<int64_t, int64_t>, 2> counts{};
    bool alarm = false;
    for (int look = 0; look < 20 && !alarm; ++look) {
      for (auto& [converted, units] : counts) {
        for (int unit = 0; unit < 100; ++unit) converted += random.uniform() < 0.4;
        units += 100;
      }
      Aggregates rows;
      put_rates(rows, counts);
      const Analysis analysis = watch.look(rows, noon);
      alarm = analysis.comparisons[0].is_significant;
    }
    alarms += alarm;
  }
  // 15 are expected; more than 29 come with a chance of less than 1 in 1,000.
  BOOST_TEST(alarms <= 29);
  BOOST_TEST(alarms >= 3);
}

BOOST_AUTO_TEST_CASE(a_belief_decides_and_says_how_sure_it_is) {
  LiveRun run(by(Method::bayesian));

  const auto verdict = run_until_verdict(run, {0.5}, {0.7}, 100);

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST(verdict->winner.value() == 1u);
  const Comparison correct = run.look().comparisons[0];
  BOOST_TEST_REQUIRE(correct.belief.has_value());
  BOOST_TEST(correct.belief->better > 0.999);
  BOOST_TEST(correct.belief->best > 0.999);
  BOOST_TEST(correct.belief->expected_loss < 1e-6);
  BOOST_TEST(correct.interval.low < 0.2);
  BOOST_TEST(correct.interval.high > 0.2);
  BOOST_TEST(correct.relative_interval.low > 0.2);
}

BOOST_AUTO_TEST_CASE(variants_that_are_believed_to_be_the_same_leave_the_control) {
  Definition definition = by(Method::bayesian);
  definition.metrics.resize(1);
  LiveRun run(definition);
  put_rates(run.aggregates, {{{50'000, 100'000}, {50'100, 100'000}}});

  const auto verdict = decide(definition, run.look());

  BOOST_TEST_REQUIRE(verdict.has_value());
  BOOST_TEST(verdict->winner.value() == 0u);
  BOOST_TEST(verdict->sentence.find("treatment (clerk@2) is practically the same") != std::string::npos,
             verdict->sentence);
}

BOOST_AUTO_TEST_CASE(beliefs_under_a_ramp_compare_the_same_times) {
  Definition definition = by(Method::bayesian);
  definition.metrics.resize(1);
  LiveRun run(definition);
  // Few units of the treatment came while the rate was 20 %, many while it was 60 %.
  const auto put = [&](uint32_t revision, uint32_t arm, int64_t units, double rate) {
    Row row;
    for (int64_t unit = 0; unit < units; ++unit)
      row.sums.add({static_cast<double>(unit) < rate * static_cast<double>(units) ? Fixed{1} << fixed_bits : 0, 0});
    run.aggregates.set({1, revision, arm, 0, 0}, row);
  };
  put(1, 0, 19'000, 0.2);
  put(1, 1, 1'000, 0.2);
  put(2, 0, 10'000, 0.6);
  put(2, 1, 10'000, 0.6);
  run.record.revisions.push_back(run.record.revisions.back());

  const Comparison correct = run.look().comparisons[0];

  BOOST_TEST(correct.treated.value - correct.control.value > 0.1);
  BOOST_TEST(std::abs(*correct.difference) < 1e-9);
  BOOST_TEST(std::abs(correct.belief->better - 0.5) < 1e-6);
}

BOOST_AUTO_TEST_CASE(hazards_from_rows_are_those_of_the_units) {
  Definition definition = by(Method::always_valid);
  definition.metrics.resize(1);
  definition.metrics[0].kind = MetricKind::survival;
  definition.window = std::chrono::hours{1};
  const Rules rules = rules_of(definition, 1, noon);
  SeededRandom random(3);
  std::array<std::vector<SurvivalUnit>, 2> units;
  std::array<std::vector<Cell>, 2> cells;
  const WallTime now = noon + std::chrono::minutes{30};
  for (uint32_t arm = 0; arm < 2; ++arm) {
    std::map<int64_t, Cell> by_bucket;
    for (int i = 0; i < 4000; ++i) {
      const int64_t bucket = static_cast<int64_t>(random.below(20));
      const double watched = 1800 - static_cast<double>((bucket + 1) * rules.bucket_us) / 1e6;
      const double delay = -std::log(1 - random.uniform()) * (arm == 0 ? 2000 : 1000);
      const bool event = delay < watched;
      units[arm].push_back({event ? delay : watched, event});
      Cell& cell = by_bucket[bucket];
      cell.revision = 1;
      cell.bucket = bucket;
      cell.sums.add({});
      if (event) ++cell.counts[bucket_of(to_fixed(delay).value())];
    }
    for (const auto& [bucket, cell] : by_bucket) cells[arm].push_back(cell);
  }

  const auto table = event_times(cells[0], cells[1], 1, rules, now);
  const LogRankScore score = log_rank_score(table);
  const TestResult exact = log_rank(units[0], units[1]).value();

  // To the width of the rows' buckets.
  BOOST_TEST(std::exp(score.difference / score.variance) == exact.estimate, boost::test_tools::tolerance(2e-3));
  BOOST_TEST(score.difference / std::sqrt(score.variance) == exact.statistic, boost::test_tools::tolerance(5e-3));
  BOOST_TEST(exact.estimate > 1.7);
  BOOST_TEST(share_of_events(table, 0) == 1 - kaplan_meier(units[0]).value().steps.back().survival,
             boost::test_tools::tolerance(2e-2));
}

BOOST_AUTO_TEST_CASE(who_converts_sooner_wins_by_its_hazard) {
  for (const Method method : {Method::always_valid, Method::group_sequential, Method::fixed}) {
    Definition definition = by(method, method == Method::always_valid ? 0 : 2000);
    definition.metrics.resize(1);
    definition.metrics[0].kind = MetricKind::survival;
    definition.window = std::chrono::seconds{60};
    definition.rule.maximum_duration = std::chrono::minutes{8};
    LiveRun run(definition);

    const auto verdict = run_until_verdict(run, {0.3}, {0.6}, 200);

    BOOST_TEST_REQUIRE(verdict.has_value());
    BOOST_TEST((verdict->winner == std::optional(1u)), verdict->sentence);
  }
}

BOOST_AUTO_TEST_CASE(it_ends_at_the_date_that_was_given) {
  Definition definition = by(Method::always_valid);
  definition.ends = to_iso8601(noon + std::chrono::seconds{30});
  LiveRun run(definition);
  run.pass(29, 20, {0.5}, {0.5});
  BOOST_TEST(!decide(definition, run.look()).has_value());
  run.pass(1, 20, {0.5}, {0.5});

  BOOST_TEST((decide(definition, run.look()).value().state == State::inconclusive));
  ExperimentBook book;
  book.set(run.record);
  BOOST_TEST(book.routed("clerk").at(0).ends_unix_us == unix_microseconds(noon) + 30 * second);
}

BOOST_AUTO_TEST_SUITE_END()
