#pragma once
// Engines over the tiny encoders, and what the reference libraries made of the same inputs.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gpu/engine/encoder_engine.hpp"

namespace troupe::gpu::test {

struct EncoderReference {
  std::string text;
  std::optional<std::string> pair;
  TokenInput tokens;
  std::vector<float> embedding;
  std::vector<float> logits;
  std::vector<float> scores;
};

inline std::filesystem::path encoder_folder(const std::string& name) {
  return std::filesystem::path(TROUPE_TEST_DATA) / "encoder_tiny" / name;
}

/// A copy of a model's folder that a test may change.
class EncoderCopy {
 public:
  explicit EncoderCopy(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / fmt::format("troupe-encoder-engine-{}-{}", ::getpid(), name)) {
    std::filesystem::remove_all(path_);
    std::filesystem::copy(encoder_folder(name), path_, std::filesystem::copy_options::recursive);
  }
  ~EncoderCopy() { std::filesystem::remove_all(path_); }
  EncoderCopy(const EncoderCopy&) = delete;
  EncoderCopy& operator=(const EncoderCopy&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<EncoderEngine> load_encoder(const std::string& name, const EncoderOptions& options = {}) {
  auto engine = EncoderEngine::load(encoder_folder(name), options);
  BOOST_TEST_REQUIRE(engine.has_value(), (engine ? "" : to_string(engine.error())));
  return std::move(*engine);
}

inline std::vector<EncoderReference> read_references(const std::string& name) {
  std::ifstream file(encoder_folder(name) / "reference.json");
  const auto reference = nlohmann::json::parse(file);
  std::vector<EncoderReference> result;
  for (const auto& input : reference["inputs"]) {
    EncoderReference& one = result.emplace_back();
    one.text = input["text"];
    if (input.contains("pair")) one.pair = input["pair"];
    one.tokens = {input["ids"], input["type_ids"]};
    one.embedding = input.value("embedding", std::vector<float>());
    one.logits = input.value("logits", std::vector<float>());
    one.scores = input.value("scores", std::vector<float>());
  }
  return result;
}

inline bool is_close(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance) {
  if (actual.size() != expected.size() || actual.empty()) return false;
  double error = 0;
  double scale = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    error = std::max(error, std::abs(double{actual[i]} - double{expected[i]}));
    scale = std::max(scale, std::abs(double{expected[i]}));
  }
  return error <= tolerance * scale;
}

}  // namespace troupe::gpu::test
