#include "actors/gateway/attempt_note.hpp"

namespace troupe::gateway {
namespace {

int64_t microseconds(Duration duration) {
  return duration / std::chrono::microseconds{1};
}

}  // namespace

AttemptNote::AttemptNote(experiment::EventRecorder& recorder, const ExperimentChoice& choice, const Clock& clock)
    : recorder_(recorder),
      clock_(clock),
      kind_(choice.experiment->unit),
      unit_(choice.unit),
      place_{choice.experiment->number, choice.revision, choice.arm},
      segment_(choice.segment),
      begin_(clock.now()),
      begin_wall_(clock.wall()) {}

void AttemptNote::begin() {
  protocol::Event exposure = event();
  exposure.what = protocol::Exposure{place_, segment_};
  recorder_.expose(std::move(exposure));
}

protocol::Event AttemptNote::event() const {
  return {unix_microseconds(begin_wall_), kind_, unit_, {}};
}

void AttemptNote::first_part() {
  if (!first_part_) first_part_ = clock_.now() - begin_;
}

void AttemptNote::ended(std::optional<Errc> failure, const protocol::Usage& usage, bool cached) {
  protocol::Attempt attempt;
  attempt.place = place_;
  attempt.cause = failure ? static_cast<uint32_t>(*failure) : 0;
  attempt.latency_us = microseconds(clock_.now() - begin_);
  attempt.first_part_us = first_part_ ? std::max<int64_t>(microseconds(*first_part_), 1) : 0;
  attempt.prompt_tokens = usage.prompt_tokens;
  attempt.completion_tokens = usage.completion_tokens;
  attempt.cached = cached;
  protocol::Event made = event();
  made.what = attempt;
  recorder_.record(made);
  begin_ = clock_.now();
  begin_wall_ = clock_.wall();
  first_part_.reset();
}

}  // namespace troupe::gateway
