#pragma once
// What a node and a back end in a child process tell each other. docs/worker-protocol.md is the public description.
// Results travel as ResultPart and Error, a cancel has no body.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/protocol/cluster.hpp"
#include "runtime/protocol/message_type.hpp"
#include "runtime/protocol/model_interface.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::protocol {

/// The number of the worker protocol that this build speaks.
inline constexpr uint32_t worker_protocol_number = 1;

/// Child -> node, kind hello, first of all: who is there.
struct WorkerHello {
  static constexpr auto message_type = MessageType::worker_hello;
  uint32_t protocol = worker_protocol_number;
  uint32_t pid = 0;
  std::string software;  ///< For logs, e.g. "troupe 0.1.0".
  bool operator==(const WorkerHello&) const = default;
  static constexpr auto fields() {
    return std::tuple{&WorkerHello::protocol, &WorkerHello::pid, &WorkerHello::software};
  }
};

/// Node -> child, event: load this, warm it up. Answered by BackendLoaded and BackendWarm, or an Error with correlation
/// id 0.
struct LoadBackend {
  static constexpr auto message_type = MessageType::load_backend;
  ReplicaSpec spec;
  bool operator==(const LoadBackend&) const = default;
  static constexpr auto fields() { return std::tuple{&LoadBackend::spec}; }
};

/// Child -> node, event: files are verified and weights are there.
struct BackendLoaded {
  static constexpr auto message_type = MessageType::backend_loaded;
  bool operator==(const BackendLoaded&) const = default;
  static constexpr auto fields() { return std::tuple{}; }
};

/// Child -> node, event: the first real step is done, work may come.
struct BackendWarm {
  static constexpr auto message_type = MessageType::backend_warm;
  uint32_t slots = 1;            ///< Requests that may be inside at once; at least 1.
  uint64_t longest_step_us = 0;  ///< What one step may take; 0 = 1 s.
  std::string name;              ///< For logs.
  ModelInterface interface {};
  bool operator==(const BackendWarm&) const = default;
  static constexpr auto fields() {
    return std::tuple{&BackendWarm::slots, &BackendWarm::longest_step_us, &BackendWarm::name, &BackendWarm::interface};
  }
};

struct ExecuteItem {
  uint64_t work_id = 0;                  ///< Correlation id of its parts, its error and its cancel.
  std::optional<uint64_t> remaining_us;  ///< Until the deadline; none = no deadline.
  ServeRequest request;
  std::optional<uint64_t> credit;  ///< Bytes (stream_cost) that may be answered before more is given; none = no bound.
  bool operator==(const ExecuteItem&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ExecuteItem::work_id, &ExecuteItem::remaining_us, &ExecuteItem::request, &ExecuteItem::credit};
  }
};

/// Node -> child, event: a batch. Each item is answered for itself.
struct Execute {
  static constexpr auto message_type = MessageType::execute;
  std::vector<ExecuteItem> items;
  bool operator==(const Execute&) const = default;
  static constexpr auto fields() { return std::tuple{&Execute::items}; }
};

/// Child -> node, event, every 200 ms from a thread that does not compute: what the compute does.
struct Progress {
  static constexpr auto message_type = MessageType::progress;
  uint64_t steps = 0;            ///< Finished since the process began.
  uint64_t step_running_us = 0;  ///< Age of the step that runs now; 0 = none does.
  bool operator==(const Progress&) const = default;
  static constexpr auto fields() { return std::tuple{&Progress::steps, &Progress::step_running_us}; }
};

/// Node -> child, event: finish nothing more, release everything, exit with 0.
struct Unload {
  static constexpr auto message_type = MessageType::unload;
  bool operator==(const Unload&) const = default;
  static constexpr auto fields() { return std::tuple{}; }
};

}  // namespace troupe::protocol
