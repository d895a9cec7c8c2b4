#include "actors/experiment/statistics/event_table.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace troupe::experiment {

namespace {

struct Watched {
  double time = 0;
  bool event = false;
  size_t arm = 0;
};

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

double expected_events(const EventTime& at, size_t arm) {
  return total(at.events) * at.at_risk[arm] / total(at.at_risk);
}

double covariance_of_events(const EventTime& at, size_t a, size_t b) {
  const double n = total(at.at_risk);
  const double d = total(at.events);
  if (n <= 1) return 0;
  const double share_b = at.at_risk[b] / n;
  return at.at_risk[a] / n * ((a == b ? 1 : 0) - share_b) * d * (n - d) / (n - 1);
}

LogRankScore log_rank_score(std::span<const EventTime> table) {
  LogRankScore score;
  for (const EventTime& at : table) {
    score.difference += at.events[1] - expected_events(at, 1);
    score.variance += covariance_of_events(at, 1, 1);
  }
  return score;
}

Result<std::vector<EventTime>> event_table(std::span<const std::span<const SurvivalUnit>> arms) {
  std::vector<Watched> all;
  std::vector<double> at_risk;
  for (size_t arm = 0; arm < arms.size(); ++arm) {
    if (arms[arm].empty()) return fail(Errc::invalid_argument, "arm {} has no units: it must have one", arm + 1);
    at_risk.push_back(static_cast<double>(arms[arm].size()));
    for (const SurvivalUnit& unit : arms[arm]) {
      if (!(unit.time >= 0 && std::isfinite(unit.time))) {
        return fail(Errc::invalid_argument, "a time of arm {} is {}: it must be a finite number from 0 on", arm + 1,
                    unit.time);
      }
      all.push_back({unit.time, unit.event, arm});
    }
  }
  std::sort(all.begin(), all.end(), [](const Watched& a, const Watched& b) { return a.time < b.time; });

  std::vector<EventTime> table;
  for (size_t i = 0; i < all.size();) {
    EventTime at{all[i].time, at_risk, std::vector<double>(arms.size())};
    bool any = false;
    for (; i < all.size() && all[i].time == at.time; ++i) {
      --at_risk[all[i].arm];
      any |= all[i].event;
      if (all[i].event) ++at.events[all[i].arm];
    }
    if (any) table.push_back(std::move(at));
  }
  return table;
}

}  // namespace troupe::experiment
