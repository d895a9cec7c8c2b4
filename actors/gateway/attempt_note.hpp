#pragma once
// AttemptNote: tells an experiment what became of the attempts of one request.

#include <memory>
#include <optional>

#include "actors/experiment/events/event_recorder.hpp"
#include "actors/gateway/experiment_choice.hpp"

namespace troupe::gateway {

/// Of a request whose variant is counted. Not thread-safe: calls come one after the other, as those of its sink.
class AttemptNote {
 public:
  /// `recorder` and `clock` must outlive it.
  AttemptNote(experiment::EventRecorder& recorder, const ExperimentChoice& choice, const Clock& clock);

  /// The request is about to be dispatched: its unit is exposed.
  void begin();
  void first_part();
  /// An attempt has ended and another follows, or none: the next one begins now.
  void ended(std::optional<Errc> failure, const protocol::Usage& usage = {}, bool cached = false);

 private:
  protocol::Event event() const;

  experiment::EventRecorder& recorder_;
  const Clock& clock_;
  const protocol::UnitKind kind_;
  const std::string unit_;
  const protocol::ArmOf place_;
  const uint32_t segment_;
  Time begin_;
  WallTime begin_wall_;
  std::optional<Duration> first_part_;
};

}  // namespace troupe::gateway
