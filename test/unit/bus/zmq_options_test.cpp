#include <boost/test/unit_test.hpp>

#include "runtime/bus/zmq/zmq_transport.hpp"

using namespace troupe;
using namespace troupe::bus;

namespace {

ZmqTransportOptions with_keys(ZmqTransportOptions options = {}) {
  options.keys = make_curve_keys();
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(zmq_transport_options)

BOOST_AUTO_TEST_CASE(defaults_are_valid) {
  BOOST_TEST(with_keys().validate().has_value());
}

BOOST_AUTO_TEST_CASE(an_address_for_everybody_needs_one_to_advertise) {
  const auto silent = with_keys({.host = "0.0.0.0"});
  const auto spoken = with_keys({.host = "0.0.0.0", .advertise = "10.0.0.7"});

  const Status refused = silent.validate();

  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().field == "advertise");
  BOOST_TEST(spoken.validate().has_value());
}

BOOST_AUTO_TEST_CASE(two_lanes_cannot_share_a_port) {
  const Status refused = with_keys({.control_port = 7420, .request_port = 7420}).validate();

  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message == "control_port and request_port are both 7420; they must differ, or be 0");
}

BOOST_AUTO_TEST_CASE(queues_must_hold_something) {
  BOOST_TEST(with_keys({.queue_messages_max = 0}).validate().error().field == "queue_messages_max");
  BOOST_TEST(with_keys({.queue_bytes_max = {0}}).validate().error().field == "queue_bytes_max");
  BOOST_TEST(with_keys({.peer_queue_max = 0}).validate().error().field == "peer_queue_max");
  BOOST_TEST(with_keys({.peers_max = 0}).validate().error().field == "peers_max");
}

BOOST_AUTO_TEST_CASE(there_is_no_default_without_keys) {
  BOOST_TEST(ZmqTransportOptions{}.validate().error().field == "keys");
  ZmqTransportOptions damaged = with_keys();
  damaged.keys.secret_key.pop_back();
  BOOST_TEST(damaged.validate().error().field == "keys");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(curve_keys)

BOOST_AUTO_TEST_CASE(two_pairs_differ_and_a_secret_key_has_its_public_one) {
  const CurveKeys one = make_curve_keys();
  const CurveKeys other = make_curve_keys();

  BOOST_TEST(one.public_key != other.public_key);
  BOOST_TEST(curve_keys_of(one.secret_key).value().public_key == one.public_key);
}

BOOST_AUTO_TEST_CASE(other_texts_are_no_keys) {
  const std::string good = make_curve_keys().public_key;
  BOOST_TEST(is_curve_key(good));
  for (const std::string& bad : {std::string(), good.substr(1), good + "0", std::string(40, ' '), std::string(40, '\0'),
                                 std::string(40, '~'), std::string(40, '\xff')}) {
    BOOST_TEST(!is_curve_key(bad));
    BOOST_TEST((curve_keys_of(bad).error().code == Errc::corrupt_data));
  }
}

BOOST_AUTO_TEST_SUITE_END()
