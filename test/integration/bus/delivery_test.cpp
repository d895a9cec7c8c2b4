#include <boost/test/unit_test.hpp>
#include <numeric>

#include "test/integration/bus/bus_node.hpp"

using namespace troupe;
using namespace troupe::bus;
using namespace troupe::bus::test;

BOOST_AUTO_TEST_SUITE(zmq_transport_delivery)

BOOST_AUTO_TEST_CASE(a_request_and_its_answer_cross_on_the_connection_of_the_asker) {
  BusNode asker(1);
  BusNode answerer(2);
  asker.transport->add_peer(answerer.self());

  BOOST_REQUIRE(asker.transport->send(Lane::request, NodeId{2}, request(77, "question")).has_value());
  const auto question = answerer.take();
  // The answerer was never told of the asker's address.
  BOOST_REQUIRE(answerer.transport->send(Lane::request, NodeId{1}, part(77, 0, true, "answer")).has_value());
  const auto answer = asker.take();

  BOOST_TEST(question.body.data.view() == "question");
  BOOST_TEST(question.envelope.source_node.value == 1u);
  BOOST_TEST(question.envelope.source_incarnation.value == 1u);
  BOOST_TEST(answer.body.data.view() == "answer");
  BOOST_TEST(answer.envelope.correlation_id.value == 77u);
  BOOST_TEST(answer.envelope.source_node.value == 2u);
  BOOST_TEST((answer.envelope.part == wire::PartPosition{0, true}));
  BOOST_TEST(answerer.requests().connections.load() == 0u);
}

BOOST_AUTO_TEST_CASE(both_nodes_may_ask_each_other) {
  BusNode a(1);
  BusNode b(2);
  a.transport->add_peer(b.self());
  b.transport->add_peer(a.self());

  BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(1, "from a")).has_value());
  BOOST_REQUIRE(b.transport->send(Lane::request, NodeId{1}, request(1, "from b")).has_value());

  BOOST_TEST(a.take().body.data.view() == "from b");
  BOOST_TEST(b.take().body.data.view() == "from a");
}

BOOST_AUTO_TEST_CASE(lanes_are_apart_and_named) {
  BusNode a(1);
  BusNode b(2);
  a.transport->add_peer(b.self());

  BOOST_REQUIRE(a.transport->send(Lane::control, NodeId{2}, request(1)).has_value());
  BOOST_TEST((b.inbox.take().first == Lane::control));
  BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(1)).has_value());
  BOOST_TEST((b.inbox.take().first == Lane::request));
}

BOOST_AUTO_TEST_CASE(ten_thousand_messages_keep_their_order) {
  BusNode a(1);
  BusNode b(2);
  a.transport->add_peer(b.self());

  for (uint64_t i = 1; i <= 10'000; ++i)
    BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(i)).has_value());

  for (uint64_t i = 1; i <= 10'000; ++i) BOOST_REQUIRE(b.take().envelope.correlation_id.value == i);
}

BOOST_AUTO_TEST_CASE(a_stream_of_parts_keeps_its_order_while_the_other_side_asks_too) {
  BusNode a(1);
  BusNode b(2);
  b.hears(a, "question");
  b.transport->add_peer(a.self());

  for (uint32_t i = 0; i < 2000; ++i) {
    BOOST_REQUIRE(b.transport->send(Lane::request, NodeId{1}, part(1, i, i == 1999, "x")).has_value());
    if (i == 1000) b.hears(a, "another");
  }

  for (uint32_t i = 0; i < 2000; ++i) BOOST_REQUIRE(a.take().envelope.part.value().index == i);
}

BOOST_AUTO_TEST_CASE(attachments_arrive_bit_equal_and_are_sent_from_their_own_memory) {
  BusNode a(1);
  BusNode b(2);
  a.transport->add_peer(b.self());
  std::string noise(1 << 20, '\0');
  std::iota(noise.begin(), noise.end(), '\0');
  auto owner = std::make_shared<const std::string>(std::move(noise));
  const auto attachment = Bytes::share(owner, std::as_bytes(std::span(*owner)));
  wire::Message sent = request(1, "small");
  sent.body.attachments = {attachment, attachment.slice(1, 5000), Bytes{}};

  BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, std::move(sent)).has_value());
  const auto received = b.take();

  BOOST_REQUIRE(received.body.attachments.size() == 3u);
  BOOST_TEST((received.body.attachments[0] == attachment));
  BOOST_TEST((received.body.attachments[1] == attachment.slice(1, 5000)));
  BOOST_TEST(received.body.attachments[2].empty());
  BOOST_TEST(a.requests().frames_shared.load() == 2u);
}

BOOST_AUTO_TEST_CASE(memory_of_what_was_sent_is_let_go) {
  auto owner = std::make_shared<const std::string>(1 << 20, 'x');
  const std::weak_ptr<const std::string> watched = owner;
  {
    BusNode a(1);
    BusNode b(2);
    a.transport->add_peer(b.self());
    wire::Message sent = request(1);
    sent.body.attachments = {Bytes::share(owner, std::as_bytes(std::span(*owner)))};
    owner.reset();
    BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, std::move(sent)).has_value());
    b.take();
  }
  BOOST_TEST(watched.expired());
}

BOOST_AUTO_TEST_CASE(many_threads_send_through_one_transport) {
  BusNode a(1);
  BusNode b(2);
  a.transport->add_peer(b.self());
  std::atomic<uint64_t> refused{0};
  {
    std::vector<std::jthread> senders;
    for (uint64_t t = 0; t < 4; ++t)
      senders.emplace_back([&, t] {
        for (uint64_t i = 0; i < 1000; ++i)
          if (!a.transport->send(Lane::request, NodeId{2}, request(t * 1000 + i + 1))) ++refused;
      });
  }

  std::array<uint64_t, 4> next{};
  for (size_t i = 0; i < 4000; ++i) {
    const uint64_t id = b.take().envelope.correlation_id.value - 1;
    BOOST_REQUIRE(id % 1000 == next[id / 1000]);
    ++next[id / 1000];
  }

  BOOST_TEST(refused.load() == 0u);
}

BOOST_AUTO_TEST_CASE(what_was_queued_before_stop_is_still_sent) {
  BusNode a(1);
  BusNode b(2);
  b.hears(a, "first");
  for (uint64_t i = 1; i <= 1000; ++i)
    BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(i)).has_value());

  a.transport->stop();
  a.transport->stop();

  for (uint64_t i = 1; i <= 1000; ++i) BOOST_REQUIRE(b.take().envelope.correlation_id.value == i);
  BOOST_TEST((a.transport->send(Lane::request, NodeId{2}, request(1)).error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()
