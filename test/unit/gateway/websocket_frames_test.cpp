#include "actors/gateway/http/websocket_frames.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;

namespace {

Result<ClientFrame> parse(std::string_view text, std::string* id = nullptr) {
  JsonParser parser;
  std::string told;
  auto frame = parse_client_frame(text, parser, told);
  if (id != nullptr) *id = told;
  return frame;
}

std::string refusal(std::string_view text) {
  const auto frame = parse(text);
  return frame ? "accepted" : frame.error().field + " | " + frame.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket_frames)

BOOST_AUTO_TEST_CASE(a_request_is_that_of_a_post) {
  const auto frame = parse(R"({"id":"a","path":"/v1/completions","headers":{"x-unit-id":"anna"},
    "body":{"model":"clerk", "n": 1.5e3, "s":"\u00e4"}})");

  BOOST_TEST_REQUIRE(frame.has_value());
  BOOST_TEST((frame->op == ClientOp::request));
  BOOST_TEST(frame->id == "a");
  BOOST_TEST(frame->path == "/v1/completions");
  BOOST_TEST(frame->headers.at(0).second == "anna");
  BOOST_TEST(frame->body == R"({"model":"clerk","n":1500.0,"s":"ä"})");
}

BOOST_AUTO_TEST_CASE(cancels_and_keys_are_read) {
  BOOST_TEST((parse(R"({"op":"cancel","id":"a"})")->op == ClientOp::cancel));
  BOOST_TEST(parse(R"({"op":"authenticate","key":"tk_x"})")->key == "tk_x");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", " | the body is empty; a JSON object is wanted"},
      {R"({"path":"/v1/x","body":{}})", "id | id is missing: a text of your choice"},
      {R"({"id":"","path":"/v1/x","body":{}})", "id | id must have 1 to 128 bytes, found 0"},
      {R"({"id":5,"path":"/v1/x","body":{}})", "id | id must be a string, found the number 5"},
      {R"({"id":"a","body":{}})", "path | path is missing, such as /v1/chat/completions"},
      {R"({"id":"a","path":"v1","body":{}})", "path | path must begin with /"},
      {R"({"id":"a","path":"/v1/x"})", "body | body is missing: that of the same POST"},
      {R"({"id":"a","path":"/v1/x","body":[]})", "body | body must be an object, found a list"},
      {R"({"id":"a","path":"/v1/x","body":{},"headers":{"authorization":"x"}})",
       "headers.authorization | there is no parameter headers.authorization"},
      {R"({"op":"sing"})", R"(op | op must be request, cancel or authenticate, found the string "sing")"},
      {R"({"op":"cancel"})", "id | id is missing: a text of your choice"},
      {R"({"op":"cancel","id":"a","path":"/x"})", "path | path belongs to a request"},
      {R"({"op":"authenticate"})", "key | key is missing"},
      {R"({"id":"a","path":"/v1/x","body":{},"key":"k"})", "key | key belongs to op authenticate"},
      {R"({"pth":"/v1/x"})", "pth | there is no parameter pth (did you mean path?)"},
  };
  for (const auto& [text, wanted] : cases) BOOST_TEST(refusal(text) == wanted);
}

BOOST_AUTO_TEST_CASE(the_id_is_known_even_of_what_is_wrong) {
  std::string id;
  BOOST_TEST(!parse(R"({"id":"a","pth":1})", &id).has_value());
  BOOST_TEST(id == "a");
}

BOOST_AUTO_TEST_CASE(frames_are_json) {
  BOOST_TEST(format_answer_frame("a\"", "answer", 200, {{"x-request-id", "r"}}, R"({"b":1})") ==
             R"({"id":"a\"","event":"answer","status":200,"headers":{"x-request-id":"r"},"body":{"b":1}})");
  BOOST_TEST(format_answer_frame("a", "begin", 200, {}, "") ==
             R"({"id":"a","event":"begin","status":200,"headers":{}})");
  BOOST_TEST(format_stream_frame("a", "part", "{}") == R"({"id":"a","event":"part","body":{}})");
  BOOST_TEST(format_end_frame("a") == R"({"id":"a","event":"end"})");
  BOOST_TEST(format_error_frame("", {Errc::overloaded, "full", {}, std::chrono::milliseconds{1500}}) ==
             R"({"event":"error","status":429,"headers":{"retry-after":"2","retry-after-ms":"1500"},"body":)"
             R"({"error":{"message":"full","type":"rate_limit_error","param":null,"code":"overloaded"}}})");
}

BOOST_AUTO_TEST_CASE(events_of_a_stream_are_taken_apart_however_they_come) {
  const std::string stream = "data: {\"a\":1}\n\ndata: 2\n\nevent: error\ndata: bad\n\n";
  for (const size_t step : {size_t{1}, size_t{7}, stream.size()}) {
    EventSplitter splitter;
    std::string all;
    for (size_t at = 0; at < stream.size(); at += step) {
      for (const StreamEvent& event : splitter.feed(stream.substr(at, step)))
        all += event.name + '|' + event.data + ';';
    }
    BOOST_TEST(all == "|{\"a\":1};|2;error|bad;");
  }
}

BOOST_AUTO_TEST_SUITE_END()
