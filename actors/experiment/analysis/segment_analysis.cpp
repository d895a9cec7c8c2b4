#include "actors/experiment/analysis/segment_analysis.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/analysis/pair_estimate.hpp"
#include "actors/experiment/analysis/watch.hpp"
#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/statistics/family.hpp"
#include "actors/experiment/statistics/heterogeneity.hpp"
#include "actors/experiment/statistics/multiplicity.hpp"

namespace troupe::experiment {
namespace {

bool is_goal(const Definition& definition, uint32_t metric) {
  return definition.metrics[metric].role == MetricRole::goal;
}

size_t parts_in_all(const Definition& definition) {
  size_t parts = 0;
  for (const Segmentation& one : definition.segments) parts += parts_of(one);
  return parts;
}

/// Goals of all variants in all parts.
size_t questions(const Definition& definition) {
  const auto goals = std::ranges::count(definition.metrics, MetricRole::goal, &MetricDefinition::role);
  return static_cast<size_t>(goals) * (definition.variants.size() - 1) * parts_in_all(definition);
}

uint64_t units_in(const Aggregates& rows, const ExperimentRecord& record) {
  uint64_t units = 0;
  for (uint32_t arm = 0; arm < record.definition.variants.size(); ++arm)
    units += static_cast<uint64_t>(std::max<int64_t>(MetricView(rows, record.number, 0).whole(arm).sums.units, 0));
  return units;
}

PartAnalysis analysis_of(const ExperimentRecord& watched, const Aggregates& rows, WallTime now) {
  Analysis whole = Watch(watched).look(rows, now);
  PartAnalysis made{std::move(whole.units), std::move(whole.comparisons), {}};
  const auto ratio = std::ranges::find(whole.health, HealthCheck::sample_ratio, &Finding::check);
  // Many parts have many chances of a false alarm.
  const auto parts = static_cast<double>(parts_in_all(watched.definition));
  if (ratio != whole.health.end() && ratio->value < ratio->threshold / parts) made.skew = ratio->sentence;
  return made;
}

/// Of each metric but quantiles and each variant, by the parts' own rows.
std::vector<PartsTest> tests_of(const ExperimentRecord& record, const std::vector<Aggregates>& parts, WallTime now) {
  const Definition& definition = record.definition;
  const Rules rules = rules_of(record);
  std::vector<PartsTest> tests;
  for (uint32_t metric = 0; metric < definition.metrics.size(); ++metric) {
    if (definition.metrics[metric].kind == MetricKind::quantile) continue;
    for (uint32_t arm = 1; arm < definition.variants.size(); ++arm) {
      std::vector<Estimate> effects;
      for (const Aggregates& rows : parts) {
        const PairEstimate pair =
            estimate_pair(definition.metrics[metric], {rows, record.number, metric}, arm, rules, now);
        if (pair.difference && std::min(pair.control.units, pair.treated.units) >= tested_units_min)
          effects.push_back(*pair.difference);
      }
      PartsTest made{metric, arm, effects.size(), {}, 1, {}};
      if (const auto said = cochran_q(effects)) {
        made.test = *said;
        made.adjusted_p = said->p_value;
      } else {
        made.reason = effects.size() < 2 ? fmt::format(
                                               "fewer than two parts have {} units of both variants and values "
                                               "that vary",
                                               tested_units_min)
                                         : said.error().message;
      }
      tests.push_back(std::move(made));
    }
  }
  return tests;
}

/// Goals of all parts are one family.
void find_sure(const Definition& definition, SegmentAnalysis& analysis) {
  std::vector<Hypothesis> family;
  std::vector<Comparison*> members;
  for (SegmentationAnalysis& segmentation : analysis.segmentations)
    for (PartAnalysis& part : segmentation.parts)
      for (Comparison& comparison : part.comparisons) {
        if (!is_goal(definition, comparison.metric)) continue;
        family.push_back({comparison.log_evidence, 1});
        members.push_back(&comparison);
      }
  const auto verdicts = family_verdicts(family, definition.rule.alpha);
  if (!verdicts) return;
  for (size_t i = 0; i < members.size(); ++i) {
    members[i]->adjusted_p = (*verdicts)[i].adjusted_p;
    members[i]->is_significant = (*verdicts)[i].rejected;
  }
}

void adjust_tests(const Definition& definition, SegmentAnalysis& analysis) {
  std::vector<double> p_values;
  std::vector<PartsTest*> members;
  for (SegmentationAnalysis& segmentation : analysis.segmentations)
    for (PartsTest& test : segmentation.tests) {
      if (!test.test || !is_goal(definition, test.metric)) continue;
      p_values.push_back(test.test->p_value);
      members.push_back(&test);
    }
  const auto adjusted = adjusted_p_values(p_values, Correction::holm);
  if (!adjusted) return;
  for (size_t i = 0; i < members.size(); ++i) members[i]->adjusted_p = (*adjusted)[i];
}

/// Whether that is good or bad of the variant.
std::string_view side_of(const MetricDefinition& metric, double difference) {
  return (difference > 0) == (metric.direction == Direction::increase) ? "better" : "worse";
}

std::string part_named(const Definition& definition, size_t segmentation, uint32_t part) {
  return part_name(definition.segments, part_number(definition.segments, segmentation, part));
}

}  // namespace

SegmentAnalysis segment_analysis_of(const ExperimentRecord& record, const Aggregates& aggregates, WallTime now) {
  const Definition& definition = record.definition;
  SegmentAnalysis analysis;
  analysis.at = now;
  if (definition.segments.empty()) return analysis;
  ExperimentRecord watched = record;
  watched.definition.rule.method = Method::always_valid;
  watched.definition.rule.alpha = definition.rule.alpha / static_cast<double>(questions(definition));
  analysis.interval_alpha = watched.definition.rule.alpha;
  uint64_t placed = 0;
  for (size_t i = 0; i < definition.segments.size(); ++i) {
    SegmentationAnalysis& made = analysis.segmentations.emplace_back();
    std::vector<Aggregates> parts;
    placed = 0;
    for (uint32_t part = 0; part < parts_of(definition.segments[i]); ++part) {
      parts.push_back(aggregates.of_part(record.number, part_number(definition.segments, i, part)));
      made.parts.push_back(analysis_of(watched, parts.back(), now));
      placed += units_in(parts.back(), record);
    }
    made.tests = tests_of(record, parts, now);
  }
  const uint64_t all = units_in(aggregates, record);
  analysis.units_in_no_part = all - std::min(all, placed);
  find_sure(definition, analysis);
  adjust_tests(definition, analysis);
  return analysis;
}

std::vector<std::string> findings_of(const Definition& definition, const SegmentAnalysis& analysis) {
  std::vector<std::string> sentences;
  for (size_t i = 0; i < analysis.segmentations.size(); ++i) {
    const SegmentationAnalysis& segmentation = analysis.segmentations[i];
    for (uint32_t part = 0; part < segmentation.parts.size(); ++part)
      for (const Comparison& one : segmentation.parts[part].comparisons) {
        if (!one.is_significant || !one.difference) continue;
        const MetricDefinition& metric = definition.metrics[one.metric];
        sentences.push_back(fmt::format("In {} {} is {}: {} {}.", part_named(definition, i, part),
                                        definition.variants[one.arm].name, side_of(metric, *one.difference),
                                        metric.name, text_of(one)));
      }
    for (const PartsTest& one : segmentation.tests)
      if (one.test && one.adjusted_p <= definition.rule.alpha)
        sentences.push_back(
            fmt::format("What {} does to {} differs between the parts of {} (Cochran's Q = {:.3g}, p = "
                        "{:.2g}, of one look).",
                        definition.variants[one.arm].name, definition.metrics[one.metric].name,
                        definition.segments[i].feature, one.test->statistic, one.adjusted_p));
  }
  return sentences;
}

std::vector<std::string> cautions_of(const Definition& definition, const SegmentAnalysis& analysis) {
  std::vector<std::string> sentences{
      "A part has fewer units than all together: what is not sure there may be there all the same, and sure in one "
      "part "
      "but not in another is no difference between the two. Whether parts differ, Cochran's Q says, and of one look at "
      "a "
      "time that was chosen before."};
  if (analysis.units_in_no_part > 0)
    sentences.push_back(
        fmt::format("{} units are in no part: their exposures have not come.", analysis.units_in_no_part));
  for (size_t i = 0; i < analysis.segmentations.size(); ++i)
    for (uint32_t part = 0; part < analysis.segmentations[i].parts.size(); ++part)
      if (const std::string& skew = analysis.segmentations[i].parts[part].skew; !skew.empty())
        sentences.push_back(fmt::format("{} cannot be trusted: {}", part_named(definition, i, part), skew));
  return sentences;
}

}  // namespace troupe::experiment
