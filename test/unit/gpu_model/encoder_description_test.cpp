#include "gpu/model/encoder_description.hpp"

#include <unistd.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::gpu;
using nlohmann::json;
namespace data = boost::unit_test::data;
namespace fs = std::filesystem;

namespace {

/// A copy of a tiny model's folder whose config.json may be changed.
class EditedFolder {
 public:
  explicit EditedFolder(const std::string& name)
      : path_(fs::temp_directory_path() / fs::path(fmt::format("troupe-encoder-{}-{}", ::getpid(), name))) {
    fs::remove_all(path_);
    fs::copy(fs::path(TROUPE_TEST_DATA) / "encoder_tiny" / name, path_, fs::copy_options::recursive);
    std::ifstream file(path_ / "config.json");
    config_ = json::parse(file);
  }
  ~EditedFolder() { fs::remove_all(path_); }

  Result<EncoderDescription> describe(const json& changes) const {
    json config = config_;
    config.merge_patch(changes);
    std::ofstream(path_ / "config.json") << config;
    TROUPE_TRY(const ModelFolder folder, ModelFolder::open(path_));
    return describe_encoder(folder);
  }

 private:
  fs::path path_;
  json config_;
};

ScoreFunction scores_of(const EditedFolder& folder, const json& changes) {
  const auto description = folder.describe(changes);
  BOOST_TEST_REQUIRE(description.has_value(), (description ? "" : to_string(description.error())));
  return description->classifier->scores;
}

struct Refusal {
  const char* folder;
  const char* changes;
  const char* named;  ///< What the message must say.
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
  return out << refusal.changes;
}

const Refusal refusals[] = {
    {"bert", R"({"hidden_act": "swish"})", "hidden_act"},
    {"bert", R"({"is_decoder": true})", "is_decoder"},
    {"bert", R"({"add_cross_attention": true})", "add_cross_attention"},
    {"bert", R"({"position_embedding_type": "relative_key"})", "position_embedding_type"},
    {"bert", R"({"quantization_config": {"bits": 4}})", "quantization_config"},
    {"bert", R"({"pruned_heads": {"0": [1]}})", "pruned_heads"},
    {"bert", R"({"architectures": ["BertForTokenClassification"]})", "BertForTokenClassification"},
    {"bert", R"({"architectures": ["BertweetModel"]})", "BertweetModel"},
    {"mpnet", R"({"relative_attention_num_buckets": 64})", "relative_attention_num_buckets"},
    {"bert_classifier", R"({"problem_type": "ranking"})", "problem_type"},
    {"bert_classifier", R"({"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Tanh"}})", "Tanh"},
};

const Refusal wrong_values[] = {
    {"bert", R"({"hidden_size": 0})", "hidden_size"},
    {"bert", R"({"num_attention_heads": 3})", "num_attention_heads"},
    {"bert", R"({"max_position_embeddings": "many"})", "max_position_embeddings"},
    {"roberta", R"({"max_position_embeddings": 2})", "max_position_embeddings"},
    {"distilbert", R"({"dim": null})", "dim"},
    {"bert_classifier", R"({"id2label": {"1": null}})", "id2label.1"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(encoder_description)

BOOST_DATA_TEST_CASE(options_that_would_change_the_result_are_refused_by_name, data::make(refusals), refusal) {
  const auto description = EditedFolder(refusal.folder).describe(json::parse(refusal.changes));

  BOOST_REQUIRE(!description);
  BOOST_TEST((description.error().code == Errc::unimplemented));
  BOOST_TEST(description.error().message.find(refusal.named) != std::string::npos, description.error().message);
}

BOOST_DATA_TEST_CASE(values_that_make_no_sense_are_refused_by_key, data::make(wrong_values), refusal) {
  const auto description = EditedFolder(refusal.folder).describe(json::parse(refusal.changes));

  BOOST_REQUIRE(!description);
  BOOST_TEST((description.error().code == Errc::invalid_argument));
  BOOST_TEST(description.error().message.find(refusal.named) != std::string::npos, description.error().message);
}

BOOST_AUTO_TEST_CASE(positions_of_roberta_begin_behind_the_padding_token) {
  const auto description = EditedFolder("roberta").describe({{"pad_token_id", 5}});

  BOOST_REQUIRE(description);
  BOOST_TEST(description->first_position == 6);
  BOOST_TEST(description->max_tokens == 60);
}

BOOST_AUTO_TEST_CASE(a_folder_without_an_architecture_is_an_encoder_by_its_type) {
  BOOST_TEST(EditedFolder("bert").describe({{"architectures", nullptr}}).has_value());
  BOOST_TEST(EditedFolder("bert").describe({{"architectures", {"BertForMaskedLM"}}}).has_value());
}

BOOST_AUTO_TEST_CASE(xlm_roberta_is_roberta_under_another_name) {
  const auto description = EditedFolder("roberta").describe({{"architectures", {"XLMRobertaModel"}}});

  BOOST_REQUIRE(description);
  BOOST_TEST(description->first_position == 2);
  BOOST_TEST(description->token_embedding == "embeddings.word_embeddings.weight");
}

BOOST_AUTO_TEST_CASE(labels_without_names_are_numbered) {
  const EditedFolder folder("bert_bf16");

  BOOST_TEST(folder.describe(json::object()).value().classifier->labels ==
             (std::vector<std::string>{"LABEL_0", "LABEL_1"}));
  BOOST_TEST(folder.describe({{"num_labels", 3}}).value().classifier->labels.size() == 3U);
}

BOOST_AUTO_TEST_CASE(scores_are_made_as_the_folder_says) {
  const EditedFolder three("bert_classifier");
  BOOST_TEST((scores_of(three, json::object()) == ScoreFunction::softmax));
  BOOST_TEST((scores_of(three, {{"problem_type", "multi_label_classification"}}) == ScoreFunction::sigmoid));
  BOOST_TEST((scores_of(three, {{"problem_type", "regression"}}) == ScoreFunction::identity));

  const EditedFolder one("distilbert_classifier");
  BOOST_TEST((scores_of(one, json::object()) == ScoreFunction::sigmoid));
  const json identity = {{"activation_fn", "torch.nn.modules.linear.Identity"}};
  BOOST_TEST((scores_of(one, {{"sentence_transformers", identity}}) == ScoreFunction::identity));
}

BOOST_AUTO_TEST_SUITE_END()
