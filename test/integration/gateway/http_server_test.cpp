#include <boost/test/unit_test.hpp>
#include <future>
#include <thread>

#include "runtime/http/content_coding.hpp"
#include "runtime/http/server.hpp"
#include "test/integration/gateway/raw_client.hpp"

using namespace troupe;
using namespace troupe::http;
using namespace std::chrono_literals;
using troupe::testing::HttpAnswer;
using troupe::testing::RawClient;

namespace {

using ResponderPtr = std::shared_ptr<HttpResponder>;

/// A server for one test; by default it answers with method, target and body.
struct Site {
  explicit Site(Handler handler = echo, HttpOptions options = {}) {
    auto listening = HttpServer::listen(std::move(options), clock, std::move(handler));
    BOOST_TEST_REQUIRE(listening.has_value());
    server = std::move(*listening);
  }
  static void echo(const HttpRequest& request, ResponderPtr responder) {
    responder->respond(200, "text/plain", request.method + ' ' + request.target + ' ' + request.body);
  }

  SystemClock clock;
  std::unique_ptr<HttpServer> server;
};

template <class T>
T wait_for(std::future<T> future) {
  BOOST_TEST_REQUIRE((future.wait_for(10s) == std::future_status::ready));
  return future.get();
}

/// Runs actions on a thread of its own, as actors answer from theirs.
class Elsewhere {
 public:
  ~Elsewhere() {
    for (auto& thread : threads_) thread.join();
  }
  void run(std::function<void()> action) { threads_.emplace_back(std::move(action)); }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_server)

BOOST_AUTO_TEST_CASE(a_connection_serves_many_requests) {
  Site site;
  RawClient client(site.server->port());

  for (int i = 0; i < 100; ++i) {
    client.post("/x", "hello");
    BOOST_TEST(client.answer().body == "POST /x hello");
  }
  BOOST_TEST(site.server->stats().connections_total == 1u);
  BOOST_TEST(site.server->stats().requests_total == 100u);
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order_even_if_late) {
  Elsewhere elsewhere;
  Site site([&](const HttpRequest& request, ResponderPtr responder) {
    const std::string target = request.target;
    if (target == "/2") return responder->respond(200, "", target);
    elsewhere.run([=] { responder->respond(200, "", target); });
  });
  RawClient client(site.server->port());

  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n");

  BOOST_TEST(client.answer().body == "/1");
  BOOST_TEST(client.answer().body == "/2");
  BOOST_TEST(client.answer().body == "/3");
}

BOOST_AUTO_TEST_CASE(a_request_may_begin_while_the_one_before_is_being_answered) {
  std::promise<ResponderPtr> asked;
  Site site([&](const HttpRequest& request, ResponderPtr responder) {
    if (request.target != "/1") return Site::echo(request, std::move(responder));
    asked.set_value(std::move(responder));
  });
  RawClient client(site.server->port());
  const std::string body(20'000, 'x');

  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n" +
              body.substr(0, 5000));
  wait_for(asked.get_future())->respond(200, "", "one");
  BOOST_TEST(client.answer().body == "one");
  client.send(body.substr(5000));

  BOOST_TEST(client.answer().body == "POST /2 " + body);
}

BOOST_AUTO_TEST_CASE(a_stream_arrives_piece_by_piece) {
  std::promise<ResponderPtr> asked;
  Site site([&](const HttpRequest&, ResponderPtr responder) { asked.set_value(std::move(responder)); });
  RawClient client(site.server->port());
  client.get("/");
  const auto responder = wait_for(asked.get_future());

  responder->begin_stream(200, "text/event-stream", {{"x-a", "b"}});
  const std::string head = client.read_until("\r\n\r\n");
  responder->write("one");
  const std::string first = client.read_chunk();
  responder->write("two");
  const std::string second = client.read_chunk();
  responder->end();

  BOOST_TEST(head.find("transfer-encoding: chunked\r\n") != std::string::npos);
  BOOST_TEST(head.find("x-a: b\r\n") != std::string::npos);
  BOOST_TEST(first == "one");
  BOOST_TEST(second == "two");
  BOOST_TEST(client.read_chunk() == "");
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_while_it_waits_is_noticed) {
  std::promise<void> gone;
  std::promise<ResponderPtr> asked;
  Site site([&](const HttpRequest&, ResponderPtr responder) {
    responder->on_disconnect([&] { gone.set_value(); });
    asked.set_value(std::move(responder));
  });
  RawClient client(site.server->port());
  client.get("/");
  const auto responder = wait_for(asked.get_future());

  client.close();

  wait_for(gone.get_future());
  responder->respond(200, "", "nobody listens");
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_in_the_middle_of_a_stream_is_noticed) {
  std::promise<void> gone;
  std::promise<ResponderPtr> asked;
  Site site([&](const HttpRequest&, ResponderPtr responder) {
    responder->begin_stream(200, "text/plain");
    responder->write("begin");
    responder->on_disconnect([&] { gone.set_value(); });
    asked.set_value(std::move(responder));
  });
  RawClient client(site.server->port());
  client.get("/");
  client.read_until("begin");
  const auto responder = wait_for(asked.get_future());

  client.close();

  wait_for(gone.get_future());
  responder->write("nobody listens");
}

BOOST_AUTO_TEST_CASE(a_reader_that_is_too_slow_is_cut_off) {
  std::promise<void> gone;
  std::promise<ResponderPtr> asked;
  Site site(
      [&](const HttpRequest&, ResponderPtr responder) {
        responder->begin_stream(200, "text/plain");
        responder->on_disconnect([&] { gone.set_value(); });
        asked.set_value(std::move(responder));
      },
      {.stream_buffer_bytes_max = 64_KiB});
  RawClient client(site.server->port(), 4096);
  client.get("/");
  const auto responder = wait_for(asked.get_future());

  for (int i = 0; i < 2000; ++i) responder->write(std::string(16 << 10, 'x'));

  wait_for(gone.get_future());
}

BOOST_AUTO_TEST_CASE(a_stream_is_told_when_its_client_has_read) {
  std::promise<ResponderPtr> asked;
  Site site([&](const HttpRequest&, ResponderPtr responder) { asked.set_value(std::move(responder)); },
            {.stream_buffer_bytes_max = 64_MiB});
  RawClient client(site.server->port(), 4096);
  client.get("/");
  const auto responder = wait_for(asked.get_future());
  responder->begin_stream(200, "text/plain");
  const std::string piece(8 << 20, 'x');  // More than the kernel takes.
  std::promise<void> read;
  std::atomic<bool> was_told{false};

  responder->write(piece);
  responder->post([&] {
    responder->when_unsent(64 << 10, [&] {
      was_told = true;
      read.set_value();
    });
  });
  // What is asked after it is answered after it: had the client been taken for a reader, it would show by now.
  std::promise<void> asked_later;
  responder->post([&] { asked_later.set_value(); });
  wait_for(asked_later.get_future());
  BOOST_TEST(!was_told.load());
  client.read_until("\r\n\r\n");
  BOOST_TEST(client.read_chunk() == piece);

  wait_for(read.get_future());
  responder->end();
  BOOST_TEST(client.read_chunk() == "");
}

BOOST_AUTO_TEST_CASE(a_stream_with_nothing_unsent_is_told_at_once) {
  std::promise<bool> told;
  Site site([&](const HttpRequest&, ResponderPtr responder) {
    responder->begin_stream(200, "text/plain");
    bool at_once = false;
    responder->when_unsent(1 << 20, [&] { at_once = true; });
    told.set_value(at_once);
    responder->end();
  });
  RawClient client(site.server->port());
  client.get("/");

  BOOST_TEST(wait_for(told.get_future()));
}

BOOST_AUTO_TEST_CASE(a_body_over_the_limit_is_413_even_while_it_is_still_being_sent) {
  Site site(Site::echo, {.body_bytes_max = 1_MiB});
  RawClient client(site.server->port());

  client.post("/", std::string(8 << 20, 'x'));

  const HttpAnswer answer = client.answer();
  BOOST_TEST(answer.status == 413);
  BOOST_TEST(answer.has("connection: close\r\n"));
  BOOST_TEST(answer.body.find("larger than 1MiB") != std::string::npos);
  BOOST_TEST(client.at_end());
}

BOOST_AUTO_TEST_CASE(garbage_is_answered_400_and_the_connection_closed) {
  Site site;
  RawClient client(site.server->port());

  client.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15));

  const HttpAnswer answer = client.answer();
  BOOST_TEST(answer.status == 400);
  BOOST_TEST(answer.body.find("this is not valid HTTP") != std::string::npos);
  BOOST_TEST(client.at_end());
}

