#pragma once
// Who may say what: some messages count only as the head's own.

#include "runtime/wire/envelope.hpp"

namespace troupe::protocol {

/// Whether a message of this envelope is a command or a decision that the head alone gives: an order to an agent or
/// another hand of the node, or what routes, members and API keys there are. From any other node it is to be dropped.
/// Pure.
bool is_for_the_head_to_say(const wire::Envelope& envelope);

}  // namespace troupe::protocol
