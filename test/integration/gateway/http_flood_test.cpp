#include <boost/test/unit_test.hpp>
#include <fstream>
#include <future>
#include <thread>

#include "runtime/http/server.hpp"
#include "test/integration/gateway/raw_client.hpp"

using namespace troupe;
using namespace troupe::http;
using namespace std::chrono_literals;
using troupe::testing::HttpAnswer;
using troupe::testing::RawClient;

namespace {

using ResponderPtr = std::shared_ptr<HttpResponder>;

constexpr auto posting_chunks = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A server under attack, and a client that goes on as if nothing were.
struct Site {
  explicit Site(HttpOptions options, Handler handler = echo) {
    options.on_cut = [this](Cut) { ++cuts; };
    auto listening = HttpServer::listen(std::move(options), clock, std::move(handler));
    BOOST_TEST_REQUIRE(listening.has_value());
    server = std::move(*listening);
    bystander = std::make_unique<RawClient>(server->port());
    check_serves();
  }
  static void echo(const HttpRequest& request, ResponderPtr responder) {
    responder->respond(200, "text/plain", request.body);
  }
  void check_serves() {
    bystander->post("/well", "hello");
    const HttpAnswer answer = bystander->answer();
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.body == "hello");
  }
  uint64_t cut(Cut why) const { return server->stats().cut(why); }

  SystemClock clock;
  std::atomic<uint64_t> cuts{0};
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<RawClient> bystander;
};

/// Streams `chunk` over and over until the client is cut off.
struct Flood {
  std::promise<ResponderPtr> asked;
  std::promise<void> gone;
  std::atomic<bool> is_gone{false};

  Handler handler() {
    return [this](const HttpRequest& request, ResponderPtr responder) {
      if (request.target != "/stream") return Site::echo(request, std::move(responder));
      responder->begin_stream(200, "text/plain");
      responder->on_disconnect([this] {
        is_gone = true;
        gone.set_value();
      });
      asked.set_value(std::move(responder));
    };
  }
};

size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(http_floods)

BOOST_AUTO_TEST_CASE(connections_that_say_nothing_are_closed_and_others_served) {
  Site site({.header_timeout = 300ms});
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 50; ++i) silent.push_back(std::make_unique<RawClient>(site.server->port()));

  site.check_serves();
  for (auto& client : silent) BOOST_TEST(client->at_end());

  BOOST_TEST(site.cut(Cut::header_slow) == 50u);
  BOOST_TEST(site.cuts == 50u);
  site.check_serves();
}

BOOST_AUTO_TEST_CASE(a_header_that_drips_in_is_cut_off_although_bytes_keep_coming) {
  Site site({.header_timeout = 300ms});
  RawClient client(site.server->port());

  client.send("GET / HTTP/1.1\r\nHost: h\r\n");
  int drops = 0;
  while (!client.is_readable(10ms) && client.send("X-A: b\r\n") && drops < 1000) ++drops;

  BOOST_TEST(client.answer().status == 408);
  BOOST_TEST(drops < 1000);
  BOOST_TEST(site.cut(Cut::header_slow) == 1u);
  site.check_serves();
}

BOOST_AUTO_TEST_CASE(a_header_of_many_small_fields_is_431) {
  Site site({.header_fields_max = 20});
  RawClient client(site.server->port());
  std::string fields;
  for (int i = 0; i < 30; ++i) fields += "A: b\r\n";

  client.get("/", fields);

  const HttpAnswer answer = client.answer();
  BOOST_TEST(answer.status == 431);
  BOOST_TEST(answer.body.find("more than 20 fields") != std::string::npos);
  BOOST_TEST(site.cut(Cut::header_large) == 1u);
  site.check_serves();
}

