#include "runtime/bus/zmq/inbound_connections.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using troupe::bus::internal::InboundConnections;

namespace {

constexpr NodeId anna{1};
constexpr NodeId bert{2};

}  // namespace

BOOST_AUTO_TEST_SUITE(inbound_connections)

BOOST_AUTO_TEST_CASE(the_end_of_a_connection_is_its_nodes) {
  InboundConnections connections;
  BOOST_TEST(!connections.accepted(7));
  BOOST_TEST(!connections.take(7, anna));

  BOOST_TEST((connections.broken(7) == anna));

  BOOST_TEST(!connections.broken(7));
}

BOOST_AUTO_TEST_CASE(what_is_read_after_a_break_is_of_a_closed_connection_until_another_has_the_descriptor) {
  InboundConnections connections;
  connections.accepted(7);
  connections.broken(7);
  BOOST_TEST(!connections.is_open(7));

  connections.accepted(7);

  BOOST_TEST(connections.is_open(7));
}

BOOST_AUTO_TEST_CASE(one_that_was_accepted_before_anybody_watched_is_open) {
  const InboundConnections connections;

  BOOST_TEST(connections.is_open(7));
  BOOST_TEST(!connections.is_cut(7));
}

BOOST_AUTO_TEST_CASE(a_connection_that_was_cut_is_not_heard_until_it_broke) {
  InboundConnections connections;
  connections.accepted(7);
  connections.take(7, anna);
  connections.cut(7);
  connections.cut(7);
  BOOST_TEST(connections.is_cut(7));
  BOOST_TEST(connections.any_cut());

  connections.broken(7);

  BOOST_TEST(!connections.is_cut(7));
  BOOST_TEST(!connections.any_cut());
}

BOOST_AUTO_TEST_CASE(who_has_the_descriptor_of_one_that_was_cut_and_closed_without_a_word_is_heard) {
  InboundConnections connections;
  connections.accepted(7);
  connections.cut(7);

  connections.accepted(7);

  BOOST_TEST(!connections.is_cut(7));
  BOOST_TEST(!connections.any_cut());
}

BOOST_AUTO_TEST_CASE(the_node_of_one_that_was_closed_without_a_word_is_told_when_another_has_its_descriptor) {
  InboundConnections connections;
  connections.accepted(7);
  connections.take(7, anna);

  BOOST_TEST((connections.accepted(7) == anna));
  BOOST_TEST(!connections.take(7, bert));
}

BOOST_AUTO_TEST_CASE(a_connection_has_one_node_at_a_time) {
  InboundConnections connections;
  connections.take(7, anna);
  BOOST_TEST(!connections.take(7, anna));

  BOOST_TEST((connections.take(7, bert) == anna));

  connections.release(7, anna);
  BOOST_TEST((connections.broken(7) == bert));
}

BOOST_AUTO_TEST_CASE(a_node_that_speaks_by_another_does_not_end_with_the_first) {
  InboundConnections connections;
  connections.take(7, anna);
  connections.release(7, anna);
  connections.take(8, anna);

  BOOST_TEST(!connections.broken(7));
  BOOST_TEST((connections.broken(8) == anna));
}

BOOST_AUTO_TEST_SUITE_END()
