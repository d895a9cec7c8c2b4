#include "gpu/model/decoder_families.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "test/unit/gpu_loader/safetensors_file.hpp"
#include "test/unit/gpu_loader/temporary_folder.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;
using test::contains;

json small(const char* architecture) {
  json config = json::parse(R"({"hidden_act": "silu", "hidden_size": 64, "intermediate_size": 128,
      "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100, "max_position_embeddings": 512,
      "rms_norm_eps": 1e-5})");
  config["architectures"] = {architecture};
  return config;
}

json small_llama() {
  return small("LlamaForCausalLM");
}

json small_gpt2() {
  return json::parse(R"({"architectures": ["GPT2LMHeadModel"], "n_embd": 64, "n_head": 4, "n_layer": 2,
      "n_positions": 512, "vocab_size": 100})");
}

Result<DecoderDescription> describe(const json& config) {
  const test::TemporaryFolder folder;
  folder.write("config.json", config.dump());
  folder.write("tokenizer.json", "{}");
  folder.write("model.safetensors", test::safetensors_bytes("{}", 0));
  TROUPE_TRY(const ModelFolder model, ModelFolder::open(folder.path()));
  return describe_decoder(model);
}

/// Describes the model with one key changed and checks that the error names file and key.
std::string complaint(json config, const char* key, const json& value, Errc code = Errc::invalid_argument) {
  config[key] = value;
  const auto decoder = describe(config);
  BOOST_REQUIRE_MESSAGE(!decoder.has_value(), key << " = " << value << " was accepted");
  BOOST_TEST((decoder.error().code == code));
  BOOST_TEST(contains(decoder.error().message, "config.json: "));
  BOOST_TEST(contains(decoder.error().message, key));
  BOOST_TEST(contains(decoder.error().field, key));
  return decoder.error().message;
}

constexpr auto unsupported = Errc::unimplemented;

}  // namespace

BOOST_AUTO_TEST_SUITE(decoder_families)

BOOST_AUTO_TEST_CASE(an_unknown_architecture_is_refused_with_those_there_are) {
  BOOST_TEST(contains(complaint(small_llama(), "architectures", {"OPTForCausalLM"}, unsupported),
                      R"(architectures: ["OPTForCausalLM"] is not supported; supported: GPT2LMHeadModel, )"
                      "LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM"));

  json by_type = small_llama();
  by_type["architectures"] = nullptr;
  BOOST_TEST(describe((by_type["model_type"] = "llama", by_type)).has_value());
  BOOST_TEST(contains(complaint(by_type, "model_type", "opt", unsupported), "supported: GPT2LMHeadModel, "));
}

