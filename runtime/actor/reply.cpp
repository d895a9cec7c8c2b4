#include "runtime/actor/reply.hpp"

#include "runtime/actor/internal.hpp"

namespace troupe::actor {

Reply::Reply() noexcept = default;
Reply::Reply(std::unique_ptr<internal::ReplyRoute> route) : route_(std::move(route)) {}
Reply::Reply(Reply&&) noexcept = default;

Reply& Reply::operator=(Reply&& other) noexcept {
  if (this == &other) return *this;
  Reply dropped(std::move(*this));
  route_ = std::move(other.route_);
  return *this;
}

Reply::~Reply() {
  if (route_ && !route_->ended) fail({Errc::lost, "the actor ended before it answered", {}, {}});
}

ReplyId Reply::id() const noexcept {
  return route_ ? route_->state->reply : ReplyId{};
}
NodeId Reply::source() const noexcept {
  return route_ ? route_->source() : NodeId{};
}
std::optional<Time> Reply::deadline() const noexcept {
  return route_ ? route_->deadline : std::nullopt;
}

const std::string& Reply::trace() const noexcept {
  static const std::string none;
  return route_ ? route_->trace : none;
}

std::optional<uint64_t> Reply::credit() const noexcept {
  return route_ ? route_->credit : std::nullopt;
}

bool Reply::cancelled() const noexcept {
  return !route_ || route_->state->cancelled.load(std::memory_order_relaxed);
}

void Reply::deliver(protocol::AnyMessage message, bool last) {
  if (!route_ || route_->ended) return;
  route_->ended = last;
  route_->deliver(std::move(message), route_->next_index++, last);
}

void Reply::fail(Error error) {
  if (!route_ || route_->ended) return;
  route_->ended = true;
  route_->fail(std::move(error));
}

}  // namespace troupe::actor
