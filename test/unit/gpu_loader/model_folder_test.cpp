#include "gpu/loader/model_folder.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_loader/safetensors_file.hpp"
#include "test/unit/gpu_loader/temporary_folder.hpp"

namespace troupe::gpu {
namespace {

using test::contains;

constexpr std::string_view config_text = R"({"architectures": ["LlamaForCausalLM"], "hidden_act": "silu",
    "hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 10,
    "max_position_embeddings": 16, "rms_norm_eps": 1e-5, "eos_token_id": 2})";

/// A folder of the smallest files that open() accepts.
struct Folder : test::TemporaryFolder {
  Folder() {
    write("config.json", config_text);
    write("tokenizer.json", "{}");
    // The padding keeps the data of "weight" aligned for floats.
    std::string header = R"({"weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},
        "half":{"dtype":"F16","shape":[1],"data_offsets":[8,10]},
        "askew":{"dtype":"F32","shape":[1],"data_offsets":[10,14]},
        "count":{"dtype":"I16","shape":[1],"data_offsets":[14,16]}})";
    while (header.size() % 8 != 0) header += ' ';
    write("model.safetensors", test::safetensors_bytes(header, 16));
  }
};

std::string complaint(const Folder& folder, Errc code) {
  const auto model = ModelFolder::open(folder.path());
  BOOST_REQUIRE(!model.has_value());
  BOOST_TEST((model.error().code == code));
  return model.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_folder)

BOOST_AUTO_TEST_CASE(a_missing_file_is_named) {
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json"}) {
    const Folder folder;
    std::filesystem::remove(folder.path() / name);

    BOOST_TEST(contains(complaint(folder, Errc::not_found), fmt::format("{} is missing", name)));
  }
  BOOST_TEST(!ModelFolder::open("/nowhere/at/all").has_value());
}

BOOST_AUTO_TEST_CASE(the_configuration_says_what_kind_of_model_it_is) {
  const Folder folder;
  const auto model = ModelFolder::open(folder.path());

  BOOST_REQUIRE(model.has_value());
  BOOST_TEST(model->architecture() == "LlamaForCausalLM");
  BOOST_TEST(model->model_type().empty());
  BOOST_TEST(model->vocab_size() == 10);
  BOOST_TEST(model->config().integer("hidden_size", 1, 100).value() == 4);

  folder.write("config.json", R"({"model_type": "llama", "vocab_size": 3})");
  BOOST_TEST(ModelFolder::open(folder.path())->architecture().empty());
  BOOST_TEST(ModelFolder::open(folder.path())->model_type() == "llama");
}

BOOST_AUTO_TEST_CASE(a_configuration_that_does_not_say_it_is_refused_with_file_and_key) {
  const Folder folder;
  for (const auto& [config, part] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"({"vocab_size": 3})", "config.json: architectures: expected a list of one string, found nothing"},
           {R"({"architectures": ["A", "B"], "vocab_size": 3})", "expected a list of one string"},
           {R"({"architectures": "A", "vocab_size": 3})", "expected a list of strings, found \"A\""},
           {R"({"architectures": ["A"]})", "config.json: vocab_size: expected an integer"},
           {R"({"architectures": ["A"], "vocab_size": -3})", "found -3"},
           {R"({"architectures": ["A"], "vocab_size": 3, "eos_token_id": 3})", "config.json: eos_token_id"},
           {R"({"architectures": ["A"], "vocab_size": 3, "eos_token_id": [1, "2"]})", "config.json: eos_token_id"}}) {
    folder.write("config.json", config);
    BOOST_TEST(contains(complaint(folder, Errc::invalid_argument), part));
  }
}

BOOST_AUTO_TEST_CASE(optional_files_may_be_absent) {
  const Folder folder;

  const auto model = ModelFolder::open(folder.path());

  BOOST_REQUIRE(model.has_value());
  BOOST_TEST((model->eos_token_ids() == std::vector<int32_t>{2}));
  BOOST_TEST(!model->chat_template().has_value());
  BOOST_TEST(model->bos_token().empty());
}

