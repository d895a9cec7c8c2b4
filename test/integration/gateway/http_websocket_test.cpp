#include <boost/test/unit_test.hpp>
#include <future>

#include "runtime/http/server.hpp"
#include "runtime/http/websocket_parser.hpp"
#include "test/integration/gateway/raw_client.hpp"

using namespace troupe;
using namespace troupe::http;
using namespace std::chrono_literals;
using troupe::testing::RawClient;

namespace {

using ResponderPtr = std::shared_ptr<HttpResponder>;
using SocketPtr = std::shared_ptr<WebSocket>;

template <class T>
T wait_for(std::promise<T>& promise) {
  auto future = promise.get_future();
  BOOST_TEST_REQUIRE((future.wait_for(10s) == std::future_status::ready));
  return future.get();
}

/// A server whose only path is a WebSocket; it says back what it hears, unless a test says otherwise.
struct Site {
  explicit Site(HttpOptions options = {}) {
    const auto handler = [this](HttpRequest&, const ResponderPtr& responder) { open(*responder); };
    auto listening = HttpServer::listen(std::move(options), clock, handler);
    BOOST_TEST_REQUIRE(listening.has_value());
    server = std::move(*listening);
  }

  void open(HttpResponder& responder) {
    const auto socket = std::make_shared<SocketPtr>();
    WebSocketEvents events;
    events.on_message = [this, socket](std::string text) { on_message ? on_message(text) : (*socket)->send(text); };
    events.on_drain = [socket] { (*socket)->close(CloseCode::going_away, "bye"); };
    events.on_closed = [this, socket] {
      socket->reset();
      closed.set_value();
    };
    *socket = responder.upgrade({{"x-test", "yes"}}, std::move(events));
    if (*socket) opened.set_value(*socket);
  }

  SystemClock clock;
  std::function<void(const std::string&)> on_message;
  std::promise<SocketPtr> opened;
  std::promise<void> closed;
  std::unique_ptr<HttpServer> server;
};

constexpr std::string_view handshake =
    "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Masked with zeros, which is a mask like any other.
std::string masked(Opcode opcode, std::string_view payload) {
  std::string frame;
  append_frame(frame, opcode, payload);
  frame[1] = static_cast<char>(frame[1] | 0x80);
  frame.insert(frame.size() - payload.size(), 4, '\0');
  return frame;
}

std::string plain(Opcode opcode, std::string_view payload) {
  std::string frame;
  append_frame(frame, opcode, payload);
  return frame;
}

std::string closing(CloseCode code, std::string_view reason) {
  std::string frame;
  append_close_frame(frame, code, reason);
  return frame;
}

struct Client : RawClient {
  explicit Client(const Site& site, int receive_buffer_bytes = 0)
      : RawClient(site.server->port(), receive_buffer_bytes) {
    send(handshake);
    head = read_until("\r\n\r\n");
  }
  bool hears(const std::string& frame) { return read(frame.size()) == frame; }

