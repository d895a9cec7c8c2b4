#include <boost/test/unit_test.hpp>

#include "actors/gateway/http/error_answer.hpp"
#include "actors/gateway/http/openai.hpp"

using namespace troupe;
using namespace troupe::gateway;
using protocol::Generate;

namespace {

Result<OpenAiRequest> parse(OpenAiKind kind, std::string_view body) {
  JsonParser parser;
  return parse_openai_request(kind, body, parser);
}
Result<OpenAiRequest> completion(std::string_view body) {
  return parse(OpenAiKind::completion, body);
}
Result<OpenAiRequest> chat(std::string_view body) {
  return parse(OpenAiKind::chat, body);
}

const Generate& work(const Result<OpenAiRequest>& request) {
  return std::get<Generate>(request->serve.work);
}

/// `{"model":"clerk","prompt":"a",<more>}`
Result<OpenAiRequest> completion_with(std::string_view more) {
  return completion(fmt::format(R"({{"model":"clerk","prompt":"a",{}}})", more));
}
Result<OpenAiRequest> chat_with(std::string_view more) {
  return chat(fmt::format(R"({{"model":"clerk","messages":[{{"role":"user","content":"hi"}}],{}}})", more));
}

/// What a client is told, as "param | message".
std::string refusal(const Result<OpenAiRequest>& request) {
  return request ? "accepted" : request.error().field + " | " + request.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(openai_request)

BOOST_AUTO_TEST_CASE(a_completion_has_openais_defaults) {
  const auto request = completion(R"({"model":"clerk@2","prompt":"Once"})");

  BOOST_TEST_REQUIRE(request.has_value());
  BOOST_TEST(request->serve.model == "clerk");
  BOOST_TEST(request->serve.version == "2");
  BOOST_TEST(request->model == "clerk@2");
  BOOST_TEST(std::get<protocol::PlainText>(work(request).prompt).text == "Once");
  BOOST_TEST(work(request).sampling.max_tokens == 16u);
  BOOST_TEST(work(request).sampling.temperature == 1.0);
  BOOST_TEST(work(request).sampling.top_p == 1.0);
  BOOST_TEST(!work(request).sampling.seed);
  BOOST_TEST(!work(request).stream);
}

BOOST_AUTO_TEST_CASE(a_chat_takes_all_its_parameters) {
  const auto request = chat(R"({"model":"clerk","messages":[{"role":"system","content":"Be short."},
    {"role":"user","content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"}]}],
    "max_completion_tokens":7,"temperature":0,"top_p":0.5,"top_k":40,"seed":-3,"stop":["\n","."],"stream":true,
    "stream_options":{"include_usage":true},"n":1,"user":"anna"})");

  BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
  const auto& messages = std::get<protocol::Conversation>(work(request).prompt).messages;
  BOOST_TEST_REQUIRE(messages.size() == 2u);
  BOOST_TEST(messages[0].role == "system");
  BOOST_TEST(messages[1].content == "Hello");
  BOOST_TEST(work(request).sampling.max_tokens == 7u);
  BOOST_TEST(work(request).sampling.temperature == 0.0);
  BOOST_TEST(work(request).sampling.top_p == 0.5);
  BOOST_TEST(work(request).sampling.top_k == 40u);
  BOOST_TEST(*work(request).sampling.seed == static_cast<uint64_t>(-3));
  BOOST_TEST(work(request).sampling.stop.size() == 2u);
  BOOST_TEST(work(request).stream);
  BOOST_TEST(request->include_usage);
  BOOST_TEST(request->serve.unit == "anna");
}

BOOST_AUTO_TEST_CASE(a_chat_without_a_bound_runs_to_the_end_of_the_context) {
  BOOST_TEST(work(chat_with(R"("seed":1)")).sampling.max_tokens == chat_tokens_default);
}

