#include "runtime/bus/sim/sim_transport.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::sim {
namespace {

using bus::Lane;
using namespace std::chrono_literals;

/// One life of a node, and what it heard.
struct Node {
  Node(Network& network, Machine machine, uint64_t incarnation = 1, uint32_t port = 1)
      : owner(network.schedule().add_owner()),
        transport(network.make_transport(owner, machine, port, NodeId{machine + 1}, Incarnation{incarnation},
                                         [this](NodeId node) { lost.push_back(node.value); })) {
    transport->start([this](Lane, wire::Message message) {
      if (message.envelope.kind == wire::Kind::error) {
        errors.push_back(message.envelope.correlation_id.value);
      } else {
        heard.push_back(message.envelope.correlation_id.value);
      }
    });
  }

  Status send(const Node& to, uint64_t number, wire::Kind kind = wire::Kind::event, Lane lane = Lane::request) {
    wire::Message message;
    message.envelope.kind = kind;
    message.envelope.correlation_id.value = number;
    message.envelope.target_incarnation = to.transport->self().incarnation;
    return transport->send(lane, to.transport->self().node, std::move(message));
  }

  Owner owner;
  std::unique_ptr<SimTransport> transport;
  std::vector<uint64_t> heard;
  std::vector<uint64_t> errors;
  std::vector<uint64_t> lost;
};

struct Pair {
  explicit Pair(NetworkOptions options = {}, uint64_t seed = 1) : schedule(seed), network(schedule, options) {
    a.transport->add_peer(b.transport->self());
  }
  void run(Duration span) { schedule.run_until(schedule.now() + span); }

