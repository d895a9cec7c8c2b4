// Who is let in, and what those may say who are not on the list.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <thread>

#include "test/integration/bus/stranger.hpp"

using namespace troupe;
using namespace troupe::bus;
using namespace troupe::bus::test;

namespace {

constexpr uint16_t join_type = static_cast<uint16_t>(protocol::MessageType::join_request);
constexpr uint64_t nobody = 100;  ///< The first whose key is on no list.

wire::Message of_type(protocol::MessageType type, uint64_t correlation = 1) {
  wire::Message m = request(correlation);
  m.envelope.message_type = static_cast<uint16_t>(type);
  return m;
}

AllowList list_of(std::vector<uint64_t> nodes) {
  AllowList list;
  for (const uint64_t id : nodes) list.admitted.push_back({NodeId{id}, keys_of(id).public_key});
  return list;
}

std::string said_by(BusNode& node, std::string_view part) {
  std::string all;
  while (all.find(part) == std::string::npos) all += node.defects.take() + "\n";
  return all;
}

uint16_t port_of(const std::string& endpoint) {
  return static_cast<uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
}

int connect_to(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  // Also on the wiretap's thread, where Boost's checks must not be used.
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(fmt::format("cannot connect to port {}", port));
  return fd;
}

/// Stands between a node and another, and writes down what the one that connects says.
class Wiretap {
 public:
  explicit Wiretap(const std::string& endpoint)
      : target_(port_of(endpoint)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    BOOST_REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    BOOST_REQUIRE(::listen(listener_, 1) == 0);
    BOOST_REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    endpoint_ = fmt::format("tcp://127.0.0.1:{}", ntohs(address.sin_port));
    thread_ = std::thread([this] { carry(); });
  }
  ~Wiretap() { finish(); }

  const std::string& endpoint() const { return endpoint_; }
  /// What was recorded; the tapped connection ends.
  std::string finish() {
    if (thread_.joinable()) {
      ::shutdown(listener_, SHUT_RDWR);
      if (const int fd = near_.load(); fd >= 0) ::shutdown(fd, SHUT_RDWR);
      thread_.join();
      ::close(listener_);
    }
    return recorded_;
  }

 private:
  static void pump(int from, int to, std::string* record) {
    std::array<char, 4096> piece{};
    for (ssize_t size = 0; (size = ::recv(from, piece.data(), piece.size(), 0)) > 0;) {
      if (record != nullptr) record->append(piece.data(), static_cast<size_t>(size));
      if (::send(to, piece.data(), static_cast<size_t>(size), MSG_NOSIGNAL) != size) break;
    }
    ::shutdown(from, SHUT_RDWR);
    ::shutdown(to, SHUT_RDWR);
  }
  void carry() {
    const int near = ::accept(listener_, nullptr, nullptr);
    if (near < 0) return;
    near_ = near;
    const int far = connect_to(target_);
    {
      const std::jthread back([&] { pump(far, near, nullptr); });
      pump(near, far, &recorded_);
    }
    ::close(near);
    ::close(far);
  }

  const uint16_t target_;
  const int listener_;
  std::atomic<int> near_{-1};
  std::string endpoint_;
  std::string recorded_;
  std::thread thread_;
};

struct Fixture {
  BusNode victim{1};
  BusNode friendly{2};
  BusNode head{3, 1, {.allowed = list_of({1, 2, 3}), .guest_requests = {join_type}}};

