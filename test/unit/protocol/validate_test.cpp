#include "runtime/protocol/validate.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>

namespace troupe::protocol {
namespace {

Generate hello() {
  Generate generate;
  generate.prompt = PlainText{"Hello"};
  return generate;
}

ServeRequest request(Work work) {
  ServeRequest serve;
  serve.model = "clerk";
  serve.work = std::move(work);
  return serve;
}

/// "field: message" of what `change` does to a good request, or "".
std::string refusal(const std::function<void(ServeRequest&, Generate&)>& change) {
  ServeRequest serve = request(hello());
  change(serve, std::get<Generate>(serve.work));
  const Status status = validate(serve);
  return status ? "" : status.error().field + ": " + status.error().message;
}

std::string refusal_of(Work work) {
  const Status status = validate(request(std::move(work)));
  return status ? "" : status.error().field + ": " + status.error().message;
}

Tensor byte_tensor(std::string name) {
  return {std::move(name), DType::u8, {1}, Bytes::copy("1")};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(validate_request)

BOOST_AUTO_TEST_CASE(good_requests_pass) {
  BOOST_TEST(refusal([](ServeRequest&, Generate&) {}) == "");
  BOOST_TEST(refusal([](ServeRequest& serve, Generate& generate) {
               serve.version = "2024-05.rc_1";
               generate.prompt = Conversation{{{"user", "Hi"}, {"assistant", ""}}};
               generate.sampling = {0, 0.1, 5, std::nullopt, 1, {"\n"}};
             }) == "");
  BOOST_TEST(refusal_of(Infer{{byte_tensor("a"), byte_tensor("b")}, {}, {}}) == "");
}

BOOST_AUTO_TEST_CASE(temperature_is_from_0_to_2) {
  const auto with = [](double value) {
    return refusal([=](ServeRequest&, Generate& generate) { generate.sampling.temperature = value; });
  };

  BOOST_TEST(with(2.0) == "");
  BOOST_TEST(with(2.5) == "temperature: temperature is 2.5, it must be in [0, 2]");
  BOOST_TEST(with(-0.1) == "temperature: temperature is -0.1, it must be in [0, 2]");
  BOOST_TEST(with(std::numeric_limits<double>::quiet_NaN()) == "temperature: temperature is nan, it must be in [0, 2]");
}

BOOST_AUTO_TEST_CASE(top_p_is_above_0_and_at_most_1) {
  const auto with = [](double value) {
    return refusal([=](ServeRequest&, Generate& generate) { generate.sampling.top_p = value; });
  };

  BOOST_TEST(with(1.0) == "");
  BOOST_TEST(with(0.0) == "top_p: top_p is 0, it must be in (0, 1]");
  BOOST_TEST(with(1.5) == "top_p: top_p is 1.5, it must be in (0, 1]");
  BOOST_TEST(with(std::numeric_limits<double>::quiet_NaN()) == "top_p: top_p is nan, it must be in (0, 1]");
}

BOOST_AUTO_TEST_CASE(max_tokens_is_at_least_1) {
  BOOST_TEST(refusal([](ServeRequest&, Generate& generate) { generate.sampling.max_tokens = 0; }) ==
             "max_tokens: max_tokens is 0, it must be at least 1 unless the prompt is echoed");
}

BOOST_AUTO_TEST_CASE(stop_strings_are_few_short_and_not_empty) {
  const auto with = [](std::vector<std::string> stop) {
    return refusal([&](ServeRequest&, Generate& generate) { generate.sampling.stop = std::move(stop); });
  };

  BOOST_TEST(with({"a", "b", "c", "d", "e"}) == "stop: 5 stop strings are given, at most 4 are allowed");
  BOOST_TEST(with({"a", ""}) == "stop: a stop string is empty, give at least one character");
  BOOST_TEST(with({std::string(1025, 's')}) == "stop: a stop string has 1025 bytes, at most 1024 are allowed");
}

BOOST_AUTO_TEST_CASE(prompts_are_neither_empty_nor_endless) {
  const auto with = [](auto prompt) {
    return refusal([&](ServeRequest&, Generate& generate) { generate.prompt = std::move(prompt); });
  };

  BOOST_TEST(with(PlainText{}) == "prompt: prompt is empty, give at least one character");
  BOOST_TEST(with(PlainText{std::string(prompt_bytes_max + 1, 'p')}) ==
             "prompt: prompt has 4194305 bytes, at most 4194304 are allowed");
  BOOST_TEST(with(TokenIds{}) == "prompt: prompt is empty, give at least one token id");
  BOOST_TEST(with(TokenIds{{1, 2, -3}}) == "prompt: token id -3 at 2 is negative");
  BOOST_TEST(with(Conversation{}) == "messages: messages is empty, give at least one message");
  BOOST_TEST(with(Conversation{{{"", "Hi"}}}) == "messages: message 0 has no role");
  BOOST_TEST(with(Conversation{{{"user", std::string(prompt_bytes_max, 'p')}}}) ==
             "messages: the conversation has 4194308 bytes, at most 4194304 are allowed");
}

BOOST_AUTO_TEST_CASE(tools_and_their_calls_have_names_and_bounds) {
  const auto with = [](auto change) {
    return refusal([&](ServeRequest&, Generate& generate) {
      Conversation chat{{{"user", "Hi"}}, {{"f"}, {"g"}}};
      change(chat);
      generate.prompt = std::move(chat);
    });
  };

  BOOST_TEST(with([](Conversation& chat) { chat.tools[1].name = "f"; }) == "tools: tool f is given twice");
  BOOST_TEST(with([](Conversation& chat) { chat.tools[1].name = "a b"; }) ==
             "tools: the name of a tool must have 1 to 64 letters, digits, '_' and '-'");
  BOOST_TEST(with([](Conversation& chat) { chat.tools.resize(tools_max + 1); }) ==
             "tools: 129 tools are given, at most 128 are allowed");
  BOOST_TEST(with([](Conversation& chat) { chat.tools[0].parameters = std::string(prompt_bytes_max, 'p'); }) ==
             "messages: the conversation has 4194312 bytes, at most 4194304 are allowed");
  BOOST_TEST(with([](Conversation& chat) { chat.tool_choice = ToolChoice::named; }) ==
             "tool_choice: a call of \"\" is wanted, which is none of the tools");
  BOOST_TEST(with([](Conversation& chat) {
               chat.tools.clear();
               chat.tool_choice = ToolChoice::required;
             }) == "tool_choice: a call is required, but there are no tools");
  BOOST_TEST(with([](Conversation& chat) {
               chat.messages[0].tool_calls = {{"c", "", ""}};
             }) == "messages: a call in message 0 has no name");
  BOOST_TEST(with([](Conversation& chat) { chat.messages[0].tool_calls.resize(tool_calls_max + 1); }) ==
             "messages: 129 calls in a message are given, at most 128 are allowed");
}

BOOST_AUTO_TEST_CASE(names_are_plain) {
  const auto model = [](std::string name) {
    return refusal([&](ServeRequest& serve, Generate&) { serve.model = std::move(name); });
  };

  BOOST_TEST(model("") == "model: model is empty");
  BOOST_TEST(model("../etc") == "model: model must begin with a letter or digit");
  BOOST_TEST(model("clerk@2") == "model: model may have letters, digits, '.', '_' and '-' only");
  BOOST_TEST(model(std::string(129, 'm')) == "model: model has 129 bytes, at most 128 are allowed");
  BOOST_TEST(refusal([](ServeRequest& serve, Generate&) { serve.version = "a/b"; }) ==
             "version: version may have letters, digits, '.', '_' and '-' only");
}

BOOST_AUTO_TEST_CASE(ids_are_bounded) {
  BOOST_TEST(refusal([](ServeRequest& serve, Generate&) { serve.request_id = std::string(129, 'r'); }) ==
             "request_id: request_id has 129 bytes, at most 128 are allowed");
  BOOST_TEST(refusal([](ServeRequest& serve, Generate&) { serve.unit = std::string(257, 'u'); }) ==
             "user: user has 257 bytes, at most 256 are allowed");
}

BOOST_AUTO_TEST_CASE(tensors_are_named_once_and_whole) {
  Tensor torn = byte_tensor("torn");
  torn.shape = {2};

  BOOST_TEST(refusal_of(Infer{}) == "inputs: inputs is empty, give at least one tensor");
  BOOST_TEST(refusal_of(Infer{{byte_tensor("")}, {}, {}}) == "inputs: a tensor has no name");
  BOOST_TEST(refusal_of(Infer{{byte_tensor("a"), byte_tensor("a")}, {}, {}}) == "inputs: tensor a is given twice");
  BOOST_TEST(refusal_of(Infer{{torn}, {}, {}}) ==
             "inputs: tensor torn: 2 elements of UINT8 take 2 bytes, but data has 1");
}

BOOST_AUTO_TEST_CASE(outputs_and_parameters_are_bounded) {
  BOOST_TEST(refusal_of(Infer{{byte_tensor("a")}, {""}, {}}) == "outputs: the name of an output is empty");
  BOOST_TEST(refusal_of(Infer{{byte_tensor("a")}, std::vector<std::string>(65, "o"), {}}) ==
             "outputs: 65 names are given, at most 64 are allowed");
  BOOST_TEST(refusal_of(Infer{{byte_tensor("a")}, {}, {{"p", std::string(4097, 'v')}}}) ==
             "parameters: parameter p has 4097 bytes, at most 4096 are allowed");
}

BOOST_AUTO_TEST_CASE(penalties_and_biases_have_ranges) {
  const auto with = [](auto change) {
    return refusal([&](ServeRequest&, Generate& generate) { change(generate.sampling); });
  };

  BOOST_TEST(with([](Sampling& s) { s.min_p = 1.5; }) == "min_p: min_p is 1.5, it must be in [0, 1]");
  BOOST_TEST(with([](Sampling& s) { s.frequency_penalty = -3; }) ==
             "frequency_penalty: frequency_penalty is -3, it must be in [-2, 2]");
  BOOST_TEST(with([](Sampling& s) { s.presence_penalty = NAN; }) ==
             "presence_penalty: presence_penalty is nan, it must be in [-2, 2]");
  BOOST_TEST(with([](Sampling& s) { s.repetition_penalty = 0; }) ==
             "repetition_penalty: repetition_penalty is 0, it must be in (0, 10]");
  BOOST_TEST(with([](Sampling& s) {
               s.logit_bias = {{5, 101}};
             }) == "logit_bias: logit_bias is 101, it must be in [-100, 100]");
  BOOST_TEST(with([](Sampling& s) { s.logit_bias = {{5, 1}, {5, 2}}; }) == "logit_bias: token 5 is given twice");
  BOOST_TEST(with([](Sampling& s) { s.min_tokens = 17; }) == "min_tokens: min_tokens is 17, more than max_tokens, 16");
  BOOST_TEST(with([](Sampling& s) { s.stop_token_ids = {-1}; }) == "stop_token_ids: token id -1 is negative");
}

BOOST_AUTO_TEST_CASE(choices_and_log_probabilities_are_bounded) {
  BOOST_TEST(refusal([](ServeRequest&, Generate& generate) { generate.choices = 0; }) ==
             "n: n is 0, it must be 1 to 16");
  BOOST_TEST(refusal([](ServeRequest&, Generate& generate) { generate.choices = 17; }) ==
             "n: n is 17, it must be 1 to 16");
  BOOST_TEST(refusal([](ServeRequest&, Generate& generate) { generate.top_logprobs = 21; }) ==
             "top_logprobs: top_logprobs is 21, at most 20 are allowed");
}

BOOST_AUTO_TEST_CASE(formats_of_answers_are_there_and_bounded) {
  const auto with = [](AnswerFormat format) {
    return refusal([&](ServeRequest&, Generate& generate) { generate.answer_format = std::move(format); });
  };

  BOOST_TEST(with(JsonObject{}) == "");
  BOOST_TEST(with(JsonSchema{"{}"}) == "");
  BOOST_TEST(with(JsonSchema{""}) == "response_format: the schema is empty; {} allows any document");
  BOOST_TEST(with(JsonSchema{std::string(65537, ' ')}) ==
             "response_format: the schema has 65537 bytes, at most 65536 are allowed");
  BOOST_TEST(with(TextChoice{{"a", "b"}}) == "");
  BOOST_TEST(with(TextChoice{}) == "structured_outputs: choice is empty, give at least one text");
  BOOST_TEST(with(TextChoice{{"a", ""}}) == "structured_outputs: a choice is empty, give at least one character");
  BOOST_TEST(with(TextChoice{std::vector<std::string>(1025, "a")}) ==
             "structured_outputs: 1025 choices are given, at most 1024 are allowed");
}

BOOST_AUTO_TEST_CASE(what_is_to_be_embedded_is_there_and_bounded) {
  BOOST_TEST(refusal_of(Embed{.inputs = {PlainText{"a"}, TokenIds{{1}}, TextPair{"q", ""}}}) == "");
  BOOST_TEST(refusal_of(Embed{}) == "input: input is empty, give at least one text");
  BOOST_TEST(refusal_of(Embed{.inputs = {PlainText{"a"}, PlainText{}}}) ==
             "input: input 1 is empty, give at least one character");
  BOOST_TEST(refusal_of(Embed{.inputs = std::vector<decltype(Embed::inputs)::value_type>(2049, PlainText{"a"})}) ==
             "input: 2049 inputs are given, at most 2048 are allowed");
  BOOST_TEST(refusal_of(Embed{.inputs = {PlainText{"a"}}, .task = EmbedTask::scores, .dimensions = 3}) ==
             "dimensions: dimensions is for vectors; scores have one for each label");
}

BOOST_AUTO_TEST_CASE(what_is_to_be_tokenized_may_be_empty_but_not_wrong) {
  BOOST_TEST(refusal_of(Tokenize{}) == "");
  BOOST_TEST(refusal_of(Tokenize{.input = TokenIds{}}) == "");
  BOOST_TEST(refusal_of(Tokenize{.input = TokenIds{{-4}}}) == "prompt: token id -4 at 0 is negative");
  BOOST_TEST(refusal_of(Tokenize{.input = Conversation{}}) == "messages: messages is empty, give at least one message");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::protocol
