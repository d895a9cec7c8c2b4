#include "runtime/protocol/authority.hpp"

#include "runtime/protocol/message_type.hpp"
#include "runtime/protocol/paths.hpp"

namespace troupe::protocol {
namespace {

/// Without a default, so that whoever adds a type decides.
bool is_the_heads(MessageType type) {
  switch (type) {
    case MessageType::assignment:
    case MessageType::routing_snapshot:
    case MessageType::routing_delta:
    case MessageType::peers:
    case MessageType::key_set:
    case MessageType::list_logs:
    case MessageType::read_log:
    case MessageType::key_rotation:
      return true;
    case MessageType::none:
    case MessageType::error:
    case MessageType::serve_request:
    case MessageType::result_part:
    case MessageType::hello:
    case MessageType::join_request:
    case MessageType::join_reply:
    case MessageType::heartbeat:
    case MessageType::heartbeat_ack:
    case MessageType::leave:
    case MessageType::worker_hello:
    case MessageType::load_backend:
    case MessageType::backend_loaded:
    case MessageType::backend_warm:
    case MessageType::execute:
    case MessageType::progress:
    case MessageType::unload:
    case MessageType::key_ack:
    case MessageType::log_list:
    case MessageType::log_page:
    case MessageType::keyed_request:
    case MessageType::kept_request:
    case MessageType::find_answer:
    case MessageType::answer_found:
    case MessageType::answer_failed:
    case MessageType::find_model:
    case MessageType::model_sources:
    case MessageType::read_model:
    case MessageType::model_chunk:
    case MessageType::change_load:
    case MessageType::load_changed:
    case MessageType::event_block:
    case MessageType::event_block_held:
    case MessageType::record_outcomes:
    case MessageType::outcomes_recorded:
      return false;
  }
  return false;
}

}  // namespace

bool is_for_the_head_to_say(const wire::Envelope& envelope) {
  // Answers find only those who asked for them.
  if (envelope.kind != wire::Kind::event && envelope.kind != wire::Kind::request) return false;
  const std::string& target = envelope.target_path;
  const bool is_command = target == agent_path || target == logs_path || target == keys_path;
  return is_command || is_the_heads(static_cast<MessageType>(envelope.message_type));
}

}  // namespace troupe::protocol