BOOST_AUTO_TEST_CASE(a_text_can_be_steered) {
  const auto request = completion_with(R"("min_p":0.1,"frequency_penalty":0.5,"presence_penalty":-1,
    "repetition_penalty":1.2,"logit_bias":{"5":-100,"70000":2.5},"min_tokens":3,"stop_token_ids":[2,7],
    "ignore_eos":true,"n":4,"best_of":4,"logprobs":3)");

  BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
  const protocol::Sampling& sampling = work(request).sampling;
  BOOST_TEST(sampling.min_p == 0.1);
  BOOST_TEST(sampling.frequency_penalty == 0.5);
  BOOST_TEST(sampling.presence_penalty == -1.0);
  BOOST_TEST(sampling.repetition_penalty == 1.2);
  BOOST_TEST((sampling.logit_bias == std::vector<protocol::LogitBias>{{5, -100}, {70000, 2.5}}));
  BOOST_TEST(sampling.min_tokens == 3u);
  BOOST_TEST((sampling.stop_token_ids == std::vector<int32_t>{2, 7}));
  BOOST_TEST(sampling.ignore_eos);
  BOOST_TEST(work(request).choices == 4u);
  BOOST_TEST(*work(request).top_logprobs == 3u);
  BOOST_TEST(work(completion_with(R"("echo":true)")).echo);
}

BOOST_AUTO_TEST_CASE(a_chat_asks_for_log_probabilities_in_two_words) {
  BOOST_TEST(!work(chat_with(R"("logprobs":false)")).top_logprobs);
  BOOST_TEST(*work(chat_with(R"("logprobs":true)")).top_logprobs == 0u);
  BOOST_TEST(*work(chat_with(R"("logprobs":true,"top_logprobs":5)")).top_logprobs == 5u);
  BOOST_TEST(refusal(chat_with(R"("top_logprobs":5)")) == "top_logprobs | top_logprobs needs logprobs: true beside it");
}

BOOST_AUTO_TEST_CASE(prompts_come_as_text_list_or_token_ids) {
  BOOST_TEST(std::get<protocol::PlainText>(work(completion(R"({"model":"m","prompt":["a"]})")).prompt).text == "a");
  for (const char* prompt : {"[1,2,3]", "[[1,2,3]]"}) {
    const auto request = completion(fmt::format(R"({{"model":"m","prompt":{}}})", prompt));
    BOOST_TEST((std::get<protocol::TokenIds>(work(request).prompt).ids == std::vector<int32_t>{1, 2, 3}));
  }
}

BOOST_AUTO_TEST_CASE(the_newer_name_of_max_tokens_wins) {
  BOOST_TEST(work(chat_with(R"("max_tokens":5,"max_completion_tokens":6)")).sampling.max_tokens == 6u);
  BOOST_TEST(work(chat_with(R"("max_completion_tokens":6,"max_tokens":5)")).sampling.max_tokens == 6u);
}

BOOST_AUTO_TEST_CASE(null_means_the_default) {
  BOOST_TEST(completion_with(R"("max_tokens":null,"stop":null,"seed":null,"user":null,"logprobs":null,"tools":null)")
                 .has_value());
}

BOOST_AUTO_TEST_CASE(openais_other_parameters_pass_at_their_defaults) {
  BOOST_TEST(refusal(chat_with(R"("presence_penalty":0,"frequency_penalty":0.0,"logit_bias":{},"logprobs":false,
    "tools":[],"tool_choice":"none","parallel_tool_calls":true,"response_format":{"type":"text"},"store":false,
    "service_tier":"auto","modalities":["text"],"metadata":{})")) == "accepted");
  BOOST_TEST(refusal(completion_with(R"("best_of":1,"echo":false,"logprobs":false,"suffix":"")")) == "accepted");
}

BOOST_AUTO_TEST_CASE(openais_other_parameters_are_refused_by_name) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("prediction":{})", "prediction | prediction is not supported here, found an object; leave it out"},
      {R"("response_format":{"type":"structural_tag"})",
       R"(response_format | response_format of type "structural_tag" is not supported here; there are "text", )"
       R"("json_object" and "json_schema")"},
      {R"("structured_outputs":{"regex":"a+"})",
       "structured_outputs.regex | structured_outputs.regex is not supported here; use json or choice"},
      {R"("guided_json":{})",
       "guided_json | guided_json is not supported here, found an object; use response_format or "
       "structured_outputs.json"},
      {R"("best_of":3)", "best_of | best_of must be n = 1 or absent, found 3"},
      {R"("suffix":"end")", R"(suffix | suffix is not supported here, found the string "end"; leave it out)"},
      {R"("reasoning_effort":"low")",
       R"(reasoning_effort | reasoning_effort is not supported here, found the string "low"; leave it out)"},
  };
  for (const auto& [parameter, wanted] : cases) {
    const bool has_prompt = parameter.starts_with("\"prompt\"");
    const auto request =
        has_prompt ? completion(fmt::format(R"({{"model":"clerk",{}}})", parameter)) : completion_with(parameter);
    BOOST_TEST(refusal(request) == wanted);
    BOOST_TEST_REQUIRE(!request);
    BOOST_TEST(http_status(request.error()) == 400);
    BOOST_TEST((request.error().code == Errc::unimplemented));
  }
}

