#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "actors/gateway/http/openai.hpp"

using namespace troupe;
using namespace troupe::gateway;
using nlohmann::json;
using protocol::FinishReason;
using protocol::TextPart;

namespace {

OpenAiAnswer answer(OpenAiKind kind, bool include_usage = false) {
  return OpenAiAnswer(kind, "req_1", 1700000000, "clerk", include_usage);
}

/// The events of a stream, parsed; "[DONE]" as a string.
std::vector<json> events(std::string_view stream) {
  std::vector<json> parsed;
  while (!stream.empty()) {
    const size_t end = stream.find("\n\n");
    BOOST_TEST_REQUIRE(end != std::string_view::npos);
    const std::string_view line = stream.substr(0, end);
    BOOST_TEST_REQUIRE(line.starts_with("data: "));
    const std::string text(line.substr(6));
    parsed.push_back(text == "[DONE]" ? json(text) : json::parse(text));
    stream.remove_prefix(end + 2);
  }
  return parsed;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(openai_answer)

BOOST_AUTO_TEST_CASE(a_whole_completion_is_openais_object) {
  const TextPart text{"line\n\"two\" \xc3\xa4", FinishReason::stop, {3, 5}};

  const json body = json::parse(answer(OpenAiKind::completion).whole({text}, "2"));

  BOOST_TEST(body == json::parse(R"({"id":"cmpl-req_1","object":"text_completion","created":1700000000,
    "model":"clerk","system_fingerprint":"clerk@2","choices":[{"index":0,"text":"line\n\"two\" ä","logprobs":null,
    "finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}})"));
}

BOOST_AUTO_TEST_CASE(a_whole_chat_is_openais_object) {
  const json body = json::parse(answer(OpenAiKind::chat).whole({{"Hi", FinishReason::length, {1, 1}}}, "2"));

  BOOST_TEST(body["object"] == "chat.completion");
  BOOST_TEST(body["id"] == "chatcmpl-req_1");
  BOOST_TEST(body["choices"][0]["message"] == json::parse(R"({"role":"assistant","content":"Hi"})"));
  BOOST_TEST(body["choices"][0]["finish_reason"] == "length");
}

BOOST_AUTO_TEST_CASE(a_streamed_chat_says_the_role_first_and_done_last) {
  auto chat = answer(OpenAiKind::chat);

  const auto first = events(chat.chunk({"He", FinishReason::none, {}}, "2", false));
  const auto second = events(chat.chunk({"y", FinishReason::stop, {3, 2}}, "2", true));

  BOOST_TEST_REQUIRE(first.size() == 2u);
  BOOST_TEST(first[0]["object"] == "chat.completion.chunk");
  BOOST_TEST(first[0]["choices"][0]["delta"] == json::parse(R"({"role":"assistant","content":""})"));
  BOOST_TEST(first[1]["choices"][0]["delta"] == json::parse(R"({"content":"He"})"));
  BOOST_TEST(first[1]["choices"][0]["finish_reason"].is_null());
  BOOST_TEST(!first[1].contains("usage"));
  BOOST_TEST_REQUIRE(second.size() == 3u);
  BOOST_TEST(second[0]["choices"][0]["delta"]["content"] == "y");
  BOOST_TEST(second[1]["choices"][0]["delta"] == json::object());
  BOOST_TEST(second[1]["choices"][0]["finish_reason"] == "stop");
  BOOST_TEST(second[2] == "[DONE]");
}

BOOST_AUTO_TEST_CASE(the_usage_comes_in_a_chunk_of_its_own_if_asked_for) {
  auto completion = answer(OpenAiKind::completion, true);

  const auto all = events(completion.chunk({"a", FinishReason::length, {3, 1}}, "2", true));

  BOOST_TEST_REQUIRE(all.size() == 4u);
  BOOST_TEST(all[0]["choices"][0]["text"] == "a");
  BOOST_TEST(all[0]["usage"].is_null());
  BOOST_TEST(all[1]["choices"][0]["finish_reason"] == "length");
  BOOST_TEST(all[2]["choices"].empty());
  BOOST_TEST(all[2]["usage"] == json::parse(R"({"prompt_tokens":3,"completion_tokens":1,"total_tokens":4})"));
  BOOST_TEST(all[3] == "[DONE]");
}

BOOST_AUTO_TEST_CASE(an_answer_without_text_still_has_a_beginning_and_an_end) {
  auto chat = answer(OpenAiKind::chat);

  const auto all = events(chat.chunk({"", FinishReason::stop, {3, 0}}, "2", true));

  BOOST_TEST_REQUIRE(all.size() == 3u);
  BOOST_TEST(all[0]["choices"][0]["delta"]["role"] == "assistant");
  BOOST_TEST(all[1]["choices"][0]["finish_reason"] == "stop");
}

BOOST_AUTO_TEST_CASE(choices_stand_in_their_order_and_the_usage_is_of_all) {
  const json body =
      json::parse(answer(OpenAiKind::completion)
                      .whole({{"second", FinishReason::length, {3, 9}, 1}, {"first", FinishReason::stop, {}, 0}}, "2"));

  BOOST_TEST_REQUIRE(body["choices"].size() == 2u);
  BOOST_TEST(body["choices"][0]["index"] == 0);
  BOOST_TEST(body["choices"][0]["text"] == "first");
  BOOST_TEST(body["choices"][1]["index"] == 1);
  BOOST_TEST(body["choices"][1]["finish_reason"] == "length");
  BOOST_TEST(body["usage"] == json::parse(R"({"prompt_tokens":3,"completion_tokens":9,"total_tokens":12})"));
}

BOOST_AUTO_TEST_CASE(each_choice_of_a_stream_has_its_own_beginning_and_end) {
  auto chat = answer(OpenAiKind::chat);

  const auto first = events(chat.chunk({"a", FinishReason::none, {}, 0}, "2", false));
  const auto second = events(chat.chunk({"b", FinishReason::stop, {}, 1}, "2", false));
  const auto third = events(chat.chunk({"c", FinishReason::length, {3, 4}, 0}, "2", true));

  BOOST_TEST_REQUIRE(first.size() == 2u);
  BOOST_TEST_REQUIRE(second.size() == 3u);
  BOOST_TEST_REQUIRE(third.size() == 3u);
  BOOST_TEST(second[0]["choices"][0]["delta"]["role"] == "assistant");
  BOOST_TEST(second[0]["choices"][0]["index"] == 1);
  BOOST_TEST(second[2]["choices"][0]["finish_reason"] == "stop");
  BOOST_TEST(third[0]["choices"][0]["index"] == 0);
  BOOST_TEST(third[1]["choices"][0]["finish_reason"] == "length");
  BOOST_TEST(third[2] == "[DONE]");
}

BOOST_AUTO_TEST_CASE(scores_are_shown_in_each_apis_way) {
  const TextPart scored{"hé",
                        FinishReason::stop,
                        {1, 2},
                        0,
                        {{{7, Bytes::copy("h"), -0.5}, {{7, Bytes::copy("h"), -0.5}, {8, Bytes::copy("H"), -1.5}}},
                         {{9, Bytes::copy("\xc3"), -0.25}, {}}}};

  const json chat = json::parse(answer(OpenAiKind::chat).whole({scored}, "2"))["choices"][0]["logprobs"];
  const json completion = json::parse(answer(OpenAiKind::completion).whole({scored}, "2"))["choices"][0]["logprobs"];

  BOOST_TEST_REQUIRE(chat["content"].size() == 2u);
  BOOST_TEST(chat["content"][0] == json::parse(R"({"token":"h","logprob":-0.5,"bytes":[104],"top_logprobs":[
    {"token":"h","logprob":-0.5,"bytes":[104]},{"token":"H","logprob":-1.5,"bytes":[72]}]})"));
  BOOST_TEST(chat["content"][1]["bytes"] == json::parse("[195]"));
  BOOST_TEST(chat["content"][1]["token"] == "\xef\xbf\xbd");
  BOOST_TEST(completion["token_logprobs"] == json::parse("[-0.5,-0.25]"));
  BOOST_TEST(completion["top_logprobs"][0] == json::parse(R"({"h":-0.5,"H":-1.5})"));
  BOOST_TEST(completion["text_offset"] == json::parse("[0,1]"));
}

BOOST_AUTO_TEST_CASE(the_first_token_of_an_echoed_prompt_has_no_score) {
  const TextPart scored{
      "ab",
      FinishReason::length,
      {2, 0},
      0,
      {{{7, Bytes::copy("a"), {}}, {}}, {{8, Bytes::copy("b"), -0.5}, {{9, Bytes::copy("c"), -0.25}}}}};

  const json logprobs = json::parse(answer(OpenAiKind::completion).whole({scored}, "2"))["choices"][0]["logprobs"];

  BOOST_TEST(logprobs["token_logprobs"] == json::parse("[null,-0.5]"));
  BOOST_TEST(logprobs["top_logprobs"] == json::parse(R"([null,{"b":-0.5,"c":-0.25}])"));
}

BOOST_AUTO_TEST_CASE(a_failure_in_a_stream_is_an_error_event) {
  BOOST_TEST(OpenAiAnswer::error_event({Errc::unavailable, "lost", {}, {}}) ==
             "event: error\ndata: "
             R"({"error":{"message":"lost","type":"server_error","param":null,"code":"unavailable"}})"
             "\n\n");
}

BOOST_AUTO_TEST_CASE(calls_stand_in_the_message_of_a_whole_chat) {
  const TextPart both{"Let me see.", FinishReason::tool_calls, {3, 5}, 0, {}, {{0, "c1", "f", "{\"a\": 1}"}}};
  const TextPart alone{"", FinishReason::tool_calls, {}, 1, {}, {{0, "c2", "g", "{}"}, {1, "c3", "g", "{}"}}};

  const json body = json::parse(answer(OpenAiKind::chat).whole({both, alone}, "2"));

  BOOST_TEST(body["choices"][0]["message"] == json::parse(R"({"role":"assistant","content":"Let me see.","tool_calls":[
    {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]})"));
  BOOST_TEST(body["choices"][0]["finish_reason"] == "tool_calls");
  BOOST_TEST(body["choices"][1]["message"]["content"].is_null());
  BOOST_TEST(body["choices"][1]["message"]["tool_calls"].size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_streamed_call_has_its_name_first_and_its_arguments_in_pieces) {
  auto chat = answer(OpenAiKind::chat);

  const auto first = events(chat.chunk({"", FinishReason::none, {}, 0, {}, {{0, "c1", "f", "{\"a"}}}, "2", false));
  const auto second =
      events(chat.chunk({"", FinishReason::tool_calls, {3, 2}, 0, {}, {{0, "", "", "\": 1}"}}}, "2", true));

  BOOST_TEST_REQUIRE(first.size() == 2u);
  BOOST_TEST(first[0]["choices"][0]["delta"]["role"] == "assistant");
  BOOST_TEST(first[1]["choices"][0]["delta"] == json::parse(R"({"tool_calls":[{"index":0,"id":"c1","type":"function",
    "function":{"name":"f","arguments":"{\"a"}}]})"));
  BOOST_TEST_REQUIRE(second.size() == 3u);
  BOOST_TEST(second[0]["choices"][0]["delta"] ==
             json::parse(R"({"tool_calls":[{"index":0,"function":{"arguments":"\": 1}"}}]})"));
  BOOST_TEST(second[1]["choices"][0]["finish_reason"] == "tool_calls");
}

BOOST_AUTO_TEST_SUITE_END()
