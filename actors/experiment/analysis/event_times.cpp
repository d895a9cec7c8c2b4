#include "actors/experiment/analysis/event_times.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace troupe::experiment {
namespace {

/// Of one bucket of delays, by arm.
struct AtDelay {
  std::array<int64_t, 2> events{};
  std::array<int64_t, 2> censored{};
};

/// How long units that were exposed in this bucket of time have been watched, in seconds.
Fixed watched(int64_t bucket, const Rules& rules, WallTime now) {
  const int64_t since = unix_microseconds(now) - rules.starts_unix_us - (bucket + 1) * rules.bucket_us;
  return static_cast<Fixed>(Int128{std::clamp<int64_t>(since, 0, rules.window_us)} * static_cast<Int128>(fixed_one) /
                            1'000'000);
}

}  // namespace

std::vector<EventTime> event_times(const std::vector<Cell>& control, const std::vector<Cell>& treated,
                                   uint32_t revision, const Rules& rules, WallTime now) {
  std::map<uint16_t, AtDelay> delays;
  std::array<int64_t, 2> at_risk{};
  const auto add = [&](const std::vector<Cell>& cells, size_t arm) {
    for (const Cell& cell : cells) {
      if (cell.revision != revision) continue;
      at_risk[arm] += cell.sums.units;
      const uint16_t last = bucket_of(watched(cell.bucket, rules, now));
      int64_t without = cell.sums.units;
      for (const auto& [delay, units] : cell.counts) {
        if (delay > last) break;
        delays[delay].events[arm] += units;
        without -= units;
      }
      if (without > 0) delays[last].censored[arm] += without;
    }
  };
  add(control, 0);
  add(treated, 1);
  std::vector<EventTime> table;
  for (const auto& [delay, counts] : delays) {
    const auto real = [](const std::array<int64_t, 2>& both) {
      return std::vector{static_cast<double>(both[0]), static_cast<double>(both[1])};
    };
    if (counts.events[0] + counts.events[1] > 0)
      table.push_back({from_fixed(bucket_begin(delay)), real(at_risk), real(counts.events)});
    for (const size_t arm : {0u, 1u}) at_risk[arm] -= counts.events[arm] + counts.censored[arm];
  }
  return table;
}

double share_of_events(const std::vector<EventTime>& table, size_t arm) {
  double without = 1;
  for (const EventTime& at : table)
    if (at.at_risk[arm] > 0) without *= 1 - at.events[arm] / at.at_risk[arm];
  return 1 - without;
}

}  // namespace troupe::experiment