  void teardown() {
    victim.hears(friendly, "still well");
    head.hears(friendly, "still well");
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(zmq_transport_trust, Fixture)

BOOST_AUTO_TEST_CASE(a_client_without_a_key_is_turned_away) {
  zmq::context_t context;
  zmq::socket_t client(context, zmq::socket_type::dealer);
  client.set(zmq::sockopt::linger, 0);
  client.set(zmq::sockopt::routing_id, identity(2, 1));
  client.connect(victim.self().request);
  client.send(zmq::buffer(envelope(2, 1)), zmq::send_flags::sndmore);
  client.send(zmq::buffer("in the clear"), zmq::send_flags::none);

  BOOST_TEST(said_by(victim, "without the keys").size() > 0u);
  BOOST_TEST(victim.requests().handshakes_refused.load() > 0u);
  BOOST_TEST(victim.inbox.empty());
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_turned_away_and_its_requests_are_answered) {
  BusNode unknown(nobody, 1, {.connect_patience = 200ms});
  unknown.transport->add_peer(victim.self());

  BOOST_REQUIRE(unknown.transport->send(Lane::request, NodeId{1}, request(8)).has_value());
  const auto answer = unknown.take();

  const Error error = protocol::decode_error(answer.body, {}).value();
  BOOST_TEST((error.code == Errc::unavailable));
  BOOST_TEST(error.message.find("did not let this node in") != std::string::npos);
  BOOST_TEST(said_by(victim, keys_of(nobody).public_key).find("127.0.0.1") != std::string::npos);
  BOOST_TEST(victim.inbox.empty());
}

BOOST_AUTO_TEST_CASE(a_node_is_called_only_where_it_proves_its_key) {
  BusNode caller(4, 1, {.connect_patience = 200ms});
  Peer impostor = victim.self();
  impostor.node = NodeId{2};
  impostor.key = keys_of(2).public_key;
  caller.transport->add_peer(impostor);
  Peer keyless = friendly.self();
  keyless.key.clear();
  keyless.node = NodeId{5};
  caller.transport->add_peer(keyless);

  for (const uint64_t id : {2, 5}) {
    BOOST_REQUIRE(caller.transport->send(Lane::request, NodeId{id}, request(id)).has_value());
    BOOST_TEST((caller.take().envelope.kind == wire::Kind::error));
  }
  BOOST_TEST(victim.inbox.empty());
  BOOST_TEST(friendly.inbox.empty());
}

BOOST_AUTO_TEST_CASE(a_key_that_is_let_in_a_moment_later_gets_through) {
  BusNode worker(5, 1, {.allowed = list_of({1})});
  friendly.transport->add_peer(worker.self());
  BOOST_REQUIRE(friendly.transport->send(Lane::request, NodeId{5}, request(1, "too early")).has_value());
  said_by(worker, keys_of(2).public_key);

  worker.transport->admit(list_of({1, 2}));

  BOOST_TEST(worker.take().body.data.view() == "too early");
}

BOOST_AUTO_TEST_CASE(a_guest_may_ask_to_join_and_is_answered) {
  BusNode guest(nobody);
  guest.transport->add_peer(head.self());

  BOOST_REQUIRE(
      guest.transport->send(Lane::control, NodeId{3}, of_type(protocol::MessageType::join_request, 5)).has_value());
  BOOST_TEST(head.take().envelope.source_node.value == nobody);
  BOOST_TEST(head.transport->key_of(NodeId{nobody}) == keys_of(nobody).public_key);
  BOOST_REQUIRE(head.transport->send(Lane::control, NodeId{nobody}, part(5, 0, true, "welcome")).has_value());
  BOOST_TEST(guest.take().body.data.view() == "welcome");

  head.transport->admit(list_of({1, 2, 3, nobody}));
  BOOST_REQUIRE(guest.transport->send(Lane::control, NodeId{3}, of_type(protocol::MessageType::heartbeat)).has_value());
  BOOST_TEST(head.take().envelope.message_type == static_cast<uint16_t>(protocol::MessageType::heartbeat));
  BOOST_TEST(head.controls().guest_refused.load() == 0u);
}

BOOST_AUTO_TEST_CASE(a_guest_may_say_nothing_else) {
  BusNode guest(nobody, 1, {.connect_patience = 200ms});
  guest.transport->add_peer(head.self());
  wire::Message event = of_type(protocol::MessageType::join_request);
  event.envelope.kind = wire::Kind::event;

  for (wire::Message m :
       {of_type(protocol::MessageType::heartbeat), of_type(protocol::MessageType::serve_request), event})
    BOOST_REQUIRE(guest.transport->send(Lane::control, NodeId{3}, std::move(m)).has_value());
  reaches(head.controls().guest_refused, 3);
  BOOST_TEST(said_by(head, "more than a guest may say").find(keys_of(nobody).public_key) != std::string::npos);

  BOOST_REQUIRE(
      guest.transport->send(Lane::request, NodeId{3}, of_type(protocol::MessageType::join_request, 9)).has_value());
  BOOST_TEST(guest.take().envelope.correlation_id.value == 9u);  // The error of its own transport.
  BOOST_TEST(head.inbox.empty());
}

BOOST_AUTO_TEST_CASE(a_guest_cannot_speak_as_a_node_of_the_list_nor_as_another_guest) {
  head.hears(friendly, "a member is here");
  Stranger as_member(identity(2, 1), head.self().control, nobody, 3);
  as_member.send({envelope(2, 1, wire::Kind::request, protocol::MessageType::join_request), ""});
  reaches(head.controls().forged, 1);

  Stranger first(identity(500, 1), head.self().control, nobody, 3);
  first.send({envelope(500, 1, wire::Kind::request, protocol::MessageType::join_request), ""});
  BOOST_TEST(head.take().envelope.source_node.value == 500u);
  std::string id = identity(500, 1);
  id.back() = 'x';
  Stranger second(id, head.self().control, nobody + 1, 3);
  second.send({envelope(500, 1, wire::Kind::request, protocol::MessageType::join_request), ""});
  reaches(head.controls().guest_refused, 1);
  BOOST_TEST(head.transport->key_of(NodeId{500}) == keys_of(nobody).public_key);
}

BOOST_AUTO_TEST_CASE(a_denied_key_is_no_guest) {
  AllowList list = list_of({1, 2, 3});
  list.denied = {keys_of(nobody).public_key};
  head.transport->admit(list);
  BusNode guest(nobody, 1, {.connect_patience = 200ms});
  guest.transport->add_peer(head.self());

  BOOST_REQUIRE(
      guest.transport->send(Lane::control, NodeId{3}, of_type(protocol::MessageType::join_request)).has_value());

  BOOST_TEST((guest.take().envelope.kind == wire::Kind::error));
  BOOST_TEST(head.inbox.empty());
}

BOOST_AUTO_TEST_CASE(nobody_takes_over_anothers_connection_by_its_id) {
  victim.hears(friendly, "hello");
  // On the list, and under an id of node 2: without its nonce it is another connection.
  Stranger thief(identity(2, 1), victim.self().request);
  thief.send({envelope(2, 1), ""});
  reaches(victim.requests().forged, 1);

  BOOST_REQUIRE(victim.transport->send(Lane::request, NodeId{2}, part(1, 0, true, "for node 2 alone")).has_value());
  BOOST_TEST(friendly.take().body.data.view() == "for node 2 alone");
}

BOOST_AUTO_TEST_CASE(a_node_taken_off_the_list_is_cut_at_once_and_stays_out) {
  BusNode revoked(5, 1, {.connect_patience = 200ms});
  victim.hears(revoked, "while it may");
  BOOST_REQUIRE(victim.transport->send(Lane::request, NodeId{5}, part(1, 0, true, "answer")).has_value());
  revoked.take();

  victim.transport->admit(list_of({1, 2, 3}));

  BOOST_TEST(victim.disconnected.take().value == 5u);
  BOOST_TEST(revoked.disconnected.take().value == 1u);
  BOOST_REQUIRE(revoked.transport->send(Lane::request, NodeId{1}, request(2)).has_value());
  BOOST_TEST((revoked.take().envelope.kind == wire::Kind::error));
  BOOST_TEST(victim.inbox.empty());
  BOOST_TEST((victim.transport->send(Lane::request, NodeId{5}, request(3)).error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_connection_outlives_its_key_where_its_node_has_another) {
  victim.hears(friendly, "under the old key");
  AllowList list = list_of({1, 3});
  list.admitted.push_back({NodeId{2}, keys_of(50).public_key});
  list.denied = {keys_of(2).public_key};
  victim.transport->admit(list);

  victim.hears(friendly, "on the same connection");

  BOOST_TEST(friendly.requests().connections.load() == 1u);
  BOOST_TEST(victim.disconnected.empty());
  victim.transport->admit(everybody());
}

BOOST_AUTO_TEST_CASE(a_node_that_changes_its_keys_loses_no_connection_and_is_found_by_the_new_one_alone) {
  victim.hears(friendly, "before");
  friendly.hears(victim, "before");
  AllowList list = everybody();
  list.admitted.push_back({NodeId{1}, keys_of(50).public_key});
  friendly.transport->admit(list);
  Mailbox<Status> changed;

  victim.transport->change_keys(keys_of(50), [&](Status outcome) { changed.put(std::move(outcome)); });

  BOOST_REQUIRE(changed.take().has_value());
  victim.hears(friendly, "on the same connection");
  friendly.hears(victim, "on the same connection");
  BOOST_TEST(friendly.requests().connections.load() == 1u);
  BOOST_TEST(victim.disconnected.empty());

  // Nobody who calls it anew gets it by the old key.
  BusNode late(4, 1, {.connect_patience = 200ms});
  late.transport->add_peer(victim.self());
  BOOST_REQUIRE(late.transport->send(Lane::request, NodeId{1}, request(1)).has_value());
  BOOST_TEST((late.take().envelope.kind == wire::Kind::error));
  Peer renewed = victim.self();
  renewed.key = keys_of(50).public_key;
  late.transport->add_peer(renewed);
  BOOST_REQUIRE(late.transport->send(Lane::request, NodeId{1}, request(2, "by the new key")).has_value());
  BOOST_TEST(victim.take().body.data.view() == "by the new key");

  // And it proves the new one where it calls.
  BusNode strict(5, 1, {.allowed = list_of({2})});
  AllowList newest = list_of({2});
  newest.admitted.push_back({NodeId{1}, keys_of(50).public_key});
  strict.transport->admit(newest);
  strict.hears(victim, "with the new key");
}

BOOST_AUTO_TEST_CASE(keys_can_be_changed_again_and_again) {
  victim.hears(friendly, "before");
  for (uint64_t turn = 0; turn < 5; ++turn) {
    Mailbox<Status> changed;
    victim.transport->change_keys(keys_of(50 + turn), [&](Status outcome) { changed.put(std::move(outcome)); });
    BOOST_REQUIRE(changed.take().has_value());
    BusNode caller(10 + turn);
    Peer renewed = victim.self();
    renewed.key = keys_of(50 + turn).public_key;
    caller.transport->add_peer(renewed);
    BOOST_REQUIRE(caller.transport->send(Lane::request, NodeId{1}, request(1, "by the newest")).has_value());
    BOOST_TEST(victim.take().body.data.view() == "by the newest");
  }
  victim.hears(friendly, "on the first connection");
}

BOOST_AUTO_TEST_CASE(a_call_in_vain_begins_anew_when_the_right_key_is_named) {
  BusNode caller(4);
  Peer impostor = victim.self();
  impostor.key = keys_of(50).public_key;
  caller.transport->add_peer(impostor);
  BOOST_REQUIRE(caller.transport->send(Lane::request, NodeId{1}, request(1, "patient")).has_value());
  said_by(victim, "without the keys");

  caller.transport->add_peer(victim.self());

  BOOST_TEST(victim.take().body.data.view() == "patient");
}

BOOST_AUTO_TEST_CASE(keys_can_be_tried_before_they_are_used) {
  BusNode node(6, 1, {.discover_key = keys_of(3).public_key});
  AllowList list = list_of({6});
  list.denied = {keys_of(51).public_key};
  head.transport->admit(list);
  Mailbox<Result<Peer>> tried;
  const auto keep = [&](Result<Peer> peer) { tried.put(std::move(peer)); };

  node.transport->try_keys(keys_of(50), head.self().control, patience, keep);
  const auto good = tried.take();
  node.transport->try_keys(keys_of(51), head.self().control, patience, keep);
  const auto bad = tried.take();

  BOOST_REQUIRE(good.has_value());
  BOOST_TEST((good->node == NodeId{3}));
  BOOST_REQUIRE(!bad.has_value());
  BOOST_TEST((bad.error().code == Errc::permission_denied));
  head.transport->admit(list_of({1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(recorded_bytes_are_worth_nothing_on_another_connection) {
  Wiretap tap(victim.self().request);
  BusNode caller(4);
  Peer tapped = victim.self();
  tapped.request = tap.endpoint();
  caller.transport->add_peer(tapped);
  BOOST_REQUIRE(caller.transport->send(Lane::request, NodeId{1}, request(1, "transfer a thousand")).has_value());
  BOOST_TEST(victim.take().body.data.view() == "transfer a thousand");
  caller.transport->stop();
  const std::string recorded = tap.finish();
  BOOST_TEST(recorded.size() > 300u);
  BOOST_TEST(recorded.find("transfer") == std::string::npos);
  const uint64_t refused = victim.requests().handshakes_refused.load();

  const int fd = connect_to(port_of(victim.self().request));
  BOOST_TEST(::send(fd, recorded.data(), recorded.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(recorded.size()));

  // The far side hangs up.
  std::array<char, 4096> answer{};
  while (::recv(fd, answer.data(), answer.size(), 0) > 0) continue;
  ::close(fd);
  reaches(victim.requests().handshakes_refused, refused + 1);
  BOOST_TEST(victim.inbox.empty());
}

BOOST_AUTO_TEST_CASE(without_encryption_there_are_no_keys) {
  BusNode a(10, 1, {.plaintext = true});
  BusNode b(11, 1, {.plaintext = true});

  b.hears(a, "measured");
}

BOOST_AUTO_TEST_SUITE_END()
