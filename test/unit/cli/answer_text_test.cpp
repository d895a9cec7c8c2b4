#include "cluster/cli/answer_text.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>

namespace troupe::cli {

using nlohmann::json;
using protocol::ResultPart;

BOOST_AUTO_TEST_SUITE(answer_text)

ResultPart rows(std::vector<float> values, int64_t width, std::vector<std::string> labels = {}) {
  std::string data(values.size() * sizeof(float), '\0');
  std::memcpy(data.data(), values.data(), data.size());
  protocol::Tensor tensor{
      "", DType::f32, {static_cast<int64_t>(values.size()) / width, width}, Bytes::own(std::move(data))};
  return {.content = protocol::EmbedResult{std::move(tensor), std::move(labels), {7, 0}}, .version = "2"};
}

BOOST_AUTO_TEST_CASE(pieces_of_a_text_are_one_text) {
  const std::vector<ResultPart> parts{
      {.content = protocol::TextPart{"10", {}, {}}, .version = "1"},
      {.content = protocol::TextPart{"5", protocol::FinishReason::length, {4, 2}}, .version = "1", .cached = true}};

  BOOST_TEST(text_answer(parts).value() == "105\n");
  BOOST_TEST(json_answer(parts).value() == json({{"version", "1"},
                                                 {"cached", true},
                                                 {"replayed", false},
                                                 {"text", "105"},
                                                 {"finish_reason", "length"},
                                                 {"usage", {{"prompt_tokens", 4}, {"completion_tokens", 2}}}}));
}

BOOST_AUTO_TEST_CASE(tensors_have_a_line_each) {
  const protocol::Tensor tensor{"x", DType::u8, {2}, Bytes::copy("\x01\x02")};
  const std::vector<ResultPart> parts{{.content = protocol::InferResult{{tensor, tensor}}}};

  BOOST_TEST(text_answer(parts).value() == "x UINT8 [2]: 1 2\nx UINT8 [2]: 1 2\n");
  BOOST_TEST(json_answer(parts).value()["outputs"].size() == 2u);
}

BOOST_AUTO_TEST_CASE(vectors_have_a_line_each_and_scores_their_labels) {
  BOOST_TEST(text_answer({rows({0.5f, -1.25f, 3, 4}, 2)}).value() == "0.5 -1.25\n3 4\n");
  BOOST_TEST(text_answer({rows({0.5f, 0.25f}, 2, {"no", "yes"})}).value() == "no=0.5 yes=0.25\n");

  const json answer = json_answer({rows({0.5f, 0.25f}, 2, {"no", "yes"})}).value();
  BOOST_TEST(answer["rows"] == json({{0.5, 0.25}}));
  BOOST_TEST(answer["labels"] == json({"no", "yes"}));
  BOOST_TEST(answer["usage"]["prompt_tokens"] == 7);
}

BOOST_AUTO_TEST_CASE(tokens_are_one_line_of_ids) {
  const std::vector<ResultPart> parts{{.content = protocol::TokenizeResult{{101, 7}, {"[CLS]", "a"}, "a", 256}}};

  BOOST_TEST(text_answer(parts).value() == "101 7\n");
  BOOST_TEST(json_answer(parts).value()["tokens"] == json({"[CLS]", "a"}));
}

BOOST_AUTO_TEST_CASE(rows_that_are_none_are_an_error) {
  const std::vector<ResultPart> parts{
      {.content = protocol::EmbedResult{{"", DType::f64, {1, 1}, Bytes::copy("12345678")}, {}, {}}}};

  BOOST_TEST((text_answer(parts).error().code == Errc::corrupt_data));
  BOOST_TEST((json_answer(parts).error().code == Errc::corrupt_data));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
