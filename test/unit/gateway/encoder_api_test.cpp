#include "actors/gateway/http/encoder_api.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <nlohmann/json.hpp>

#include "actors/gateway/http/token_api.hpp"
#include "runtime/base/base64.hpp"

using namespace troupe;
using namespace troupe::gateway;
using nlohmann::json;

namespace {

Result<EncoderApiRequest> parse(EncoderApi api, std::string_view body) {
  JsonParser parser;
  return parse_encoder_request(api, body, parser);
}

const protocol::Embed& work(const Result<EncoderApiRequest>& request) {
  BOOST_TEST_REQUIRE(request.has_value(), (request ? "" : request.error().message));
  return std::get<protocol::Embed>(request->serve.work);
}

std::string refusal(EncoderApi api, std::string_view body) {
  const auto request = parse(api, body);
  return request ? "accepted" : request.error().field + " | " + request.error().message;
}

protocol::EmbedResult rows(int64_t count, std::vector<float> values, std::vector<std::string> labels = {}) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  const auto width = static_cast<int64_t>(values.size()) / count;
  return {{"", DType::f32, {count, width}, Bytes::own(std::move(bytes))}, std::move(labels), {7, 0}};
}

json answer(EncoderApi api, std::string_view body, const protocol::EmbedResult& result) {
  const auto request = parse(api, body);
  BOOST_TEST_REQUIRE(request.has_value(), (request ? "" : request.error().message));
  const auto text = format_encoder_answer(*request, result, "req_1", 1700000000);
  BOOST_TEST_REQUIRE(text.has_value(), (text ? "" : text.error().message));
  return json::parse(*text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(encoder_api)

BOOST_AUTO_TEST_CASE(an_input_is_a_text_token_ids_or_a_list_of_either) {
  const auto inputs = [](std::string_view input) {
    return work(parse(EncoderApi::embeddings, fmt::format(R"({{"model":"m","input":{}}})", input))).inputs;
  };

  BOOST_TEST(std::get<protocol::PlainText>(inputs(R"("a")").at(0)).text == "a");
  BOOST_TEST(inputs(R"(["a","b"])").size() == 2U);
  BOOST_TEST((std::get<protocol::TokenIds>(inputs("[1,2]").at(0)).ids == std::vector<int32_t>{1, 2}));
  BOOST_TEST(inputs("[[1,2],[3]]").size() == 2U);
}

BOOST_AUTO_TEST_CASE(embeddings_are_numbers_or_base64) {
  const auto result = rows(2, {0.5F, -1, 2, 0.25F});
  const json numbers = answer(EncoderApi::embeddings, R"({"model":"m","input":["a","b"]})", result);
  const json coded =
      answer(EncoderApi::embeddings, R"({"model":"m","input":["a","b"],"encoding_format":"base64"})", result);

  BOOST_TEST(numbers["object"] == "list");
  BOOST_TEST(numbers["data"][1] == json::parse(R"({"object":"embedding","index":1,"embedding":[2.0,0.25]})"));
  BOOST_TEST(numbers["usage"] == json::parse(R"({"prompt_tokens":7,"total_tokens":7})"));
  BOOST_TEST(*base64_decode(coded["data"][1]["embedding"].get<std::string>()) ==
             result.values.data.view().substr(2 * sizeof(float)));
}

BOOST_AUTO_TEST_CASE(one_text_is_scored_against_many_or_pair_by_pair) {
  const auto one = parse(EncoderApi::score, R"({"model":"m","text_1":"q","text_2":["a","b"]})");
  const auto two = parse(EncoderApi::score, R"({"model":"m","text_1":["p","q"],"text_2":["a","b"]})");

  BOOST_TEST((std::get<protocol::TextPair>(work(one).inputs.at(1)) == protocol::TextPair{"q", "b"}));
  BOOST_TEST((std::get<protocol::TextPair>(work(two).inputs.at(0)) == protocol::TextPair{"p", "a"}));
  BOOST_TEST((work(one).task == protocol::EmbedTask::scores));
  BOOST_TEST(refusal(EncoderApi::score, R"({"model":"m","text_1":["p","q"],"text_2":"a"})") ==
             "text_2 | text_1 has 2 texts and text_2 has 1; there must be one text_1, or as many");
}

BOOST_AUTO_TEST_CASE(the_best_documents_come_first) {
  const json body =
      answer(EncoderApi::rerank, R"({"model":"m","query":"q","documents":["a",{"text":"b"},"c"],"top_n":2})",
             rows(3, {0.1F, 0.9F, 0.5F}));

  BOOST_TEST_REQUIRE(body["results"].size() == 2U);
  BOOST_TEST(body["results"][0]["index"] == 1);
  BOOST_TEST(body["results"][0]["document"]["text"] == "b");
  BOOST_TEST(body["results"][1]["index"] == 2);
  BOOST_TEST(!answer(EncoderApi::rerank, R"({"model":"m","query":"q","documents":["a"],"return_documents":false})",
                     rows(1, {1}))["results"][0]
                  .contains("document"));
}

BOOST_AUTO_TEST_CASE(a_class_is_named_with_all_probabilities) {
  const json body =
      answer(EncoderApi::classify, R"({"model":"m","input":"nice"})", rows(1, {0.25F, 0.75F}, {"NO", "YES"}));

  BOOST_TEST(body["data"][0] == json::parse(R"({"index":0,"label":"YES","probs":[0.25,0.75],"num_classes":2})"));
}

BOOST_AUTO_TEST_CASE(a_model_of_many_classes_does_not_rank) {
  const auto request = parse(EncoderApi::score, R"({"model":"m","text_1":"q","text_2":"a"})");
  const auto text = format_encoder_answer(*request, rows(1, {0.25F, 0.75F}), "req_1", 0);

  BOOST_REQUIRE(!text.has_value());
  BOOST_TEST((text.error().code == Errc::failed_precondition));
}

BOOST_AUTO_TEST_CASE(a_result_that_is_no_row_for_each_input_is_a_defect) {
  const auto request = parse(EncoderApi::embeddings, R"({"model":"m","input":["a","b"]})");

  for (const auto& wrong : {rows(1, {1, 2}), protocol::EmbedResult{}}) {
    const auto text = format_encoder_answer(*request, wrong, "req_1", 0);
    BOOST_REQUIRE(!text.has_value());
    BOOST_TEST((text.error().code == Errc::internal));
  }
}

BOOST_AUTO_TEST_CASE(wrong_parameters_are_refused_by_name) {
  BOOST_TEST(refusal(EncoderApi::embeddings, R"({"input":"a"})") ==
             "model | model is missing: it names the model to ask");
  BOOST_TEST(refusal(EncoderApi::embeddings, R"({"model":"m"})") ==
             "input | input is missing: a text or a list of texts");
  BOOST_TEST(refusal(EncoderApi::embeddings, R"({"model":"m","input":["a",3]})") ==
             "input[1] | input[1] must be a string, found the number 3");
  BOOST_TEST(refusal(EncoderApi::embeddings, R"({"model":"m","input":[[]]})") ==
             "input[0] | input[0] must not be an empty list");
  BOOST_TEST(refusal(EncoderApi::embeddings, R"({"model":"m","input":"a","encoding_format":"hex"})") ==
             "encoding_format | encoding_format must be float or base64, found \"hex\"");
  BOOST_TEST(refusal(EncoderApi::embeddings, R"({"model":"m","input":"a","dimension":3})") ==
             "dimension | there is no parameter dimension (did you mean dimensions?)");
  BOOST_TEST(refusal(EncoderApi::rerank, R"({"model":"m","query":"q","documents":[{"title":"t"}]})") ==
             "documents[0] | documents[0] must be a text or an object with \"text\"");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(token_api)

BOOST_AUTO_TEST_CASE(texts_and_conversations_are_tokenized) {
  JsonParser parser;
  const auto text = parse_token_request(
      TokenApi::tokenize, R"({"model":"m","prompt":"hi","add_special_tokens":false,"return_token_strs":true})", parser);
  const auto chat =
      parse_token_request(TokenApi::tokenize, R"({"model":"m","messages":[{"role":"user","content":"hi"}]})", parser);

  BOOST_REQUIRE(text.has_value());
  BOOST_REQUIRE(chat.has_value());
  const auto& work = std::get<protocol::Tokenize>(text->serve.work);
  BOOST_TEST(std::get<protocol::PlainText>(work.input).text == "hi");
  BOOST_TEST(!work.add_special_tokens);
  BOOST_TEST(json::parse(format_token_answer(*text, {{5, 6}, {"h", "i"}, "hi", 256})) ==
             json::parse(R"({"count":2,"max_model_len":256,"tokens":[5,6],"token_strs":["h","i"]})"));
}

BOOST_AUTO_TEST_CASE(tokens_are_put_back_into_words) {
  JsonParser parser;
  const auto request = parse_token_request(TokenApi::detokenize, R"({"model":"m","tokens":[5,6]})", parser);

  BOOST_REQUIRE(request.has_value());
  BOOST_TEST(format_token_answer(*request, {{5, 6}, {"h", "i"}, "hi", 256}) == R"({"prompt":"hi"})");
}

BOOST_AUTO_TEST_CASE(a_request_without_an_input_or_with_two_is_refused) {
  JsonParser parser;
  const auto refused = [&](TokenApi api, std::string_view body) {
    return parse_token_request(api, body, parser).error().field;
  };

  BOOST_TEST(refused(TokenApi::tokenize, R"({"model":"m"})") == "prompt");
  BOOST_TEST(refused(TokenApi::tokenize, R"({"model":"m","prompt":"a","messages":[{"role":"user","content":"hi"}]})") ==
             "messages");
  BOOST_TEST(refused(TokenApi::detokenize, R"({"model":"m","tokens":[-1]})") == "tokens");
  BOOST_TEST(refused(TokenApi::detokenize, R"({"model":"m","prompt":"a"})") == "prompt");
}

BOOST_AUTO_TEST_SUITE_END()
