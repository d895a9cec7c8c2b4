#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "test/integration/bus/bus_node.hpp"

using namespace troupe;
using namespace troupe::bus;
using namespace troupe::bus::test;

namespace {

/// One who takes connections and says nothing, so that everything sent to it waits. Where nobody listened it would fail
/// as soon as the lane has noticed.
class Silent {
 public:
  Silent() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    BOOST_REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    BOOST_REQUIRE(::listen(fd_, 16) == 0);
    BOOST_REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    endpoint_ = fmt::format("tcp://127.0.0.1:{}", ntohs(address.sin_port));
  }
  Silent(const Silent&) = delete;
  Silent& operator=(const Silent&) = delete;
  ~Silent() { ::close(fd_); }

  Peer peer(uint64_t id) const {
    return {NodeId{id}, Incarnation{1}, endpoint_, endpoint_, endpoint_, keys_of(id).public_key};
  }

 private:
  const int fd_;
  std::string endpoint_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(zmq_transport_limits)

BOOST_AUTO_TEST_CASE(a_full_queue_to_a_node_refuses_and_others_go_on) {
  const Silent silent;
  BusNode a(1, 1, {.peer_queue_max = 10, .connect_patience = 1h});
  BusNode b(2);
  a.transport->add_peer(silent.peer(9));
  for (uint64_t i = 1; i <= 10; ++i) BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{9}, request(i)).has_value());

  const Status refused = a.transport->send(Lane::request, NodeId{9}, request(11));

  BOOST_TEST((refused.error().code == Errc::overloaded));
  BOOST_TEST(a.requests().overloaded.load() == 1u);
  b.hears(a, "others go on");
}

BOOST_AUTO_TEST_CASE(a_full_lane_refuses) {
  const Silent silent;
  BusNode a(1, 1, {.queue_messages_max = 10, .connect_patience = 1h});
  a.transport->add_peer(silent.peer(8));
  a.transport->add_peer(silent.peer(9));
  for (uint64_t i = 0; i < 10; ++i)
    BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{8 + i % 2}, request(i)).has_value());

  BOOST_TEST((a.transport->send(Lane::request, NodeId{9}, request(11)).error().code == Errc::overloaded));
  BOOST_TEST(a.transport->send(Lane::control, NodeId{9}, request(11)).has_value());
}

BOOST_AUTO_TEST_CASE(waiting_bytes_are_bounded_too) {
  const Silent silent;
  BusNode a(1, 1, {.queue_bytes_max = {1000}, .connect_patience = 1h});
  a.transport->add_peer(silent.peer(9));

  BOOST_TEST(a.transport->send(Lane::request, NodeId{9}, request(1, std::string(900, 'x'))).has_value());
  BOOST_TEST((a.transport->send(Lane::request, NodeId{9}, request(2, std::string(200, 'x'))).error().code ==
              Errc::overloaded));
  BOOST_TEST(a.transport->send(Lane::request, NodeId{9}, request(3, std::string(100, 'x'))).has_value());
}

// Once by the connection that the sender made, once by the one that came in to it.
BOOST_DATA_TEST_CASE(a_node_that_stalls_fills_its_queue_and_later_gets_all_of_it_in_order,
                     boost::unit_test::data::make({false, true}), by_inbound) {
  BusNode a(1, 1, {.peer_queue_max = 50});
  std::mutex stall;
  Mailbox<wire::Message> inbox;
  const auto stalling = make_zmq_transport(NodeId{2}, Incarnation{1}, trusting(2, {.peer_queue_max = 50})).value();
  stalling->start([&](Lane, wire::Message m) {
    const std::lock_guard wait(stall);
    inbox.put(std::move(m));
  });
  stalling->add_peer(a.self());
  if (by_inbound) {
    BOOST_REQUIRE(stalling->send(Lane::request, NodeId{1}, request(1)).has_value());
    a.take();
  } else {
    a.transport->add_peer(stalling->self());
  }
  const std::string body(64 << 10, 'x');
  uint64_t accepted = 0;

  {
    const std::lock_guard wait(stall);
    while (a.requests().overloaded.load() == 0)
      if (a.transport->send(Lane::request, NodeId{2}, message(wire::Kind::event, accepted + 1, body))) ++accepted;
  }

  for (uint64_t i = 1; i <= accepted; ++i) BOOST_REQUIRE(inbox.take().envelope.correlation_id.value == i);
  BOOST_TEST(accepted >= 50u);
  BOOST_TEST(a.requests().connections.load() == (by_inbound ? 0u : 1u));
}

