// What every family writes, against transformers; test/data/decoders_tiny/make_reference.py made the expectations.

#include <boost/test/data/test_case.hpp>

#include "test/support/tiny_model.hpp"
#include "test/unit/gpu_engine/engine_support.hpp"

namespace troupe::gpu {
namespace {

namespace data = boost::unit_test::data;

const char* const variants[] = {"llama_tied",   "llama_untied", "llama_biased", "llama_linear",   "llama_llama3",
                                "llama_bf16",   "llama_f16",    "mistral",      "mistral_window", "qwen2",
                                "qwen2_window", "qwen2_yarn",   "gpt2",         "gpt2_bf16"};

/// Greedy, as far as transformers leaves no doubt: until its two best logits are within 1e-4 of the largest.
std::vector<GenerateInput> inputs_of(const test::TinyModel& tiny) {
  std::vector<GenerateInput> inputs;
  for (const nlohmann::json& prompt : tiny.prompts()) {
    inputs.push_back({prompt["ids"].get<std::vector<int32_t>>(),
                      {.temperature = 0, .max_tokens = prompt["sure"].get<int32_t>(), .ignore_eos = true}});
  }
  return inputs;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(decoder_texts)

BOOST_DATA_TEST_CASE(greedy_texts_are_those_of_transformers_alone_and_batched, data::make(variants), variant) {
  const test::TinyModel tiny(variant);
  const std::vector<GenerateInput> inputs = inputs_of(tiny);
  const auto engine = load_engine(tiny.path(), {.max_sequences = 8, .tokens_per_step = 16});

  auto batched = generate(*engine, inputs);

  size_t sure = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const nlohmann::json& prompt = tiny.prompts()[i];
    const auto expected = prompt["greedy"].get<std::vector<int32_t>>();
    const size_t count = prompt["sure"].get<size_t>();
    const Generated alone = generate_one(*engine, inputs[i]);
    BOOST_TEST(alone.text == prompt["text"].get<std::string>());
    BOOST_TEST(alone.tokens == std::vector<int32_t>(expected.begin(), expected.begin() + static_cast<int64_t>(count)));
    BOOST_TEST(batched[i].text == alone.text);
    BOOST_TEST(batched[i].tokens == alone.tokens);
    sure += count;
  }
  BOOST_TEST_MESSAGE(variant << ": " << sure << " of " << 200 * inputs.size() << " tokens compared, the rest in doubt");
  BOOST_TEST(sure >= 500U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
