// Anyone can write to a node's port. Others must not notice.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "runtime/base/random.hpp"
#include "runtime/protocol/cluster.hpp"
#include "runtime/wire/schema.hpp"
#include "test/integration/bus/stranger.hpp"

using namespace troupe;
using namespace troupe::bus;
using namespace troupe::bus::test;

namespace {

struct Fixture {
  BusNode victim{1};
  BusNode friendly{2};

  void teardown() { victim.hears(friendly, "still well"); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(zmq_transport_under_attack, Fixture)

BOOST_AUTO_TEST_CASE(survives_bytes_that_are_not_zeromq) {
  const std::string endpoint = victim.self().request;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SeededRandom random(1);
  for (int connection = 0; connection < 20; ++connection) {
    std::string noise(4096, '\0');
    for (char& c : noise) c = static_cast<char>(random.next());
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    BOOST_REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    (void)::send(fd, noise.data(), noise.size(), MSG_NOSIGNAL);
    ::close(fd);
  }

  victim.hears(friendly, "after noise");
}

BOOST_AUTO_TEST_CASE(random_frames_are_counted) {
  SeededRandom random(2);
  Stranger stranger(identity(7, 1), victim.self().request);
  for (int i = 0; i < 200; ++i) {
    std::vector<std::string> frames(1 + random.below(5));
    for (auto& frame : frames) {
      frame.resize(random.below(64));
      for (char& c : frame) c = static_cast<char>(random.next());
    }
    stranger.send(frames);
  }

  reaches(victim.requests().malformed, 200);
}

BOOST_AUTO_TEST_CASE(a_message_of_an_empty_frame_a_thousand_frames_or_a_huge_header_is_counted) {
  Stranger stranger(identity(7, 1), victim.self().request);

  stranger.send({""});
  stranger.send({envelope(7, 1)});
  std::vector<std::string> many(1000, "x");
  many[0] = envelope(7, 1);
  stranger.send(many);
  stranger.send({std::string(1 << 20, 'x'), "body"});
  stranger.send({envelope(7, 1), std::string((16 << 20) + 1, 'x')});

  reaches(victim.requests().malformed, 5);
  BOOST_TEST(victim.inbox.empty());
}

BOOST_AUTO_TEST_CASE(every_cut_of_a_good_message_is_refused) {
  Stranger stranger(identity(7, 1), victim.self().request);
  const std::string good = envelope(7, 1);
  for (size_t size = 0; size < good.size(); ++size) stranger.send({good.substr(0, size), "body"});

  reaches(victim.requests().malformed, good.size());
}

BOOST_AUTO_TEST_CASE(a_forged_source_is_dropped) {
  Stranger stranger(identity(7, 1), victim.self().request);

  Stranger well_dressed(identity(2, 1), victim.self().request);

  stranger.send({envelope(2, 1), "as node 2"});
  stranger.send({envelope(7, 2), "as a later life"});
  well_dressed.send({envelope(2, 1), "as node 2, by its id too, but without its key"});
  reaches(victim.requests().forged, 3);
  stranger.send({envelope(7, 1), "as itself"});

  BOOST_TEST(victim.take().body.data.view() == "as itself");
  BOOST_TEST(victim.requests().forged.load() == 3u);
}

BOOST_AUTO_TEST_CASE(odd_ids_and_nobodies_requests_are_dropped) {
  Stranger short_id("abc", victim.self().request);
  Stranger nobody(identity(0, 1), victim.self().request);

  short_id.send({envelope(7, 1), ""});
  nobody.send({envelope(0, 1), ""});

  reaches(victim.requests().forged, 2);
  BOOST_TEST(victim.inbox.empty());
}

BOOST_AUTO_TEST_CASE(a_hello_that_lies_is_dropped) {
  Stranger stranger(identity(7, 1), victim.self().request);
  const protocol::Hello lie{NodeId{8}, Incarnation{1}, "tcp://127.0.0.1:1", "tcp://127.0.0.1:1"};

  stranger.send({envelope(7, 1, wire::Kind::hello), std::string(wire::encode_body(lie).data.view())});
  stranger.send({envelope(7, 1, wire::Kind::hello), "no hello at all"});

  reaches(victim.requests().forged, 1);
  reaches(victim.requests().malformed, 1);
}

BOOST_AUTO_TEST_CASE(strangers_past_the_limit_are_dropped) {
  BusNode small(3, 1, {.peers_max = 2});
  std::vector<std::unique_ptr<Stranger>> strangers;
  for (uint64_t id = 10; id < 14; ++id) {
    strangers.push_back(std::make_unique<Stranger>(identity(id, 1), small.self().request, id, 3));
    strangers.back()->send({envelope(id, 1), ""});
  }

  reaches(small.requests().too_many_peers, 2);
  reaches(small.requests().messages_received, 2);
}

BOOST_AUTO_TEST_SUITE_END()