BOOST_AUTO_TEST_CASE(an_answer_is_held_to_a_format) {
  const auto format = [](const Result<OpenAiRequest>& request) {
    BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
    return work(request).answer_format;
  };
  const auto schema = [](const protocol::AnswerFormat& format) {
    return std::get<protocol::JsonSchema>(format).schema;
  };

  BOOST_TEST((format(chat_with(R"("response_format":{"type":"json_object"})")) ==
              protocol::AnswerFormat(protocol::JsonObject{})));
  BOOST_TEST(
      (format(chat_with(R"("response_format":{"type":"text"})")) == protocol::AnswerFormat(protocol::FreeText{})));
  BOOST_TEST((format(chat_with(R"("response_format":null)")) == protocol::AnswerFormat(protocol::FreeText{})));
  BOOST_TEST(schema(format(completion_with(R"("response_format":{"type":"json_schema","json_schema":{"name":"n",
    "description":"d","strict":true,"schema":{"type": "object",  "b":1,"a":[true, 1.5]}}})"))) ==
             R"({"type":"object","b":1,"a":[true,1.5]})");
  BOOST_TEST(schema(format(chat_with(R"("structured_outputs":{"json":{"type":"null"},"regex":null})"))) ==
             R"({"type":"null"})");
  BOOST_TEST(schema(format(chat_with(R"("structured_outputs":{"json":"{\"type\":\"null\"}"})"))) ==
             R"({"type":"null"})");
  BOOST_TEST((format(completion_with(R"("structured_outputs":{"choice":["yes","no"]})")) ==
              protocol::AnswerFormat(protocol::TextChoice{{"yes", "no"}})));
  BOOST_TEST((format(completion_with(R"("structured_outputs":{"json_object":true})")) ==
              protocol::AnswerFormat(protocol::JsonObject{})));
}

BOOST_AUTO_TEST_CASE(a_format_that_is_wrong_is_refused_by_name) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("response_format":"json")", "response_format"},
      {R"("response_format":{})", "response_format.type"},
      {R"("response_format":{"type":"json_schema"})", "response_format.json_schema"},
      {R"("response_format":{"type":"json_object","json_schema":{}})", "response_format.json_schema"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"n"}})", "response_format.json_schema.schema"},
      {R"("response_format":{"type":"json_schema","json_schema":{"schema":{}}})", "response_format.json_schema.name"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":3}})",
       "response_format.json_schema.schema"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schma":{}}})",
       "response_format.json_schema.schma"},
      {R"("response_format":{"type":"text","schema":{}})", "response_format.schema"},
      {R"("structured_outputs":{})", "structured_outputs"},
      {R"("structured_outputs":{"json":{},"choice":["a"]})", "structured_outputs.choice"},
      {R"("structured_outputs":{"choice":[1]})", "structured_outputs.choice"},
      {R"("structured_outputs":{"choices":["a"]})", "structured_outputs.choices"},
      {R"("structured_outputs":{"json":{}},"response_format":{"type":"json_object"})", "response_format"},
  };
  for (const auto& [parameter, field] : cases) {
    const auto request = chat_with(parameter);
    BOOST_TEST_REQUIRE(!request, parameter);
    BOOST_TEST(request.error().field == field);
    BOOST_TEST((request.error().code == Errc::invalid_argument), parameter);
  }
}

