#include "runtime/http/request_parser.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::http;

namespace {

/// Feeds `bytes` in pieces of `step`, as a slow network would.
ParseOutcome feed(RequestParser& parser, HttpRequest& request, std::string bytes, size_t step = std::string::npos) {
  parser.begin(request);
  std::string pending;
  ParseOutcome outcome;
  for (size_t at = 0; at < bytes.size(); at += std::min(step, bytes.size() - at)) {
    pending += bytes.substr(at, step);
    outcome = parser.feed(pending);
    pending.erase(0, outcome.consumed);
    if (outcome.state == ParseState::done || outcome.state == ParseState::failed) break;
  }
  outcome.consumed = bytes.size() - pending.size();
  return outcome;
}

struct Parsed {
  RequestParser parser{1024, 100};
  HttpRequest request;
  ParseOutcome outcome;

  explicit Parsed(std::string bytes, size_t step = std::string::npos) : outcome(feed(parser, request, bytes, step)) {}
  std::string failure() const { return std::to_string(outcome.status) + ' ' + outcome.message; }
};

constexpr auto post = "POST /v1/x?a=b HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello";

}  // namespace

BOOST_AUTO_TEST_SUITE(request_parser)

BOOST_AUTO_TEST_CASE(a_request_is_read_whole_and_byte_by_byte_alike) {
  for (size_t step : {size_t{1}, size_t{7}, std::string::npos}) {
    const Parsed parsed(post, step);

    BOOST_TEST((parsed.outcome.state == ParseState::done), step);
    BOOST_TEST(parsed.request.method == "POST");
    BOOST_TEST(parsed.request.path() == "/v1/x");
    BOOST_TEST(parsed.request.query() == "a=b");
    BOOST_TEST(*parsed.request.headers.find("x-one") == "1");
    BOOST_TEST(parsed.request.body == "hello");
    BOOST_TEST(parsed.parser.keep_alive());
  }
}

BOOST_AUTO_TEST_CASE(chunked_bodies_are_joined) {
  for (size_t step : {size_t{1}, std::string::npos}) {
    const Parsed parsed(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: v\r\n\r\n",
        step);

    BOOST_TEST((parsed.outcome.state == ParseState::done), parsed.failure());
    BOOST_TEST(parsed.request.body == "hello");
    BOOST_TEST(!parsed.request.headers.find("t"));
  }
}

BOOST_AUTO_TEST_CASE(an_empty_chunked_body_may_arrive_in_any_pieces) {
  for (size_t step : {size_t{1}, size_t{2}, size_t{3}, std::string::npos}) {
    const Parsed parsed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", step);

    BOOST_TEST((parsed.outcome.state == ParseState::done), parsed.failure());
    BOOST_TEST(parsed.request.body == "");
  }
}

BOOST_AUTO_TEST_CASE(malformed_chunks_are_400_and_endless_ones_413) {
  const auto status = [](std::string body) {
    return Parsed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body, 1).outcome.status;
  };

  for (const char* body :
       {"x\r\n", "\r\n", "-1\r\n", "3\n", "3\r\nabcd", "3\r\nabc\n", "0\r\n\n", "0\r\nT: v\n\r\n", "3 x\n"}) {
    BOOST_TEST(status(body) == 400, body);
  }
  BOOST_TEST(status("ffffffffffffffff\r\n") == 413);
  BOOST_TEST(status("0;" + std::string(2000, 'x') + "\r\n\r\n") == 413);
  BOOST_TEST(status("0\r\nT: " + std::string(2000, 'x') + "\r\n\r\n") == 413);
}

BOOST_AUTO_TEST_CASE(the_next_request_is_left_alone) {
  RequestParser parser(1024, 100);
  HttpRequest request;
  std::string two(post);
  two.append("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  parser.begin(request);

  const auto outcome = parser.feed(two);
  BOOST_TEST((outcome.state == ParseState::done));
  BOOST_TEST(outcome.consumed == std::string(post).size());

  parser.begin(request);
  BOOST_TEST((parser.feed(std::string_view(two).substr(outcome.consumed)).state == ParseState::done));
  BOOST_TEST(request.method == "GET");
  BOOST_TEST(request.body == "");
  BOOST_TEST(!request.headers.find("x-one"));
}

BOOST_AUTO_TEST_CASE(what_the_client_wants_of_the_connection_is_known) {
  BOOST_TEST(!Parsed("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").parser.keep_alive());
  BOOST_TEST(!Parsed("GET / HTTP/1.0\r\n\r\n").parser.keep_alive());
  BOOST_TEST(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").parser.keep_alive());
  BOOST_TEST(Parsed("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n")
                 .parser.expects_continue());
}

BOOST_AUTO_TEST_CASE(empty_lines_before_a_request_are_forgiven) {
  BOOST_TEST((Parsed("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 1).outcome.state == ParseState::done));
}

BOOST_AUTO_TEST_CASE(bodies_over_the_limit_are_413) {
  const std::string wanted = "413 the request's body is larger than 100B";

  BOOST_TEST(Parsed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n").failure() == wanted);
  BOOST_TEST(Parsed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n").failure() == wanted);
  BOOST_TEST(Parsed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + std::string(64, 'x') +
                    "\r\n40\r\n" + std::string(64, 'x') + "\r\n0\r\n\r\n")
                 .failure() == wanted);
}

BOOST_AUTO_TEST_CASE(headers_over_the_limit_are_431) {
  const std::string wanted = "431 the request's header is larger than 1KiB";
  const std::string long_field = "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'x') + "\r\n\r\n";
  std::string many_fields = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 200; ++i) many_fields += "X-Field: value\r\n";

  for (size_t step : {size_t{1}, size_t{100}, std::string::npos}) {
    BOOST_TEST(Parsed(long_field, step).failure() == wanted);
    BOOST_TEST(Parsed(many_fields, step).failure() == wanted);
    BOOST_TEST(Parsed("GET /" + std::string(2000, 'x'), step).failure() == wanted);
  }
}

BOOST_AUTO_TEST_CASE(what_could_be_read_in_two_ways_is_refused) {
  const auto status = [](std::string bytes) { return Parsed(std::move(bytes)).outcome.status; };

  BOOST_TEST(status("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd") == 400);
  BOOST_TEST(status("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n") == 501);
  BOOST_TEST(status("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n") == 400);
  BOOST_TEST(status("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n") == 501);
  BOOST_TEST(status("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n") == 501);
  BOOST_TEST(status("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n") == 400);
  BOOST_TEST(status("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\n") == 400);
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost : h\r\n\r\n") == 400);
  BOOST_TEST(status("GET / HTTP/1.1\r\n\r\n") == 400);
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
  BOOST_TEST(status("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
}

BOOST_AUTO_TEST_CASE(garbage_is_400_and_says_so) {
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), std::string("GET\r\n\r\n"),
        std::string("{\"model\":1}\r\n\r\n"), std::string("GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n")}) {
    const Parsed parsed(garbage);
    BOOST_TEST((parsed.outcome.status == 400 || parsed.outcome.status == 505), parsed.failure());
  }
}

BOOST_AUTO_TEST_SUITE_END()
