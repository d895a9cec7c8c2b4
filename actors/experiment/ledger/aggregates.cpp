#include "actors/experiment/ledger/aggregates.hpp"

namespace troupe::experiment {

Row& Row::operator+=(const Row& other) {
  sums += other.sums;
  add_counts(counts, other.counts);
  return *this;
}

Row& Row::operator-=(const Row& other) {
  sums -= other.sums;
  add_counts(counts, other.counts, -1);
  return *this;
}

void Aggregates::add(uint32_t experiment, const std::vector<Contribution>& unit, int sign) {
  for (const Contribution& place : unit) {
    RowKey key{experiment, place.revision, place.arm, 0, place.bucket};
    add(key, place, sign);
    for (const uint32_t part : place.parts) {
      key.metric = experiment::of_part(0, part);
      add(key, place, sign);
    }
  }
}

/// `key` is of its first metric.
void Aggregates::add(const RowKey& key, const Contribution& place, int sign) {
  RowKey of_metric = key;
  if (place.crossed) {
    of_metric.metric += crossed_units;
    return add(of_metric, {}, nullptr, sign);
  }
  for (uint32_t metric = 0; metric < place.values.size(); ++metric, ++of_metric.metric)
    add(of_metric, place.values[metric], &place.counts[metric], sign);
}

void Aggregates::add(const RowKey& key, const MetricValue& value, const BucketCounts* counts, int sign) {
  Row& row = rows_[key];
  sign > 0 ? row.sums.add(value) : row.sums.remove(value);
  if (counts != nullptr) add_counts(row.counts, *counts, sign);
}

void Aggregates::merge(const Aggregates& other) {
  for (const auto& [key, row] : other.rows_) {
    const auto place = rows_.try_emplace(key).first;
    place->second += row;
    if (place->second.is_zero()) rows_.erase(place);
  }
}

void Aggregates::subtract(const Aggregates& other) {
  for (const auto& [key, row] : other.rows_) {
    const auto place = rows_.try_emplace(key).first;
    place->second -= row;
    if (place->second.is_zero()) rows_.erase(place);
  }
}

void Aggregates::drop_empty_rows() {
  std::erase_if(rows_, [](const auto& entry) { return entry.second.is_zero(); });
}

const Row* Aggregates::find(const RowKey& key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

Aggregates::Range Aggregates::range_of(uint32_t experiment) const {
  const auto begin_of = [&](uint32_t number) {
    return rows_.lower_bound({number, 0, 0, 0, std::numeric_limits<int64_t>::min()});
  };
  const bool is_last = experiment == std::numeric_limits<uint32_t>::max();
  return {begin_of(experiment), is_last ? rows_.end() : begin_of(experiment + 1)};
}

Aggregates Aggregates::of_experiment(uint32_t experiment) const {
  Aggregates rows;
  const auto [begin, end] = range_of(experiment);
  rows.rows_.insert(begin, end);
  return rows;
}

Aggregates Aggregates::of_part(uint32_t experiment, uint32_t part) const {
  constexpr int64_t first_bucket = std::numeric_limits<int64_t>::min();
  constexpr int64_t last_bucket = std::numeric_limits<int64_t>::max();
  Aggregates rows;
  auto [row, end] = range_of(experiment);
  while (row != end) {
    const RowKey& key = row->first;
    const uint32_t found = part_in(key.metric);
    if (found < part) {
      row = rows_.lower_bound({experiment, key.revision, key.arm, experiment::of_part(0, part), first_bucket});
    } else if (found > part) {
      row = rows_.upper_bound({experiment, key.revision, key.arm, std::numeric_limits<uint32_t>::max(), last_bucket});
    } else {
      RowKey plain = key;
      plain.metric = without_part(key.metric);
      rows.rows_.emplace_hint(rows.rows_.end(), plain, row->second);
      ++row;
    }
  }
  return rows;
}

void Aggregates::remove_experiment(uint32_t experiment) {
  const auto [begin, end] = range_of(experiment);
  rows_.erase(begin, end);
}

}  // namespace troupe::experiment
