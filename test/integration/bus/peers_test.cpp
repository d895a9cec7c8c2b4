#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <future>

#include "runtime/protocol/cluster.hpp"
#include "runtime/wire/schema.hpp"
#include "test/integration/bus/bus_node.hpp"
#include "test/integration/bus/stranger.hpp"

using namespace troupe;
using namespace troupe::bus;
using namespace troupe::bus::test;

namespace {

Errc errc_of(const wire::Message& message) {
  BOOST_REQUIRE((message.envelope.kind == wire::Kind::error));
  return protocol::decode_error(message.body, {}).value().code;
}

/// How many connections this process has taken at the port of `endpoint`.
size_t connections_to(const std::string& endpoint) {
  const auto port = static_cast<in_port_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1)));
  size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_in here{};
    sockaddr_in there{};
    socklen_t size = sizeof here;
    const bool is_here = ::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) == 0 &&
                         here.sin_family == AF_INET && ntohs(here.sin_port) == port;
    size = sizeof there;
    if (is_here && ::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &size) == 0) ++found;
  }
  return found;
}

/// Nobody listens there: a port that was free a moment ago.
std::string dead_endpoint() {
  return BusNode(99).self().request;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(zmq_transport_peers)

BOOST_AUTO_TEST_CASE(a_node_nobody_knows_is_unavailable) {
  BusNode a(1);

  const Status refused = a.transport->send(Lane::request, NodeId{9}, request(1));

  BOOST_TEST((refused.error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_new_incarnation_replaces_the_old_one) {
  BusNode a(1);
  auto old_life = std::make_unique<BusNode>(2, 1);
  old_life->hears(a, "to the old one");
  old_life.reset();
  BusNode new_life(2, 2);

  new_life.hears(a, "to the new one");

  a.transport->add_peer(
      {NodeId{2}, Incarnation{1}, "tcp://127.0.0.1:1", "tcp://127.0.0.1:1", {}, keys_of(2).public_key});
  BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(2, "still to the new one")).has_value());
  BOOST_TEST(new_life.take().body.data.view() == "still to the new one");
}

BOOST_AUTO_TEST_CASE(a_request_meant_for_an_earlier_life_is_refused) {
  BusNode a(1);
  BusNode b(2, 7);
  Peer stale = b.self();
  stale.incarnation = Incarnation{6};
  a.transport->add_peer(stale);
  wire::Message sent = request(5);
  sent.envelope.target_incarnation = Incarnation{6};

  BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, std::move(sent)).has_value());
  const auto answer = a.take();

  BOOST_TEST((errc_of(answer) == Errc::unavailable));
  BOOST_TEST(answer.envelope.correlation_id.value == 5u);
  BOOST_TEST(answer.envelope.source_incarnation.value == 7u);
  BOOST_TEST(b.requests().stale_target.load() == 1u);
  BOOST_TEST(b.inbox.empty());
}

BOOST_AUTO_TEST_CASE(a_node_that_begins_a_new_life_is_heard_in_it_and_no_longer_in_the_old) {
  BusNode caller(1);
  BusNode node(2, 5);
  BusNode callee(3);
  node.hears(caller, "to the old life");
  callee.hears(node, "of the old life");

  std::promise<void> renewed;
  node.transport->renew(Incarnation{6}, [&] { renewed.set_value(); });
  renewed.get_future().wait();

  // Both notice as they would notice a death; the node itself knows.
  BOOST_TEST(caller.disconnected.take().value == 2u);
  BOOST_TEST(callee.disconnected.take().value == 2u);
  BOOST_TEST(node.disconnected.empty());
  BOOST_TEST(node.self().incarnation.value == 6u);

  wire::Message stale = request(8);
  stale.envelope.target_incarnation = Incarnation{5};
  BOOST_REQUIRE(caller.transport->send(Lane::request, NodeId{2}, std::move(stale)).has_value());
  const auto refusal = caller.take();
  BOOST_TEST((errc_of(refusal) == Errc::unavailable));
  BOOST_TEST(refusal.envelope.source_incarnation.value == 6u);

  node.hears(caller, "to the new life");
  BOOST_REQUIRE(node.transport->send(Lane::request, NodeId{3}, request(9, "of the new life")).has_value());
  const auto heard = callee.take();
  BOOST_TEST(heard.body.data.view() == "of the new life");
  BOOST_TEST(heard.envelope.source_incarnation.value == 6u);
  BOOST_TEST(node.inbox.empty());
}

BOOST_AUTO_TEST_CASE(messages_of_an_earlier_life_are_dropped) {
  BusNode a(1);
  BusNode ghost(2, 1);
  a.transport->add_peer({NodeId{2}, Incarnation{2}, dead_endpoint(), dead_endpoint(), {}, keys_of(2).public_key});
  ghost.transport->add_peer(a.self());

  BOOST_REQUIRE(ghost.transport->send(Lane::request, NodeId{1}, request(1)).has_value());

  reaches(a.requests().stale_source, 2);  // Its hello and its request.
  BOOST_TEST(a.inbox.empty());
}

BOOST_AUTO_TEST_CASE(the_death_of_a_called_node_is_noticed) {
  BusNode a(1);
  auto b = std::make_unique<BusNode>(2);
  b->hears(a, "hello");

  b.reset();

  BOOST_TEST(a.disconnected.take().value == 2u);
}

