#include "gpu/model/encoder.hpp"

#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gpu/device/cpu/cpu_device.hpp"
#include "gpu/model/relative_positions.hpp"

using namespace troupe;
using namespace troupe::gpu;
namespace data = boost::unit_test::data;

namespace {

const char* const embedders[] = {"bert", "bert_plain", "roberta", "distilbert", "mpnet"};
const char* const classifiers[] = {"bert_classifier", "bert_bf16", "roberta_classifier", "distilbert_classifier",
                                   "mpnet_classifier"};

struct Input {
  std::vector<int32_t> ids;
  std::vector<int32_t> types;
  std::vector<float> expected;
};

std::filesystem::path folder_of(const std::string& name) {
  return std::filesystem::path(TROUPE_TEST_DATA) / "encoder_tiny" / name;
}

template <class T>
T required(Result<T> result) {
  BOOST_TEST_REQUIRE(result.has_value(), (result ? "" : to_string(result.error())));
  return std::move(*result);
}

struct Tiny {
  explicit Tiny(const std::string& name, const std::string& expected, uint32_t threads = 1)
      : folder(required(ModelFolder::open(folder_of(name)))), device(threads), model(load(name)) {
    std::ifstream file(folder_of(name) / "reference.json");
    const auto reference = nlohmann::json::parse(file);
    for (const auto& input : reference["inputs"]) {
      inputs.push_back({input["ids"], input["type_ids"], input[expected]});
    }
  }

  Encoder load(const std::string& name) {
    const EncoderDescription description = required(describe_encoder(folder));
    std::optional<SentenceModules> modules;
    if (!description.classifier) modules = required(read_sentence_modules(folder_of(name), description.hidden));
    return required(Encoder::load(device, folder, description, modules, {.tokens = 600, .sequences = 16}));
  }

  std::vector<float> run(const std::vector<Input>& batch) {
    EncoderBatch step;
    for (const Input& input : batch) step.add(input.ids, input.types);
    model.forward(step);
    const auto result = model.description().classifier ? model.logits() : model.embeddings();
    return {result.begin(), result.end()};
  }

  ModelFolder folder;
  CpuDevice device;
  Encoder model;
  std::vector<Input> inputs;
};

double largest(const std::vector<float>& values) {
  double result = 0;
  for (const float value : values) result = std::max(result, std::abs(double{value}));
  return result;
}

/// The largest difference, in parts of the largest expected value.
double relative_error(const std::vector<float>& actual, const std::vector<float>& expected) {
  BOOST_TEST_REQUIRE(actual.size() == expected.size());
  double error = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    error = std::max(error, std::abs(double{actual[i]} - double{expected[i]}));
  }
  return error / largest(expected);
}

void check_reference(Tiny& tiny) {
  BOOST_TEST_REQUIRE(tiny.inputs.size() >= 6U);
  for (size_t i = 0; i < tiny.inputs.size(); ++i) {
    const double error = relative_error(tiny.run({tiny.inputs[i]}), tiny.inputs[i].expected);
    BOOST_TEST(error < 2e-5, "input " << i << " is off by " << error);
  }
}

void check_invariance(Tiny& tiny, Tiny& threaded) {
  std::vector<float> apart;
  for (const Input& input : tiny.inputs) {
    const auto one = tiny.run({input});
    apart.insert(apart.end(), one.begin(), one.end());
  }
  BOOST_TEST(tiny.run(tiny.inputs) == apart);
  BOOST_TEST(threaded.run(tiny.inputs) == apart);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(encoder)

BOOST_DATA_TEST_CASE(embeddings_agree_with_sentence_transformers, data::make(embedders), name) {
  Tiny tiny(name, "embedding");
  check_reference(tiny);
}

BOOST_DATA_TEST_CASE(logits_agree_with_transformers, data::make(classifiers), name) {
  Tiny tiny(name, "logits");
  check_reference(tiny);
}

BOOST_DATA_TEST_CASE(embeddings_have_the_same_bits_alone_and_in_company, data::make(embedders), name) {
  Tiny tiny(name, "embedding");
  Tiny threaded(name, "embedding", 3);
  check_invariance(tiny, threaded);
}

BOOST_DATA_TEST_CASE(logits_have_the_same_bits_alone_and_in_company, data::make(classifiers), name) {
  Tiny tiny(name, "logits");
  Tiny threaded(name, "logits", 3);
  check_invariance(tiny, threaded);
}

BOOST_AUTO_TEST_CASE(types_of_tokens_count) {
  Tiny tiny("bert", "embedding");
  Input other = tiny.inputs.front();
  other.types.back() = 1;
  BOOST_TEST(tiny.run({other}) != tiny.run({tiny.inputs.front()}));
}

BOOST_AUTO_TEST_CASE(buckets_of_distances_are_those_of_transformers) {
  // MPNetEncoder.relative_position_bucket: where each bucket begins, towards the front of the text.
  const std::vector<std::pair<int64_t, int32_t>> borders{
      {0, 0},   {1, 1},   {7, 7},   {8, 8},   {11, 8},  {12, 9},  {15, 9},  {16, 10},  {22, 10},  {23, 11}, {31, 11},
      {32, 12}, {45, 12}, {46, 13}, {63, 13}, {64, 14}, {90, 14}, {91, 15}, {127, 15}, {128, 15}, {500, 15}};
  for (const auto& [distance, bucket] : borders) {
    BOOST_TEST(relative_bucket(-distance, 32) == bucket, "distance " << -distance);
    if (distance > 0) BOOST_TEST(relative_bucket(distance, 32) == bucket + 16, "distance " << distance);
  }
}

BOOST_AUTO_TEST_SUITE_END()
