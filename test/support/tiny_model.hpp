#pragma once
// Model folders for test/data/decoders_tiny: weights are made from the names of tensors, as make_reference.py does it.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "test/unit/gpu_loader/safetensors_file.hpp"
#include "test/unit/gpu_loader/temporary_folder.hpp"

namespace troupe::test {

/// Value `index` of the tensor: FNV-1a of the name, then SplitMix64, then 24 bits.
class TinyWeights {
 public:
  TinyWeights(std::string_view name, float centre, float spread) : centre_(centre), spread_(spread) {
    for (const char c : name) state_ = (state_ ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  }
  float operator()(uint64_t index) const {
    uint64_t z = state_ + (index + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z = (z ^ (z >> 31)) >> 40;
    return centre_ + spread_ * (static_cast<float>(z) * 0x1p-23F - 1.0F);
  }

 private:
  float centre_;
  float spread_;
  uint64_t state_ = 0xCBF29CE484222325;
};

/// Appends the value in the type that config.json names, cut off as make_reference.py does it.
inline void append_value(std::string& bytes, float value, const std::string& dtype) {
  auto bits = std::bit_cast<uint32_t>(value);
  size_t size = 4;
  if (dtype != "float32") {
    if (std::abs(value) < 0x1p-14F) bits = 0;
    size = 2;
    const uint32_t sign = bits >> 16 & 0x8000;
    const uint32_t half = bits == 0 ? 0 : (bits >> 13 & 0x3FFFF) - ((127 - 15) << 10);
    bits = dtype == "bfloat16" ? bits >> 16 : sign | (half & 0x7FFF);
  }
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(bits >> (8 * i));
}

/// A model of make_reference.py as a folder, removed at the end.
class TinyModel {
 public:
  struct Form {
    size_t files = 1;           ///< More: shards with an index.
    std::string_view stripped;  ///< Taken off the names of tensors that begin with it.
  };

  explicit TinyModel(const std::string& name) : TinyModel(name, Form()) {}
  TinyModel(const std::string& name, const Form& form) {
    const auto data = std::filesystem::path(TROUPE_TEST_DATA) / "decoders_tiny";
    std::ifstream file(data / (name + ".json"));
    reference_ = nlohmann::json::parse(file);
    folder_.write("config.json", reference_["config"].dump());
    std::filesystem::copy_file(data / "tokenizer.json", path() / "tokenizer.json");
    write_weights(form);
  }

  const std::filesystem::path& path() const { return folder_.path(); }
  const nlohmann::json& prompts() const { return reference_["prompts"]; }

 private:
  void write_weights(const Form& form) const {
    const nlohmann::json& tensors = reference_["tensors"];
    nlohmann::json map;
    for (size_t part = 0; part < form.files; ++part) {
      const std::string file = form.files == 1 ? "model.safetensors" : fmt::format("part-{}.safetensors", part);
      nlohmann::json header;
      std::string data;
      for (size_t i = part; i < tensors.size(); i += form.files) {
        auto name = tensors[i][0].get<std::string>();
        if (name.starts_with(form.stripped)) name.erase(0, form.stripped.size());
        header[name] = append(data, tensors[i]);
        map[name] = file;
      }
      std::string text = header.dump();
      text.resize((text.size() + 7) / 8 * 8, ' ');
      folder_.write(file, little_endian(text.size()) + text + data);
    }
    if (form.files > 1) folder_.write("model.safetensors.index.json", nlohmann::json{{"weight_map", map}}.dump());
  }

  /// The tensor's header entry.
  nlohmann::json append(std::string& data, const nlohmann::json& tensor) const {
    const auto dtype = reference_["config"]["dtype"].get<std::string>();
    const TinyWeights weights(tensor[0].get<std::string>(), tensor[2].get<float>(), tensor[3].get<float>());
    uint64_t count = 1;
    for (const auto& size : tensor[1]) count *= size.get<uint64_t>();
    const size_t begin = data.size();
    for (uint64_t i = 0; i < count; ++i) append_value(data, weights(i), dtype);
    const char* type = dtype == "float32" ? "F32" : dtype == "float16" ? "F16" : "BF16";
    return {{"dtype", type}, {"shape", tensor[1]}, {"data_offsets", {begin, data.size()}}};
  }

  TemporaryFolder folder_;
  nlohmann::json reference_;
};

}  // namespace troupe::test