BOOST_AUTO_TEST_CASE(the_death_of_a_calling_node_is_noticed_and_forgotten) {
  BusNode a(1);
  auto b = std::make_unique<BusNode>(2);
  a.hears(*b, "hello");

  b.reset();

  BOOST_TEST(a.disconnected.take().value == 2u);
  BOOST_TEST((a.transport->send(Lane::request, NodeId{2}, request(1)).error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(what_was_under_way_is_lost_when_a_node_connects_anew_before_its_end_was_noticed) {
  BusNode a(1);
  const std::vector<std::string> hello{
      envelope(7, 1, wire::Kind::hello),
      std::string(wire::encode_body(protocol::Hello{NodeId{7}, Incarnation{1}, "tcp://127.0.0.1:1", ""}).data.view())};
  Stranger earlier(identity(7, 1), a.self().request);
  earlier.send(hello);
  earlier.send({envelope(7, 1), "by the earlier connection"});
  BOOST_TEST(a.take().body.data.view() == "by the earlier connection");
  BOOST_TEST(a.disconnected.empty());

  Stranger anew(identity(7, 1), a.self().request);
  anew.send(hello);

  BOOST_TEST(a.disconnected.take().value == 7u);
  anew.send({envelope(7, 1), "by the new one"});
  BOOST_TEST(a.take().body.data.view() == "by the new one");
  BOOST_TEST(a.requests().disconnections.load() == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_node_that_stood_still_reads_of_a_connection_that_broke_meanwhile_is_no_connection) {
  constexpr uint64_t last_words = 5000;  // The lane looks for news in between.
  std::promise<void> goes_on;
  const auto stands_still = goes_on.get_future().share();
  Mailbox<NodeId> disconnected;
  ZmqTransportOptions options;
  options.on_disconnect = [&](NodeId node) { disconnected.put(node); };
  const auto node = make_zmq_transport(NodeId{2}, Incarnation{1}, trusting(2, options)).value();
  node->start([&](Lane, const wire::Message&) { stands_still.wait(); });
  auto caller = std::make_unique<BusNode>(1);
  caller->transport->add_peer(node->self());
  for (uint64_t i = 1; i <= last_words; ++i)
    BOOST_REQUIRE(caller->transport->send(Lane::request, NodeId{2}, request(i)).has_value());
  reaches(caller->requests().messages_sent, last_words);
  caller.reset();
  BOOST_REQUIRE(comes_true([&] { return connections_to(node->self().request) == 0; }));

  goes_on.set_value();

  reaches(node->counters(Lane::request).messages_received, last_words);
  BOOST_TEST(disconnected.take().value == 1u);
  const Status sent = node->send(Lane::request, NodeId{1}, request(1));
  BOOST_REQUIRE(!sent);
  BOOST_TEST((sent.error().code == Errc::unavailable));
  BOOST_TEST(disconnected.empty());
}

BOOST_AUTO_TEST_CASE(a_caller_that_broke_off_is_called_back_where_its_address_is_known) {
  BusNode a(1);
  BusNode b(2, 1);
  a.hears(b, "hello");
  a.transport->add_peer(b.self());

  b.transport->remove_peer(NodeId{1});
  BOOST_TEST(a.disconnected.take().value == 2u);
  BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(3, "called back")).has_value());

  BOOST_TEST(b.take().body.data.view() == "called back");
  BOOST_TEST(a.requests().connections.load() == 1u);
}

BOOST_AUTO_TEST_CASE(a_request_to_a_dead_address_is_answered_unavailable) {
  BusNode a(1, 1, {.connect_patience = 1h});
  a.transport->add_peer({NodeId{2}, Incarnation{3}, dead_endpoint(), dead_endpoint(), {}, keys_of(2).public_key});

  BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(8)).has_value());
  const auto answer = a.take();

  BOOST_TEST((errc_of(answer) == Errc::unavailable));
  BOOST_TEST(answer.envelope.correlation_id.value == 8u);
  BOOST_TEST(answer.envelope.source_node.value == 2u);
  BOOST_TEST(answer.envelope.source_incarnation.value == 3u);
  BOOST_TEST(a.requests().undeliverable.load() == 1u);
}

BOOST_AUTO_TEST_CASE(an_address_that_is_none_is_answered_unavailable) {
  BusNode a(1);
  a.transport->add_peer({NodeId{2}, Incarnation{1}, "nonsense", "nonsense", {}, keys_of(2).public_key});

  BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(8)).has_value());

  BOOST_TEST((errc_of(a.take()) == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(removing_a_peer_answers_the_requests_that_wait_for_it) {
  BusNode a(1);
  a.transport->add_peer({NodeId{2}, Incarnation{3}, dead_endpoint(), dead_endpoint(), {}, keys_of(2).public_key});
  BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(8)).has_value());

  a.transport->remove_peer(NodeId{2});

  BOOST_TEST((errc_of(a.take()) == Errc::unavailable));
  BOOST_TEST((a.transport->send(Lane::request, NodeId{2}, request(9)).error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed_quietly_and_made_again) {
  BusNode a(1, 1, {.idle_disconnect = 50ms});
  BusNode b(2);
  b.hears(a, "question");
  BOOST_REQUIRE(b.transport->send(Lane::request, NodeId{1}, part(1, 0, true, "answer")).has_value());
  a.take();

  reaches(a.requests().idle_closed, 1);
  BOOST_TEST((b.transport->send(Lane::request, NodeId{1}, request(2)).error().code == Errc::unavailable));
  b.hears(a, "again");

  BOOST_TEST(a.disconnected.empty());
  BOOST_TEST(b.disconnected.empty());
}

BOOST_AUTO_TEST_SUITE_END()
