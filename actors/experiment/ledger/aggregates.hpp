#pragma once
// Aggregates: the sums that analysis reads, by experiment, revision, arm, metric and time bucket. Merging is exact and
// may be done in any order.
//
// Where an experiment tells segments apart, units have rows of their parts beside those of all units: a unit is in one
// part of each segmentation, so that the rows of a segmentation's parts sum up to those of all units whose segment is
// known.

#include <map>

#include "actors/experiment/ledger/unit_record.hpp"

namespace troupe::experiment {

struct RowKey {
  uint32_t experiment = 0;
  uint32_t revision = 0;
  uint32_t arm = 0;
  uint32_t metric = 0;  ///< Index of Rules::metrics, or `crossed_units`; see of_part().
  int64_t bucket = 0;   ///< Of the units' first exposure under the revision.
  bool operator==(const RowKey&) const = default;
  auto operator<=>(const RowKey&) const = default;
};

/// A row that only counts: units that were seen in two arms of one revision, in each of the arms.
inline constexpr uint32_t crossed_units = 0xffff;

/// The metric in the rows of a part (part_number(); 0: all units).
constexpr uint32_t of_part(uint32_t metric, uint32_t part) {
  return part << 16 | metric;
}
constexpr uint32_t part_in(uint32_t metric) {
  return metric >> 16;
}
constexpr uint32_t without_part(uint32_t metric) {
  return metric & 0xffff;
}

struct Row {
  UnitSums sums;
  BucketCounts counts{};  ///< See Contribution::counts.

  Row& operator+=(const Row& other);
  Row& operator-=(const Row& other);
  bool operator==(const Row&) const = default;
  bool is_zero() const noexcept { return sums.is_zero() && counts.empty(); }
};

class Aggregates {
 public:
  /// What a unit adds; `sign` -1 takes it away again.
  void add(uint32_t experiment, const std::vector<Contribution>& unit, int sign = 1);
  /// Rows that come to nothing go.
  void merge(const Aggregates& other);
  void subtract(const Aggregates& other);
  /// Rows of nothing, as adding and taking away leave them.
  void drop_empty_rows();
  void set(const RowKey& key, Row row) { rows_[key] = std::move(row); }

  const std::map<RowKey, Row>& rows() const noexcept { return rows_; }
  const Row* find(const RowKey& key) const;
  /// The rows of one experiment alone.
  Aggregates of_experiment(uint32_t experiment) const;
  /// Of those, the rows of one part, under the metrics' own numbers: what there would be without all other units. Part
  /// 0: of all units. Takes the time of what it finds.
  Aggregates of_part(uint32_t experiment, uint32_t part) const;
  void remove_experiment(uint32_t experiment);

  bool operator==(const Aggregates&) const = default;

 private:
  void add(const RowKey& key, const Contribution& place, int sign);
  void add(const RowKey& key, const MetricValue& value, const BucketCounts* counts, int sign);
  using Range = std::pair<std::map<RowKey, Row>::const_iterator, std::map<RowKey, Row>::const_iterator>;
  Range range_of(uint32_t experiment) const;

  std::map<RowKey, Row> rows_;
};

}  // namespace troupe::experiment
