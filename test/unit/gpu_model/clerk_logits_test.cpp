// The shipped models against transformers; test/data/clerk/reference.json was made by
// examples/models/clerk/reference.py.

#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gpu/device/cpu/cpu_device.hpp"
#include "gpu/model/decoder.hpp"
#include "gpu/model/decoder_families.hpp"

using namespace troupe;
using namespace troupe::gpu;
namespace data = boost::unit_test::data;

namespace {

constexpr int64_t positions_max = 256;
constexpr int64_t blocks = positions_max / 16;
const char* const versions[] = {"1", "2"};

nlohmann::json reference_of(const std::string& version) {
  std::ifstream file(std::string(TROUPE_TEST_DATA) + "/clerk/reference.json");
  return nlohmann::json::parse(file)["versions"][version]["prompts"];
}

/// Logits [ids, vocabulary] of one sequence alone, its prompt in one step.
std::vector<float> logits_of(Decoder& model, const std::vector<int32_t>& ids) {
  DecoderBatch batch;
  for (size_t i = 0; i < ids.size(); ++i) {
    batch.logit_rows.push_back(static_cast<int32_t>(i));
    batch.token_ids.push_back(ids[i]);
    batch.positions.push_back(static_cast<int32_t>(i));
    batch.sequences.push_back(0);
  }
  for (int32_t block = 0; block < blocks; ++block) batch.block_tables.push_back(block);
  model.forward(batch);
  const auto logits = model.logits();
  return {logits.begin(), logits.end()};
}

struct Deviation {
  float scale = 0;       ///< Largest absolute value expected.
  float difference = 0;  ///< Largest absolute difference.
};

Deviation compare(const std::vector<float>& expected, const float* actual) {
  Deviation deviation;
  for (size_t i = 0; i < expected.size(); ++i) {
    deviation.scale = std::max(deviation.scale, std::abs(expected[i]));
    deviation.difference = std::max(deviation.difference, std::abs(expected[i] - actual[i]));
  }
  return deviation;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clerk)

BOOST_DATA_TEST_CASE(logits_are_those_of_transformers_to_1e_4_of_scale, data::make(versions), version) {
  const auto folder =
      ModelFolder::open(std::string(TROUPE_SOURCE_DIR) + "/examples/models/clerk/" + std::string(version)).value();
  CpuDevice device(1);
  Decoder model = Decoder::load(device, folder, describe_decoder(folder).value(),
                                {.tokens = positions_max,
                                 .sequences = 1,
                                 .logit_rows = positions_max,
                                 .kv_blocks = blocks,
                                 .blocks_per_sequence = blocks})
                      .value();
  const auto vocabulary = static_cast<size_t>(model.description().vocabulary);
  size_t all_positions = 0;

  const nlohmann::json prompts = reference_of(std::string(version));
  for (const nlohmann::json& prompt : prompts) {
    const auto ids = prompt["ids"].get<std::vector<int32_t>>();
    const auto actual = logits_of(model, ids);
    BOOST_REQUIRE(actual.size() == ids.size() * vocabulary);

    const auto last = compare(prompt["last_logits"].get<std::vector<float>>(), &actual[(ids.size() - 1) * vocabulary]);
    BOOST_TEST(last.difference < 1e-4F * last.scale, "last position of " << prompt["prompt"]);
    if (!prompt.contains("all_logits")) continue;
    ++all_positions;
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto each = compare(prompt["all_logits"][i].get<std::vector<float>>(), &actual[i * vocabulary]);
      BOOST_TEST(each.difference < 1e-4F * each.scale, "position " << i << " of " << prompt["prompt"]);
    }
  }
  BOOST_TEST(all_positions == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
