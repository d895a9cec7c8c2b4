// Weights by segment, and an experiment that lives by them in simulated time.

#include "actors/experiment/analysis/contextual_weights.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>

#include "actors/experiment/analysis/bandit_weights.hpp"
#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/assignment/plan.hpp"
#include "actors/experiment/assignment/segments.hpp"
#include "test/unit/experiment/live_run.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

/// What the units of a segment do: their share of all, and how often each variant is right for them.
struct Part {
  std::string plan;
  double share = 0;
  std::vector<double> rates;
  double spent_before = 0;  ///< On average, in the hour before they come.
};

double best_of(const Part& part) {
  return *std::ranges::max_element(part.rates);
}

/// What each unit earns, on average, where all are given one variant.
double earned_by(const std::vector<Part>& parts, size_t arm) {
  return std::accumulate(parts.begin(), parts.end(), 0.0,
                         [&](double sum, const Part& part) { return sum + part.share * part.rates[arm]; });
}

Definition by_plan(double floor = 0.05) {
  Definition made = asked();
  made.metrics.resize(1);
  made.segments = {{"header.x-plan", {"free", "pro"}}};
  made.bandit = BanditDefinition{BanditPolicy::linear, std::chrono::minutes{1}, floor};
  made.rule.maximum_duration = std::chrono::hours{5};
  return made;
}

/// An experiment whose requests have plans: as gateways assign them, and as shard, watcher and head deal with it.
struct PlannedRun {
  explicit PlannedRun(const Definition& definition) {
    ExperimentBook book;
    book.set(book.defined(definition, 1, "salt", noon).value());
    take(book.started(definition.name, {"1", "2"}, noon).value());
    rules.set(rules_of(definition, 1, noon));
    watch.emplace(record);
  }

  void take(ExperimentRecord next) {
    record = std::move(next);
    ExperimentBook book;
    book.set(record);
    plan.emplace(Plan::of(book.routed("clerk")).value());
    if (watch) watch->update(record);
  }

  /// `units` in a minute.
  void pass(int units, const std::vector<Part>& parts) {
    const WallTime at = now();
    std::vector<protocol::Event> events;
    for (int i = 0; i < units; ++i) {
      double left = random.uniform();
      size_t of = 0;
      while (of + 1 < parts.size() && left >= parts[of].share) left -= parts[of++].share;
      const Part& part = parts[of];
      const std::string unit = "request-" + std::to_string(next++);
      const auto given = plan->assign(
          {.request = unit}, [&](std::string_view) { return FeatureValue{std::string_view(part.plan)}; }, at);
      lost += best_of(part) - part.rates[given->arm];
      const int64_t time = unix_microseconds(at) + i;
      const protocol::ArmOf place{1, given->revision, given->arm};
      events.push_back({time, record.definition.unit, unit, protocol::Exposure{place, given->segment}});
      if (part.spent_before > 0)
        events.push_back(
            {time - second, record.definition.unit, unit,
             protocol::Outcome{1, next, "spent", to_fixed(part.spent_before * (0.5 + random.uniform())).value()}});
      if (random.uniform() < part.rates[given->arm])
        events.push_back(
            {time + 1, record.definition.unit, unit, protocol::Outcome{0, next, "correct", Fixed{1} << fixed_bits}});
    }
    EventBatch batch(rules);
    for (const protocol::Event& event : events) batch.add(event);
    std::vector<UnitRecord> records(batch.units().size());
    aggregates.merge(batch.apply(records).delta);
    ++minutes;
  }

  std::vector<SegmentWeights> changes() const { return bandit_weights(record, aggregates, now()).value(); }
  /// As the head does.
  void follow() {
    const auto next_weights = changes();
    if (next_weights.empty()) return;
    ExperimentBook book;
    book.set(record);
    take(book.reweighted("sums", next_weights, now()).value());
  }
  /// Everything to the variant that is better in that segment: what is pooled over segments misleads then.
  void set(std::vector<SegmentWeights> weights) {
    ExperimentBook book;
    book.set(record);
    take(book.reweighted("sums", weights, now()).value());
  }

