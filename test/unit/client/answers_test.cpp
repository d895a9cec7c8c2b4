#include "runtime/client/cpp/answers.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstring>

namespace troupe::client {

BOOST_AUTO_TEST_SUITE(answers)

BOOST_AUTO_TEST_CASE(pieces_of_a_text_join_and_the_last_one_says_how_it_ended) {
  Generation answer;

  BOOST_REQUIRE(internal::add(answer, {.content = protocol::TextPart{"10", {}, {}}, .version = "1"}).has_value());
  BOOST_REQUIRE(internal::add(answer, {.content = protocol::TextPart{"5", protocol::FinishReason::stop, {4, 2}},
                                       .version = "1",
                                       .cached = true})
                    .has_value());

  BOOST_TEST(answer.text == "105");
  BOOST_TEST((answer.finish == protocol::FinishReason::stop));
  BOOST_TEST(answer.usage.completion_tokens == 2u);
  BOOST_TEST(answer.version == "1");
  BOOST_TEST(answer.cached);
}

BOOST_AUTO_TEST_CASE(further_choices_stand_apart_from_the_first) {
  using protocol::FinishReason;
  Generation answer;
  for (const auto& part :
       {protocol::TextPart{"a", {}, {}, 0}, protocol::TextPart{"x", {}, {}, 1},
        protocol::TextPart{"b", FinishReason::stop, {}, 0}, protocol::TextPart{"y", FinishReason::length, {3, 4}, 1}}) {
    BOOST_REQUIRE(internal::add(answer, {.content = part, .version = "1"}).has_value());
  }

  BOOST_TEST(answer.text == "ab");
  BOOST_TEST((answer.finish == FinishReason::stop));
  BOOST_TEST_REQUIRE(answer.others.size() == 1u);
  BOOST_TEST(answer.others[0].text == "xy");
  BOOST_TEST((answer.others[0].finish == FinishReason::length));
  BOOST_TEST(answer.usage.completion_tokens == 4u);
}

BOOST_AUTO_TEST_CASE(tensors_where_text_was_asked_for_are_an_error) {
  Generation answer;

  const Status status = internal::add(answer, {.content = protocol::InferResult{}});

  BOOST_REQUIRE(!status.has_value());
  BOOST_TEST((status.error().code == Errc::corrupt_data));
}

BOOST_AUTO_TEST_CASE(outputs_of_all_parts_are_kept) {
  Inference answer;

  BOOST_REQUIRE(internal::add(answer, {.content = protocol::InferResult{{{.name = "a"}}}}).has_value());
  BOOST_REQUIRE(internal::add(answer, {.content = protocol::InferResult{{{.name = "b"}}}}).has_value());

  BOOST_TEST(answer.outputs.size() == 2u);
  BOOST_TEST(answer.outputs[1].name == "b");
}

BOOST_AUTO_TEST_CASE(vectors_come_as_rows) {
  const std::array<float, 6> values{1, 2, 3, 4, 5, 6};
  std::string data(sizeof values, '\0');
  std::memcpy(data.data(), values.data(), sizeof values);
  protocol::Tensor tensor{"", DType::f32, {2, 3}, Bytes::own(std::move(data))};
  Embedding answer;

  BOOST_REQUIRE(
      internal::add(answer, {.content = protocol::EmbedResult{tensor, {"a", "b", "c"}, {7, 0}}, .version = "2"})
          .has_value());

  BOOST_TEST(answer.rows.size() == 2u);
  BOOST_TEST(answer.rows[1][0] == 4.0f);
  BOOST_TEST(answer.labels.size() == 3u);
  BOOST_TEST(answer.usage.prompt_tokens == 7u);
  BOOST_TEST(answer.version == "2");
}

BOOST_AUTO_TEST_CASE(rows_of_another_type_shape_or_length_are_corrupt) {
  for (const protocol::Tensor& wrong : {protocol::Tensor{"", DType::f64, {1, 1}, Bytes::copy("12345678")},
                                        protocol::Tensor{"", DType::f32, {2}, Bytes::copy("12345678")},
                                        protocol::Tensor{"", DType::f32, {1, 3}, Bytes::copy("12345678")}}) {
    Embedding answer;
    const Status status = internal::add(answer, {.content = protocol::EmbedResult{wrong, {}, {}}});
    BOOST_TEST(!status.has_value());
  }
}

BOOST_AUTO_TEST_CASE(no_input_has_no_rows) {
  BOOST_TEST(rows_of({"", DType::f32, {0, 0}, {}}).value().size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_model_may_carry_its_version) {
  BOOST_TEST(make_request("clerk@2", protocol::Generate{}).model == "clerk");
  BOOST_TEST(make_request("clerk@2", protocol::Generate{}).version == "2");
  BOOST_TEST(make_request("clerk", protocol::Generate{}, {.version = "3"}).version == "3");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::client
