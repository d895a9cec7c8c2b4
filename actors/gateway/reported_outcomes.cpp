#include "actors/gateway/reported_outcomes.hpp"

#include <xxhash.h>

#include "actors/experiment/events/event_codec.hpp"
#include "actors/experiment/ledger/fixed_point.hpp"

namespace troupe::gateway {
namespace {

constexpr size_t id_bytes_max = 128;
constexpr double past_seconds_max = 90.0 * 24 * 3600;
constexpr double future_seconds_max = 300;  // Clocks differ.

/// Of one outcome, under its path.
class Checker {
 public:
  Checker(std::string_view path, WallTime now) : path_(path), now_(now) {}

  Status check_text(std::string_view key, std::string_view text, size_t bytes_max) const {
    if (!text.empty() && text.size() <= bytes_max) return {};
    return fail_field(field(key), "{} must have 1 to {} bytes, found {}", field(key), bytes_max, text.size());
  }
  Result<experiment::Fixed> fixed(double value) const {
    auto fixed = experiment::to_fixed(value);
    if (!fixed) return fail_field(field("value"), "{}: {}", field("value"), fixed.error().message);
    return *fixed;
  }
  Result<int64_t> microseconds(double seconds) const {
    const double now = static_cast<double>(unix_microseconds(now_)) / 1e6;
    if (!(seconds <= now + future_seconds_max))
      return fail_field(field("time"), "{} lies {:.0f} s in the future; it is in Unix seconds", field("time"),
                        seconds - now);
    if (!(seconds >= now - past_seconds_max))
      return fail_field(field("time"), "{} lies more than 90 days back; it is in Unix seconds", field("time"));
    return static_cast<int64_t>(seconds * 1e6);
  }
  Status check_kind(protocol::UnitKind kind) const {
    if (kind <= protocol::UnitKind::request) return {};
    return fail_field(field("kind"), "{} must be user, session, key or request, found the number {}", field("kind"),
                      static_cast<int>(kind));
  }

 private:
  std::string field(std::string_view key) const { return outcome_field(path_, key); }

  const std::string_view path_;
  const WallTime now_;
};

}  // namespace

Status check_outcome_count(size_t count) {
  if (count >= 1 && count <= outcomes_max) return {};
  return fail_field("events", "events must have 1 to {} entries, found {}", outcomes_max, count);
}

std::string outcome_path(size_t index) {
  return fmt::format("events[{}]", index);
}

std::string outcome_field(std::string_view path, std::string_view field) {
  return path.empty() ? std::string(field) : fmt::format("{}.{}", path, field);
}

Result<protocol::Event> event_of(protocol::ReportedOutcome outcome, std::string_view path, WallTime now,
                                 Random& random) {
  const Checker checker(path, now);
  TROUPE_CHECK(checker.check_text("unit", outcome.unit, experiment::event_unit_bytes_max));
  TROUPE_CHECK(checker.check_text("name", outcome.name, experiment::measure_bytes_max));
  TROUPE_CHECK(checker.check_kind(outcome.kind));
  protocol::Outcome what;
  TROUPE_TRY(what.value, checker.fixed(outcome.value));
  what.measure = std::move(outcome.name);
  if (outcome.id) {
    TROUPE_CHECK(checker.check_text("id", *outcome.id, id_bytes_max));
    const XXH128_hash_t hash = XXH3_128bits(outcome.id->data(), outcome.id->size());
    what.id_high = hash.high64;
    what.id_low = hash.low64;
  } else {
    what.id_high = random.next();
    what.id_low = random.next();
  }
  protocol::Event event;
  event.time_unix_us = unix_microseconds(now);
  if (outcome.time) {
    TROUPE_TRY(event.time_unix_us, checker.microseconds(*outcome.time));
  }
  event.kind = outcome.kind;
  event.unit = std::move(outcome.unit);
  event.what = std::move(what);
  return event;
}

Result<std::vector<protocol::Event>> events_of(const protocol::RecordOutcomes& request, WallTime now, Random& random) {
  TROUPE_CHECK(check_outcome_count(request.events.size()));
  std::vector<protocol::Event> events;
  events.reserve(request.events.size());
  for (const protocol::ReportedOutcome& outcome : request.events) {
    TROUPE_TRY(protocol::Event event, event_of(outcome, outcome_path(events.size()), now, random));
    events.push_back(std::move(event));
  }
  return events;
}

Status record_outcomes(experiment::EventRecorder* recorder, const std::vector<protocol::Event>& events,
                       std::function<void(Status)> done) {
  if (recorder == nullptr) return fail(Errc::unimplemented, "this gateway keeps no events");
  recorder->record_outcomes(events, std::move(done));
  return {};
}

}  // namespace troupe::gateway
