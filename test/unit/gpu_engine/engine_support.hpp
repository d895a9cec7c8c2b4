#pragma once
// What the engine's tests share: loading an engine and running requests to their ends.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "gpu/engine/text_engine.hpp"

namespace troupe::gpu {

inline std::filesystem::path tiny_folder(const std::string& variant) {
  return std::filesystem::path(TROUPE_TEST_DATA) / "llama_tiny" / variant;
}

inline nlohmann::json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  return nlohmann::json::parse(file);
}

inline std::unique_ptr<TextEngine> load_engine(const std::filesystem::path& folder, const EngineOptions& options = {}) {
  auto engine = TextEngine::load(folder, options);
  BOOST_TEST_REQUIRE(engine.has_value(), (engine ? "" : to_string(engine.error())));
  return std::move(*engine);
}

/// All events of one request, joined.
struct Generated {
  std::string text;
  std::vector<int32_t> tokens;
  FinishReason finish = FinishReason::none;
  uint32_t completion_tokens = 0;
  std::vector<TokenScores> scores;
};

inline void collect(std::map<uint64_t, Generated>& all, const std::vector<SequenceEvent>& events) {
  for (const SequenceEvent& event : events) {
    Generated& one = all[event.id];
    BOOST_TEST_REQUIRE((one.finish == FinishReason::none), "an event after the last one");
    one.text += event.text;
    one.tokens.insert(one.tokens.end(), event.token_ids.begin(), event.token_ids.end());
    one.finish = event.finish;
    one.completion_tokens = event.completion_tokens;
    one.scores.insert(one.scores.end(), event.scores.begin(), event.scores.end());
  }
}

/// Runs `inputs` side by side, under their indices as ids.
inline std::map<uint64_t, Generated> generate(TextEngine& engine, const std::vector<GenerateInput>& inputs) {
  std::map<uint64_t, Generated> all;
  for (size_t id = 0; id < inputs.size(); ++id) {
    const Status status = engine.submit(id, inputs[id]);
    BOOST_TEST_REQUIRE(status.has_value(), (status ? "" : to_string(status.error())));
  }
  for (int steps = 0; !engine.idle(); ++steps) {
    BOOST_TEST_REQUIRE(steps < 100'000);
    collect(all, engine.step());
  }
  return all;
}

inline Generated generate_one(TextEngine& engine, const GenerateInput& input) {
  return generate(engine, {input})[0];
}

}  // namespace troupe::gpu
