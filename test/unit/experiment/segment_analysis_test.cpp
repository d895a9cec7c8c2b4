#include "actors/experiment/analysis/segment_analysis.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "actors/experiment/analysis/sequence_judge.hpp"
#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/report/segments_document.hpp"
#include "actors/experiment/report/segments_section.hpp"
#include "live_run.hpp"

using namespace troupe;
using namespace troupe::experiment;
using nlohmann::json;

namespace {

constexpr size_t free_plan = 0;
constexpr size_t pro_plan = 1;
constexpr size_t other_plans = 2;

Definition by_plan() {
  Definition made = asked();
  made.segments = {{"header.x-plan", {"free", "pro"}}};
  return made;
}

/// What each variant does for units of one plan.
struct Plan {
  double control = 0.5;
  double treatment = 0.5;
  double treatment_kept = 1;  ///< Share of the treatment's units that are seen at all.
};

/// Units of three plans in turn, a minute of them at each pass, which end up as sums.
struct PlansRun {
  explicit PlansRun(const Definition& definition = by_plan(), uint64_t seed = 5) : live(definition), random(seed) {}

  void pass(int units, const std::array<Plan, 3>& plans, bool are_exposures_there = true) {
    std::vector<protocol::Event> events;
    const Allocation allocation = Allocation::from_ranges(live.record.revisions.back().slots, 2).value();
    for (int i = 0; i < units; ++i) {
      const std::string unit = "request-" + std::to_string(next++);
      const uint32_t plan = static_cast<uint32_t>(i % 3);
      const uint32_t arm = allocation.arm_of(slot_of(unit, salt_of(live.record.salt)));
      if (arm == 1 && random.uniform() >= plans[plan].treatment_kept) continue;
      const int64_t at = unix_microseconds(noon) + minutes * 60 * second + i;
      const protocol::ArmOf place{1, 1, arm};
      const auto kind = live.definition().unit;
      if (are_exposures_there) events.push_back({at, kind, unit, protocol::Exposure{place, plan + 1}});
      events.push_back({at, kind, unit, protocol::Attempt{place, 0, 20'000, 0, 1, 1}});
      if (random.uniform() < (arm == 0 ? plans[plan].control : plans[plan].treatment))
        events.push_back({at + 1, kind, unit, protocol::Outcome{0, next, "correct", Fixed{1} << fixed_bits}});
    }
    EventBatch batch(live.rules);
    for (const protocol::Event& event : events) batch.add(event);
    std::vector<UnitRecord> records(batch.units().size());
    live.aggregates.merge(batch.apply(records).delta);
    ++minutes;
  }

  SegmentAnalysis analysis(WallTime now = later) const {
    return segment_analysis_of(live.record, live.aggregates, now);
  }
  WallTime now() const { return noon + std::chrono::minutes{minutes}; }

  static constexpr WallTime later = noon + std::chrono::hours{1};
  LiveRun live;
  SeededRandom random;
  uint64_t next = 0;
  int minutes = 0;
};

const Comparison& correct_in(const SegmentAnalysis& analysis, size_t part) {
  return analysis.segmentations.at(0).parts.at(part).comparisons.at(0);
}

bool is_any_sure(const SegmentAnalysis& analysis) {
  return std::ranges::any_of(analysis.segmentations.at(0).parts,
                             [](const PartAnalysis& part) { return part.comparisons.at(0).is_significant; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(segment_analysis)

BOOST_AUTO_TEST_CASE(a_treatment_that_helps_one_part_is_found_there_and_not_elsewhere) {
  PlansRun run;
  run.pass(9000, {Plan{}, Plan{.treatment = 0.7}, Plan{}});

  const SegmentAnalysis analysis = run.analysis();

  BOOST_TEST(correct_in(analysis, pro_plan).is_significant);
  BOOST_TEST(*correct_in(analysis, pro_plan).difference == 0.2, boost::test_tools::tolerance(0.3));
  BOOST_TEST(correct_in(analysis, pro_plan).interval.low > 0);
  for (const size_t part : {free_plan, other_plans}) {
    BOOST_TEST(!correct_in(analysis, part).is_significant);
    BOOST_TEST((correct_in(analysis, part).interval.low < 0 && correct_in(analysis, part).interval.high > 0));
  }
  const PartsTest& differ = analysis.segmentations[0].tests.at(0);
  BOOST_TEST((differ.metric == 0 && differ.parts == 3));
  BOOST_TEST(differ.adjusted_p < 1e-6);
  const auto found = findings_of(run.live.definition(), analysis);
  BOOST_TEST_REQUIRE(found.size() == 2u);
  BOOST_TEST(found[0].starts_with("In header.x-plan pro treatment is better: correct +"));
  BOOST_TEST(found[1].starts_with("What treatment does to correct differs between the parts of header.x-plan (Coch"));
}

BOOST_AUTO_TEST_CASE(what_helps_all_alike_is_no_difference_between_parts) {
  PlansRun run;
  run.pass(9000, {Plan{0.3, 0.5}, Plan{0.3, 0.5}, Plan{0.3, 0.5}});

  const SegmentAnalysis analysis = run.analysis();

  for (const size_t part : {free_plan, pro_plan, other_plans}) BOOST_TEST(correct_in(analysis, part).is_significant);
  BOOST_TEST(analysis.segmentations[0].tests.at(0).adjusted_p > 0.01);
}

BOOST_AUTO_TEST_CASE(where_variants_do_alike_parts_seldom_ever_show_a_difference) {
  constexpr int runs = 80;
  int alarms = 0;
  for (int i = 0; i < runs; ++i) {
    PlansRun run(by_plan(), 100 + static_cast<uint64_t>(i));
    bool is_alarmed = false;
    for (int look = 0; look < 10; ++look) {
      run.pass(300, {Plan{0.2, 0.2}, Plan{0.5, 0.5}, Plan{0.8, 0.8}});
      is_alarmed = is_alarmed || is_any_sure(run.analysis(run.now()));
    }
    alarms += is_alarmed;
  }
  // Of 80, 4 in the mean at alpha 0.05.
  BOOST_TEST(alarms <= 9);
}

BOOST_AUTO_TEST_CASE(intervals_share_alpha_over_goals_and_parts) {
  PlansRun run;
  run.pass(9000, {});

  const SegmentAnalysis analysis = run.analysis();

  BOOST_TEST(analysis.interval_alpha == 0.05 / 3);
  ExperimentRecord alone = run.live.record;
  alone.definition.rule.alpha = 0.05 / 3;
  Analysis judged;
  judged.at = PlansRun::later;
  SequenceJudge(alone).judge(run.live.aggregates.of_part(1, 2), judged);
  BOOST_TEST((correct_in(analysis, pro_plan).interval == judged.comparisons.at(0).interval));
}

BOOST_AUTO_TEST_CASE(a_part_whose_units_went_missing_is_not_to_be_trusted) {
  PlansRun run;
  run.pass(9000, {Plan{}, Plan{.treatment_kept = 0.6}, Plan{}});

  const SegmentAnalysis analysis = run.analysis();

  BOOST_TEST(!analysis.segmentations[0].parts[pro_plan].skew.empty());
  BOOST_TEST(analysis.segmentations[0].parts[free_plan].skew.empty());
  const auto cautions = cautions_of(run.live.definition(), analysis);
  BOOST_TEST_REQUIRE(cautions.size() == 2u);
  BOOST_TEST(cautions[1].starts_with("header.x-plan pro cannot be trusted: "));
}

BOOST_AUTO_TEST_CASE(units_without_an_exposure_are_told_of) {
  PlansRun run;
  run.pass(300, {});
  run.pass(30, {}, false);

  const SegmentAnalysis analysis = run.analysis();

  BOOST_TEST(analysis.units_in_no_part == 30u);
  BOOST_TEST(cautions_of(run.live.definition(), analysis).at(1) ==
             "30 units are in no part: their exposures have not come.");
}

BOOST_AUTO_TEST_CASE(few_units_say_nothing_and_why) {
  PlansRun run;
  run.pass(150, {});

  const SegmentAnalysis analysis = run.analysis();

  BOOST_TEST(!correct_in(analysis, pro_plan).is_significant);
  const PartsTest& differ = analysis.segmentations[0].tests.at(0);
  BOOST_TEST(!differ.test);
  BOOST_TEST(differ.reason == "fewer than two parts have 100 units of both variants and values that vary");
}

BOOST_AUTO_TEST_CASE(a_part_that_one_variant_has_alone_shows_its_units) {
  PlansRun run;
  run.pass(150, {Plan{}, Plan{.treatment_kept = 0}, Plan{}});

  const SegmentAnalysis analysis = run.analysis();
  const PartAnalysis& pro = analysis.segmentations[0].parts[pro_plan];

  BOOST_TEST((pro.units[0] > 10 && pro.units[1] == 0));
  BOOST_TEST((pro.comparisons[0].control.units > 10 && pro.comparisons[0].treated.units == 0));
  BOOST_TEST(pro.comparisons[0].reason == "waits for units whose window is over");
  const std::string html = segments_section(run.live.definition(), analysis);
  BOOST_TEST(html.find(std::to_string(pro.units[0]) + " / 0</td>") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_experiment_that_tells_nobody_apart_has_no_segments) {
  PlansRun run(asked());
  run.pass(300, {});

  BOOST_TEST(run.analysis().segmentations.empty());
  BOOST_TEST(segments_section(asked(), run.analysis()).empty());
  BOOST_TEST((run.live.aggregates == run.live.aggregates.of_part(1, 0)), "nor rows of any");
}

BOOST_AUTO_TEST_CASE(the_document_has_each_part_and_what_may_mislead) {
  PlansRun run;
  run.pass(9000, {Plan{}, Plan{.treatment = 0.7}, Plan{}});

  const json told = json::parse(document_of(run.live.record, run.analysis()));

  const json& plans = told["segmentations"][0];
  BOOST_TEST(plans["feature"] == "header.x-plan");
  BOOST_TEST_REQUIRE(plans["parts"].size() == 3u);
  BOOST_TEST(plans["parts"][1]["value"] == "pro");
  BOOST_TEST(plans["parts"][2]["value"].is_null());
  uint64_t units = 0;
  for (const json& part : plans["parts"])
    for (const json& variant : part["variants"]) units += variant["units"].get<uint64_t>();
  BOOST_TEST(units == 9000u);
  BOOST_TEST(plans["parts"][1]["comparisons"][0]["significant"] == true);
  BOOST_TEST(plans["heterogeneity"][0]["method"] == "Cochran's Q");
  BOOST_TEST(told["findings"].size() == 2u);
  BOOST_TEST(told["cautions"].size() == 1u);
  BOOST_TEST(told["units_in_no_part"] == 0);
}

BOOST_AUTO_TEST_CASE(a_reports_section_shows_parts_and_escapes_their_names) {
  Definition definition = by_plan();
  definition.segments[0].values[1] = "<b>pro</b>";
  PlansRun run(definition);
  run.pass(9000, {Plan{}, Plan{.treatment = 0.7}, Plan{}});

  const std::string html = segments_section(definition, run.analysis());

  BOOST_TEST(html.find("<td>&lt;b&gt;pro&lt;/b&gt;</td>") != std::string::npos);
  BOOST_TEST(html.find("<b>pro") == std::string::npos);
  BOOST_TEST(html.find("<td>(others)</td>") != std::string::npos);
  BOOST_TEST(html.find("Cochran") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