BOOST_AUTO_TEST_CASE(a_header_over_the_limit_is_431) {
  Site site;
  RawClient client(site.server->port());

  client.get("/", "X-Long: " + std::string(20 << 10, 'x') + "\r\n");

  BOOST_TEST(client.answer().status == 431);
}

BOOST_AUTO_TEST_CASE(a_client_that_asks_first_is_told_to_send_its_body) {
  Site site;
  RawClient client(site.server->port());

  client.send("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  BOOST_TEST(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");

  BOOST_TEST(client.answer().body == "POST /x ok");
}

BOOST_AUTO_TEST_CASE(a_head_gets_no_body) {
  Site site;
  RawClient client(site.server->port());

  client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  const HttpAnswer head = client.answer(false);
  client.get("/y");

  BOOST_TEST(head.status == 200);
  BOOST_TEST(head.has("content-length: 8\r\n"));
  BOOST_TEST(client.answer().body == "GET /y ");
}

BOOST_AUTO_TEST_CASE(http_1_0_clients_get_streams_without_chunks) {
  Site site([](const HttpRequest&, ResponderPtr responder) {
    responder->begin_stream(200, "text/plain");
    responder->write("one");
    responder->write("two");
    responder->end();
  });
  RawClient client(site.server->port());

  client.send("GET / HTTP/1.0\r\n\r\n");

  BOOST_TEST(client.read_all().ends_with("\r\n\r\nonetwo"));
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_or_forgets_to_answer_is_a_500) {
  Site site([](const HttpRequest& request, ResponderPtr) {
    if (request.target == "/throw") throw std::runtime_error("oops");
  });
  RawClient client(site.server->port());

  client.get("/throw");
  BOOST_TEST(client.answer().body.find("internal error: oops") != std::string::npos);
  client.get("/forget");
  BOOST_TEST(client.answer().body.find("dropped unanswered") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(values_cannot_break_out_of_their_header) {
  Site site([](const HttpRequest&, ResponderPtr responder) {
    responder->respond(200, "text/plain", "", {{"x-a", "b\r\nx-evil: 1"}});
  });
  RawClient client(site.server->port());

  client.get("/");

  BOOST_TEST(client.answer().has("x-a: b  x-evil: 1\r\n"));
}

BOOST_AUTO_TEST_CASE(a_request_that_does_not_arrive_in_time_is_408) {
  Site site(Site::echo, {.header_timeout = 40ms});
  RawClient client(site.server->port());

  client.send("GET / HTTP/1.1\r\n");

  BOOST_TEST(client.answer().status == 408);
  BOOST_TEST(client.at_end());
}

BOOST_AUTO_TEST_CASE(a_connection_nobody_uses_is_closed) {
  Site site(Site::echo, {.keep_alive_timeout = 40ms});
  RawClient client(site.server->port());
  client.get("/");
  BOOST_TEST(client.answer().status == 200);

  BOOST_TEST(client.at_end());
}

BOOST_AUTO_TEST_CASE(a_connection_too_many_is_told_so) {
  Site site(Site::echo, {.connections_max = 1});
  RawClient first(site.server->port());
  first.get("/");
  first.answer();

  RawClient second(site.server->port());
  const HttpAnswer answer = second.answer();

  BOOST_TEST(answer.status == 503);
  BOOST_TEST(answer.has("retry-after: 1\r\n"));
  first.get("/again");
  BOOST_TEST(first.answer().status == 200);
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_named_with_the_option_that_sets_it) {
  Site site;

  const auto second = HttpServer::listen({.port = site.server->port()}, site.clock, Site::echo);

  BOOST_TEST_REQUIRE(!second);
  BOOST_TEST(second.error().message == fmt::format("cannot listen on 127.0.0.1:{}: Address already in use; set "
                                                   "--http-port to another port, or to 0 for a free one",
                                                   site.server->port()));
  BOOST_TEST(second.error().field == "--http-port");
}

BOOST_AUTO_TEST_CASE(stopping_lets_answers_under_way_finish_and_nobody_in) {
  std::promise<ResponderPtr> asked;
  Site site([&](const HttpRequest&, ResponderPtr responder) { asked.set_value(std::move(responder)); });
  RawClient busy(site.server->port());
  RawClient idle(site.server->port());
  busy.get("/");
  const auto responder = wait_for(asked.get_future());

  std::thread stopping([&] { site.server->stop(10s); });
  BOOST_TEST(idle.at_end());
  responder->respond(200, "", "done");
  stopping.join();

  const HttpAnswer answer = busy.answer();
  BOOST_TEST(answer.body == "done");
  BOOST_TEST(answer.has("connection: close\r\n"));
  BOOST_TEST(busy.at_end());
}

BOOST_AUTO_TEST_CASE(stopping_does_not_wait_for_ever_and_late_answers_are_harmless) {
  std::promise<ResponderPtr> asked;
  std::promise<void> gone;
  Site site([&](const HttpRequest&, ResponderPtr responder) {
    responder->on_disconnect([&] { gone.set_value(); });
    asked.set_value(std::move(responder));
  });
  RawClient client(site.server->port());
  client.get("/");
  const auto responder = wait_for(asked.get_future());

  site.server->stop(0s);
  site.server.reset();

  wait_for(gone.get_future());
  responder->respond(200, "", "late");
  BOOST_TEST(client.at_end());
}

BOOST_AUTO_TEST_CASE(a_long_answer_is_compressed_for_who_asks_and_a_coded_request_is_decoded) {
  Site site;
  RawClient client(site.server->port());
  const std::string text(5000, 'x');
  const std::string coded = encode(Coding::gzip, text);

  client.post("/x", coded, "content-encoding: gzip\r\naccept-encoding: br;q=0.1, gzip\r\n");
  const HttpAnswer answer = client.answer();
  client.post("/x", text);
  const HttpAnswer plain = client.answer();
  client.post("/x", "short", "accept-encoding: gzip\r\n");
  const HttpAnswer brief = client.answer();

  BOOST_TEST(answer.has("content-encoding: gzip\r\n"));
  BOOST_TEST(answer.has("vary: accept-encoding\r\n"));
  BOOST_TEST(decode(Coding::gzip, answer.body, 10'000).value_or("") == "POST /x " + text);
  BOOST_TEST(plain.body == "POST /x " + text);
  BOOST_TEST(!plain.has("content-encoding"));
  BOOST_TEST(plain.has("vary: accept-encoding\r\n"));
  BOOST_TEST(brief.body == "POST /x short");
}

BOOST_AUTO_TEST_CASE(what_can_not_be_decoded_is_refused_and_the_connection_goes_on) {
  HttpOptions options;
  options.body_bytes_max = 64_KiB;
  Site site(Site::echo, options);
  RawClient client(site.server->port());
  const auto status_of = [&](std::string_view body, std::string_view coding) {
    client.post("/x", body, fmt::format("content-encoding: {}\r\n", coding));
    return client.answer().status;
  };

  BOOST_TEST(status_of("abc", "lzma") == 415);
  BOOST_TEST(status_of("abc", "gzip, gzip") == 415);
  BOOST_TEST(status_of("abc", "gzip") == 400);
  BOOST_TEST(status_of(encode(Coding::zstd, std::string(65 << 10, '\0')), "zstd") == 413);
  BOOST_TEST(status_of(encode(Coding::zstd, std::string(64 << 10, '\0')), "zstd") == 200);
  BOOST_TEST(status_of("abc", "identity") == 200);
  BOOST_TEST(site.server->stats().cut(Cut::body_large) == 1u);
}

BOOST_AUTO_TEST_CASE(pages_of_allowed_origins_may_read_even_what_the_server_refuses) {
  HttpOptions options;
  options.cors = CorsPolicy::of({"https://app.example"}, "").value();
  Site site(Site::echo, options);
  RawClient client(site.server->port());

  client.send(
      "OPTIONS /x HTTP/1.1\r\nhost: x\r\norigin: https://app.example\r\naccess-control-request-method: "
      "POST\r\n\r\n");
  const HttpAnswer asked = client.answer();
  client.send("POST /x HTTP/1.1\r\nhost: x\r\norigin: https://app.example\r\ncontent-length: 99999999\r\n\r\n");
  const HttpAnswer refused = client.answer();

  BOOST_TEST(asked.status == 204);
  BOOST_TEST(asked.has("access-control-allow-origin: https://app.example\r\n"));
  BOOST_TEST(asked.has("access-control-allow-methods: "));
  BOOST_TEST(refused.status == 413);
  BOOST_TEST(refused.has("access-control-allow-origin: https://app.example\r\n"));
}

BOOST_AUTO_TEST_CASE(many_connections_are_served_at_once) {
  Site site;
  constexpr int threads = 4, connections = 50, rounds = 5;
  std::atomic<int> right{0};

  {
    Elsewhere elsewhere;
    for (int t = 0; t < threads; ++t) {
      elsewhere.run([&] {
        std::vector<std::unique_ptr<RawClient>> clients;
        for (int i = 0; i < connections; ++i) clients.push_back(std::make_unique<RawClient>(site.server->port()));
        for (int round = 0; round < rounds; ++round) {
          for (auto& client : clients) client->post("/x", "hello");
          for (auto& client : clients) right += client->answer().body == "POST /x hello";
        }
      });
    }
  }

  BOOST_TEST(right == threads * connections * rounds);
}

BOOST_AUTO_TEST_SUITE_END()
