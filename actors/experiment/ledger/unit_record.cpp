#include "actors/experiment/ledger/unit_record.hpp"

#include <algorithm>

#include "actors/experiment/assignment/segments.hpp"

namespace troupe::experiment {
namespace {

constexpr Fixed fixed_unit = Fixed{1} << fixed_bits;

Fixed milliseconds(int64_t microseconds) {
  return microseconds * (fixed_unit / 8) / 125;
}

/// None: this attempt says nothing of it.
std::optional<Fixed> value_of(AttemptMeasure measure, const protocol::Attempt& attempt, const Rules& rules) {
  switch (measure) {
    case AttemptMeasure::requests:
      return fixed_unit;
    case AttemptMeasure::errors:
      return attempt.cause == 0 ? 0 : fixed_unit;
    case AttemptMeasure::latency_ms:
      return milliseconds(attempt.latency_us);
    case AttemptMeasure::first_token_ms:
      return attempt.first_part_us == 0 ? std::nullopt : std::optional(milliseconds(attempt.first_part_us));
    case AttemptMeasure::prompt_tokens:
      return attempt.prompt_tokens * fixed_unit;
    case AttemptMeasure::completion_tokens:
      return attempt.completion_tokens * fixed_unit;
    case AttemptMeasure::cache_hits:
      return attempt.cached ? fixed_unit : 0;
    case AttemptMeasure::cost:
      return cost_of(rules.prices[attempt.place.arm], attempt);
  }
  return std::nullopt;
}

/// The place that an outcome belongs to: that of the last exposure before it, if its window is still open. Null: none.
template <class Places>
auto place_of(Places& places, const Rules& rules, int64_t time_us) -> decltype(places.data()) {
  decltype(places.data()) last = nullptr;
  for (auto& place : places)
    if (place.first_us <= time_us && (last == nullptr || place.first_us >= last->first_us)) last = &place;
  return last != nullptr && time_us - last->first_us < rules.window_us ? last : nullptr;
}

bool is_crossed(const UnitRecord& record, const UnitPlace& place) {
  return std::ranges::any_of(record.places, [&](const UnitPlace& other) {
    return other.revision == place.revision && other.arm != place.arm;
  });
}

/// Of the place's segment, as part_number() says.
std::vector<uint32_t> part_numbers(const UnitPlace& place, const Rules& rules) {
  if (place.segment == 0) return {};
  std::vector<uint32_t> numbers = parts_of_segment(rules.segmentations, place.segment);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = part_number(rules.segmentations, i, numbers[i]);
  return numbers;
}

/// What the measures came to before the unit's first exposure.
std::vector<MeasureTotal> totals_before(const UnitRecord& record, const Rules& rules) {
  std::vector<MeasureTotal> before(rules.measures.size());
  if (rules.before_us == 0 || record.places.empty()) return before;
  const int64_t first = std::ranges::min_element(record.places, {}, &UnitPlace::first_us)->first_us;
  for (const UnitOutcome& outcome : record.outcomes)
    if (outcome.time_us < first && first - outcome.time_us <= rules.before_us)
      before[outcome.measure].add(rules.measures[outcome.measure], outcome.value, outcome.time_us);
  return before;
}

/// The seconds from the unit's exposure to the first event.
BucketCounts delay_of(const MeasureTotal& total, int64_t exposed_us) {
  if (total.count == 0) return {};
  const int64_t delay_us = std::max<int64_t>(total.first_us - exposed_us, 0);
  return {{bucket_of(static_cast<Fixed>(Int128{delay_us} * fixed_unit / 1'000'000)), 1}};
}

Fixed held(Int128 sum, Fixed least, Fixed most) {
  return static_cast<Fixed>(std::clamp<Int128>(sum, least, most));
}

Fixed events_of(const MeasureTotal& total) {
  return std::min(total.count, total_max >> fixed_bits) * fixed_unit;
}

Fixed x_of(const MetricRule& metric, const MeasureTotal& total) {
  switch (metric.kind) {
    case MetricKind::conversion:
      return total.count > 0 ? fixed_unit : 0;
    case MetricKind::count:
      return std::clamp(events_of(total), metric.least, metric.most);
    case MetricKind::sum:
    case MetricKind::ratio:
      return held(total.sum, metric.least, metric.most);
    case MetricKind::quantile:
      return events_of(total);
    case MetricKind::survival:
      return 0;
  }
  return 0;
}

MetricValue value_of(const MetricRule& metric, const std::vector<MeasureTotal>& totals,
                     const std::vector<MeasureTotal>& before) {
  MetricValue value{x_of(metric, totals[metric.measure]), 0};
  if (metric.kind == MetricKind::ratio) {
    const MeasureTotal& per = totals[metric.per];
    value.y = metric.per_counts ? events_of(per) : held(per.sum, -total_max, total_max);
  } else if (metric.has_covariate) {
    value.y = x_of(metric, before[metric.measure]);
  }
  return value;
}

}  // namespace

void MeasureTotal::add(const Measure& measure, Fixed value, int64_t time_us) {
  ++count;
  sum += value;
  first_us = std::min(first_us, time_us);
  if (measure.has_buckets) ++buckets[bucket_of(value)];
}

UnitPlace* UnitRecord::place(const Rules& rules, uint32_t revision, uint32_t arm, int64_t time_us) {
  const auto key = [](const UnitPlace& place) { return std::pair(place.revision, place.arm); };
  const auto found = std::ranges::lower_bound(places, std::pair(revision, arm), {}, key);
  if (found != places.end() && key(*found) == std::pair(revision, arm)) {
    found->first_us = std::min(found->first_us, time_us);
    return &*found;
  }
  if (places.size() == places_max) {
    ++lost;
    return nullptr;
  }
  return &*places.insert(found, {revision, arm, time_us, std::vector<MeasureTotal>(rules.measures.size())});
}

void UnitRecord::expose(const Rules& rules, const protocol::Exposure& exposure, int64_t time_us) {
  UnitPlace* const where = place(rules, exposure.place.revision, exposure.place.arm, time_us);
  const uint32_t segment = exposure.segment;
  if (where == nullptr || segment == 0 || rules.segmentations.empty() || segment > segment_count(rules.segmentations))
    return;
  const bool is_earliest =
      where->segment == 0 || std::pair(time_us, segment) < std::pair(where->segment_us, where->segment);
  if (!is_earliest) return;
  where->segment = segment;
  where->segment_us = time_us;
}

void UnitRecord::attempt(const Rules& rules, const protocol::Attempt& attempt, int64_t time_us) {
  UnitPlace* const where = place(rules, attempt.place.revision, attempt.place.arm, time_us);
  if (where == nullptr) return;
  for (size_t i = 0; i < rules.measures.size(); ++i) {
    if (!rules.measures[i].of_attempts) continue;
    if (const auto value = value_of(*rules.measures[i].of_attempts, attempt, rules))
      where->totals[i].add(rules.measures[i], *value, time_us);
  }
}

bool UnitRecord::outcome(const Rules& rules, const UnitOutcome& outcome) {
  const auto is_same = [&](const UnitOutcome& known) {
    return known.id_low == outcome.id_low && known.id_high == outcome.id_high;
  };
  if (const auto known = std::ranges::find_if(outcomes, is_same); known != outcomes.end()) {
    // Sent again, with the time of that: the earliest counts, in whatever order they come.
    if (outcome < *known) {
      outcomes.erase(known);
      outcomes.insert(std::ranges::upper_bound(outcomes, outcome), outcome);
    }
    return false;
  }
  outcomes.insert(std::ranges::upper_bound(outcomes, outcome), outcome);
  if (outcomes.size() > outcomes_max) count_oldest(rules);
  return true;
}

void UnitRecord::count_oldest(const Rules& rules) {
  constexpr size_t at_a_time = outcomes_max / 4;
  for (size_t i = 0; i < at_a_time; ++i) {
    const UnitOutcome& oldest = outcomes[i];
    if (UnitPlace* const where = place_of(places, rules, oldest.time_us)) {
      where->totals[oldest.measure].add(rules.measures[oldest.measure], oldest.value, oldest.time_us);
    } else {
      ++lost;
    }
  }
  outcomes.erase(outcomes.begin(), outcomes.begin() + at_a_time);
}

std::vector<Contribution> contributions(const UnitRecord& record, const Rules& rules) {
  std::vector<std::vector<MeasureTotal>> totals;
  for (const UnitPlace& place : record.places) totals.push_back(place.totals);
  for (const UnitOutcome& outcome : record.outcomes) {
    const UnitPlace* const where = place_of(record.places, rules, outcome.time_us);
    if (where == nullptr) continue;
    totals[static_cast<size_t>(where - record.places.data())][outcome.measure].add(rules.measures[outcome.measure],
                                                                                   outcome.value, outcome.time_us);
  }
  const std::vector<MeasureTotal> before = totals_before(record, rules);

  std::vector<Contribution> all;
  for (size_t i = 0; i < record.places.size(); ++i) {
    const UnitPlace& place = record.places[i];
    Contribution one{place.revision,
                     place.arm,
                     (place.first_us - rules.starts_unix_us) / rules.bucket_us,
                     is_crossed(record, place),
                     {},
                     {},
                     part_numbers(place, rules)};
    for (const MetricRule& metric : rules.metrics) {
      const MeasureTotal& total = totals[i][metric.measure];
      one.values.push_back(value_of(metric, totals[i], before));
      one.counts.push_back(metric.kind == MetricKind::quantile   ? total.buckets
                           : metric.kind == MetricKind::survival ? delay_of(total, place.first_us)
                                                                 : BucketCounts{});
    }
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace troupe::experiment
