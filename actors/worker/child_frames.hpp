#pragma once
// The frames of the worker protocol (docs/worker-protocol.md) as values: what each side may hear, and how each is
// written. Pure.

#include <variant>
#include <vector>

#include "actors/worker/backend.hpp"
#include "runtime/protocol/worker.hpp"
#include "runtime/wire/message.hpp"

namespace troupe::worker {

/// Of the link between node and child: a batch may be larger than one request.
wire::Limits child_limits();

/// A piece of the answer to `id`. A body that can't be read is an Error in its place: the work must not hang.
struct PartFrame {
  WorkId id;
  wire::PartPosition position;
  Result<protocol::ResultPart> part;
};
/// `id` 0: the back end as a whole.
struct ErrorFrame {
  WorkId id;
  Error error;
};
struct CancelFrame {
  WorkId id;
};
struct CreditFrame {
  WorkId id;
  uint64_t bytes = 0;
};
using FromChild = std::variant<protocol::WorkerHello, protocol::BackendLoaded, protocol::BackendWarm,
                               protocol::Progress, PartFrame, ErrorFrame>;
using FromNode = std::variant<protocol::LoadBackend, protocol::Execute, CancelFrame, CreditFrame, protocol::Unload>;

/// corrupt_data or invalid_argument for what must be dropped: malformed, or of a kind or type that this side does not
/// take.
Result<FromChild> decode_from_child(std::string_view header, const wire::Body& body);
Result<FromNode> decode_from_node(std::string_view header, const wire::Body& body);

wire::Message hello_frame(const protocol::WorkerHello& hello);
wire::Message load_frame(const protocol::ReplicaSpec& spec);
wire::Message loaded_frame();
wire::Message warm_frame(const protocol::BackendWarm& warm);
wire::Message progress_frame(const protocol::Progress& progress);
wire::Message unload_frame();
wire::Message part_frame(WorkId id, wire::PartPosition position, protocol::ResultPart part);
/// `id` 0: the back end as a whole.
wire::Message error_frame(WorkId id, const Error& error);
wire::Message cancel_frame(WorkId id);
wire::Message credit_frame(WorkId id, uint64_t bytes);

/// A batch as one frame, or as several where one would be over the limits of a message. Deadlines count from `now`.
std::vector<wire::Message> execute_frames(const std::vector<WorkItem>& batch, Time now);

}  // namespace troupe::worker
