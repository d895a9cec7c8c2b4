#include "gpu/model/model_config.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "test/unit/gpu_loader/temporary_folder.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;
using test::contains;

json small_llama() {
  return json::parse(R"({"hidden_act": "silu", "hidden_size": 64,
      "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,
      "max_position_embeddings": 512, "rms_norm_eps": 1e-5})");
}

Result<ModelConfig> read(const json& object) {
  const test::TemporaryFolder folder;
  TROUPE_TRY(const json parsed, read_json_object(folder.write("config.json", object.dump()), 1 << 20));
  return read_model_config({"config.json", parsed});
}

/// Reads the small model with one key changed and checks that the error names file and key.
std::string complaint(const char* key, const json& value, Errc code = Errc::invalid_argument) {
  json object = small_llama();
  object[key] = value;
  const auto config = read(object);
  BOOST_REQUIRE_MESSAGE(!config.has_value(), key << " = " << value << " was accepted");
  BOOST_TEST((config.error().code == code));
  BOOST_TEST(contains(config.error().message, "config.json: "));
  BOOST_TEST(contains(config.error().message, key));
  BOOST_TEST(contains(config.error().field, key));
  return config.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_config)

BOOST_AUTO_TEST_CASE(absent_options_take_the_values_that_transformers_gives_them) {
  const auto config = read(small_llama());

  BOOST_REQUIRE(config.has_value());
  BOOST_TEST(config->num_kv_heads == 4);
  BOOST_TEST(config->head_dim == 16);
  BOOST_TEST(config->rope_theta == 10'000.0);
  BOOST_TEST(!config->tie_word_embeddings);
}

BOOST_AUTO_TEST_CASE(given_options_are_taken) {
  json object = small_llama();
  object.update(json::parse(R"({"num_key_value_heads": 2, "head_dim": 32, "tie_word_embeddings": true,
      "rope_theta": 500000, "rope_scaling": null})"));

  const auto config = read(object);

  BOOST_REQUIRE(config.has_value());
  BOOST_TEST(config->num_kv_heads == 2);
  BOOST_TEST(config->head_dim == 32);
  BOOST_TEST(config->rope_theta == 500'000.0);
  BOOST_TEST(config->tie_word_embeddings);
}

BOOST_AUTO_TEST_CASE(rope_theta_is_read_wherever_transformers_wrote_it) {
  for (const char* place : {"rope_parameters", "rope_scaling"}) {
    json object = small_llama();
    object[place] = {{"rope_theta", 20000.0}, {"rope_type", "default"}};

    const auto config = read(object);

    BOOST_REQUIRE(config.has_value());
    BOOST_TEST(config->rope_theta == 20'000.0);
  }
  json contradicting = small_llama();
  contradicting.update({{"rope_theta", 5.0}, {"rope_parameters", {{"rope_theta", 6.0}}}});
  BOOST_TEST(!read(contradicting).has_value());
}

BOOST_AUTO_TEST_CASE(what_the_engine_lacks_is_refused_by_name) {
  const auto unsupported = Errc::unimplemented;

  BOOST_TEST(contains(complaint("hidden_act", "gelu", unsupported), "\"gelu\" is not supported; supported: silu"));
  complaint("attention_bias", true, unsupported);
  complaint("mlp_bias", true, unsupported);
  BOOST_TEST(contains(complaint("rope_scaling", {{"rope_type", "llama3"}}, unsupported), "llama3"));
  BOOST_TEST(contains(complaint("rope_scaling", {{"type", "linear"}}, unsupported), "linear"));
  BOOST_TEST(contains(complaint("rope_parameters", {{"rope_type", "yarn"}}, unsupported), "yarn"));
  complaint("rope_parameters", {{"partial_rotary_factor", 0.5}}, unsupported);
  complaint("quantization_config", {{"bits", 4}}, unsupported);
  complaint("sliding_window", 4096, unsupported);
}

BOOST_AUTO_TEST_CASE(missing_keys_are_named) {
  const json whole = small_llama();
  for (const auto& [key, value] : whole.items()) {
    json object = small_llama();
    object.erase(key);

    const auto config = read(object);

    BOOST_REQUIRE_MESSAGE(!config.has_value(), key << " is missed by nobody");
    BOOST_TEST(config.error().field == key);
    BOOST_TEST(contains(config.error().message, key + ": expected"));
    BOOST_TEST(contains(config.error().message, "found nothing"));
  }
}

BOOST_AUTO_TEST_CASE(ill_typed_and_out_of_range_values_are_named) {
  BOOST_TEST(contains(complaint("hidden_size", "64"), "expected an integer from 1 to 131072, found \"64\""));
  complaint("hidden_size", 0);
  complaint("hidden_size", -64);
  complaint("hidden_size", 64.0);
  complaint("hidden_size", uint64_t{1} << 63);
  complaint("num_hidden_layers", 1 << 20);
  complaint("vocab_size", 1e9);
  complaint("rms_norm_eps", "tiny");
  complaint("rms_norm_eps", 0);
  complaint("rope_theta", -1);
  complaint("rope_parameters", 7);
  complaint("tie_word_embeddings", "yes");
  complaint("head_dim", 15);
}

BOOST_AUTO_TEST_CASE(heads_that_do_not_divide_are_refused) {
  BOOST_TEST(contains(complaint("num_key_value_heads", 3), "a divisor of num_attention_heads = 4"));
  BOOST_TEST(contains(complaint("num_attention_heads", 5), "a divisor of hidden_size = 64"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
