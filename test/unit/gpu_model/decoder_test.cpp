#include "gpu/model/decoder.hpp"

#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gpu/device/cpu/cpu_device.hpp"
#include "gpu/model/decoder_families.hpp"

using namespace troupe;
using namespace troupe::gpu;
namespace data = boost::unit_test::data;

namespace {

constexpr int64_t blocks_per_sequence = 8;
const char* const variants[] = {"tied", "untied"};

std::filesystem::path folder_of(const std::string& variant) {
  return std::filesystem::path(TROUPE_TEST_DATA) / "llama_tiny" / variant;
}

ModelFolder open_folder(const std::filesystem::path& path) {
  auto folder = ModelFolder::open(path);
  BOOST_TEST_REQUIRE(folder.has_value(), (folder ? "" : to_string(folder.error())));
  return std::move(*folder);
}

struct Tiny {
  explicit Tiny(const std::string& variant, uint32_t threads = 1)
      : folder(open_folder(folder_of(variant))),
        device(threads),
        model(Decoder::load(device, folder, describe_decoder(folder).value(),
                            {.tokens = 64,
                             .sequences = 4,
                             .logit_rows = 64,
                             .kv_blocks = 32,
                             .blocks_per_sequence = blocks_per_sequence})
                  .value()) {
    std::ifstream file(folder_of(variant) / "reference.json");
    const auto reference = nlohmann::json::parse(file);
    for (const auto& prompt : reference["prompts"]) {
      prompts.push_back(prompt["ids"].get<std::vector<int32_t>>());
    }
  }

  ModelFolder folder;
  CpuDevice device;
  Decoder model;
  std::vector<std::vector<int32_t>> prompts;
};

/// Adds tokens [first, last) of `ids` as the next sequence, all their logits wanted. `table` names its cache blocks.
void add(DecoderBatch& batch, const std::vector<int32_t>& ids, size_t first, size_t last, int32_t table) {
  const auto sequence = static_cast<int32_t>(batch.block_tables.size() / blocks_per_sequence);
  for (size_t i = first; i < last; ++i) {
    batch.logit_rows.push_back(static_cast<int32_t>(batch.token_ids.size()));
    batch.token_ids.push_back(ids[i]);
    batch.positions.push_back(static_cast<int32_t>(i));
    batch.sequences.push_back(sequence);
  }
  for (int32_t block = 0; block < blocks_per_sequence; ++block) {
    batch.block_tables.push_back(31 - table - 4 * block);
  }
}

std::vector<float> run(Decoder& model, const DecoderBatch& batch) {
  model.forward(batch);
  const auto logits = model.logits();
  return {logits.begin(), logits.end()};
}

std::vector<float> run_alone(Decoder& model, const std::vector<int32_t>& ids) {
  DecoderBatch batch;
  add(batch, ids, 0, ids.size(), 0);
  return run(model, batch);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(decoder)

// Tolerance: 1e-4 of the largest logit; both sides sum in fp32, in different orders.
BOOST_DATA_TEST_CASE(logits_of_every_position_are_those_of_transformers, data::make(variants), variant) {
  Tiny tiny(variant);
  const auto reference = SafetensorsFile::open(folder_of(variant) / "reference.safetensors").value();

  for (size_t n = 0; n < 3; ++n) {
    const TensorInfo* expected = reference.find("logits." + std::to_string(n));
    BOOST_REQUIRE(expected != nullptr);
    const auto actual = run_alone(tiny.model, tiny.prompts[n]);
    std::vector<float> values(expected->data.size() / sizeof(float));
    std::memcpy(values.data(), expected->data.data(), expected->data.size());

    BOOST_REQUIRE(actual.size() == values.size());
    float scale = 0;
    float difference = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      scale = std::max(scale, std::abs(values[i]));
      difference = std::max(difference, std::abs(values[i] - actual[i]));
    }
    BOOST_TEST(difference < 1e-4F * scale);
  }
}

BOOST_DATA_TEST_CASE(a_sequence_has_the_same_bits_alone_and_in_a_batch, data::make(variants), variant) {
  Tiny tiny(variant);
  const auto alone = run_alone(tiny.model, tiny.prompts[2]);

  DecoderBatch batch;
  add(batch, tiny.prompts[1], 0, tiny.prompts[1].size(), 1);
  add(batch, tiny.prompts[2], 0, tiny.prompts[2].size(), 2);
  add(batch, tiny.prompts[0], 0, tiny.prompts[0].size(), 3);
  const auto together = run(tiny.model, batch);

  const auto skipped = static_cast<std::ptrdiff_t>(tiny.prompts[1].size()) * tiny.model.description().vocabulary;
  BOOST_TEST(std::equal(alone.begin(), alone.end(), together.begin() + skipped));
}

BOOST_DATA_TEST_CASE(a_prompt_has_the_same_bits_in_pieces_beside_others_and_on_threads,
                     data::make(variants) * data::make({1U, 3U}), variant, threads) {
  Tiny tiny(variant, threads);
  const std::vector<int32_t>& ids = tiny.prompts[3];
  std::vector<float> whole;
  for (const auto& [first, last] : {std::pair<size_t, size_t>{0, 64}, {64, ids.size()}}) {
    DecoderBatch batch;
    add(batch, ids, first, last, 0);
    const auto logits = run(tiny.model, batch);
    whole.insert(whole.end(), logits.begin(), logits.end());
  }

  std::vector<float> pieces;
  size_t first = 0;
  for (const size_t count : {1, 2, 20, 17, 1, 29}) {
    DecoderBatch batch;
    add(batch, ids, first, first + count, 1);
    add(batch, tiny.prompts[1], 0, tiny.prompts[1].size(), 2);
    const auto logits = run(tiny.model, batch);
    const auto own = static_cast<std::ptrdiff_t>(count) * tiny.model.description().vocabulary;
    pieces.insert(pieces.end(), logits.begin(), logits.begin() + own);
    first += count;
  }

  BOOST_TEST(first == ids.size());
  BOOST_TEST((pieces == whole));
}

BOOST_AUTO_TEST_CASE(greedy_tokens_are_the_largest_logits) {
  Tiny tiny("tied");
  const auto logits = run_alone(tiny.model, tiny.prompts[2]);
  const auto greedy = tiny.model.greedy_tokens();

  const auto vocabulary = tiny.model.description().vocabulary;
  for (size_t row = 0; row < greedy.size(); ++row) {
    const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(row) * vocabulary;
    BOOST_TEST(greedy[row] == std::max_element(begin, begin + vocabulary) - begin);
  }
}

BOOST_AUTO_TEST_CASE(a_missing_tensor_is_named) {
  const auto copy = std::filesystem::temp_directory_path() / ("troupe_decoder_" + std::to_string(getpid()));
  std::filesystem::create_directories(copy);
  for (const char* name : {"config.json", "tokenizer.json"}) {
    std::filesystem::copy_file(folder_of("untied") / name, copy / name);
  }
  std::filesystem::copy_file(folder_of("tied") / "model.safetensors", copy / "model.safetensors");
  const auto folder = open_folder(copy);
  CpuDevice device(1);

  const auto model = Decoder::load(device, folder, describe_decoder(folder).value(), {1, 1, 1, 1, 1});

  std::filesystem::remove_all(copy);
  BOOST_REQUIRE(!model);
  BOOST_TEST(model.error().message.find("model.embed_tokens.weight") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