BOOST_AUTO_TEST_CASE(several_prompts_may_be_texts_and_token_ids) {
  const auto prompts = [](std::string_view list) {
    const auto request = completion(fmt::format(R"({{"model":"clerk","prompt":{}}})", list));
    BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
    return work(request).prompt;
  };
  using protocol::PlainText;
  using protocol::TokenIds;

  BOOST_TEST((prompts(R"(["a",[1,2]])") ==
              decltype(protocol::Generate::prompt)(protocol::PromptList{{PlainText{"a"}, TokenIds{{1, 2}}}})));
  BOOST_TEST((prompts(R"(["a"])") == decltype(protocol::Generate::prompt)(PlainText{"a"})));
  BOOST_TEST((prompts("[[7]]") == decltype(protocol::Generate::prompt)(TokenIds{{7}})));
  BOOST_TEST(refusal(completion(R"({"model":"clerk","prompt":["a",5]})")) ==
             "prompt | prompt[1] must be a string or a list of token ids, found the number 5");
}

BOOST_AUTO_TEST_CASE(wrong_values_are_refused_with_what_was_found_and_what_would_be_right) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("max_tokens":-1)", "max_tokens | max_tokens must be an integer from 0 to 2147483647, found the number -1"},
      {R"("max_tokens":1.5)", "max_tokens | max_tokens must be an integer from 0 to 2147483647, found the number 1.5"},
      {R"("max_tokens":"5")",
       R"(max_tokens | max_tokens must be an integer from 0 to 2147483647, found the string "5")"},
      {R"("max_tokens":18446744073709551615)",
       "max_tokens | max_tokens must be an integer from 0 to 2147483647, found the number 18446744073709551615"},
      {R"("temperature":2.5)", "temperature | temperature must be a number from 0 to 2, found 2.5"},
      {R"("temperature":-0.1)", "temperature | temperature must be a number from 0 to 2, found -0.1"},
      {R"("temperature":"hot")", R"(temperature | temperature must be a number from 0 to 2, found the string "hot")"},
      {R"("top_p":0)", "top_p | top_p must be a number above 0 and up to 1, found 0"},
      {R"("top_p":1.1)", "top_p | top_p must be a number above 0 and up to 1, found 1.1"},
      {R"("top_p":[])", "top_p | top_p must be a number above 0 and up to 1, found a list"},
      {R"("top_k":-2)", "top_k | top_k must be an integer from 0 to 2147483647, found the number -2"},
      {R"("seed":1.5)", "seed | seed must be an integer of 64 bits, found the number 1.5"},
      {R"("seed":"x")", R"(seed | seed must be an integer of 64 bits, found the string "x")"},
      {R"("stop":5)", "stop | stop must be a string or a list of strings, found the number 5"},
      {R"("stop":["a",null])", "stop | stop must be a string or a list of strings, found null"},
      {R"("stop":"")", "stop | stop must not hold an empty string"},
      {R"("stop":["a","b","c","d","e"])", "stop | stop may list 4 strings, found 5"},
      {R"("stream":"yes")", R"(stream | stream must be true or false, found the string "yes")"},
      {R"("stream":1)", "stream | stream must be true or false, found the number 1"},
      {R"("stream_options":{"include_usage":true})",
       "stream_options | stream_options is only for streams: set stream to true"},
      {R"("stream":true,"stream_options":[])", "stream_options | stream_options must be an object, found a list"},
      {R"("stream":true,"stream_options":{"include_usage":1})",
       "stream_options.include_usage | stream_options.include_usage must be true or false, found the number 1"},
      {R"("stream":true,"stream_options":{"include_usages":true})",
       "stream_options.include_usages | there is no parameter stream_options.include_usages (did you mean "
       "include_usage?)"},
      {R"("n":0)", "n | n must be an integer from 1 to 16, found the number 0"},
      {R"("n":17)", "n | n must be an integer from 1 to 16, found the number 17"},
      {R"("logprobs":true)", "logprobs | logprobs must be an integer from 0 to 20, found true"},
      {R"("top_logprobs":2)",
       "top_logprobs | top_logprobs belongs to /v1/chat/completions; a completion takes prompt, "
       "max_tokens and logprobs as a number"},
      {R"("presence_penalty":"much")",
       R"(presence_penalty | presence_penalty must be a number from -2 to 2, found the string "much")"},
      {R"("logit_bias":[1])", "logit_bias | logit_bias must be an object, found a list"},
      {R"("logit_bias":{"the":1})", R"(logit_bias | logit_bias has the key "the", it must be a token id)"},
      {R"("logit_bias":{"5":"x"})",
       R"(logit_bias | logit_bias must be a number from -100 to 100, found the string "x")"},
      {R"("stop_token_ids":[-1])",
       "stop_token_ids | stop_token_ids must be an integer from 0 to 2147483647, found the number -1"},
      {R"("user":5)", "user | user must be a string, found the number 5"},
      {R"("max_token":5)", "max_token | there is no parameter max_token (did you mean max_tokens?)"},
      {R"("colour":"red")", "colour | there is no parameter colour"},
      {R"("seed":1,"seed":2)", "seed | seed stands there twice"},
      {R"("messages":[])",
       "messages | messages belongs to /v1/chat/completions; a completion takes prompt, max_tokens and logprobs as a "
       "number"},
  };
  for (const auto& [parameter, wanted] : cases) BOOST_TEST(refusal(completion_with(parameter)) == wanted);
}

