#include "actors/gateway/tracked_sink.hpp"

namespace troupe::gateway {
namespace {

constexpr std::chrono::milliseconds come_back{1000};

}  // namespace

TrackedSink::TrackedSink(balancer::DispatchId id, std::shared_ptr<balancer::ResponseSink> client,
                         std::shared_ptr<InFlight> in_flight, std::shared_ptr<VersionMetrics> metrics,
                         const Clock& clock, std::optional<AttemptNote> note)
    : id_(id),
      client_(std::move(client)),
      in_flight_(std::move(in_flight)),
      metrics_(std::move(metrics)),
      clock_(clock),
      begin_(clock.now()),
      note_(std::move(note)) {
  metrics_->began();
}

TrackedSink::~TrackedSink() {
  if (has_ended_) return;
  const bool was_withdrawn = in_flight_->leave(id_);
  record(was_withdrawn ? Errc::cancelled : Errc::unavailable);
  if (!was_withdrawn) client_->on_error({Errc::unavailable, "the request was lost inside the gateway", {}, come_back});
}

void TrackedSink::on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) {
  if (has_ended_) return;
  if (!has_part_) {
    metrics_->first_part(clock_.now() - begin_);
    if (note_) note_->first_part();
  }
  has_part_ = true;
  if (last) {
    const auto* const text = std::get_if<protocol::TextPart>(&part->content);
    if (text != nullptr) metrics_->used(text->usage, part->cached);
    has_ended_ = true;
    in_flight_->leave(id_);
    record(std::nullopt, text != nullptr ? text->usage : protocol::Usage{}, part->cached);
  }
  client_->on_part(std::move(part), last);
}

void TrackedSink::on_error(const Error& error) {
  if (has_ended_) return;
  has_ended_ = true;
  in_flight_->leave(id_);
  record(error.code);
  client_->on_error(error);
}

void TrackedSink::on_retry(const Error& error) {
  if (note_) note_->ended(error.code);
}

/// Before the client hears of it: what it was answered is never less known than that it was.
void TrackedSink::record(std::optional<Errc> failure, const protocol::Usage& usage, bool cached) {
  metrics_->ended(clock_.now() - begin_, failure);
  if (note_) note_->ended(failure, usage, cached);
}

}  // namespace troupe::gateway
