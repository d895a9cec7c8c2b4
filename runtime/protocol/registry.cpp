#include "runtime/protocol/registry.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/base/assert.hpp"
#include "runtime/protocol/cluster.hpp"
#include "runtime/protocol/events.hpp"
#include "runtime/protocol/idempotency.hpp"
#include "runtime/protocol/key_rotation.hpp"
#include "runtime/protocol/keys.hpp"
#include "runtime/protocol/loading.hpp"
#include "runtime/protocol/logs.hpp"
#include "runtime/protocol/models.hpp"
#include "runtime/protocol/outcomes.hpp"
#include "runtime/protocol/serving.hpp"
#include "runtime/protocol/worker.hpp"
#include "runtime/wire/schema.hpp"
#include "runtime/wire/utf8.hpp"

namespace troupe::protocol {
namespace {

struct Entry {
  MessageType type;
  wire::Body (*encode)(const AnyMessage&);
  Result<AnyMessage> (*decode)(const wire::Body&, const wire::Limits&);
};

template <BusMessage M>
constexpr Entry entry() {
  return {M::message_type,
          [](const AnyMessage& message) {
            const M* value = message.get<M>();
            TROUPE_ASSERT(value != nullptr);
            return wire::encode_body(*value);
          },
          [](const wire::Body& body, const wire::Limits& limits) -> Result<AnyMessage> {
            TROUPE_TRY(M value, wire::decode_body<M>(body, limits));
            return AnyMessage::of(std::move(value));
          }};
}

constexpr std::array entries = {
    entry<ServeRequest>(),     entry<ResultPart>(),   entry<Hello>(),          entry<JoinRequest>(),
    entry<JoinReply>(),        entry<Heartbeat>(),    entry<HeartbeatAck>(),   entry<Assignment>(),
    entry<RoutingSnapshot>(),  entry<Leave>(),        entry<WorkerHello>(),    entry<LoadBackend>(),
    entry<BackendLoaded>(),    entry<BackendWarm>(),  entry<Execute>(),        entry<Progress>(),
    entry<Unload>(),           entry<RoutingDelta>(), entry<Peers>(),          entry<KeySet>(),
    entry<KeyAck>(),           entry<ListLogs>(),     entry<LogList>(),        entry<ReadLog>(),
    entry<LogPage>(),          entry<KeyRotation>(),  entry<KeyedRequest>(),   entry<KeptRequest>(),
    entry<FindAnswer>(),       entry<AnswerFound>(),  entry<AnswerFailed>(),   entry<FindModel>(),
    entry<ModelSources>(),     entry<ReadModel>(),    entry<ModelChunk>(),     entry<ChangeLoad>(),
    entry<LoadChanged>(),      entry<EventBlock>(),   entry<EventBlockHeld>(), entry<RecordOutcomes>(),
    entry<OutcomesRecorded>(),
};

const Entry* find(MessageType type) {
  const auto* found = std::ranges::find(entries, type, &Entry::type);
  return found == entries.end() ? nullptr : found;
}

struct ErrorBody {
  static constexpr auto message_type = MessageType::error;
  Errc code = Errc::internal;
  std::string message;
  std::string field;
  uint32_t retry_after_ms = 0;
  static constexpr auto fields() {
    return std::tuple{&ErrorBody::code, &ErrorBody::message, &ErrorBody::field, &ErrorBody::retry_after_ms};
  }
};

/// Messages may quote bytes of a file or a client; an error must reach its reader all the same.
std::string readable(std::string text) {
  if (wire::is_utf8(text)) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return text;
}

}  // namespace

wire::Body encode(const AnyMessage& message) {
  const Entry* known = find(message.type());
  TROUPE_ASSERT(known != nullptr);
  return known->encode(message);
}

Result<AnyMessage> decode(MessageType type, const wire::Body& body, const wire::Limits& limits) {
  const Entry* known = find(type);
  if (known == nullptr) {
    return fail(Errc::invalid_argument, "message type {} is not known to this build", static_cast<unsigned>(type));
  }
  return known->decode(body, limits);
}

wire::Body encode_error(const Error& error) {
  constexpr int64_t retry_max = std::numeric_limits<uint32_t>::max();
  return wire::encode_body(ErrorBody{
      .code = error.code,
      .message = readable(error.message),
      .field = readable(error.field),
      .retry_after_ms = static_cast<uint32_t>(std::clamp<int64_t>(error.retry_after.count(), 0, retry_max)),
  });
}

Result<Error> decode_error(const wire::Body& body, const wire::Limits& limits) {
  TROUPE_TRY(ErrorBody error, wire::decode_body<ErrorBody>(body, limits));
  return Error{error.code, std::move(error.message), std::move(error.field),
               std::chrono::milliseconds(error.retry_after_ms)};
}

}  // namespace troupe::protocol
