#include "runtime/protocol/answer_parts.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::protocol;

namespace {

ResultPart piece(std::string text, uint32_t choice = 0, FinishReason finish = FinishReason::none, Usage usage = {}) {
  ResultPart part;
  part.version = "2";
  part.content = TextPart{.text = text,
                          .finish = finish,
                          .usage = usage,
                          .choice = choice,
                          .scores = {{{static_cast<int32_t>(text.size()), Bytes::own(text), -1}, {}}}};
  return part;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(answer_parts)

BOOST_AUTO_TEST_CASE(the_pieces_of_each_choice_become_one) {
  std::vector<ResultPart> answer;
  join(answer, piece("He", 0));
  join(answer, piece("Good", 1));
  join(answer, piece("llo", 0, FinishReason::stop));
  join(answer, piece(" day", 1, FinishReason::length, {.prompt_tokens = 3, .completion_tokens = 4}));

  BOOST_TEST_REQUIRE(answer.size() == 2u);
  const auto& first = std::get<TextPart>(answer[0].content);
  const auto& second = std::get<TextPart>(answer[1].content);
  BOOST_TEST(first.text == "Hello");
  BOOST_TEST((first.finish == FinishReason::stop));
  BOOST_TEST(first.scores.size() == 2u);
  BOOST_TEST(second.text == "Good day");
  BOOST_TEST((second.finish == FinishReason::length));
  BOOST_TEST(second.choice == 1u);
  BOOST_TEST((second.usage == Usage{.prompt_tokens = 3, .completion_tokens = 4}));
}

BOOST_AUTO_TEST_CASE(the_last_part_says_who_answered) {
  std::vector<ResultPart> answer;
  join(answer, piece("He"));
  ResultPart last = piece("y", 0, FinishReason::stop);
  last.cached = true;
  last.load = LoadReport{.waiting = 1, .running = 2};

  join(answer, last);

  BOOST_TEST(answer[0].cached);
  BOOST_TEST((answer[0].load == last.load));
}

BOOST_AUTO_TEST_CASE(other_content_stays_as_it_is) {
  std::vector<ResultPart> answer;
  const ResultPart tensors{.content = InferResult{{{.name = "x"}}}};
  join(answer, tensors);
  join(answer, tensors);

  BOOST_TEST((answer == std::vector{tensors, tensors}));
}

BOOST_AUTO_TEST_CASE(the_pieces_of_each_call_become_one) {
  const auto part = [](std::vector<ToolCallPart> calls) {
    return ResultPart{.content = TextPart{.text = "", .tool_calls = std::move(calls)}};
  };
  std::vector<ResultPart> answer;

  join(answer, part({{0, "c1", "f", "{"}, {0, "", "", "\"a\""}}));
  join(answer, part({{0, "", "", ": 1}"}, {1, "c2", "g", ""}}));
  join(answer, part({{1, "", "", "{}"}}));

  BOOST_TEST_REQUIRE(answer.size() == 1u);
  const std::vector<ToolCallPart> wanted{{0, "c1", "f", "{\"a\": 1}"}, {1, "c2", "g", "{}"}};
  BOOST_TEST((std::get<TextPart>(answer[0].content).tool_calls == wanted));
}

BOOST_AUTO_TEST_SUITE_END()
