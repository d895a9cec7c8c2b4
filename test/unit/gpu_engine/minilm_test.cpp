// all-MiniLM-L6-v2 as published, against sentence-transformers.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gpu/engine/encoder_engine.hpp"

using namespace troupe;
using namespace troupe::gpu;
namespace fs = std::filesystem;

namespace {

fs::path model_folder() {
  return fs::path(TROUPE_TEST_DATA) / ".." / ".." / "build" / "models" / "minilm";
}

boost::test_tools::assertion_result is_fetched(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result(fs::exists(model_folder() / "model.safetensors"));
  result.message() << "examples/models/minilm/fetch was not run";
  return result;
}

struct Reference {
  std::string text;
  uint32_t tokens;
  std::vector<float> values;  ///< The embedding's first.
  double cosine;              ///< With the one before.
};

std::vector<Reference> read_references() {
  std::ifstream file(fs::path(TROUPE_TEST_DATA) / "minilm" / "reference.json");
  const auto reference = nlohmann::json::parse(file);
  std::vector<Reference> result;
  for (const auto& input : reference["inputs"]) {
    result.push_back({input["text"], input["tokens"], input["values"], input["cosine"]});
  }
  return result;
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

std::unique_ptr<EncoderEngine> load(const EncoderOptions& options) {
  auto engine = EncoderEngine::load(model_folder(), options);
  BOOST_TEST_REQUIRE(engine.has_value(), (engine ? "" : to_string(engine.error())));
  return std::move(*engine);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(minilm, *boost::unit_test::precondition(is_fetched))

BOOST_AUTO_TEST_CASE(embeddings_are_those_of_sentence_transformers) {
  const auto references = read_references();
  std::vector<EncoderInput> inputs;
  for (const Reference& reference : references) inputs.push_back({.text = reference.text});
  const auto engine = load({.threads = 2});
  const auto results = engine->compute(inputs);
  BOOST_TEST_REQUIRE(results.has_value(), (results ? "" : to_string(results.error())));

  BOOST_TEST(references.size() == 200U);
  BOOST_TEST(engine->dimensions() == 384U);
  BOOST_TEST(engine->max_tokens() == 256U);
  for (size_t i = 0; i < references.size(); ++i) {
    const Reference& expected = references[i];
    const std::vector<float>& vector = (*results)[i].embedding;
    BOOST_TEST((*results)[i].tokens == expected.tokens, expected.text);
    double error = 0;
    for (size_t k = 0; k < expected.values.size(); ++k) {
      error = std::max(error, std::abs(double{vector[k]} - double{expected.values[k]}));
    }
    // The largest values of an embedding are about 0.1.
    BOOST_TEST(error < 1e-5, expected.text << ": off by " << error);
    if (i > 0) BOOST_TEST(std::abs(dot(vector, (*results)[i - 1].embedding) - expected.cosine) < 1e-5, expected.text);
  }
}

BOOST_AUTO_TEST_CASE(a_text_has_the_same_bits_alone_and_in_company) {
  const auto references = read_references();
  std::vector<EncoderInput> inputs;
  for (size_t i = 0; i < references.size(); i += 9) inputs.push_back({.text = references[i].text});
  const auto together = load({.threads = 2})->compute(inputs).value();
  const auto alone = load({.tokens_per_step = 1});

  for (size_t i = 0; i < inputs.size(); ++i) {
    BOOST_TEST(alone->compute({inputs[i]}).value()[0].embedding == together[i].embedding);
  }
}

BOOST_AUTO_TEST_SUITE_END()
