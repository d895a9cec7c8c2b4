#pragma once
// Times from exposure to the first event, from the rows of a survival metric. No unit is read: rows count the units of
// each delay (to 0.8 % of it, value_buckets.hpp), and who had no event was watched until its window closed, or until
// now.

#include <vector>

#include "actors/experiment/analysis/metric_view.hpp"
#include "actors/experiment/ledger/rules.hpp"
#include "actors/experiment/statistics/event_table.hpp"

namespace troupe::experiment {

/// The table of the control (first) and another arm under one revision; times in seconds. All units of a bucket are
/// taken for watched as long as one that was exposed at its end, and what happened later is not seen yet: who is
/// censored when must not depend on what happens. So a bucket counts once it is over (Rules::bucket_us).
std::vector<EventTime> event_times(const std::vector<Cell>& control, const std::vector<Cell>& treated,
                                   uint32_t revision, const Rules& rules, WallTime now);

/// The share of an arm's units to which it happened by the table's end (1 - Kaplan and Meier's estimate).
double share_of_events(const std::vector<EventTime>& table, size_t arm);

}  // namespace troupe::experiment
