#pragma once
// How the head has a node exchange its keys. Control lane.

#include <string>
#include <tuple>

#include "runtime/protocol/message_type.hpp"

namespace troupe::protocol {

/// Head -> node, twice, and back each time. Without a key: make a pair; the node answers with its public key. With that
/// key, once every node has been told of it: use it; the node answers when it does.
struct KeyRotation {
  static constexpr auto message_type = MessageType::key_rotation;

  std::string key;  ///< Public; Z85.

  bool operator==(const KeyRotation&) const = default;
  static constexpr auto fields() { return std::tuple{&KeyRotation::key}; }
};

}  // namespace troupe::protocol