BOOST_AUTO_TEST_CASE(optional_files_are_read) {
  const Folder folder;
  folder.write("generation_config.json", R"({"eos_token_id": [3, 4]})");
  folder.write("tokenizer_config.json",
               R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": "from the config"})");

  const auto model = ModelFolder::open(folder.path());

  BOOST_REQUIRE(model.has_value());
  BOOST_TEST((model->eos_token_ids() == std::vector<int32_t>{3, 4}));
  BOOST_TEST(model->bos_token() == "<s>");
  BOOST_TEST(model->eos_token() == "</s>");
  BOOST_TEST(model->chat_template().value() == "from the config");
}

BOOST_AUTO_TEST_CASE(a_template_file_goes_before_the_config_and_a_default_before_other_names) {
  const Folder folder;
  folder.write("tokenizer_config.json",
               R"({"chat_template": [{"name": "tools", "template": "t"}, {"name": "default", "template": "d"}]})");
  BOOST_TEST(ModelFolder::open(folder.path())->chat_template().value() == "d");
  BOOST_TEST(!ModelFolder::open(folder.path())->tool_template().has_value());

  folder.write("tokenizer_config.json",
               R"({"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]})");
  BOOST_TEST(ModelFolder::open(folder.path())->chat_template().value() == "d");
  BOOST_TEST(ModelFolder::open(folder.path())->tool_template().value() == "t");

  folder.write("chat_template.jinja", "from the file\n");
  BOOST_TEST(ModelFolder::open(folder.path())->chat_template().value() == "from the file\n");
  BOOST_TEST(!ModelFolder::open(folder.path())->tool_template().has_value());
}

BOOST_AUTO_TEST_CASE(wrong_optional_files_are_refused_with_file_and_key) {
  const Folder folder;
  folder.write("tokenizer_config.json", R"({"bos_token": 7})");
  BOOST_TEST(
      contains(complaint(folder, Errc::invalid_argument), "tokenizer_config.json: bos_token: expected a string"));

  folder.write("tokenizer_config.json", R"({"chat_template": [{"name": "tools", "template": "t"}]})");
  BOOST_TEST(contains(complaint(folder, Errc::invalid_argument), "chat_template: expected an entry named default"));

  folder.write("generation_config.json", R"({"eos_token_id": 10})");
  BOOST_TEST(contains(complaint(folder, Errc::invalid_argument), "generation_config.json: eos_token_id"));
}

BOOST_AUTO_TEST_CASE(tensors_are_checked_for_existence_type_shape_and_alignment) {
  const Folder folder;
  const auto model = ModelFolder::open(folder.path());
  BOOST_REQUIRE(model.has_value());
  const std::array<int64_t, 2> shape = {2, 1};
  const std::array<int64_t, 1> one = {1};

  BOOST_TEST(model->tensor("weight", shape).value().data.size() == 8U);
  BOOST_TEST((model->tensor("half", one).value().dtype == DType::f16));
  BOOST_TEST(model->has_tensor("half"));
  BOOST_TEST(!model->has_tensor("halves"));
  BOOST_TEST(
      contains(model->tensor("wieght", shape).error().message, "tensor wieght is missing (did you mean weight?)"));
  BOOST_TEST(contains(model->tensor("weight", one).error().message,
                      "tensor weight: found F32 [2, 1], expected F32, BF16 or F16 [1]"));
  BOOST_TEST(contains(model->tensor("count", one).error().message, "tensor count: found I16 [1], expected F32, BF16"));
  BOOST_TEST(contains(model->tensor("askew", one).error().message, "tensor askew: found unaligned data"));
}

BOOST_AUTO_TEST_CASE(the_example_models_open) {
  for (const char* version : {"1", "2"}) {
    const auto model =
        ModelFolder::open(std::filesystem::path(TROUPE_SOURCE_DIR) / "examples" / "models" / "clerk" / version);

    BOOST_REQUIRE_MESSAGE(model.has_value(), model.error().message);
    const int64_t hidden = model->config().integer("hidden_size", 1, 1000).value();
    const std::array<int64_t, 2> shape = {model->vocab_size(), hidden};
    BOOST_TEST(model->tensor("model.embed_tokens.weight", shape).has_value());
    BOOST_TEST(model->chat_template().has_value());
    BOOST_TEST(!model->eos_token_ids().empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
