#include "actors/gateway/http/text_inference.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;

namespace {

Result<TextInferenceRequest> parse(std::string_view body, bool stream = false) {
  JsonParser parser;
  return parse_text_inference_request(body, stream, parser);
}

std::string refusal(std::string_view body) {
  const auto request = parse(body);
  return request ? "accepted" : request.error().field + " | " + request.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_inference)

BOOST_AUTO_TEST_CASE(a_request_with_everything_is_read) {
  const auto request = parse(R"({"text_input":"hi","id":"7","parameters":{"max_tokens":3,"temperature":0.5,"top_p":0.9,
    "top_k":4,"seed":11,"stop":["a","b"],"stream":true,"details":false}})",
                             true);

  BOOST_TEST_REQUIRE(request.has_value());
  BOOST_TEST(std::get<protocol::PlainText>(request->generate.prompt).text == "hi");
  BOOST_TEST(request->id == "7");
  BOOST_TEST(request->generate.stream);
  const protocol::Sampling& sampling = request->generate.sampling;
  BOOST_TEST(sampling.max_tokens == 3u);
  BOOST_TEST(sampling.temperature == 0.5);
  BOOST_TEST(sampling.top_p == 0.9);
  BOOST_TEST(sampling.top_k == 4u);
  BOOST_TEST(sampling.seed.value() == 11u);
  BOOST_TEST(sampling.stop.size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  BOOST_TEST(refusal("{}") == "text_input | text_input is missing: the prompt");
  BOOST_TEST(refusal(R"({"text_input":5})") == "text_input | text_input must be a string, found the number 5");
  BOOST_TEST(refusal(R"({"text":"a"})") == "text | there is no parameter text");
  BOOST_TEST(refusal(R"({"text_input":"a","parameters":{"max_token":1}})") ==
             "parameters.max_token | there is no parameter parameters.max_token (did you mean max_tokens?)");
  BOOST_TEST(refusal(R"({"text_input":"a","parameters":{"temperature":3}})") ==
             "parameters.temperature | parameters.temperature must be a number from 0 to 2, found 3");
  BOOST_TEST(refusal(R"({"text_input":"a","parameters":{"top_p":0}})") ==
             "parameters.top_p | parameters.top_p must be above 0");
  BOOST_TEST(refusal(R"({"text_input":"a","parameters":{"stop":["a","b","c","d","e"]}})") ==
             "parameters.stop | parameters.stop may list 4 strings");
  BOOST_TEST(refusal(R"({"text_input":"a","parameters":{"stream":true}})") ==
             "parameters.stream | parameters.stream is true; ask generate_stream for a stream");
  BOOST_TEST(refusal(R"({"text_input":"a","parameters":{"details":true}})") ==
             "parameters.details | parameters.details is not supported: there are no logprobs");
}

BOOST_AUTO_TEST_CASE(an_answer_names_model_and_version_and_a_last_piece_why_it_ended) {
  BOOST_TEST(format_text_inference_answer({"a\"b", protocol::FinishReason::none, {}}, "m", "1", "") ==
             R"({"model_name":"m","model_version":"1","text_output":"a\"b"})");
  BOOST_TEST(format_text_inference_answer({"", protocol::FinishReason::length, {}}, "m", "1", "7") ==
             R"({"model_name":"m","model_version":"1","id":"7","text_output":"","finish_reason":"length"})");
}

BOOST_AUTO_TEST_SUITE_END()
