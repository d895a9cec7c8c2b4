#include "actors/gateway/tracked_sink.hpp"

namespace troupe::gateway {
namespace {

constexpr std::chrono::milliseconds come_back{1000};

}  // namespace

TrackedSink::TrackedSink(balancer::DispatchId id, std::shared_ptr<balancer::ResponseSink> client,
                         std::shared_ptr<InFlight> in_flight, std::shared_ptr<VersionMetrics> metrics,
                         const Clock& clock)
    : id_(id),
      client_(std::move(client)),
      in_flight_(std::move(in_flight)),
      metrics_(std::move(metrics)),
      clock_(clock),
      begin_(clock.now()) {
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
  if (!has_part_) metrics_->first_part(clock_.now() - begin_);
  has_part_ = true;
  if (last) {
    if (const auto* text = std::get_if<protocol::TextPart>(&part->content)) metrics_->used(text->usage, part->cached);
    has_ended_ = true;
    in_flight_->leave(id_);
    record(std::nullopt);
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

void TrackedSink::record(std::optional<Errc> failure) {
  metrics_->ended(clock_.now() - begin_, failure);
}

}  // namespace troupe::gateway
