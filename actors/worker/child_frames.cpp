#include "actors/worker/child_frames.hpp"

#include <algorithm>

#include "runtime/protocol/payload.hpp"
#include "runtime/protocol/registry.hpp"
#include "runtime/wire/schema.hpp"

namespace troupe::worker {
namespace {

using protocol::MessageType;
using wire::Kind;

/// A frame of Execute is closed before its bodies grow beyond half of what one may hold.
constexpr size_t execute_bytes_max = 32 << 20;

wire::Envelope envelope_of(Kind kind, MessageType type, WorkId id = {}) {
  wire::Envelope envelope;
  envelope.kind = kind;
  envelope.message_type = static_cast<uint16_t>(type);
  envelope.correlation_id = {id.value};
  return envelope;
}

template <class M>
wire::Message message_of(Kind kind, const M& message) {
  return {envelope_of(kind, M::message_type), wire::encode_body(message)};
}

Result<wire::Envelope> decode_header(std::string_view header) {
  return wire::decode_envelope(std::as_bytes(std::span(header)), child_limits());
}

template <class M>
Result<M> decode(const wire::Body& body) {
  return wire::decode_body<M>(body, child_limits());
}

tl::unexpected<Error> unexpected(const wire::Envelope& envelope) {
  return fail(Errc::invalid_argument, "nobody waits here for kind {} with message type {}",
              static_cast<unsigned>(envelope.kind), envelope.message_type);
}

Result<FromChild> decode_part(const wire::Envelope& envelope, const wire::Body& body) {
  if (envelope.message_type != static_cast<uint16_t>(MessageType::result_part) || !envelope.part)
    return unexpected(envelope);
  return PartFrame{{envelope.correlation_id.value}, *envelope.part, decode<protocol::ResultPart>(body)};
}

/// About what an item takes in the body frame, and its attachments.
struct Weight {
  size_t bytes = 0;
  size_t attachments = 0;
};

Weight weight_of(const protocol::ServeRequest& request) {
  Weight weight{protocol::payload_bytes(request), 0};
  if (const auto* infer = std::get_if<protocol::Infer>(&request.work)) {
    weight.attachments = static_cast<size_t>(std::ranges::count_if(
        infer->inputs, [](const auto& tensor) { return tensor.data.size() >= wire::attachment_bytes_min; }));
  }
  return weight;
}

}  // namespace

wire::Limits child_limits() {
  wire::Limits limits;
  limits.body_bytes_max = 64 << 20;
  return limits;
}

Result<FromChild> decode_from_child(std::string_view header, const wire::Body& body) {
  TROUPE_TRY(const wire::Envelope envelope, decode_header(header));
  const auto type = static_cast<MessageType>(envelope.message_type);
  switch (envelope.kind) {
    case Kind::hello:
      if (type == MessageType::worker_hello) return decode<protocol::WorkerHello>(body);
      break;
    case Kind::event:
      if (type == MessageType::backend_loaded) return protocol::BackendLoaded{};
      if (type == MessageType::backend_warm) return decode<protocol::BackendWarm>(body);
      if (type == MessageType::progress) return decode<protocol::Progress>(body);
      break;
    case Kind::part:
      return decode_part(envelope, body);
    case Kind::error: {
      auto error = protocol::decode_error(body, child_limits());
      if (!error) error = Error{Errc::internal, "an error that can't be read: " + error.error().message, {}, {}};
      return ErrorFrame{{envelope.correlation_id.value}, std::move(*error)};
    }
    default:
      break;
  }
  return unexpected(envelope);
}

Result<FromNode> decode_from_node(std::string_view header, const wire::Body& body) {
  TROUPE_TRY(const wire::Envelope envelope, decode_header(header));
  if (envelope.kind == Kind::cancel) return CancelFrame{{envelope.correlation_id.value}};
  if (envelope.kind == Kind::credit) return CreditFrame{{envelope.correlation_id.value}, *envelope.credit};
  if (envelope.kind == Kind::event) {
    const auto type = static_cast<MessageType>(envelope.message_type);
    if (type == MessageType::load_backend) return decode<protocol::LoadBackend>(body);
    if (type == MessageType::execute) return decode<protocol::Execute>(body);
    if (type == MessageType::unload) return protocol::Unload{};
  }
  return unexpected(envelope);
}

wire::Message hello_frame(const protocol::WorkerHello& hello) {
  return message_of(Kind::hello, hello);
}

wire::Message load_frame(const protocol::ReplicaSpec& spec) {
  return message_of(Kind::event, protocol::LoadBackend{spec});
}

wire::Message loaded_frame() {
  return message_of(Kind::event, protocol::BackendLoaded{});
}

wire::Message warm_frame(const protocol::BackendWarm& warm) {
  return message_of(Kind::event, warm);
}

wire::Message progress_frame(const protocol::Progress& progress) {
  return message_of(Kind::event, progress);
}

wire::Message unload_frame() {
  return message_of(Kind::event, protocol::Unload{});
}

wire::Message part_frame(WorkId id, wire::PartPosition position, protocol::ResultPart part) {
  wire::Message message{envelope_of(Kind::part, MessageType::result_part, id), wire::encode_body(part)};
  message.envelope.part = position;
  return message;
}

wire::Message error_frame(WorkId id, const Error& error) {
  return {envelope_of(Kind::error, MessageType::error, id), protocol::encode_error(error)};
}

wire::Message cancel_frame(WorkId id) {
  return {envelope_of(Kind::cancel, MessageType::none, id), {}};
}

wire::Message credit_frame(WorkId id, uint64_t bytes) {
  wire::Message message{envelope_of(Kind::credit, MessageType::none, id), {}};
  message.envelope.credit = bytes;
  return message;
}

std::vector<wire::Message> execute_frames(const std::vector<WorkItem>& batch, Time now) {
  std::vector<wire::Message> frames;
  protocol::Execute next;
  Weight sum;
  const auto close = [&] {
    frames.push_back(message_of(Kind::event, next));
    next.items.clear();
    sum = {};
  };
  for (const WorkItem& item : batch) {
    const Weight weight = weight_of(*item.request);
    const bool fits = sum.bytes + weight.bytes <= execute_bytes_max &&
                      sum.attachments + weight.attachments <= wire::Limits{}.attachments_max;
    if (!fits && !next.items.empty()) close();
    sum.bytes += weight.bytes;
    sum.attachments += weight.attachments;
    protocol::ExecuteItem entry{item.id.value, std::nullopt, *item.request, item.credit};
    if (item.deadline)
      entry.remaining_us = static_cast<uint64_t>(
          std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(*item.deadline - now).count()));
    next.items.push_back(std::move(entry));
  }
  if (!next.items.empty()) close();
  return frames;
}

}  // namespace troupe::worker