BOOST_AUTO_TEST_CASE(a_body_that_drips_in_is_cut_off_although_bytes_keep_coming) {
  Site site({.body_timeout = 100ms, .body_rate_min = ByteCount{10'000}});
  RawClient client(site.server->port());

  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  int drops = 0;
  while (!client.is_readable(5ms) && client.send("x") && drops < 2000) ++drops;

  const HttpAnswer answer = client.answer();
  BOOST_TEST(answer.status == 408);
  BOOST_TEST(answer.body.find("body came too slowly") != std::string::npos);
  BOOST_TEST(drops < 2000);
  BOOST_TEST(site.cut(Cut::body_slow) == 1u);
  site.check_serves();
}

BOOST_AUTO_TEST_CASE(a_body_without_end_is_413_once_it_is_too_long) {
  Site site({.body_bytes_max = 256_KiB});
  RawClient client(site.server->port());
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";

  client.send(posting_chunks);
  int chunks = 0;
  while (!client.is_readable(0ms) && client.send(chunk) && chunks < 10'000) ++chunks;

  BOOST_TEST(client.answer().status == 413);
  BOOST_TEST(site.cut(Cut::body_large) == 1u);
  site.check_serves();
}

BOOST_AUTO_TEST_CASE(a_body_in_tiny_chunks_is_refused) {
  Site site({});
  RawClient client(site.server->port());

  client.send(posting_chunks);
  int chunks = 0;
  while (!client.is_readable(0ms) && client.send("1\r\nx\r\n") && chunks < 1'000'000) ++chunks;

  const HttpAnswer answer = client.answer();
  BOOST_TEST(answer.status == 400);
  BOOST_TEST(answer.body.find("send larger ones") != std::string::npos);
  BOOST_TEST(site.cut(Cut::chunks_small) == 1u);
  site.check_serves();
}

BOOST_AUTO_TEST_CASE(one_address_does_not_take_every_connection) {
  Site site({.connections_per_address_max = 3});
  RawClient second(site.server->port());
  RawClient third(site.server->port());
  second.get("/");
  third.get("/");
  BOOST_TEST(second.answer().status == 200);
  BOOST_TEST(third.answer().status == 200);

  RawClient fourth(site.server->port());
  const HttpAnswer answer = fourth.answer();

  BOOST_TEST(answer.status == 429);
  BOOST_TEST(answer.has("retry-after: 1\r\n"));
  BOOST_TEST(site.cut(Cut::connections_of_address) == 1u);
  site.check_serves();
}

BOOST_AUTO_TEST_CASE(requests_sent_ahead_do_not_pile_up) {
  std::promise<ResponderPtr> asked;
  Site site({}, [&](const HttpRequest& request, ResponderPtr responder) {
    if (request.target != "/slow") return Site::echo(request, std::move(responder));
    asked.set_value(std::move(responder));
  });
  RawClient client(site.server->port());
  const size_t before = resident_bytes();

  client.get("/slow");
  const auto responder = asked.get_future().get();
  const std::string ahead = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\n" + std::string(4000, 'x');
  size_t sent = 0;
  while (sent < (256u << 20) && client.is_writable(50ms)) sent += client.send_some(ahead);

  BOOST_TEST(sent < (64u << 20));  // What the kernel and the read-ahead buffer hold.
  BOOST_TEST(resident_bytes() < before + (16u << 20));
  site.check_serves();
  responder->respond(200, "text/plain", "done");
  BOOST_TEST(client.answer().body == "done");
}

BOOST_AUTO_TEST_CASE(a_reader_that_stops_costs_bounded_memory_and_its_stream_alone) {
  Flood flood;
  Site site({.stream_buffer_bytes_max = 256_KiB}, flood.handler());
  RawClient client(site.server->port(), 4096);
  client.get("/stream");
  const auto responder = flood.asked.get_future().get();
  const size_t before = resident_bytes();

  const std::string chunk(16 << 10, 'x');
  uint64_t written = 0, waiting_most = 0;
  for (; !flood.is_gone && written < (1u << 30); written += chunk.size()) {
    responder->write(chunk);
    if (written % (1 << 20) == 0) {
      site.check_serves();  // Also lets the writes before take effect.
      waiting_most = std::max(waiting_most, site.server->stats().unsent_bytes);
    }
  }

  BOOST_TEST_REQUIRE((flood.gone.get_future().wait_for(10s) == std::future_status::ready));
  BOOST_TEST(site.cut(Cut::reader_behind) == 1u);
  BOOST_TEST(waiting_most <= (256u << 10));
  BOOST_TEST(resident_bytes() < before + (32u << 20));
  site.check_serves();
  // The last answer's own bytes count until the server has heard that they are out.
  while (site.server->stats().unsent_bytes != 0) std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(a_reader_that_takes_too_little_is_cut_off_although_it_takes_some) {
  Flood flood;
  Site site({.write_timeout = 200ms, .read_rate_min = 100_MiB}, flood.handler());
  RawClient client(site.server->port(), 4096);
  client.get("/stream");
  const auto responder = flood.asked.get_future().get();
  responder->write(std::string(3 << 20, 'x'));
  RawClient idle(site.server->port());

  int reads = 0;
  for (; !flood.is_gone && reads < 2000; ++reads) {
    client.read(1024);
    static_cast<void>(idle.is_readable(5ms));  // Nothing ever comes there: it passes the time.
  }

  BOOST_TEST_REQUIRE((flood.gone.get_future().wait_for(10s) == std::future_status::ready));
  BOOST_TEST(site.cut(Cut::reader_slow) == 1u);
  site.check_serves();
}

BOOST_AUTO_TEST_CASE(bodies_together_are_bounded_and_small_ones_still_served) {
  Site site({.bodies_bytes_max = 1_MiB});
  std::vector<std::unique_ptr<RawClient>> clients;
  const std::string most_of_it(400 << 10, 'x');
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(site.server->port()));
    clients.back()->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 800000\r\n\r\n" + most_of_it);
  }

  int refused = 0;
  for (auto& client : clients) {
    if (refused == 2) break;
    while (!client->is_readable(20ms) && site.cut(Cut::bodies_full) < 2) continue;
    if (!client->is_readable(0ms)) continue;
    const HttpAnswer answer = client->answer();
    BOOST_TEST(answer.status == 503);
    BOOST_TEST(answer.has("retry-after: 1\r\n"));
    ++refused;
  }

  BOOST_TEST(refused == 2);
  site.check_serves();
}

BOOST_AUTO_TEST_CASE(streams_together_are_bounded_too) {
  constexpr int readers = 8;
  std::mutex mutex;
  std::vector<ResponderPtr> responders;
  std::promise<void> all_asked;
  Site site({.stream_buffer_bytes_max = 2_MiB, .buffers_bytes_max = 4_MiB},
            [&](const HttpRequest& request, ResponderPtr responder) {
              if (request.target != "/stream") return Site::echo(request, std::move(responder));
              responder->begin_stream(200, "text/plain");
              const std::lock_guard lock(mutex);
              responders.push_back(std::move(responder));
              if (responders.size() == readers) all_asked.set_value();
            });
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < readers; ++i) {
    clients.push_back(std::make_unique<RawClient>(site.server->port(), 4096));
    clients.back()->get("/stream");
  }
  BOOST_TEST_REQUIRE((all_asked.get_future().wait_for(10s) == std::future_status::ready));

  // More than the kernel takes for a reader, and less than a stream may have waiting.
  uint64_t most = 0;
  for (int i = 0; i < 400; ++i) {
    for (const auto& responder : responders) responder->write(std::string(16 << 10, 'x'));
    if (i % 20 == 0) site.check_serves();
    most = std::max(most, site.server->stats().unsent_bytes);
  }
  site.check_serves();

  BOOST_TEST(most <= (4u << 20) + readers * (64u << 10));
  BOOST_TEST(site.cut(Cut::buffers_full) > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
