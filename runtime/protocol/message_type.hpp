#pragma once
// The numeric type of every message that crosses the bus.

#include <cstdint>

namespace troupe::protocol {

/// Values travel on the wire: never renumber, never reuse.
enum class MessageType : uint16_t {
  none = 0,
  error = 1,

  // Serving.
  serve_request = 10,
  result_part = 11,

  // Cluster.
  hello = 30,
  join_request = 31,
  join_reply = 32,
  heartbeat = 33,
  heartbeat_ack = 34,
  assignment = 35,
  routing_snapshot = 36,
  leave = 37,
  routing_delta = 38,

  // Between a node and a back end in a child process.
  worker_hello = 40,
  load_backend = 41,
  backend_loaded = 42,
  backend_warm = 43,
  execute = 45,
  progress = 46,
  unload = 47,

  // Trust.
  peers = 50,

  // API keys.
  key_set = 60,
  key_ack = 61,

  // Logs.
  list_logs = 85,
  log_list = 86,
  read_log = 87,
  log_page = 88,

  // Exchange of nodes' keys.
  key_rotation = 89,

  // Requests with an idempotency key.
  keyed_request = 95,
  kept_request = 96,
  find_answer = 97,
  answer_found = 98,
  answer_failed = 99,

  // Files of models.
  find_model = 110,
  model_sources = 111,
  read_model = 112,
  model_chunk = 113,

  // Loading and unloading on demand.
  change_load = 120,
  load_changed = 121,

  // Events of experiments.
  event_block = 130,
  event_block_held = 131,
  record_outcomes = 140,
  outcomes_recorded = 141,
};

}  // namespace troupe::protocol
