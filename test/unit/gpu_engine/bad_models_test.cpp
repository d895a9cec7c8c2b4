// Folders that lie: loading names file, tensor or key, what was found and what was expected.

#include <functional>

#include "test/support/tiny_model.hpp"
#include "test/unit/gpu_engine/engine_support.hpp"

namespace troupe::gpu {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::TinyModel;

void edit_json(const fs::path& path, const std::function<void(nlohmann::json&)>& edit) {
  nlohmann::json json = read_json(path);
  edit(json);
  std::ofstream(path) << json.dump();
}

/// What loading complains about.
std::string complaint(const TinyModel& model) {
  const auto engine = TextEngine::load(model.path(), {});
  BOOST_REQUIRE(!engine.has_value());
  return engine.error().message;
}

/// Loads a model whose config.json has another value.
std::string complaint(const char* name, const char* key, const nlohmann::json& value) {
  const TinyModel model(name);
  edit_json(model.path() / "config.json", [&](nlohmann::json& config) { config[key] = value; });
  return complaint(model);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bad_models)

BOOST_AUTO_TEST_CASE(a_configuration_that_does_not_fit_the_weights_is_told_with_both_shapes) {
  BOOST_TEST(contains(complaint("llama_tied", "num_hidden_layers", 3),
                      "model.safetensors: tensor model.layers.2.input_layernorm.weight is missing"));
  BOOST_TEST(contains(complaint("llama_tied", "intermediate_size", 1 << 20),
                      "tensor model.layers.0.mlp.gate_proj.weight: found F32 [44, 32], expected F32, BF16 or F16 "
                      "[1048576, 32]"));
  BOOST_TEST(
      contains(complaint("llama_untied", "vocab_size", 1 << 22),
               "tensor model.embed_tokens.weight: found F32 [158, 32], expected F32, BF16 or F16 [4194304, 32]"));
  BOOST_TEST(contains(complaint("llama_tied", "tie_word_embeddings", false), "tensor lm_head.weight is missing"));
  BOOST_TEST(contains(complaint("qwen2", "architectures", {"BloomForCausalLM"}), "Qwen2ForCausalLM"));
  BOOST_TEST(contains(complaint("gpt2", "n_positions", 1 << 24),
                      "tensor transformer.wpe.weight: found F32 [256, 32], expected F32, BF16 or F16 [16777216, 32]"));
  BOOST_TEST(contains(complaint("gpt2", "n_inner", 51), "h.0.mlp.c_fc.weight: found F32 [32, 52], expected"));
  BOOST_TEST(contains(complaint("gpt2_bf16", "n_embd", 64), "tensor transformer.wte.weight: found BF16 [158, 32]"));
}

BOOST_AUTO_TEST_CASE(weights_that_are_cut_off_or_of_another_type_are_named) {
  const TinyModel cut("gpt2");
  fs::resize_file(cut.path() / "model.safetensors", fs::file_size(cut.path() / "model.safetensors") - 1);
  BOOST_TEST(contains(complaint(cut), "model.safetensors: tensor transformer.ln_f.bias: ends at byte"));

  const TinyModel other("mistral");
  std::fstream file(other.path() / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  std::string header(200, ' ');
  file.read(header.data(), 200);
  file.seekp(static_cast<std::streamoff>(header.find("F32")));
  file << "I32";
  file.close();
  BOOST_TEST(contains(complaint(other), "tensor lm_head.weight: found I32 [158, 32], expected F32, BF16 or F16"));
}

BOOST_AUTO_TEST_CASE(an_index_that_lies_is_named_with_its_tensor) {
  const TinyModel::Form three{.files = 3, .stripped = ""};
  const auto edited = [&](const char* file) {
    const TinyModel model("llama_tied", three);
    edit_json(model.path() / "model.safetensors.index.json",
              [&](nlohmann::json& index) { index["weight_map"]["model.norm.weight"] = file; });
    return complaint(model);
  };

  BOOST_TEST(contains(edited("part-9.safetensors"), "index.json: tensor model.norm.weight: file part-9.safetensors"));
  BOOST_TEST(contains(edited("../part-0.safetensors"), "expected the name of a file in the same folder"));
  const TinyModel model("llama_tied", three);
  fs::remove(model.path() / "part-1.safetensors");
  BOOST_TEST(contains(complaint(model), "file part-1.safetensors is missing"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