BOOST_AUTO_TEST_CASE(bodies_that_are_no_request_are_refused) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", " | the body is empty; a JSON object is wanted"},
      {" \r\n", " | the body is empty; a JSON object is wanted"},
      {"[1]", " | the body must be a JSON object, found a list"},
      {"5", " | the body must be a JSON object, found the number 5"},
      {"{}", "model | model is missing: it names the model to ask, e.g. clerk"},
      {R"({"model":"clerk"})", "prompt | prompt is missing: the text to complete"},
      {R"({"prompt":"a"})", "model | model is missing: it names the model to ask, e.g. clerk"},
      {R"({"model":5,"prompt":"a"})", "model | model must be a string, found the number 5"},
      {R"({"model":null,"prompt":"a"})", "model | model must be a string, found null"},
      {R"({"model":"clerk@","prompt":"a"})",
       R"(model | model must be a name or name@version, e.g. clerk or clerk@2, found "clerk@")"},
      {R"({"model":"m","prompt":null})",
       "prompt | prompt must be a string, a list of token ids or a list of either, found null"},
      {R"({"model":"m","prompt":{}})",
       "prompt | prompt must be a string, a list of token ids or a list of either, found an object"},
      {R"({"model":"m","prompt":[]})", "prompt | prompt must not be an empty list"},
      {R"({"model":"m","prompt":[[]]})", "prompt | prompt[0] must not be an empty list"},
      {R"({"model":"m","prompt":[true]})",
       "prompt | prompt[0] must be a string, a token id or a list of token ids, found true"},
      {R"({"model":"m","prompt":[1,"a"]})",
       R"(prompt | prompt[1] must be a token id (an integer from 0), found the string "a")"},
      {R"({"model":"m","prompt":[-1]})",
       "prompt | prompt[0] must be a token id (an integer from 0), found the number -1"},
      {R"({"model":"m","prompt":[3000000000]})",
       "prompt | prompt[0] must be a token id (an integer from 0), found the number 3000000000"},
  };
  for (const auto& [body, wanted] : cases) BOOST_TEST(refusal(completion(body)) == wanted);
}

