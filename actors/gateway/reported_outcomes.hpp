#pragma once
// What clients say they measured, checked and made events of; every door asks here, so that all refuse the same in the
// same words. Pure but for record_outcomes().

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/experiment/events/event_recorder.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"
#include "runtime/protocol/outcomes.hpp"

namespace troupe::gateway {

inline constexpr size_t outcomes_max = 10'000;  ///< Of one request.

/// invalid_argument where there are not 1 to outcomes_max.
Status check_outcome_count(size_t count);

/// Where an outcome stands among those of a request: "events[3]".
std::string outcome_path(size_t index);
/// One of its fields, in errors; `path` is empty where it stands alone: "events[3].unit", "unit".
std::string outcome_field(std::string_view path, std::string_view field);

/// Fit to be recorded. invalid_argument names the field: unit and id have 1 to 256 and 128 bytes, the name 1 to 64; the
/// value lies within ±1e9; the time is at most 90 days ago and not in the future; the kind is a known one.
Result<protocol::Event> event_of(protocol::ReportedOutcome outcome, std::string_view path, WallTime now,
                                 Random& random);
/// All of them, or the first error.
Result<std::vector<protocol::Event>> events_of(const protocol::RecordOutcomes& request, WallTime now, Random& random);

/// EventRecorder::record_outcomes; unimplemented where there is no `recorder`, and then `done` is not called.
Status record_outcomes(experiment::EventRecorder* recorder, const std::vector<protocol::Event>& events,
                       std::function<void(Status)> done);

}  // namespace troupe::gateway