  Schedule schedule;
  Network network;
  Node a{network, 0};
  Node b{network, 1};
};

std::vector<uint64_t> one_to(uint64_t last) {
  std::vector<uint64_t> numbers;
  for (uint64_t n = 1; n <= last; ++n) numbers.push_back(n);
  return numbers;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sim_transport)

BOOST_AUTO_TEST_CASE(each_lane_carries_messages_by_a_connection_of_its_own) {
  Pair pair;

  for (const Lane lane : bus::lanes)
    BOOST_TEST(pair.a.send(pair.b, static_cast<uint64_t>(lane) + 1, wire::Kind::event, lane).has_value());
  pair.run(1s);

  std::ranges::sort(pair.b.heard);
  BOOST_TEST(pair.b.heard == one_to(3), boost::test_tools::per_element());
  BOOST_TEST(pair.a.transport->connections().size() == 3u);
}

BOOST_AUTO_TEST_CASE(messages_arrive_in_the_order_they_were_sent_in_whatever_the_jitter) {
  Pair pair({.jitter_max = 50ms});
  for (const uint64_t n : one_to(100)) BOOST_TEST(pair.a.send(pair.b, n).has_value());
  pair.run(10s);
  BOOST_TEST(pair.b.heard == one_to(100));
}

BOOST_AUTO_TEST_CASE(a_node_answers_on_the_connection_it_was_asked_on) {
  Pair pair;
  BOOST_TEST(!pair.b.send(pair.a, 1).has_value());  // Neither known nor connected yet.
  BOOST_TEST(pair.a.send(pair.b, 1).has_value());
  pair.run(1s);
  BOOST_TEST(pair.b.send(pair.a, 2).has_value());
  pair.run(1s);
  BOOST_TEST(pair.a.heard == std::vector<uint64_t>{2});
  BOOST_TEST(pair.network.connections() == 1u);
}

BOOST_AUTO_TEST_CASE(a_short_cut_delays_and_loses_nothing) {
  Pair pair;
  BOOST_TEST(pair.a.send(pair.b, 1).has_value());
  pair.run(1s);
  pair.network.cut(0, 1);
  BOOST_TEST(pair.a.send(pair.b, 2).has_value());
  pair.run(2s);
  BOOST_TEST(pair.b.heard == one_to(1));
  pair.network.mend(0, 1);
  pair.run(1s);
  BOOST_TEST(pair.b.heard == one_to(2));
  BOOST_TEST(pair.a.lost.empty());
}

BOOST_AUTO_TEST_CASE(a_long_cut_breaks_the_connection_at_both_ends_and_what_was_under_way_is_lost) {
  Pair pair;
  BOOST_TEST(pair.a.send(pair.b, 1).has_value());
  pair.run(1s);
  pair.network.cut(0, 1);
  BOOST_TEST(pair.a.send(pair.b, 2).has_value());
  pair.run(5s);
  BOOST_TEST(pair.a.lost == std::vector<uint64_t>{2});
  BOOST_TEST(pair.b.lost == std::vector<uint64_t>{1});
  pair.network.mend(0, 1);
  BOOST_TEST(pair.a.send(pair.b, 3).has_value());
  pair.run(1s);
  BOOST_TEST(pair.b.heard == (std::vector<uint64_t>{1, 3}));
}

BOOST_AUTO_TEST_CASE(a_request_that_cannot_be_sent_is_answered_with_an_error) {
  Pair pair;
  pair.network.cut(0, 1);
  BOOST_TEST(pair.a.send(pair.b, 7, wire::Kind::request).has_value());
  BOOST_TEST(pair.a.send(pair.b, 8, wire::Kind::event).has_value());
  pair.run(4s);
  BOOST_TEST(pair.a.errors == std::vector<uint64_t>{7});
}

BOOST_AUTO_TEST_CASE(the_death_of_a_process_is_noticed_at_once_and_that_of_a_machine_after_silence) {
  for (const bool silently : {false, true}) {
    Pair pair;
    BOOST_TEST(pair.a.send(pair.b, 1).has_value());
    pair.run(1s);
    pair.b.transport->die(silently);
    pair.schedule.end(pair.b.owner);
    pair.run(100ms);
    BOOST_TEST(pair.a.lost.empty() == silently);
    pair.run(5s);
    BOOST_TEST(pair.a.lost == std::vector<uint64_t>{2});
  }
}

BOOST_AUTO_TEST_CASE(a_frozen_node_is_given_up_and_hears_of_it_when_it_thaws) {
  Pair pair;
  BOOST_TEST(pair.a.send(pair.b, 1).has_value());
  pair.run(1s);
  pair.network.froze(*pair.b.transport);
  pair.schedule.freeze(pair.b.owner);
  pair.run(5s);
  BOOST_TEST(pair.a.lost == std::vector<uint64_t>{2});
  BOOST_TEST(pair.b.lost.empty());
  pair.network.thawed(*pair.b.transport);
  pair.schedule.thaw(pair.b.owner);
  pair.run(100ms);
  BOOST_TEST(pair.b.lost == std::vector<uint64_t>{1});
}

BOOST_AUTO_TEST_CASE(a_message_for_an_earlier_life_is_not_delivered_and_a_request_is_told_so) {
  Pair pair;
  BOOST_TEST(pair.a.send(pair.b, 1).has_value());
  pair.run(1s);
  pair.b.transport->die(false);
  pair.schedule.end(pair.b.owner);
  pair.run(1s);
  Node next(pair.network, 1, 2);
  BOOST_TEST(pair.a.send(pair.b, 2, wire::Kind::request).has_value());
  pair.run(1s);
  BOOST_TEST(next.heard.empty());
  BOOST_TEST(pair.a.errors == std::vector<uint64_t>{2});
  pair.a.transport->add_peer(next.transport->self());
  BOOST_TEST(pair.a.send(next, 3).has_value());
  pair.run(1s);
  BOOST_TEST(next.heard == std::vector<uint64_t>{3});
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses) {
  Pair pair({.peer_queue_max = 2});
  pair.network.cut(0, 1);
  BOOST_TEST(pair.a.send(pair.b, 1).has_value());
  BOOST_TEST(pair.a.send(pair.b, 2).has_value());
  const Status third = pair.a.send(pair.b, 3);
  BOOST_TEST(!third.has_value());
  BOOST_TEST((third.error().code == Errc::overloaded));
}

BOOST_AUTO_TEST_CASE(discover_names_who_listens_there_and_gives_up_where_nobody_does) {
  Pair pair;
  NodeId found;
  Errc error{};
  pair.a.transport->discover(pair.b.transport->self().control, 2s, [&](const Result<bus::Peer>& peer) {
    if (peer) found = peer->node;
  });
  pair.a.transport->discover("sim://1:9/control", 2s, [&](const Result<bus::Peer>& peer) {
    if (!peer) error = peer.error().code;
  });
  pair.run(3s);
  BOOST_TEST((found == NodeId{2}));
  BOOST_TEST((error == Errc::deadline_exceeded));
}

BOOST_AUTO_TEST_CASE(planted_defects_reorder_and_double) {
  Pair swapping({.swap_chance = 0.5});
  for (const uint64_t n : one_to(50)) BOOST_TEST(swapping.a.send(swapping.b, n).has_value());
  swapping.run(1s);
  BOOST_TEST(swapping.b.heard.size() == 50u);
  BOOST_TEST(swapping.b.heard != one_to(50));

  Pair doubling({.duplicate_chance = 0.5});
  for (const uint64_t n : one_to(50)) BOOST_TEST(doubling.a.send(doubling.b, n).has_value());
  doubling.run(1s);
  BOOST_TEST(doubling.b.heard.size() > 50u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::sim