BOOST_AUTO_TEST_CASE(broken_json_is_an_error_and_no_more) {
  for (const char* body : {"{", R"({"model":"m","prompt":"a")", R"({"model":"m",})", "nonsense", "\xff\xfe{}",
                           R"({"model":"m","prompt":"\ud800"})", R"({"model":"m","seed":1e999})"}) {
    const auto request = completion(body);
    BOOST_TEST_REQUIRE(!request, body);
    BOOST_TEST(request.error().message.starts_with("the body is not valid JSON: "), request.error().message);
  }
  BOOST_TEST(!completion(std::string(100'000, '[')));
}

BOOST_AUTO_TEST_CASE(messages_that_are_none_are_refused) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"null", "messages | messages must be a list, found null"},
      {"[]", "messages | messages must not be empty"},
      {"[5]", "messages[0] | messages[0] must be an object, found the number 5"},
      {R"([{"content":"a"}])", "messages[0].role | messages[0].role is missing: system, user, assistant or tool"},
      {R"([{"role":"user"}])", "messages[0].content | messages[0].content is missing"},
      {R"([{"role":"king","content":"a"}])",
       R"(messages[0].role | messages[0].role must be system, user, assistant or tool, found "king")"},
      {R"([{"role":"tool","content":"a"}])",
       "messages[0].tool_call_id | messages[0].tool_call_id is missing: the id of the call that this answers"},
      {R"([{"role":"user","content":"a","tool_call_id":"c"}])",
       "messages[0].tool_call_id | messages[0].tool_call_id belongs to the role tool"},
      {R"([{"role":"function","content":"a"}])",
       "messages[0].role | messages[0].role function is not supported here: tool is its successor"},
      {R"([{"role":"user","content":null}])",
       "messages[0].content | messages[0].content must be a string or a list of text parts, found null; null is for "
       "messages "
       "with tool_calls"},
      {R"([{"role":"user","content":[{"type":"image_url","image_url":{}}]}])",
       "messages[0].content[0].type | messages[0].content[0].type must be text, found image_url"},
      {R"([{"role":"user","content":[{"type":"text"}]}])",
       "messages[0].content[0].text | messages[0].content[0].text is missing"},
      {R"([{"role":"user","content":"a"},{"role":"user","contents":"b"}])",
       "messages[1].contents | there is no parameter messages[1].contents (did you mean content?)"},
      {R"([{"role":"assistant","content":"a","tool_calls":[{}]}])",
       "messages[0].tool_calls[0].id | messages[0].tool_calls[0].id is missing: what the call's answer names"},
      {R"([{"role":"assistant","content":"a","tool_calls":[{"id":"c","function":{"name":"f","arguments":7}}]}])",
       "messages[0].tool_calls[0].function.arguments | messages[0].tool_calls[0].function.arguments must be a string, "
       "found the number 7"},
      {R"([{"role":"user","content":"a","tool_calls":[{"id":"c","function":{"name":"f"}}]}])",
       "messages[0].tool_calls | messages[0].tool_calls belongs to the role assistant"},
      {R"([{"role":"user","role":"user","content":"a"}])", "messages[0].role | messages[0].role stands there twice"},
  };
  for (const auto& [messages, wanted] : cases) {
    BOOST_TEST(refusal(chat(fmt::format(R"({{"model":"m","messages":{}}})", messages))) == wanted);
  }
  BOOST_TEST(refusal(chat_with(R"("prompt":"a")")) ==
             "prompt | prompt belongs to /v1/completions; a chat takes messages");
}

BOOST_AUTO_TEST_CASE(a_parser_serves_many_bodies) {
  JsonParser parser;
  BOOST_TEST(parse_openai_request(OpenAiKind::completion, R"({"model":"m","prompt":"a"})", parser).has_value());
  BOOST_TEST(!parse_openai_request(OpenAiKind::completion, "{", parser));
  const auto large = fmt::format(R"({{"model":"m","prompt":"{}"}})", std::string(1 << 20, 'x'));
  BOOST_TEST(parse_openai_request(OpenAiKind::completion, large, parser).has_value());
  BOOST_TEST(parse_openai_request(OpenAiKind::completion, R"({"model":"m","prompt":"b"})", parser).has_value());
}

BOOST_AUTO_TEST_CASE(a_chat_takes_tools_with_their_schemas_as_they_were_written) {
  const auto request = chat_with(R"("tools":[{"type":"function","function":{"name":"f","description":"Does",
    "parameters":{"type":"object", "b":1.0,"a":[null]},"strict":true}},{"type":"function","function":{"name":"g"}}],
    "tool_choice":{"type":"function","function":{"name":"g"}},"parallel_tool_calls":false)");

  BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
  const auto& asked = std::get<protocol::Conversation>(work(request).prompt);
  BOOST_TEST((asked.tools == std::vector<protocol::Tool>{{"f", "Does", R"({"type":"object","b":1.0,"a":[null]})", true},
                                                         {"g", "", "", {}}}));
  BOOST_TEST((asked.tool_choice == protocol::ToolChoice::named));
  BOOST_TEST(asked.tool_name == "g");
  BOOST_TEST(!asked.parallel_tool_calls);
  BOOST_TEST(asked.messages.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_conversation_has_calls_and_their_answers) {
  const auto request = chat(R"({"model":"m","messages":[{"role":"user","content":"a","name":"ann"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
      "function":{"name":"f","arguments":"{\"a\": 1}"}},{"id":"c2","function":{"name":"g","arguments":{"b":2}}}]},
    {"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"7"}]},
    {"role":"assistant","content":"b","tool_calls":[]}]})");

  BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
  const auto& messages = std::get<protocol::Conversation>(work(request).prompt).messages;
  const std::vector<protocol::ChatMessage> wanted{
      {"user", "a", "ann"},
      {"assistant", "", "", "", {{"c1", "f", R"({"a": 1})"}, {"c2", "g", R"({"b":2})"}}},
      {"tool", "7", "", "c1"},
      {"assistant", "b"}};
  BOOST_TEST((messages == wanted));
}

