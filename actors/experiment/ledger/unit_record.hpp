#pragma once
// UnitRecord: what is kept of one unit in one experiment. A pure function makes of it what the unit adds to the
// aggregates; whatever order its events came in, the record, and so the sum, is the same.

#include <limits>
#include <optional>
#include <vector>

#include "actors/experiment/ledger/rules.hpp"
#include "actors/experiment/ledger/unit_sums.hpp"
#include "actors/experiment/ledger/value_buckets.hpp"
#include "runtime/protocol/events.hpp"

namespace troupe::experiment {

/// Of one measure: what has been added up.
struct MeasureTotal {
  static constexpr int64_t never = std::numeric_limits<int64_t>::max();

  int64_t count = 0;
  Int128 sum = 0;
  int64_t first_us = never;  ///< When its first event was.
  BucketCounts buckets{};    ///< Where a quantile is asked.
  bool operator==(const MeasureTotal&) const = default;

  void add(const Measure& measure, Fixed value, int64_t time_us);
};

/// The unit in one arm under one revision of the allocation.
struct UnitPlace {
  uint32_t revision = 0;
  uint32_t arm = 0;
  int64_t first_us = 0;                ///< The earliest exposure or attempt.
  std::vector<MeasureTotal> totals{};  ///< One for each of Rules::measures; of outcomes those that are not kept singly.
  /// Of the earliest exposure, that with the smallest number where several are as early; 0: none has come, or none are
  /// told apart.
  uint32_t segment = 0;
  int64_t segment_us = 0;  ///< When that exposure was.
  bool operator==(const UnitPlace&) const = default;
};

/// An outcome that has come, whether or not an exposure has.
struct UnitOutcome {
  int64_t time_us = 0;
  uint64_t id_high = 0;
  uint64_t id_low = 0;
  uint16_t measure = 0;
  Fixed value = 0;
  bool operator==(const UnitOutcome&) const = default;
  auto operator<=>(const UnitOutcome&) const = default;
};

struct UnitRecord {
  /// So many outcomes of a unit are kept singly: among them one that comes twice is told by its id, and one that comes
  /// before its exposure finds it. The oldest of more are counted where they stand.
  static constexpr size_t outcomes_max = 256;
  static constexpr size_t places_max = 256;

  std::vector<UnitPlace> places;      ///< By revision, then arm.
  std::vector<UnitOutcome> outcomes;  ///< By time.
  int64_t lost = 0;                   ///< Events that found no room.

  void expose(const Rules& rules, const protocol::Exposure& exposure, int64_t time_us);
  void attempt(const Rules& rules, const protocol::Attempt& attempt, int64_t time_us);
  /// False: it is known already.
  bool outcome(const Rules& rules, const UnitOutcome& outcome);

  bool operator==(const UnitRecord&) const = default;

 private:
  /// nullptr where there is no room.
  UnitPlace* place(const Rules& rules, uint32_t revision, uint32_t arm, int64_t time_us);
  void count_oldest(const Rules& rules);
};

/// What one place of a unit adds to the aggregates.
struct Contribution {
  uint32_t revision = 0;
  uint32_t arm = 0;
  int64_t bucket = 0;               ///< Of the first exposure.
  bool crossed = false;             ///< Seen in two arms of one revision: it counts as that and as nothing else.
  std::vector<MetricValue> values;  ///< One for each of Rules::metrics.
  /// Likewise: of quantiles the events' values, of survival the seconds from exposure to the first event; else empty.
  std::vector<BucketCounts> counts;
  std::vector<uint32_t> parts{};  ///< Of each segmentation, as part_number() says; none where no segment is known.
};

/// One for each place.
std::vector<Contribution> contributions(const UnitRecord& record, const Rules& rules);

}  // namespace troupe::experiment
