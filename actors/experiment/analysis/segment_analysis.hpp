#pragma once
// Segment analysis: whether variants do alike in all the parts by which an experiment tells its units apart. It is for
// looking, whenever somebody asks, and decides nothing. Pure.

#include <optional>
#include <string>
#include <vector>

#include "actors/experiment/analysis/analysis.hpp"
#include "actors/experiment/ledger/aggregates.hpp"
#include "actors/experiment/lifecycle/record.hpp"
#include "actors/experiment/statistics/summary.hpp"

namespace troupe::experiment {

/// The units of one part alone.
struct PartAnalysis {
  std::vector<uint64_t> units;  ///< Of each variant.
  /// By metric, then variant: always valid, whichever method decides the experiment. Goals of all parts of all
  /// segmentations are one family: the chance that any of them is ever falsely found to differ is at most the rule's
  /// alpha. Each interval has an equal share of it (SegmentAnalysis::interval_alpha).
  std::vector<Comparison> comparisons;
  std::string skew;  ///< Where variants did not get the part's units as they were shared out: a sentence.
};

/// Whether a variant's effect on a metric is the same in all parts of a segmentation. Of one look at a time that was
/// chosen before: unlike the intervals it may not be looked at again and again.
struct PartsTest {
  uint32_t metric = 0;
  uint32_t arm = 0;
  size_t parts = 0;  ///< That have an effect to be compared.
  /// Cochran's Q of the differences; of survival, of the logs of hazard ratios. None: `reason` says why.
  std::optional<OmnibusResult> test;
  double adjusted_p = 1;  ///< Over the goals of all variants and segmentations, by Holm; of others the p value itself.
  std::string reason;
};

struct SegmentationAnalysis {
  std::vector<PartAnalysis> parts;  ///< As Segmentation::values, and all others behind them.
  std::vector<PartsTest> tests;     ///< By metric, then variant; not of quantiles.
};

struct SegmentAnalysis {
  WallTime at;
  double interval_alpha = 0;
  uint64_t units_in_no_part = 0;                    ///< Their exposure, which says the segment, has not come.
  std::vector<SegmentationAnalysis> segmentations;  ///< As Definition::segments.
};

/// A part with fewer units of either variant is left out of Cochran's Q, which wants large parts.
inline constexpr uint64_t tested_units_min = 100;

/// Of an experiment that has started; `aggregates` has the rows of its parts. It is a first look of the method
/// always_valid at each part: 20 to 100 million events of two variants with four metrics in 500 buckets of time take 1
/// s of a core in 4 parts, 1 to 4 s in 16, 2 to 6 s in 256 (troupe_bench_analysis).
SegmentAnalysis segment_analysis_of(const ExperimentRecord& record, const Aggregates& aggregates, WallTime now);

/// What was found, in sentences: differences that are sure, by part, and parts that differ.
std::vector<std::string> findings_of(const Definition& definition, const SegmentAnalysis& analysis);

/// What may mislead whoever reads it, in sentences.
std::vector<std::string> cautions_of(const Definition& definition, const SegmentAnalysis& analysis);

}  // namespace troupe::experiment
