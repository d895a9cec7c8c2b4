#include "actors/worker/echo_answer.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::worker;
using namespace troupe::protocol;

namespace {

ServeRequest say(decltype(Generate::prompt) prompt, bool stream) {
  ServeRequest request;
  request.work = Generate{std::move(prompt), {}, stream};
  return request;
}

const TextPart& text(const ResultPart& part) {
  return std::get<TextPart>(part.content);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(echo_answers)

BOOST_AUTO_TEST_CASE(a_prompt_comes_back_whole_with_its_words_counted) {
  const auto parts = echo_answer(say(PlainText{"to be  or not"}, false));

  BOOST_REQUIRE(parts.has_value());
  BOOST_REQUIRE(parts->size() == 1u);
  BOOST_TEST(text(parts->at(0)).text == "to be  or not");
  BOOST_TEST((text(parts->at(0)).finish == FinishReason::stop));
  BOOST_TEST((text(parts->at(0)).usage == Usage{4, 4}));
}

BOOST_AUTO_TEST_CASE(a_stream_comes_word_by_word_and_only_the_last_ends_it) {
  const auto parts = echo_answer(say(Conversation{{{"system", "x"}, {"user", " to be  or "}}}, true));

  BOOST_REQUIRE(parts.has_value());
  std::vector<std::string> words;
  for (const ResultPart& part : *parts) words.push_back(text(part).text);
  BOOST_TEST(words == (std::vector<std::string>{" to", " be", "  or", " "}), boost::test_tools::per_element());
  BOOST_TEST((text(parts->at(2)).finish == FinishReason::none));
  BOOST_TEST((text(parts->at(3)).finish == FinishReason::stop));
}

BOOST_AUTO_TEST_CASE(an_empty_message_is_answered_with_one_empty_part) {
  const auto parts = echo_answer(say(Conversation{{{"user", ""}}}, true));

  BOOST_REQUIRE(parts.has_value());
  BOOST_TEST(parts->size() == 1u);
}

BOOST_AUTO_TEST_CASE(token_ids_are_refused_by_name) {
  const auto parts = echo_answer(say(TokenIds{{1, 2}}, false));

  BOOST_REQUIRE(!parts.has_value());
  BOOST_TEST(parts.error().message == "an echo has no tokenizer: ask it with text, not with token ids");
}

BOOST_AUTO_TEST_CASE(tensors_come_back_in_the_order_asked_for) {
  ServeRequest request;
  request.work =
      Infer{{{"a", DType::u8, {1}, Bytes::copy("1")}, {"b", DType::u8, {1}, Bytes::copy("2")}}, {"b", "a"}, {}};

  const auto parts = echo_answer(request);

  BOOST_REQUIRE(parts.has_value());
  const auto& outputs = std::get<InferResult>(parts->at(0).content).outputs;
  BOOST_TEST(outputs.at(0).name == "b");
  BOOST_TEST(outputs.at(1).name == "a");
}

BOOST_AUTO_TEST_SUITE_END()
