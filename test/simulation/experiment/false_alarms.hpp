#pragma once
// Traffic without a difference (or with one that is known), looked at every second: each function says whether a test
// was ever wrong in one run, at alpha 0.05.

#include <cstdint>
#include <span>
#include <string_view>

namespace troupe::experiment::simulation {

using Run = bool (*)(uint64_t seed, uint64_t seconds);

struct FalseAlarmScenario {
  std::string_view name;
  Run run;
  bool must_hold;  ///< False: shown for what it does wrong.
};

std::span<const FalseAlarmScenario> false_alarm_scenarios();

/// Alarms of `runs` runs.
uint64_t count_alarms(const FalseAlarmScenario& scenario, uint64_t runs, uint64_t seconds, uint64_t seed);

}  // namespace troupe::experiment::simulation
