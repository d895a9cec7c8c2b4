// What a request can ask of its text besides temperature and stop strings.

#include <boost/test/unit_test.hpp>
#include <set>

#include "gpu/engine/text_engine.hpp"
#include "test/unit/gpu_engine/engine_support.hpp"

using namespace troupe;
using namespace troupe::gpu;

namespace {

GenerateInput greedy(int32_t max_tokens = 24) {
  return {"marks the spot", {.temperature = 0, .max_tokens = max_tokens, .ignore_eos = true}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(steering)

BOOST_AUTO_TEST_CASE(a_stop_token_ends_the_text_before_it) {
  const auto engine = load_engine(tiny_folder("tied"));
  const Generated whole = generate_one(*engine, greedy());
  GenerateInput input = greedy();
  input.sampling.stop_tokens = {whole.tokens[5]};

  const Generated stopped = generate_one(*engine, input);

  const auto first = std::ranges::find(whole.tokens, whole.tokens[5]) - whole.tokens.begin();
  BOOST_TEST((stopped.finish == FinishReason::stop));
  BOOST_TEST(stopped.tokens.size() == static_cast<size_t>(first) + 1);
  BOOST_TEST(whole.text.starts_with(stopped.text));
}

BOOST_AUTO_TEST_CASE(nothing_ends_a_text_before_min_tokens) {
  const auto engine = load_engine(tiny_folder("tied"));
  const Generated whole = generate_one(*engine, greedy());
  GenerateInput input = greedy();
  input.sampling.stop_tokens = {whole.tokens[0], whole.tokens[1]};
  input.sampling.min_tokens = 10;

  const Generated steered = generate_one(*engine, input);

  BOOST_TEST(steered.tokens.size() >= 10U);
  const std::set<int32_t> early(steered.tokens.begin(), steered.tokens.begin() + 10);
  BOOST_TEST(!early.contains(whole.tokens[0]));
  BOOST_TEST(!early.contains(whole.tokens[1]));
}

BOOST_AUTO_TEST_CASE(a_stop_string_before_min_tokens_is_passed_over) {
  const auto engine = load_engine(tiny_folder("tied"));
  const Generated whole = generate_one(*engine, greedy());
  GenerateInput input = greedy();
  const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  size_t end = 1;
  while (!is_start(whole.text[end])) ++end;
  input.sampling.stop = {whole.text.substr(0, end)};
  input.sampling.min_tokens = input.sampling.max_tokens;

  BOOST_TEST(generate_one(*engine, input).tokens == whole.tokens, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_bias_forces_and_forbids_tokens) {
  const auto engine = load_engine(tiny_folder("tied"));
  const Generated whole = generate_one(*engine, greedy());
  GenerateInput forced = greedy();
  forced.sampling.logit_bias = {{65, 100.0F}};
  GenerateInput forbidden = greedy();
  forbidden.sampling.logit_bias = {{whole.tokens[0], -100.0F}};

  for (const int32_t token : generate_one(*engine, forced).tokens) BOOST_TEST(token == 65);
  BOOST_TEST(generate_one(*engine, forbidden).tokens[0] != whole.tokens[0]);
}

BOOST_AUTO_TEST_CASE(a_strong_frequency_penalty_leaves_no_token_twice) {
  const auto engine = load_engine(tiny_folder("tied"));
  GenerateInput input = greedy(40);
  input.sampling.frequency_penalty = 2;
  input.sampling.logit_bias.clear();
  const Generated plain = generate_one(*engine, greedy(40));

  const Generated steered = generate_one(*engine, input);

  const auto distinct = [](const Generated& text) {
    return std::set<int32_t>(text.tokens.begin(), text.tokens.end()).size();
  };
  BOOST_TEST(distinct(steered) > distinct(plain));
}

BOOST_AUTO_TEST_CASE(steered_texts_are_the_same_alone_and_in_company) {
  const auto engine = load_engine(tiny_folder("tied"), {.max_sequences = 4, .tokens_per_step = 9});
  std::vector<GenerateInput> inputs;
  for (int i = 0; i < 6; ++i) {
    inputs.push_back({std::string(static_cast<size_t>(1 + i), 'y'),
                      {.temperature = i % 2 == 0 ? 0.0F : 1.0F,
                       .min_p = 0.02F,
                       .seed = static_cast<uint64_t>(i),
                       .max_tokens = 20,
                       .min_tokens = 5,
                       .frequency_penalty = 0.3F,
                       .repetition_penalty = 1.2F}});
  }

  const auto together = generate(*engine, inputs);

  for (size_t i = 0; i < inputs.size(); ++i) {
    BOOST_TEST(together.at(i).tokens == generate_one(*engine, inputs[i]).tokens, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(each_token_has_its_score_and_the_likeliest_beside_it) {
  const auto engine = load_engine(tiny_folder("tied"));
  GenerateInput input = greedy(6);
  input.top_logprobs = 3;

  const Generated scored = generate_one(*engine, input);

  BOOST_TEST(scored.tokens == generate_one(*engine, greedy(6)).tokens, boost::test_tools::per_element());
  BOOST_TEST_REQUIRE(scored.scores.size() == scored.tokens.size());
  for (size_t i = 0; i < scored.tokens.size(); ++i) {
    const TokenScores& scores = scored.scores[i];
    BOOST_TEST(scores.chosen.id == scored.tokens[i]);
    BOOST_TEST(scores.chosen.logprob.value() < 0);
    BOOST_TEST_REQUIRE(scores.top.size() == 3U);
    BOOST_TEST(scores.top[0].id == scores.chosen.id);
    BOOST_TEST(scores.top[0].logprob.value() >= scores.top[1].logprob.value());
    BOOST_TEST(scores.top[1].logprob.value() >= scores.top[2].logprob.value());
  }
}

BOOST_AUTO_TEST_CASE(a_prompt_that_is_echoed_has_the_scores_that_it_would_have_been_generated_with) {
  const auto engine = load_engine(tiny_folder("tied"));
  const std::vector<int32_t> beginning{1, 17, 40, 5};
  GenerateInput first{beginning, {.temperature = 0, .max_tokens = 20, .ignore_eos = true}};
  first.top_logprobs = 2;
  const Generated generated = generate_one(*engine, first);
  std::vector<int32_t> whole = beginning;
  whole.insert(whole.end(), generated.tokens.begin(), generated.tokens.end());
  GenerateInput second{whole, {.temperature = 0, .max_tokens = 3, .ignore_eos = true}};
  second.top_logprobs = 2;
  second.echo = true;
  GenerateInput scored_only = second;
  scored_only.sampling.max_tokens = 0;
  EngineOptions narrow;  // The prompt takes many steps.
  narrow.tokens_per_step = narrow.max_sequences;

  for (const auto& other : {load_engine(tiny_folder("tied")), load_engine(tiny_folder("tied"), narrow)}) {
    const auto both = generate(*other, {second, scored_only, greedy()});
    const Generated& echoed = both.at(0);
    BOOST_TEST_REQUIRE(echoed.scores.size() == whole.size() + 3);
    BOOST_TEST(!echoed.scores[0].chosen.logprob);
    for (size_t i = 0; i < whole.size(); ++i) BOOST_TEST(echoed.scores[i].chosen.id == whole[i]);
    for (size_t i = 0; i < generated.scores.size(); ++i) {
      const TokenScores& scores = echoed.scores[beginning.size() + i];
      BOOST_TEST((scores.chosen.logprob == generated.scores[i].chosen.logprob));
      BOOST_TEST((scores.top[1].logprob == generated.scores[i].top[1].logprob));
    }
    BOOST_TEST((both.at(1).finish == FinishReason::length));
    BOOST_TEST(both.at(1).tokens.empty());
    BOOST_TEST(both.at(1).scores.size() == whole.size());
    BOOST_TEST(echoed.text.starts_with(both.at(1).text));
    BOOST_TEST(!both.at(1).text.empty());
  }
}

BOOST_AUTO_TEST_CASE(scores_are_the_models_whatever_steers_the_choice) {
  const auto engine = load_engine(tiny_folder("tied"));
  GenerateInput plain = greedy(1);
  plain.top_logprobs = 5;
  GenerateInput steered = plain;
  steered.sampling.logit_bias = {{65, 100.0F}};

  const TokenScores before = generate_one(*engine, plain).scores.at(0);
  const TokenScores after = generate_one(*engine, steered).scores.at(0);

  BOOST_TEST(after.chosen.id == 65);
  BOOST_TEST(after.chosen.logprob.value() < before.chosen.logprob.value());
  for (size_t i = 0; i < before.top.size(); ++i) BOOST_TEST((after.top[i].logprob == before.top[i].logprob));
}

BOOST_AUTO_TEST_CASE(an_echo_begins_with_the_prompt) {
  const auto engine = load_engine(tiny_folder("tied"));
  GenerateInput input = greedy(4);
  input.echo = true;
  GenerateInput chat{Chat{{{"user", "hi"}}}, {}, {}, true};

  BOOST_TEST(generate_one(*engine, input).text == "marks the spot" + generate_one(*engine, greedy(4)).text);
  BOOST_TEST(!engine->submit(9, chat).has_value());
}

BOOST_AUTO_TEST_CASE(parameters_out_of_range_are_refused_by_name) {
  const auto engine = load_engine(tiny_folder("tied"));
  const auto refused = [&](auto change) {
    GenerateInput input = greedy();
    change(input.sampling);
    return engine->submit(1, input).error().field;
  };

  BOOST_TEST(refused([](SamplingParams& p) { p.min_p = 2; }) == "min_p");
  BOOST_TEST(refused([](SamplingParams& p) { p.presence_penalty = -3; }) == "presence_penalty");
  BOOST_TEST(refused([](SamplingParams& p) { p.repetition_penalty = 0; }) == "repetition_penalty");
  BOOST_TEST(refused([](SamplingParams& p) { p.min_tokens = 25; }) == "min_tokens");
  BOOST_TEST(refused([](SamplingParams& p) { p.logit_bias = {{1, 200.0F}}; }) == "logit_bias");
}

BOOST_AUTO_TEST_SUITE_END()
