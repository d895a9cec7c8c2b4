#include "gpu/engine/text_engine.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_engine/engine_support.hpp"

using namespace troupe;
using namespace troupe::gpu;
namespace data = boost::unit_test::data;

namespace {

const char* const variants[] = {"tied", "untied"};

struct Cases {
  explicit Cases(const std::string& variant) {
    const auto reference = read_json(tiny_folder(variant) / "reference.json");
    for (const auto& prompt : reference["prompts"]) {
      greedy.push_back(prompt["greedy"].get<std::vector<int32_t>>());
      inputs.push_back(
          {prompt["ids"].get<std::vector<int32_t>>(),
           {.temperature = 0, .max_tokens = static_cast<int32_t>(greedy.back().size()), .ignore_eos = true}});
    }
  }
  std::vector<GenerateInput> inputs;
  std::vector<std::vector<int32_t>> greedy;
};

void check_greedy(TextEngine& engine, const Cases& cases) {
  const auto all = generate(engine, cases.inputs);
  for (size_t i = 0; i < cases.inputs.size(); ++i) {
    BOOST_TEST(all.at(i).tokens == cases.greedy[i]);
    BOOST_TEST((all.at(i).finish == FinishReason::length));
  }
}

GenerateInput sampled(std::string prompt, uint64_t seed, int32_t max_tokens = 30) {
  return {std::move(prompt), {.seed = seed, .max_tokens = max_tokens, .ignore_eos = true}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_engine)

BOOST_DATA_TEST_CASE(greedy_tokens_are_those_of_transformers_one_by_one, data::make(variants), variant) {
  const Cases cases(variant);
  const auto engine = load_engine(tiny_folder(variant));

  for (size_t i = 0; i < cases.inputs.size(); ++i) {
    BOOST_TEST(generate_one(*engine, cases.inputs[i]).tokens == cases.greedy[i]);
  }
}

BOOST_DATA_TEST_CASE(greedy_tokens_are_those_of_transformers_side_by_side, data::make(variants), variant) {
  const Cases cases(variant);
  const auto engine = load_engine(tiny_folder(variant));
  check_greedy(*engine, cases);
  BOOST_TEST(engine->stats().preemptions == 0U);
}

BOOST_DATA_TEST_CASE(greedy_tokens_are_the_same_with_prompts_in_pieces, data::make(variants), variant) {
  const Cases cases(variant);
  const auto engine = load_engine(tiny_folder(variant), {.max_sequences = 4, .tokens_per_step = 7, .threads = 2});
  check_greedy(*engine, cases);
}

BOOST_DATA_TEST_CASE(greedy_tokens_are_the_same_after_preemption, data::make(variants), variant) {
  Cases cases(variant);
  // Six sequences of some 22 tokens in eight blocks of 16 do not fit together.
  for (int i = 0; i < 4; ++i) {
    cases.inputs.push_back(cases.inputs[1]);
    cases.greedy.push_back(cases.greedy[1]);
  }
  const auto whole = load_engine(tiny_folder(variant), {.max_sequences = 1});
  const uint64_t block = whole->stats().kv_cache.value / whole->stats().kv_blocks_total;
  const auto engine = load_engine(tiny_folder(variant), {.max_sequences = 8, .kv_cache_bytes = {8 * block}});

  check_greedy(*engine, cases);

  BOOST_TEST(engine->stats().preemptions > 0U);
  BOOST_TEST(engine->stats().kv_blocks_used == 0U);
}

BOOST_AUTO_TEST_CASE(one_seed_gives_one_text_alone_in_company_and_in_pieces) {
  const auto roomy = load_engine(tiny_folder("tied"));
  const auto tight = load_engine(tiny_folder("tied"), {.max_sequences = 3, .tokens_per_step = 5, .threads = 2});
  std::vector<GenerateInput> inputs;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    inputs.push_back(sampled(std::string(1 + 3 * seed, 'x') + " marks the spot", seed));
  }

  const auto together = generate(*roomy, inputs);
  const auto in_pieces = generate(*tight, inputs);

  for (size_t i = 0; i < inputs.size(); ++i) {
    const Generated alone = generate_one(*roomy, inputs[i]);
    BOOST_TEST(together.at(i).tokens == alone.tokens);
    BOOST_TEST(in_pieces.at(i).tokens == alone.tokens);
    BOOST_TEST(together.at(i).text == alone.text);
  }
}

BOOST_AUTO_TEST_CASE(another_seed_gives_another_text) {
  const auto engine = load_engine(tiny_folder("tied"));
  BOOST_TEST(generate_one(*engine, sampled("hello", 1)).tokens != generate_one(*engine, sampled("hello", 2)).tokens);
}

BOOST_AUTO_TEST_CASE(the_text_ends_before_a_stop_string) {
  const auto engine = load_engine(tiny_folder("tied"));
  const Generated whole = generate_one(*engine, sampled("hello", 1));
  // Two letters side by side, which mostly are two tokens.
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  size_t from = 0;
  while (!is_ascii(whole.text[from]) || !is_ascii(whole.text[from + 1])) ++from;
  GenerateInput input = sampled("hello", 1);
  input.sampling.stop = {"never said by anyone", whole.text.substr(from, 2)};

  const Generated stopped = generate_one(*engine, input);

  BOOST_TEST((stopped.finish == FinishReason::stop));
  BOOST_TEST(stopped.text == whole.text.substr(0, whole.text.find(input.sampling.stop[1])));
  BOOST_TEST(stopped.tokens.size() < whole.tokens.size());
}

BOOST_AUTO_TEST_CASE(cancelling_frees_the_cache_and_ends_the_events) {
  const auto engine = load_engine(tiny_folder("tied"), {.max_sequences = 2});
  for (const uint64_t id : {1, 2, 3}) BOOST_REQUIRE(engine->submit(id, sampled("some text", id, 50)));
  BOOST_TEST(engine->step().size() == 2U);
  BOOST_TEST(engine->stats().waiting == 1U);
  const uint32_t used = engine->stats().kv_blocks_used;

  engine->cancel(1);
  engine->cancel(3);
  engine->cancel(99);

  BOOST_TEST(engine->stats().kv_blocks_used < used);
  for (const SequenceEvent& event : engine->step()) BOOST_TEST(event.id == 2U);
  engine->cancel(2);
  BOOST_TEST(engine->idle());
  BOOST_TEST(engine->step().empty());
  BOOST_TEST(engine->stats().kv_blocks_used == 0U);
}

BOOST_AUTO_TEST_CASE(warming_up_leaves_no_trace) {
  const auto engine = load_engine(tiny_folder("tied"));
  const Generated before = generate_one(*engine, sampled("hello", 1));
  const EngineStats stats = engine->stats();

  BOOST_TEST(engine->warm_up().has_value());

  BOOST_TEST(engine->stats().steps == stats.steps);
  BOOST_TEST(engine->stats().generated_tokens == stats.generated_tokens);
  BOOST_TEST(engine->stats().kv_blocks_used == 0U);
  BOOST_TEST(generate_one(*engine, sampled("hello", 1)).tokens == before.tokens);
  BOOST_REQUIRE(engine->submit(1, sampled("busy", 1)));
  BOOST_TEST((engine->warm_up().error().code == Errc::failed_precondition));
}

BOOST_AUTO_TEST_CASE(tokens_are_counted) {
  const auto engine = load_engine(tiny_folder("tied"));
  const Generated generated = generate_one(*engine, sampled("hello", 1, 5));

  BOOST_TEST(generated.completion_tokens == 5U);
  BOOST_TEST(engine->stats().generated_tokens == 5U);
  BOOST_TEST(engine->stats().prompt_tokens == 5U);  // <bos>, h, "el", l, o
  BOOST_TEST(engine->stats().steps == 5U);
}

BOOST_AUTO_TEST_SUITE_END()
