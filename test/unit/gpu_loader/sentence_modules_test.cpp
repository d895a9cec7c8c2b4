#include "gpu/loader/sentence_modules.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "temporary_folder.hpp"

using namespace troupe;
using namespace troupe::gpu;
using test::TemporaryFolder;
namespace data = boost::unit_test::data;

namespace {

constexpr const char* transformer = R"({"path": "", "type": "sentence_transformers.models.Transformer"})";
constexpr const char* pooling = R"({"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"})";
constexpr const char* dense = R"({"path": "2_Dense", "type": "sentence_transformers.base.modules.dense.Dense"})";
constexpr const char* normalize = R"({"path": "3_Normalize", "type": "sentence_transformers.models.Normalize"})";
constexpr const char* dense_config =
    R"({"in_features": 20, "out_features": 12, "bias": false, "activation_function": "torch.nn.modules.linear.Identity"})";

/// A folder with these modules; `pooling_config` is that of the pooling.
struct Modules {
  explicit Modules(const std::vector<std::string>& modules,
                   const std::string& pooling_config = R"({"pooling_mode": "cls"})") {
    std::filesystem::create_directory(folder.path() / "1_Pooling");
    std::filesystem::create_directory(folder.path() / "2_Dense");
    folder.write("modules.json", fmt::format("[{}]", fmt::join(modules, ",")));
    folder.write("1_Pooling/config.json", pooling_config);
    folder.write("2_Dense/config.json", dense_config);
  }

  Result<std::optional<SentenceModules>> read() const { return read_sentence_modules(folder.path(), 20); }

  TemporaryFolder folder;
};

struct Mode {
  const char* config;
  Pooling pooling;
};
const Mode modes[] = {
    {R"({"pooling_mode": "mean", "embedding_dimension": 20, "include_prompt": true})", Pooling::mean},
    {R"({"pooling_mode": "lasttoken"})", Pooling::last},
    {R"({"word_embedding_dimension": 20, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})",
     Pooling::first},
    {R"({"pooling_mode_mean_sqrt_len_tokens": true})", Pooling::mean_sqrt_length},
    {R"({"pooling_mode_max_tokens": true})", Pooling::max},
};

/// What is refused: the pooling's configuration, and what the message names.
const std::pair<const char*, const char*> refused_poolings[] = {
    {R"({"pooling_mode": "weightedmean"})", "weightedmean"},
    {R"({"pooling_mode": ["cls", "mean"]})", "pooling_mode"},
    {R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true})", "cls and mean"},
    {R"({"pooling_mode": "mean", "include_prompt": false})", "include_prompt"},
    {R"({"pooling_mode": "mean", "embedding_dimension": 21})", "embedding_dimension"},
    {"{}", "pooling_mode"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sentence_modules)

BOOST_AUTO_TEST_CASE(without_modules_the_mean_of_the_tokens_is_it) {
  const TemporaryFolder folder;
  const auto modules = read_sentence_modules(folder.path(), 20).value();

  BOOST_REQUIRE(modules);
  BOOST_TEST((modules->pooling == Pooling::mean));
  BOOST_TEST(!modules->normalize);
}

BOOST_AUTO_TEST_CASE(old_and_new_files_name_the_pooling) {
  for (const Mode& mode : modes) {
    const auto modules = Modules({transformer, pooling}, mode.config).read();
    BOOST_TEST_REQUIRE(modules.has_value(), mode.config << ": " << (modules ? "" : to_string(modules.error())));
    BOOST_TEST((modules->value().pooling == mode.pooling), mode.config);
  }
}

BOOST_AUTO_TEST_CASE(what_would_change_the_pooling_is_refused_by_name) {
  for (const auto& [config, named] : refused_poolings) {
    const auto modules = Modules({transformer, pooling}, config).read();
    BOOST_REQUIRE(!modules);
    BOOST_TEST(modules.error().message.find(named) != std::string::npos, modules.error().message);
  }
}

BOOST_AUTO_TEST_CASE(dense_layers_and_normalisation_follow_in_order) {
  const auto modules = Modules({transformer, pooling, dense, normalize}).read().value().value();

  BOOST_TEST_REQUIRE(modules.dense.size() == 1U);
  BOOST_TEST(modules.dense[0].out == 12);
  BOOST_TEST(!modules.dense[0].has_bias);
  BOOST_TEST(!modules.dense[0].activation.has_value());
  BOOST_TEST(modules.normalize);
}

BOOST_AUTO_TEST_CASE(other_modules_and_orders_are_refused) {
  const std::string words = R"({"path": "", "type": "sentence_transformers.models.WordEmbeddings"})";
  const std::string outside = R"({"path": "../x", "type": "sentence_transformers.models.Pooling"})";
  for (const auto& list : {std::vector<std::string>{words, pooling},
                           {transformer, normalize, pooling},
                           {transformer, pooling, normalize, dense},
                           {pooling},
                           {},
                           {transformer, outside}}) {
    BOOST_TEST(!Modules(list).read().has_value(), fmt::format("{}", fmt::join(list, ",")));
  }
}

BOOST_AUTO_TEST_CASE(a_transformer_alone_is_a_cross_encoder) {
  BOOST_TEST(!Modules({transformer}).read().value().has_value());
}

BOOST_AUTO_TEST_CASE(the_default_prompt_is_read) {
  const TemporaryFolder folder;
  folder.write("config_sentence_transformers.json",
               R"({"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": "passage"})");

  BOOST_TEST(read_sentence_modules(folder.path(), 20).value()->prompt == "passage: ");
}

BOOST_AUTO_TEST_CASE(the_longest_input_is_the_one_that_sentence_transformers_takes) {
  const TemporaryFolder folder;
  BOOST_TEST(!read_max_tokens(folder.path()).value().has_value());

  folder.write("tokenizer_config.json", R"({"model_max_length": 1e30})");
  BOOST_TEST(!read_max_tokens(folder.path()).value().has_value());

  folder.write("tokenizer_config.json", R"({"model_max_length": 512})");
  BOOST_TEST(read_max_tokens(folder.path()).value().value() == 512);

  folder.write("sentence_bert_config.json", R"({"max_seq_length": 256, "do_lower_case": false})");
  BOOST_TEST(read_max_tokens(folder.path()).value().value() == 256);

  folder.write("sentence_bert_config.json", R"({"max_seq_length": 256, "do_lower_case": true})");
  BOOST_TEST((read_max_tokens(folder.path()).error().code == Errc::unimplemented));
}

BOOST_AUTO_TEST_SUITE_END()