  Comparison compared() {
    const Analysis analysis = watch->look(aggregates, now());
    BOOST_TEST(analysis.is_healthy);
    return analysis.comparisons.at(0);
  }
  /// The difference of all units of one variant and all of the other.
  double pooled_difference() const {
    const MetricView view(aggregates, 1, 0);
    const auto mean = [&](uint32_t arm) {
      const UnitSums sums = view.whole(arm).sums;
      return from_fixed(sums.x) / static_cast<double>(sums.units);
    };
    return mean(1) - mean(0);
  }
  WallTime now() const { return noon + std::chrono::minutes{minutes}; }

  SeededRandom random{7};
  ExperimentRecord record;
  std::optional<Plan> plan;
  RuleBook rules;
  Aggregates aggregates;
  std::optional<Watch> watch;
  double lost = 0;  ///< To giving every unit the variant that is best in its segment, on average.
  uint64_t next = 0;
  int minutes = 0;
};

const std::vector<Part> opposed{{"free", 0.5, {0.3, 0.2}}, {"pro", 0.3, {0.6, 0.75}}, {"team", 0.2, {0.5, 0.4}}};

}  // namespace

BOOST_AUTO_TEST_SUITE(contextual_weights_of_segments)

BOOST_AUTO_TEST_CASE(a_segment_is_a_one_for_each_of_its_parts) {
  const std::vector<protocol::Segmentation> two{{"region", {"eu"}}, {"header.x-plan", {"free", "pro"}}};

  BOOST_TEST((context_of(two, 1) == std::vector<double>{1, 1, 0, 1, 0, 0}));
  BOOST_TEST((context_of(two, 6) == std::vector<double>{1, 0, 1, 0, 0, 1}));
}

BOOST_AUTO_TEST_CASE(each_segment_goes_to_the_variant_that_suits_it_and_floors_are_kept) {
  PlannedRun run(by_plan(0.1));
  BOOST_TEST(run.changes().empty(), "the time has not come");
  run.pass(3000, opposed);

  const auto weights = run.changes();

  const std::vector<SegmentWeights> wanted{{1, {0.9, 0.1}}, {2, {0.1, 0.9}}, {3, {0.9, 0.1}}};
  BOOST_TEST_REQUIRE(weights.size() == wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    BOOST_TEST(weights[i].segment == wanted[i].segment);
    for (size_t arm = 0; arm < 2; ++arm)
      BOOST_TEST(weights[i].weights[arm] == wanted[i].weights[arm], boost::test_tools::tolerance(1e-12));
  }
  BOOST_TEST((run.changes() == weights), "the same rows give the same weights");

  run.follow();
  BOOST_TEST(run.changes().empty(), "the time of the next ones has not come");
  run.pass(3000, opposed);
  BOOST_TEST(run.changes().empty(), "they stay");
  std::vector<Part> turned = opposed;
  turned[1].rates = {0.9, 0.1};
  run.pass(9000, turned);
  const auto changed = run.changes();
  BOOST_TEST_REQUIRE(changed.size() == 1u);
  BOOST_TEST((changed[0].segment == 2u && changed[0].weights[0] > 0.89));
}

BOOST_AUTO_TEST_CASE(of_what_should_decrease_less_earns_more) {
  Definition definition = by_plan();
  definition.metrics[0].direction = Direction::decrease;
  PlannedRun run(definition);
  run.pass(3000, opposed);

  BOOST_TEST(run.changes().at(0).weights[1] > 0.9);
  BOOST_TEST(run.changes().at(1).weights[0] > 0.9);
}

BOOST_AUTO_TEST_CASE(without_units_nothing_changes) {
  PlannedRun run(by_plan());
  run.minutes = 5;

  BOOST_TEST(run.changes().empty());
}

BOOST_AUTO_TEST_CASE(a_segment_without_units_goes_by_those_that_share_its_parts) {
  Definition definition = by_plan();
  definition.segments.push_back({"header.x-tier", {"gold"}});  // Nobody has it: two segments share each plan.
  PlannedRun run(definition);
  run.pass(3000, {{"free", 0.5, {0.3, 0.2}}, {"pro", 0.5, {0.6, 0.75}}});

  const auto weights = run.changes();

  const auto of = [&](uint32_t segment) {
    return std::ranges::find(weights, segment, &SegmentWeights::segment)->weights;
  };
  BOOST_TEST(segment_name(definition.segments, 1) == "header.x-plan=free, header.x-tier=gold");
  BOOST_TEST(of(1)[0] > 0.9, "as of free without gold");
  BOOST_TEST(of(3)[1] > 0.9, "as of pro without gold");
}