BOOST_AUTO_TEST_CASE(absent_options_take_the_values_that_transformers_gives_them) {
  const auto decoder = describe(small_llama());

  BOOST_REQUIRE(decoder.has_value());
  BOOST_TEST(decoder->kv_heads == 4);
  BOOST_TEST(decoder->head_dim == 16);
  BOOST_TEST(decoder->rotary->frequencies.size() == 8U);
  BOOST_TEST(decoder->rotary->frequencies[4] == 1e-2F, boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(decoder->rotary->scale == 1);
  BOOST_TEST(decoder->head == "lm_head.weight");
  BOOST_TEST(decoder->layers.size() == 2U);
  BOOST_TEST(decoder->layers[1].q.bias.empty());
  BOOST_TEST(decoder->layers[1].window == 0);

  const auto gpt2 = describe(small_gpt2());
  BOOST_REQUIRE(gpt2.has_value());
  BOOST_TEST(gpt2->inner == 256);
  BOOST_TEST((gpt2->plain_activation == Activation::gelu_tanh));
  BOOST_TEST(gpt2->head.empty());
  BOOST_TEST(!gpt2->rotary.has_value());
}

BOOST_AUTO_TEST_CASE(given_options_are_taken) {
  json config = small_llama();
  config.update(json::parse(R"({"num_key_value_heads": 2, "head_dim": 32, "tie_word_embeddings": true,
      "attention_bias": true, "mlp_bias": true, "rope_theta": 100, "rope_scaling": null})"));

  const auto decoder = describe(config);

  BOOST_REQUIRE(decoder.has_value());
  BOOST_TEST(decoder->kv_heads == 2);
  BOOST_TEST(decoder->head_dim == 32);
  BOOST_TEST(decoder->rotary->frequencies[8] == 1e-1F, boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(decoder->head.empty());
  BOOST_TEST(decoder->layers[0].o.bias == "model.layers.0.self_attn.o_proj.bias");
  BOOST_TEST(decoder->layers[1].down.bias == "model.layers.1.mlp.down_proj.bias");
}

BOOST_AUTO_TEST_CASE(rope_theta_is_read_wherever_transformers_wrote_it) {
  for (const char* place : {"rope_parameters", "rope_scaling"}) {
    json config = small_llama();
    config[place] = {{"rope_theta", 100.0}, {"rope_type", "default"}};

    const auto decoder = describe(config);

    BOOST_REQUIRE(decoder.has_value());
    BOOST_TEST(decoder->rotary->frequencies[4] == 1e-1F, boost::test_tools::tolerance(1e-6F));
  }
  json contradicting = small_llama();
  contradicting.update({{"rope_theta", 5.0}, {"rope_parameters", {{"rope_theta", 6.0}}}});
  BOOST_TEST(!describe(contradicting).has_value());
}

BOOST_AUTO_TEST_CASE(scalings_of_positions_that_are_not_computed_are_refused_by_name) {
  const auto rope = [](const json& options) { return complaint(small_llama(), "rope_scaling", options, unsupported); };

  BOOST_TEST(
      contains(rope({{"rope_type", "dynamic"}, {"factor", 2}}),
               R"(rope_scaling.rope_type: "dynamic" is not supported; supported: default, linear, llama3, yarn)"));
  BOOST_TEST(contains(rope({{"type", "longrope"}}), R"(rope_scaling.type: "longrope")"));
  BOOST_TEST(contains(rope({{"partial_rotary_factor", 0.5}}), "partial_rotary_factor: 0.5 is not supported"));
  BOOST_TEST(contains(rope({{"sliding_attention", {{"rope_theta", 5}}}}), "rope_scaling.sliding_attention"));
  complaint(small_llama(), "partial_rotary_factor", 0.5, unsupported);
}

BOOST_AUTO_TEST_CASE(scalings_of_positions_with_wrong_numbers_are_refused) {
  const auto rope = [](const json& options) { return complaint(small_llama(), "rope_scaling", options); };
  json llama3 = {{"rope_type", "llama3"}, {"factor", 8}, {"low_freq_factor", 1}, {"high_freq_factor", 4}};
  json whole = small_llama();
  whole["rope_scaling"] = llama3;
  BOOST_TEST(describe(whole).has_value());

  BOOST_TEST(contains(rope({{"rope_type", "linear"}}), "rope_scaling.factor: expected a number from 1"));
  BOOST_TEST(contains(rope({{"rope_type", "linear"}, {"type", "yarn"}}), "rope_scaling.type: expected linear as in"));
  for (const char* key : {"factor", "low_freq_factor", "high_freq_factor"}) {
    json cut = llama3;
    cut.erase(key);
    BOOST_TEST(contains(rope(cut), key));
  }
  llama3["high_freq_factor"] = 1;
  BOOST_TEST(contains(rope(llama3), "high_freq_factor: expected more than low_freq_factor = 1, found 1"));
  BOOST_TEST(contains(rope({{"rope_type", "yarn"}, {"factor", -2}}), "rope_scaling.factor"));
  BOOST_TEST(contains(rope({{"rope_type", "yarn"}, {"factor", 2}, {"rope_theta", 1}}), "rope_theta: expected more"));
  json newer = small_llama();
  newer["rope_parameters"] = {{"rope_theta", 5}};
  BOOST_TEST(contains(complaint(newer, "rope_scaling", llama3), "nothing beside rope_parameters"));
}

BOOST_AUTO_TEST_CASE(what_a_family_does_not_compute_is_refused_by_name) {
  BOOST_TEST(contains(complaint(small_llama(), "hidden_act", "gelu", unsupported),
                      "\"gelu\" is not supported; supported: silu"));
  complaint(small_llama(), "quantization_config", {{"bits", 4}}, unsupported);
  complaint(small_llama(), "sliding_window", 4096, unsupported);
  complaint(small_gpt2(), "scale_attn_by_inverse_layer_idx", true, unsupported);
  complaint(small_gpt2(), "scale_attn_weights", false, unsupported);
  complaint(small_gpt2(), "add_cross_attention", true, unsupported);
  complaint(small_gpt2(), "activation_function", "silu", unsupported);
  complaint(small_gpt2(), "n_head", 5);
}

BOOST_AUTO_TEST_CASE(windows_are_those_of_the_family) {
  json mistral = small("MistralForCausalLM");
  BOOST_TEST(contains(complaint(mistral, "sliding_window", 0), "from 1 to"));
  BOOST_TEST(contains(describe(mistral).error().message, "sliding_window: expected a number of tokens or null"));
  BOOST_TEST(describe((mistral["sliding_window"] = nullptr, mistral))->layers[1].window == 0);
  BOOST_TEST(describe((mistral["sliding_window"] = 7, mistral))->layers[1].window == 7);
  complaint(mistral, "layer_types", {"full_attention", "sliding_attention"}, unsupported);

  json qwen2 = small("Qwen2ForCausalLM");
  qwen2.update({{"sliding_window", 7}, {"max_window_layers", 1}});
  BOOST_TEST(describe(qwen2)->layers[1].window == 0);
  qwen2["use_sliding_window"] = true;
  BOOST_TEST(describe(qwen2)->layers[0].window == 0);
  BOOST_TEST(describe(qwen2)->layers[1].window == 7);
  BOOST_TEST(describe((qwen2["layer_types"] = {"full_attention", "sliding_attention"}, qwen2)).has_value());
  complaint(qwen2, "layer_types", {"sliding_attention", "full_attention"}, unsupported);
  complaint(qwen2, "layer_types", {"full_attention"});
  complaint(qwen2, "max_window_layers", -1);
  complaint(qwen2, "sliding_window", nullptr);
}

BOOST_AUTO_TEST_CASE(missing_keys_are_named) {
  for (const json& whole : {small_llama(), small_gpt2()}) {
    for (const auto& [key, value] : whole.items()) {
      json config = whole;
      config.erase(key);

      const auto decoder = describe(config);

      BOOST_REQUIRE_MESSAGE(!decoder.has_value(), key << " is missed by nobody");
      BOOST_TEST(decoder.error().field == key);
      BOOST_TEST(contains(decoder.error().message, key + ": expected"));
      BOOST_TEST(contains(decoder.error().message, "found nothing"));
    }
  }
}

BOOST_AUTO_TEST_CASE(ill_typed_and_out_of_range_values_are_named) {
  const auto llama = [](const char* key, const json& value) { return complaint(small_llama(), key, value); };

  BOOST_TEST(contains(llama("hidden_size", "64"), "expected an integer from 1 to 131072, found \"64\""));
  llama("hidden_size", 0);
  llama("hidden_size", -64);
  llama("hidden_size", 64.0);
  llama("hidden_size", uint64_t{1} << 63);
  llama("num_hidden_layers", 1 << 20);
  llama("vocab_size", 1e9);
  llama("max_position_embeddings", 1LL << 40);
  llama("rms_norm_eps", "tiny");
  llama("rms_norm_eps", 0);
  llama("rms_norm_eps", std::numeric_limits<double>::quiet_NaN());
  llama("rope_theta", -1);
  llama("rope_parameters", 7);
  llama("tie_word_embeddings", "yes");
  llama("attention_bias", 1);
  llama("head_dim", 15);
}

BOOST_AUTO_TEST_CASE(heads_that_do_not_divide_are_refused) {
  BOOST_TEST(contains(complaint(small_llama(), "num_key_value_heads", 3), "a divisor of num_attention_heads = 4"));
  BOOST_TEST(contains(complaint(small_llama(), "num_attention_heads", 5), "a divisor of hidden_size = 64"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
