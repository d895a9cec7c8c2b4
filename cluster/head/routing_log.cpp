#include "cluster/head/routing_log.hpp"

namespace troupe::cluster {

void RoutingLog::update(protocol::RoutingSnapshot routes) {
  if (!log_.empty() && log_.back().models == routes.models && log_.back().nodes == routes.nodes &&
      log_.back().gateways == routes.gateways)
    return;
  routes.epoch = epoch_;
  routes.revision = revision() + 1;
  log_.push_back(std::move(routes));
  if (log_.size() > kept) log_.pop_front();
}

std::optional<RoutingMessage> RoutingLog::next_for(NodeId gateway, uint64_t acked, Time now) {
  if (acked >= revision()) return std::nullopt;
  Sent& sent = sent_[gateway];
  if (sent.revision == revision() && now - sent.at < resend_after) return std::nullopt;
  sent = {revision(), now};
  if (acked < log_.front().revision) return log_.back();
  return protocol::difference(log_[acked - log_.front().revision], log_.back());
}

}  // namespace troupe::cluster
