// Texts that are held to a format, by a model of random weights: what it would rather say is never that.

#include <boost/test/unit_test.hpp>
#include <set>

#include "gpu/engine/constraint/json_schema.hpp"
#include "gpu/engine/format_tokens.hpp"
#include "gpu/engine/text_engine.hpp"
#include "test/unit/gpu_constraint/support.hpp"
#include "test/unit/gpu_engine/engine_support.hpp"

using namespace troupe;
using namespace troupe::gpu;
using nlohmann::json;

namespace {

/// Of bounded size, so that most documents fit the model's context.
constexpr const char* order_schema = R"({"type":"object","properties":{
    "size":{"enum":["small","large"]},"count":{"type":"integer","minimum":1,"maximum":99},
    "note":{"type":"string","maxLength":6},"tags":{"type":"array","items":{"type":"boolean"},"maxItems":3}},
    "required":["size","count"],"additionalProperties":false})";

GenerateInput held(AnswerFormat format, SamplingParams sampling = {}) {
  if (sampling.max_tokens == 16) sampling.max_tokens = 110;
  GenerateInput input{"xy", std::move(sampling)};
  input.format = std::move(format);
  return input;
}

void check_order(const json& order) {
  BOOST_TEST((order.at("size") == "small" || order.at("size") == "large"));
  BOOST_TEST((order.at("count").is_number_integer() && order["count"] >= 1 && order["count"] <= 99));
  for (const auto& [key, value] : order.items()) {
    BOOST_TEST((key == "size" || key == "count" || key == "note" || key == "tags"));
    if (key == "note") BOOST_TEST(value.is_string());
    if (key != "tags") continue;
    BOOST_TEST(value.size() <= 3U);
    for (const json& tag : value) BOOST_TEST(tag.is_boolean());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(format)

BOOST_AUTO_TEST_CASE(every_answer_satisfies_its_schema_or_is_cut_off_at_max_tokens) {
  for (const char* variant : {"tied", "untied"}) {
    const auto engine = load_engine(tiny_folder(variant));
    std::vector<GenerateInput> inputs;
    for (uint64_t seed = 0; seed < 60; ++seed) inputs.push_back(held(JsonSchema{order_schema}, {.seed = seed}));
    size_t whole = 0;

    for (const auto& [seed, answer] : generate(*engine, inputs)) {
      Automaton automaton = automaton_of(order_schema);
      if (answer.finish == FinishReason::length) {
        // What is there has not gone astray; bytes of a character that is cut off are shown as one that is broken.
        const std::string text = answer.text.substr(0, answer.text.find("\xef\xbf\xbd"));
        BOOST_TEST(place_behind(automaton, text) != Automaton::nowhere, text);
        continue;
      }
      ++whole;
      BOOST_TEST((answer.finish == FinishReason::stop));
      BOOST_TEST(accepts(automaton, answer.text), answer.text);
      check_order(json::parse(answer.text));
    }
    BOOST_TEST(whole > 30U);
  }
}

BOOST_AUTO_TEST_CASE(any_json_object_can_be_asked_for) {
  const auto engine = load_engine(tiny_folder("tied"));
  std::vector<GenerateInput> inputs;
  for (uint64_t seed = 0; seed < 60; ++seed) inputs.push_back(held(AnyJsonObject{}, {.seed = seed}));
  size_t whole = 0;

  for (const auto& [seed, answer] : generate(*engine, inputs)) {
    BOOST_TEST(answer.text.starts_with("{"));
    if (answer.finish != FinishReason::stop) continue;
    ++whole;
    BOOST_TEST(json::parse(answer.text).is_object());
  }
  BOOST_TEST(whole > 5U);
}

BOOST_AUTO_TEST_CASE(a_choice_is_one_of_the_texts) {
  const auto engine = load_engine(tiny_folder("tied"));
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Generated answer = generate_one(*engine, held(TextChoice{{"north", "nor", "south"}}, {.seed = seed}));
    BOOST_TEST((answer.finish == FinishReason::stop));
    seen.insert(answer.text);
  }

  BOOST_TEST(seen == (std::set<std::string>{"north", "nor", "south"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_greedy_answer_is_held_too) {
  const auto engine = load_engine(tiny_folder("tied"));

  const Generated answer = generate_one(*engine, held(JsonSchema{R"({"const":"word"})"}, {.temperature = 0}));

  BOOST_TEST(answer.text == "\"word\"");
  BOOST_TEST((answer.finish == FinishReason::stop));
}

BOOST_AUTO_TEST_CASE(an_answer_that_max_tokens_cuts_off_says_so_and_one_that_just_fits_is_whole) {
  const auto engine = load_engine(tiny_folder("tied"));
  const auto digits = [&](int32_t max_tokens) {
    SamplingParams sampling{.temperature = 0, .max_tokens = max_tokens};
    return generate_one(*engine, held(JsonSchema{R"({"const":12345})"}, sampling));
  };

  BOOST_TEST((digits(4).finish == FinishReason::length));
  BOOST_TEST(digits(4).text == "1234");
  BOOST_TEST((digits(5).finish == FinishReason::stop));
  BOOST_TEST((digits(6).finish == FinishReason::stop));
  BOOST_TEST(digits(6).text == "12345");
}

BOOST_AUTO_TEST_CASE(the_document_ends_the_text_whatever_min_tokens_and_ignore_eos_say) {
  const auto engine = load_engine(tiny_folder("tied"));
  const JsonSchema schema{R"({"type":"array","items":{"type":"boolean"},"maxItems":2})"};
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Generated late = generate_one(*engine, held(schema, {.seed = seed, .max_tokens = 60, .min_tokens = 50}));
    const Generated endless = generate_one(*engine, held(schema, {.seed = seed, .ignore_eos = true}));
    for (const Generated& answer : {late, endless}) {
      BOOST_TEST((answer.finish == FinishReason::stop));
      BOOST_TEST(json::parse(answer.text).is_array());
    }
  }
  // What can go on does until then.
  const Generated number =
      generate_one(*engine, held(JsonSchema{R"({"type":"integer","minimum":1})"}, {.min_tokens = 8}));
  BOOST_TEST(number.text.size() >= 8U);
}

BOOST_AUTO_TEST_CASE(stop_strings_and_stop_tokens_cut_a_document_off) {
  const auto engine = load_engine(tiny_folder("tied"));
  const auto cut = [&](SamplingParams sampling) {
    sampling.temperature = 0;
    return generate_one(*engine, held(JsonSchema{R"({"const":["a","b"]})"}, std::move(sampling)));
  };
  const int32_t comma = ',';  // Bytes are their own tokens.

  BOOST_TEST(cut({.stop = {"\",\"b", "\", \"b"}}).text == R"(["a)");
  BOOST_TEST(cut({.stop_tokens = {comma}}).text == R"(["a")");
  BOOST_TEST((cut({.stop_tokens = {comma}}).finish == FinishReason::stop));
}

BOOST_AUTO_TEST_CASE(held_texts_are_the_same_alone_and_in_company) {
  const auto engine = load_engine(tiny_folder("tied"), {.max_sequences = 4, .tokens_per_step = 9});
  std::vector<GenerateInput> inputs;
  for (uint64_t i = 0; i < 8; ++i) {
    const AnswerFormat formats[] = {AnyText{}, AnyJsonObject{}, JsonSchema{order_schema}, TextChoice{{"yes", "no"}}};
    inputs.push_back(held(formats[i % 4], {.min_p = 0.01F, .seed = i, .max_tokens = 40, .frequency_penalty = 0.3F}));
  }

  const auto together = generate(*engine, inputs);

  for (size_t i = 0; i < inputs.size(); ++i) {
    BOOST_TEST(together.at(i).tokens == generate_one(*engine, inputs[i]).tokens, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(scores_are_the_models_before_anything_is_held) {
  const auto engine = load_engine(tiny_folder("tied"));
  GenerateInput free{"xy", {.temperature = 0, .max_tokens = 1}};
  free.top_logprobs = 5;
  GenerateInput input = free;
  input.format = AnyJsonObject{};

  const TokenScores wanted = generate_one(*engine, free).scores.at(0);
  const TokenScores held_to = generate_one(*engine, input).scores.at(0);

  BOOST_TEST(held_to.chosen.text == "{");
  for (size_t i = 0; i < wanted.top.size(); ++i) BOOST_TEST((wanted.top[i].logprob == held_to.top[i].logprob));
}

BOOST_AUTO_TEST_CASE(an_echoed_prompt_is_not_held) {
  const auto engine = load_engine(tiny_folder("tied"));
  GenerateInput input = held(JsonSchema{R"({"const":1})"});
  input.echo = true;

  BOOST_TEST(generate_one(*engine, input).text == "xy1");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_schema_is_said_before_anything_runs) {
  const auto engine = load_engine(tiny_folder("tied"));

  const Error error = engine->submit(1, held(JsonSchema{R"({"properties":{"a":{"pattern":"x"}}})"})).error();

  BOOST_TEST(error.field == "response_format");
  BOOST_TEST(error.message.find("#/properties/a/pattern") != std::string::npos);
  BOOST_TEST(engine->idle());
}

BOOST_AUTO_TEST_CASE(special_and_end_tokens_are_no_text) {
  const Tokenizer tokenizer = Tokenizer::from_file(tiny_folder("tied") / "tokenizer.json").value();

  const TokenTree tree = format_tokens(tokenizer, std::vector<int32_t>{258}, 300).value();

  for (const int32_t id : {256, 257, 258}) BOOST_TEST(tree.bytes_of(id).empty());
  BOOST_TEST(tree.bytes_of('a') == "a");
  BOOST_TEST(tree.size() == 300U);
}

BOOST_AUTO_TEST_CASE(tokens_of_sentencepiece_have_their_spaces_and_bytes) {
  json vocabulary = {{"<unk>", 0}, {"\u2581a", 257}, {"\u2581", 258}, {"a\"", 259}};
  for (int byte = 0; byte < 256; ++byte) vocabulary[fmt::format("<0x{:02X}>", byte)] = byte + 1;
  const json file = {{"model",
                      {{"type", "BPE"},
                       {"unk_token", "<unk>"},
                       {"byte_fallback", true},
                       {"vocab", vocabulary},
                       {"merges", json::array()}}},
                     {"normalizer",
                      {{"type", "Sequence"},
                       {"normalizers",
                        {{{"type", "Prepend"}, {"prepend", "\u2581"}},
                         {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}}}}}},
                     {"decoder",
                      {{"type", "Sequence"},
                       {"decoders",
                        {{{"type", "Replace"}, {"pattern", {{"String", "\u2581"}}}, {"content", " "}},
                         {{"type", "ByteFallback"}},
                         {{"type", "Fuse"}},
                         {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}}};
  const Tokenizer tokenizer = Tokenizer::from_json(file.dump(), "pieces").value();

  const TokenTree tree = format_tokens(tokenizer, {}, 260).value();

  BOOST_TEST(tree.bytes_of(257) == " a");
  BOOST_TEST(tree.bytes_of(258) == " ");
  BOOST_TEST(tree.bytes_of(259) == "a\"");
  BOOST_TEST(tree.bytes_of(1 + '{') == "{");
  BOOST_TEST(tree.bytes_of(1 + 0xC3) == "\xc3");
}

BOOST_AUTO_TEST_CASE(a_tokenizer_whose_tokens_swallow_each_other_is_refused) {
  const Tokenizer words = Tokenizer::from_json(
                              R"({"model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"{":1,"a":2}},
                                  "pre_tokenizer":{"type":"Whitespace"},"decoder":{"type":"CTC","pad_token":"<pad>",
                                  "word_delimiter_token":"|","cleanup":false}})",
                              "words")
                              .value();

  const auto tokens = format_tokens(words, {}, 3);

  BOOST_TEST_REQUIRE(!tokens.has_value());
  BOOST_TEST((tokens.error().code == Errc::unimplemented));
}

BOOST_AUTO_TEST_SUITE_END()
