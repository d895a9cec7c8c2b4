#include "actors/gateway/in_flight.hpp"

namespace troupe::gateway {

Status InFlight::enter(balancer::DispatchId id, const std::string& model, actor::Ref handler, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (entries_.contains(id)) return fail(Errc::already_exists, "dispatch {} is inside already", id);
  TROUPE_CHECK(admission_.admit(model, bytes));
  entries_.emplace(id, Entry{model, std::move(handler), bytes, false});
  return {};
}

bool InFlight::leave(balancer::DispatchId id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  const bool withdrawn = found->second.withdrawn;
  admission_.release(found->second.model, found->second.bytes);
  entries_.erase(found);
  if (entries_.empty()) empty_.notify_all();
  return withdrawn;
}

actor::Ref InFlight::withdraw(balancer::DispatchId id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return {};
  found->second.withdrawn = true;
  return found->second.handler;
}

std::shared_ptr<const void> InFlight::hold() {
  const std::lock_guard lock(mutex_);
  ++holds_;
  return {this, [this](const void*) {
            const std::lock_guard guard(mutex_);
            if (--holds_ == 0) empty_.notify_all();
          }};
}

uint64_t InFlight::size() const {
  const std::lock_guard lock(mutex_);
  return admission_.inside();
}

bool InFlight::wait_until_empty(Duration patience) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, patience, [this] { return entries_.empty() && holds_ == 0; });
}

}  // namespace troupe::gateway
