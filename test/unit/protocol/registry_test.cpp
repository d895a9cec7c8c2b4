#include "runtime/protocol/registry.hpp"

#include <boost/test/unit_test.hpp>
#include <tuple>

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

using namespace std::chrono_literals;

namespace troupe::protocol {
namespace {

using Messages =
    std::tuple<ServeRequest, ResultPart, Hello, JoinRequest, JoinReply, Heartbeat, HeartbeatAck, Assignment,
               RoutingSnapshot, Leave, WorkerHello, LoadBackend, BackendLoaded, BackendWarm, Execute, Progress, Unload,
               RoutingDelta, Peers, KeySet, KeyAck, ListLogs, LogList, ReadLog, LogPage, KeyRotation, KeyedRequest,
               KeptRequest, FindAnswer, AnswerFound, AnswerFailed, FindModel, ModelSources, ReadModel, ModelChunk,
               ChangeLoad, LoadChanged, EventBlock, EventBlockHeld, RecordOutcomes, OutcomesRecorded>;

Heartbeat busy_heartbeat() {
  Heartbeat heartbeat;
  heartbeat.node = {0xa1};
  heartbeat.epoch = {5};
  heartbeat.replicas = {{.id = {1},
                         .deployment = "d",
                         .model = "clerk",
                         .version = "2",
                         .state = ReplicaState::failed,
                         .reason = "no memory",
                         .restarts = 3,
                         .requests = 1ULL << 40,
                         .waiting = 2,
                         .running = 1}};
  heartbeat.actors = {{.path = "head",
                       .state = "running",
                       .restarts = 0,
                       .queue_depth = 1,
                       .handled = 2,
                       .handling_us_p50 = 3,
                       .handling_us_p99 = 4,
                       .last_error = "",
                       .since_unix_us = -1}};
  return heartbeat;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(registry)

BOOST_AUTO_TEST_CASE_TEMPLATE(every_message_finds_its_codec_by_its_numeric_type, M, Messages) {
  const AnyMessage sent = AnyMessage::of(M{});

  const auto received = decode(sent.type(), encode(sent), wire::Limits{});

  BOOST_REQUIRE(received.has_value());
  BOOST_REQUIRE(received->get<M>() != nullptr);
  BOOST_TEST((*received->get<M>() == M{}));
}

BOOST_AUTO_TEST_CASE(nested_messages_survive_the_way) {
  const auto received = decode(MessageType::heartbeat, encode(AnyMessage::of(busy_heartbeat())), wire::Limits{});

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((*received->get<Heartbeat>() == busy_heartbeat()));
}

BOOST_AUTO_TEST_CASE(an_unknown_type_is_refused_by_its_number) {
  const auto received = decode(static_cast<MessageType>(999), {}, wire::Limits{});

  BOOST_REQUIRE(!received.has_value());
  BOOST_TEST(to_string(received.error()) == "invalid_argument: message type 999 is not known to this build");
}

BOOST_AUTO_TEST_CASE(a_body_of_another_type_is_refused_by_field) {
  const wire::Body body = encode(AnyMessage::of(JoinReply{}));

  const auto received = decode(MessageType::serve_request, body, wire::Limits{});

  BOOST_REQUIRE(!received.has_value());
  BOOST_TEST(to_string(received.error()) == "corrupt_data: field 0 of message type 10: expected str, found int");
}

BOOST_AUTO_TEST_CASE(errors_survive_the_way) {
  const Error sent{Errc::overloaded, "the queue of clerk is full (256 requests)", "model", 1500ms};

  const auto received = decode_error(encode_error(sent), wire::Limits{});

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((*received == sent));
}

BOOST_AUTO_TEST_CASE(an_error_that_quotes_foreign_bytes_still_arrives) {
  const auto received = decode_error(encode_error({Errc::io_error, "no file \xff.bin", {}, -1ms}), wire::Limits{});

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(received->message == "no file ?.bin");
  BOOST_TEST((received->retry_after == 0ms));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::protocol
