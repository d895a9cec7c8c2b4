#pragma once
// SequenceJudge: the method always_valid. Differences may be looked at, and decided by, as often as one likes. Made
// anew, it forgets only how strong evidence once was, which errs on the safe side.

#include <optional>
#include <vector>

#include "actors/experiment/analysis/judge.hpp"
#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/ledger/rules.hpp"
#include "actors/experiment/statistics/mean_sequence.hpp"
#include "actors/experiment/statistics/rate_watch.hpp"

namespace troupe::experiment {

class SequenceJudge final : public Judge {
 public:
  explicit SequenceJudge(const ExperimentRecord& record);

  void judge(const Aggregates& rows, Analysis& analysis) override;

 private:
  /// One metric of one variant.
  struct Question {
    uint32_t metric;
    uint32_t arm;
    std::optional<MeanWatch> means;
    std::optional<RateWatch> rates;
    uint32_t next_revision = 0;  ///< Of the rates: cells before this
    int64_t next_bucket = 0;     ///< and this are in it.
    bool was_significant = false;
  };

  Comparison compare(Question& question, const Aggregates& rows, WallTime now);
  void follow_rates(Question& question, const MetricView& view, WallTime now, Comparison& comparison) const;
  void adjust(std::vector<Comparison>& comparisons);

  const Definition definition_;
  const Rules rules_;
  std::vector<Question> questions_;
};

}  // namespace troupe::experiment
