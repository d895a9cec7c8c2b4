#include "runtime/protocol/payload.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::protocol;

BOOST_AUTO_TEST_SUITE(payload)

BOOST_AUTO_TEST_CASE(a_request_weighs_as_much_as_its_texts_ids_and_tensors) {
  const auto weight = [](Work work) { return payload_bytes(ServeRequest{.model = "m", .work = std::move(work)}); };

  BOOST_TEST(weight(Generate{.prompt = Conversation{{{"user", "hello"}, {"assistant", "you"}}}}) == 21u);
  BOOST_TEST(weight(Generate{.prompt = TokenIds{{1, 2, 3}}}) == 12u);
  BOOST_TEST(weight(Tokenize{PlainText{"four"}, true}) == 4u);
  BOOST_TEST(weight(Infer{.inputs = {{"x", DType::u8, {1000}, Bytes::own(std::string(1000, 'x'))}}}) >= 1000u);
  BOOST_TEST(weight(Embed{.inputs = {PlainText{std::string(500, 'x')}, TextPair{"a", std::string(500, 'y')}}}) >=
             1001u);
}

BOOST_AUTO_TEST_CASE(a_part_weighs_as_much_as_what_it_brings) {
  const auto weight = [](auto content) { return payload_bytes(ResultPart{.content = std::move(content)}); };
  TextPart scored{.text = "abc"};
  scored.scores.push_back({{1, Bytes::copy("abc"), -0.5}, {{1, Bytes::copy("abc"), -0.5}}});

  BOOST_TEST(weight(TextPart{.text = "abc"}) == 3u);
  BOOST_TEST(weight(scored) > 9u);
  BOOST_TEST(weight(InferResult{{{"x", DType::u8, {1000}, Bytes::own(std::string(1000, 'x'))}}}) >= 1000u);
  BOOST_TEST(weight(EmbedResult{.values = {"", DType::u8, {1000}, Bytes::own(std::string(1000, 'x'))}}) >= 1000u);
  BOOST_TEST(weight(TokenizeResult{.ids = {1, 2, 3}, .tokens = {"a", "b", "c"}, .text = "abc"}) >= 18u);
}

BOOST_AUTO_TEST_SUITE_END()
