#include <boost/test/unit_test.hpp>

#include "test/integration/bus/bus_node.hpp"

using namespace troupe;
using namespace troupe::bus;
using namespace troupe::bus::test;

namespace {

Result<Peer> discover(BusNode& asker, const std::string& endpoint, Duration wait) {
  Mailbox<Result<Peer>> answers;
  asker.transport->discover(endpoint, wait, [&](Result<Peer> answer) { answers.put(std::move(answer)); });
  return answers.take();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(zmq_transport_discover)

BOOST_AUTO_TEST_CASE(tells_who_is_at_an_address) {
  BusNode asker(1, 1, {.discover_key = keys_of(2).public_key});
  BusNode head(2, 5);

  const auto found = discover(asker, head.self().control, patience);

  BOOST_REQUIRE(found.has_value());
  BOOST_TEST((*found == head.self()));
  BOOST_TEST(head.inbox.empty());
}

BOOST_AUTO_TEST_CASE(gives_up_when_nobody_answers) {
  BusNode asker(1, 1, {.discover_key = keys_of(2).public_key});
  const std::string dead = BusNode(99).self().control;

  const auto found = discover(asker, dead, 200ms);

  BOOST_TEST((found.error().code == Errc::deadline_exceeded));
  BOOST_TEST(found.error().message == "no node answered at " + dead);
}

BOOST_AUTO_TEST_CASE(does_not_believe_a_node_with_another_key) {
  BusNode asker(1, 1, {.discover_key = keys_of(3).public_key});
  BusNode other(2);

  const auto found = discover(asker, other.self().control, patience);

  BOOST_TEST((found.error().code == Errc::unauthenticated));
}

BOOST_AUTO_TEST_CASE(a_node_that_is_turned_away_is_told_so) {
  BusNode asker(100, 1, {.discover_key = keys_of(2).public_key});
  BusNode head(2);

  const auto found = discover(asker, head.self().control, patience);

  BOOST_TEST((found.error().code == Errc::permission_denied));
  BOOST_TEST(head.defects.take().find(keys_of(100).public_key) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(refuses_an_address_that_is_none) {
  BusNode asker(1, 1, {.discover_key = keys_of(2).public_key});

  BOOST_TEST((discover(asker, "nonsense", patience).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_stopping_transport_answers_open_questions) {
  BusNode asker(1, 1, {.discover_key = keys_of(2).public_key});
  const std::string dead = BusNode(99).self().control;
  Mailbox<Result<Peer>> answers;
  asker.transport->discover(dead, 1h, [&](Result<Peer> answer) { answers.put(std::move(answer)); });

  asker.transport->stop();

  BOOST_TEST((answers.take().error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()
