#pragma once
// TrackedSink: a client's sink that also tells the gateway when the request is over.

#include <memory>

#include "actors/balancer/messages.hpp"
#include "actors/gateway/attempt_note.hpp"
#include "actors/gateway/gateway_metrics.hpp"
#include "actors/gateway/in_flight.hpp"

namespace troupe::gateway {

/// Lets its request leave `in_flight` exactly once: at its end, or when the last holder drops it. A client that has not
/// withdrawn is then told that the answer was lost (its balancer crashed). `note` hears of each attempt. `clock` must
/// outlive it.
class TrackedSink final : public balancer::ResponseSink {
 public:
  TrackedSink(balancer::DispatchId id, std::shared_ptr<balancer::ResponseSink> client,
              std::shared_ptr<InFlight> in_flight, std::shared_ptr<VersionMetrics> metrics, const Clock& clock,
              std::optional<AttemptNote> note = {});
  ~TrackedSink() override;

  void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) override;
  void on_error(const Error& error) override;
  void on_retry(const Error& error) override;
  std::optional<uint64_t> window() const override { return client_->window(); }
  void on_begin(std::function<void(uint64_t)> more) override { client_->on_begin(std::move(more)); }

 private:
  void record(std::optional<Errc> failure, const protocol::Usage& usage = {}, bool cached = false);

  const balancer::DispatchId id_;
  const std::shared_ptr<balancer::ResponseSink> client_;
  const std::shared_ptr<InFlight> in_flight_;
  const std::shared_ptr<VersionMetrics> metrics_;
  const Clock& clock_;
  const Time begin_;
  std::optional<AttemptNote> note_;
  bool has_part_ = false;
  bool has_ended_ = false;
};

}  // namespace troupe::gateway
