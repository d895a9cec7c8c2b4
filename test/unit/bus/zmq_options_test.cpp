#include <boost/test/unit_test.hpp>

#include "runtime/bus/zmq/zmq_transport.hpp"

using namespace troupe;
using namespace troupe::bus;

BOOST_AUTO_TEST_SUITE(zmq_transport_options)

BOOST_AUTO_TEST_CASE(defaults_are_valid) {
  BOOST_TEST(ZmqTransportOptions{}.validate().has_value());
}

BOOST_AUTO_TEST_CASE(an_address_for_everybody_needs_one_to_advertise) {
  const ZmqTransportOptions silent{.host = "0.0.0.0"};
  const ZmqTransportOptions spoken{.host = "0.0.0.0", .advertise = "10.0.0.7"};

  const Status refused = silent.validate();

  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().field == "advertise");
  BOOST_TEST(spoken.validate().has_value());
}

BOOST_AUTO_TEST_CASE(two_lanes_cannot_share_a_port) {
  const Status refused = ZmqTransportOptions{.control_port = 7420, .request_port = 7420}.validate();

  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message == "control_port and request_port are both 7420; they must differ, or be 0");
}

BOOST_AUTO_TEST_CASE(queues_must_hold_something) {
  BOOST_TEST(ZmqTransportOptions{.queue_messages_max = 0}.validate().error().field == "queue_messages_max");
  BOOST_TEST(ZmqTransportOptions{.queue_bytes_max = {0}}.validate().error().field == "queue_bytes_max");
  BOOST_TEST(ZmqTransportOptions{.peer_queue_max = 0}.validate().error().field == "peer_queue_max");
  BOOST_TEST(ZmqTransportOptions{.peers_max = 0}.validate().error().field == "peers_max");
}

BOOST_AUTO_TEST_SUITE_END()