BOOST_AUTO_TEST_CASE(rewards_of_any_size_are_explored_alike) {
  // Sums of some thousands and of some thousandths: the same units, so the same weights.
  std::vector<std::vector<SegmentWeights>> all;
  for (const double scale : {1000.0, 0.001}) {
    Definition definition = by_plan();
    definition.metrics[0].kind = MetricKind::sum;
    PlannedRun run(definition);
    run.pass(300, opposed);
    Aggregates scaled;
    for (auto [key, row] : run.aggregates.rows()) {
      const auto factor = static_cast<Int128>(scale * fixed_one);
      row.sums.x = row.sums.x * factor >> fixed_bits;
      row.sums.xx = ((row.sums.xx * factor >> fixed_bits) * factor) >> fixed_bits;
      scaled.set(key, row);
    }
    all.push_back(contextual_weights(run.record, scaled, 0).value());
  }
  BOOST_TEST((all[0] == all[1]));
}

BOOST_AUTO_TEST_CASE(it_loses_less_than_the_best_single_variant) {
  PlannedRun run(by_plan());
  for (int minute = 0; minute < 30; ++minute) {
    run.pass(1000, opposed);
    run.follow();
  }

  const double best = std::accumulate(opposed.begin(), opposed.end(), 0.0,
                                      [](double sum, const Part& part) { return sum + part.share * best_of(part); });
  const double single = std::max(earned_by(opposed, 0), earned_by(opposed, 1));
  const double lost_by_single = (best - single) * 30'000;
  // A floor of 5 % costs 0.05 of the gaps: 0.115 on average, so 173 of 30,000. The rest is what it took to learn.
  BOOST_TEST(run.lost < 0.3 * lost_by_single, run.lost << " of " << lost_by_single);
  BOOST_TEST(run.record.revisions.size() < 30u, "weights settle");
}

BOOST_AUTO_TEST_CASE(variants_that_do_alike_stay_alike_however_units_are_shared_out) {
  // Each variant has the other's share of the plan that is easy: pooled, one is far better.
  const std::vector<Part> alike{{"free", 0.5, {0.2, 0.2}}, {"pro", 0.5, {0.8, 0.8}}};
  PlannedRun run(by_plan());
  run.set({{1, {0.9, 0.1}}, {2, {0.1, 0.9}}});
  for (int minute = 0; minute < 10; ++minute) run.pass(2000, alike);

  const Comparison compared = run.compared();

  BOOST_TEST(run.pooled_difference() > 0.4);
  BOOST_TEST(std::abs(compared.difference.value()) < 0.03);
  BOOST_TEST(!compared.is_significant);
}

BOOST_AUTO_TEST_CASE(that_segments_differed_before_makes_nothing_sick) {
  Definition definition = by_plan();
  MetricDefinition spent{"spent", MetricKind::sum};
  spent.covariate = true;
  definition.metrics.push_back(spent);
  definition.before = std::chrono::hours{1};
  PlannedRun run(definition);
  run.set({{1, {0.9, 0.1}}, {2, {0.1, 0.9}}});

  run.pass(5000, {{"free", 0.5, {0.2, 0.2}, 10}, {"pro", 0.5, {0.8, 0.8}, 100}});

  for (const Finding& finding : run.watch->look(run.aggregates, run.now()).health)
    BOOST_TEST(finding.healthy, finding.sentence);
}

BOOST_AUTO_TEST_CASE(comparisons_hold_while_the_bandit_moves_weights) {
  // Better by 0.1 for every plan, and yet worse in the pool, as the easy plan had its units before the weights moved.
  const std::vector<Part> better{{"free", 0.5, {0.2, 0.3}}, {"pro", 0.5, {0.7, 0.8}}};
  PlannedRun run(by_plan(0.1));
  run.set({{1, {0.1, 0.9}}, {2, {0.9, 0.1}}});
  for (int minute = 0; minute < 20; ++minute) {
    run.pass(1000, better);
    if (minute >= 10) run.follow();
  }

  const Comparison compared = run.compared();

  BOOST_TEST(compared.difference.value() > 0.07);
  BOOST_TEST(compared.difference.value() < 0.13);
  BOOST_TEST(compared.is_significant);
  BOOST_TEST(run.pooled_difference() < 0.05);
}

BOOST_AUTO_TEST_SUITE_END()