BOOST_AUTO_TEST_CASE(a_choice_among_no_tools_is_as_if_there_were_none) {
  const auto request = chat_with(R"("tools":[],"tool_choice":"none","parallel_tool_calls":false)");

  BOOST_TEST_REQUIRE(request.has_value(), refusal(request));
  const protocol::Conversation plain{{{"user", "hi"}}};
  BOOST_TEST((std::get<protocol::Conversation>(work(request).prompt) == plain));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_tools_is_said_with_its_place) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("tools":{})", "tools | tools must be a list, found an object"},
      {R"("tools":[7])", "tools[0] | tools[0] must be an object, found the number 7"},
      {R"("tools":[{"function":{"name":"f"}}])", "tools[0].type | tools[0].type is missing: function"},
      {R"("tools":[{"type":"web_search"}])",
       R"(tools[0].type | tools[0].type must be function, found the string "web_search")"},
      {R"("tools":[{"type":"function","function":{}}])", "tools[0].function.name | tools[0].function.name is missing"},
      {R"("tools":[{"type":"function","function":{"name":"f","parameters":"{}"}}])",
       R"(tools[0].function.parameters | tools[0].function.parameters must be an object, found the string "{}")"},
      {R"("tools":[{"type":"function","function":{"name":"f","parameter":{}}}])",
       "tools[0].function.parameter | there is no parameter tools[0].function.parameter (did you mean parameters?)"},
      {R"("tool_choice":"some")",
       "tool_choice | tool_choice must be auto, none, required or an object that names a function, found the string "
       "\"some\""},
      {R"("tool_choice":{"type":"function"})", "tool_choice.function.name | tool_choice.function.name is missing"},
      {R"("tool_choice":"required")", "tool_choice | tool_choice wants a call, but there are no tools to choose from"},
      {R"("parallel_tool_calls":1)",
       "parallel_tool_calls | parallel_tool_calls must be true or false, found the number 1"},
  };
  for (const auto& [more, wanted] : cases) BOOST_TEST(refusal(chat_with(more)) == wanted);
  BOOST_TEST(refusal(completion_with(R"("tools":[])")) ==
             "tools | tools belongs to /v1/chat/completions; a completion takes prompt, max_tokens and logprobs as a "
             "number");
}

BOOST_AUTO_TEST_SUITE_END()