  std::string head;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_websocket)

BOOST_AUTO_TEST_CASE(a_connection_becomes_a_websocket_and_carries_messages_both_ways) {
  Site site;
  Client client(site);

  client.send(masked(Opcode::text, "one") + masked(Opcode::ping, "p") + masked(Opcode::text, std::string(70'000, 'x')));

  BOOST_TEST(client.head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  BOOST_TEST(client.head.find("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  BOOST_TEST(client.head.find("x-test: yes\r\n") != std::string::npos);
  BOOST_TEST(client.hears(plain(Opcode::text, "one")));
  BOOST_TEST(client.hears(plain(Opcode::pong, "p")));
  BOOST_TEST(client.hears(plain(Opcode::text, std::string(70'000, 'x'))));
}

BOOST_AUTO_TEST_CASE(messages_that_come_with_the_handshake_are_heard) {
  Site site;
  RawClient client(site.server->port());

  client.send(std::string(handshake) + masked(Opcode::text, "early"));

  client.read_until("\r\n\r\n");
  BOOST_TEST(client.read(7) == plain(Opcode::text, "early"));
}

BOOST_AUTO_TEST_CASE(a_goodbye_is_answered_and_ends_the_connection) {
  Site site;
  Client client(site);

  client.send(masked(Opcode::close, "\x03\xe8"));

  BOOST_TEST(client.hears(closing(CloseCode::normal, "")));
  wait_for(site.closed);
  client.close();
}

BOOST_AUTO_TEST_CASE(what_breaks_the_protocol_is_told_why) {
  HttpOptions options;
  options.body_bytes_max = ByteCount{100};
  Site site(options);
  Client client(site);

  client.send(masked(Opcode::text, std::string(101, 'x')));

  BOOST_TEST(client.hears(closing(CloseCode::too_large, "the message is too large")));
  wait_for(site.closed);
  BOOST_TEST(site.server->stats().cut(Cut::body_large) == 1u);
}

BOOST_AUTO_TEST_CASE(who_asks_for_none_is_told_how_and_keeps_the_connection) {
  Site site;
  RawClient client(site.server->port());

  client.get("/ws");
  const auto answer = client.answer();
  client.send(handshake);

  BOOST_TEST(answer.status == 426);
  BOOST_TEST(answer.has("upgrade: websocket\r\n"));
  BOOST_TEST(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
}

BOOST_AUTO_TEST_CASE(other_threads_may_send_and_a_client_that_goes_is_noticed_once) {
  Site site;
  Client client(site);
  const SocketPtr socket = wait_for(site.opened);

  std::thread([socket] { socket->send("from afar"); }).join();
  BOOST_TEST(client.hears(plain(Opcode::text, "from afar")));
  client.close();
  wait_for(site.closed);
  socket->send("into nothing");
  socket->close(CloseCode::normal, "");
}

BOOST_AUTO_TEST_CASE(a_client_that_reads_nothing_is_cut_off_at_the_bound) {
  HttpOptions options;
  options.websocket_buffer_bytes_max = 1_MiB;
  Site site(options);
  Client client(site, 4096);
  const SocketPtr socket = wait_for(site.opened);

  for (int i = 0; i < 200; ++i) socket->send(std::string(64 << 10, 'x'));

  wait_for(site.closed);
  BOOST_TEST(site.server->stats().cut(Cut::reader_behind) == 1u);
}

BOOST_AUTO_TEST_CASE(a_client_that_lets_answers_wait_is_not_read_from) {
  Site site;
  std::atomic<int> heard{0};
  const SocketPtr* to = nullptr;
  SocketPtr socket;
  site.on_message = [&](const std::string&) {
    ++heard;
    (*to)->send(std::string(128 << 10, 'x'));
  };
  to = &socket;
  Client client(site, 4096);
  socket = wait_for(site.opened);

  std::string many;
  for (int i = 0; i < 1000; ++i) many += masked(Opcode::text, std::string(1000, 'y'));
  client.send_some(many);
  BOOST_TEST(client.is_readable(10s));
  const size_t frame = plain(Opcode::text, std::string(128 << 10, 'x')).size();
  BOOST_TEST(client.read(frame).size() == frame);

  // Of a thousand questions only so many are answered as may wait, and fit into the sockets and one read.
  BOOST_TEST(heard < 200);
}

BOOST_AUTO_TEST_CASE(a_silent_client_is_pinged_and_then_let_go) {
  HttpOptions options;
  options.keep_alive_timeout = 150ms;
  Site site(options);
  Client client(site);

  BOOST_TEST(client.hears(plain(Opcode::ping, "")));
  wait_for(site.closed);
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_says_goodbye) {
  Site site;
  Client client(site);
  wait_for(site.opened);

  std::thread stopping([&] { site.server->stop(10s); });
  const bool said = client.hears(closing(CloseCode::going_away, "bye"));
  client.close();
  stopping.join();

  BOOST_TEST(said);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_gone_leaves_sockets_harmless) {
  Site site;
  Client client(site);
  const SocketPtr socket = wait_for(site.opened);

  site.server->stop(0s);
  site.server.reset();

  wait_for(site.closed);
  socket->send("late");
  socket->when_unsent(0, [] {});
}

BOOST_AUTO_TEST_SUITE_END()
