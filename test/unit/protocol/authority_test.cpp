#include "runtime/protocol/authority.hpp"

#include <boost/test/unit_test.hpp>

#include "runtime/protocol/message_type.hpp"
#include "runtime/protocol/paths.hpp"

using namespace troupe;
using namespace troupe::protocol;

namespace {

wire::Envelope envelope(wire::Kind kind, MessageType type, std::string target) {
  wire::Envelope made;
  made.kind = kind;
  made.message_type = static_cast<uint16_t>(type);
  made.target_path = std::move(target);
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(authority)

BOOST_AUTO_TEST_CASE(decisions_are_the_heads_whoever_they_are_sent_to) {
  for (const MessageType type :
       {MessageType::assignment, MessageType::routing_snapshot, MessageType::routing_delta, MessageType::peers,
        MessageType::key_set, MessageType::list_logs, MessageType::read_log, MessageType::key_rotation})
    for (const wire::Kind kind : {wire::Kind::event, wire::Kind::request}) {
      BOOST_TEST(is_for_the_head_to_say(envelope(kind, type, "gateway")));
      BOOST_TEST(is_for_the_head_to_say(envelope(kind, type, "agent")));
    }
}

BOOST_AUTO_TEST_CASE(whatever_is_said_to_a_hand_of_the_node_is_the_heads) {
  for (const std::string_view hand : {agent_path, logs_path, keys_path})
    BOOST_TEST(is_for_the_head_to_say(envelope(wire::Kind::request, MessageType::serve_request, std::string(hand))));
}

BOOST_AUTO_TEST_CASE(work_and_answers_may_come_from_any_member) {
  BOOST_TEST(!is_for_the_head_to_say(envelope(wire::Kind::request, MessageType::serve_request, "replica/1/batcher")));
  BOOST_TEST(!is_for_the_head_to_say(envelope(wire::Kind::request, MessageType::heartbeat, "head")));
  BOOST_TEST(!is_for_the_head_to_say(envelope(wire::Kind::part, MessageType::result_part, "")));
  BOOST_TEST(!is_for_the_head_to_say(envelope(wire::Kind::cancel, MessageType::none, "agent")));
}

BOOST_AUTO_TEST_SUITE_END()
