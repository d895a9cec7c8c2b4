#pragma once
// Fields that several APIs of the HTTP door read in the same way. Only for .cpp files: includes simdjson.

#include <string>
#include <vector>

#include "actors/gateway/http/json_reader.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

/// `model`: NAME or NAME@VERSION, into `serve`. Returns it as the client wrote it.
Result<std::string> read_model(json::Element value, protocol::ServeRequest& serve);

/// `user`: the unit that experiments assign.
Status read_user(json::Element value, protocol::ServeRequest& serve);

/// A chat's `messages`. What is not supported of a message is refused by name.
Result<std::vector<protocol::ChatMessage>> read_messages(json::Element value);

}  // namespace troupe::gateway