BOOST_AUTO_TEST_CASE(a_bulk_lane_that_is_full_holds_up_no_other_and_is_bounded_by_its_own_bytes) {
  BusNode a(1, 1, {.bulk_queue_bytes_max = 8_MiB});
  std::mutex stall;
  Mailbox<BusNode::Received> inbox;
  const auto b = make_zmq_transport(NodeId{2}, Incarnation{1}, trusting(2)).value();
  b->start([&](Lane lane, wire::Message m) {
    const std::unique_lock wait = lane == Lane::bulk ? std::unique_lock(stall) : std::unique_lock<std::mutex>();
    inbox.put({lane, std::move(m)});
  });
  a.transport->add_peer(b->self());
  const std::string chunk(1 << 20, 'x');
  const auto& bulk = a.transport->counters(Lane::bulk);
  uint64_t accepted = 0;

  {
    const std::lock_guard wait(stall);
    // What ZeroMQ and the kernel hold comes before the queue; it is full for good once nothing more gets away.
    for (uint64_t sent = UINT64_MAX; sent != bulk.messages_sent.load() || bulk.overloaded.load() == 0;) {
      sent = bulk.messages_sent.load();
      while (a.transport->send(Lane::bulk, NodeId{2}, message(wire::Kind::event, accepted + 1, chunk))) ++accepted;
      BOOST_REQUIRE(accepted < 200u);
    }
    BOOST_REQUIRE(a.transport->send(Lane::request, NodeId{2}, request(1)).has_value());
    BOOST_TEST((inbox.take().first == Lane::request));
    BOOST_REQUIRE(a.transport->send(Lane::control, NodeId{2}, request(2)).has_value());
    BOOST_TEST((inbox.take().first == Lane::control));
  }

  for (uint64_t i = 1; i <= accepted; ++i) BOOST_REQUIRE(inbox.take().second.envelope.correlation_id.value == i);
}

BOOST_AUTO_TEST_CASE(messages_over_the_limits_are_refused_where_they_are_sent) {
  BusNode a(1);
  BusNode b(2);
  a.transport->add_peer(b.self());
  wire::Message long_header = request(1);
  long_header.envelope.target_path = std::string(5000, 'x');
  wire::Message many = request(1);
  many.body.attachments.resize(65);

  for (wire::Message m : {long_header, many, request(1, std::string((16 << 20) + 1, 'x'))})
    BOOST_TEST((a.transport->send(Lane::request, NodeId{2}, std::move(m)).error().code == Errc::too_large));
}

BOOST_AUTO_TEST_CASE(a_taken_port_is_named_with_its_option) {
  const BusNode first(1);
  const std::string endpoint = first.self().control;
  const auto port = static_cast<uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));

  const auto second = make_zmq_transport(NodeId{2}, Incarnation{1}, trusting(2, {.control_port = port}));

  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == Errc::failed_precondition));
  BOOST_TEST(second.error().field == "control_port");
  BOOST_TEST(second.error().message == "cannot listen on " + endpoint +
                                           " (control_port): another process has it; stop that one, choose another "
                                           "control_port, or 0 for any free port");
}

BOOST_AUTO_TEST_CASE(a_host_that_is_not_ours_is_named) {
  const auto made = make_zmq_transport(NodeId{2}, Incarnation{1}, trusting(2, {.host = "203.0.113.1"}));

  BOOST_REQUIRE(!made.has_value());
  BOOST_TEST(made.error().field == "host");
}

BOOST_AUTO_TEST_CASE(a_transport_that_never_started_can_be_destroyed) {
  auto made = make_zmq_transport(NodeId{2}, Incarnation{1}, trusting(2));
  BOOST_REQUIRE(made.has_value());
  Errc code{};
  (*made)->discover("tcp://127.0.0.1:1", 1h, [&](Result<Peer> found) { code = found.error().code; });

  made->reset();

  BOOST_TEST((code == Errc::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()
