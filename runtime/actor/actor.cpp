#include "runtime/actor/actor.hpp"

namespace troupe::actor {

bool Actor::handle_event(const protocol::AnyMessage& message) {
  const auto handler = events_.find(message.type_tag());
  if (handler == events_.end()) return false;
  handler->second(message);
  return true;
}

bool Actor::handle_request(const protocol::AnyMessage& message, Reply reply) {
  const auto handler = requests_.find(message.type_tag());
  if (handler == requests_.end()) {
    reply.fail({Errc::unimplemented, "the actor does not serve this type of request", {}, {}});
    return false;
  }
  handler->second(message, std::move(reply));
  return true;
}

}  // namespace troupe::actor
