#include "actors/experiment/statistics/event_table.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::experiment {

namespace {

struct Watched {
  double time = 0;
  bool event = false;
  size_t arm = 0;
};

}  // namespace

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
