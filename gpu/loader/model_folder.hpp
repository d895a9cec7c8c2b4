#pragma once
// ModelFolder: one model version as a folder in the layout of Hugging Face transformers.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/loader/model_config.hpp"
#include "gpu/loader/safetensors.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// Immutable after opening; const methods are thread-safe.
///
/// Needs config.json, model.safetensors and tokenizer.json. Reads, where present: generation_config.json (end tokens),
/// tokenizer_config.json (chat template, texts of the bos and eos tokens) and chat_template.jinja (goes before the
/// template in tokenizer_config.json).
class ModelFolder {
 public:
  /// Errors: not_found naming the missing file, unimplemented for weights in several files, or those of the parts.
  static Result<ModelFolder> open(const std::filesystem::path& folder);

  const ModelConfig& config() const noexcept { return config_; }
  const SafetensorsFile& weights() const noexcept { return weights_; }
  /// For gpu::Tokenizer::from_file(); known to exist, not yet read.
  const std::filesystem::path& tokenizer_file() const noexcept { return tokenizer_file_; }
  /// Source for gpu::ChatTemplate::parse(); none for a model that is no chat model.
  const std::optional<std::string>& chat_template() const noexcept { return chat_template_; }
  /// Texts that chat templates write; empty if the folder names none.
  const std::string& bos_token() const noexcept { return bos_token_; }
  const std::string& eos_token() const noexcept { return eos_token_; }
  /// Ids that end a generation: generation_config.json's, or else config.json's.
  const std::vector<int32_t>& eos_token_ids() const noexcept { return eos_token_ids_; }

  /// The F32 tensor `name`, aligned for float. Errors: not_found, or invalid_argument with file, tensor, found and
  /// expected. Valid as long as this folder.
  Result<const TensorInfo*> tensor(std::string_view name, std::span<const int64_t> expected_shape) const;

 private:
  ModelFolder(ModelConfig config, SafetensorsFile weights) : config_(std::move(config)), weights_(std::move(weights)) {}

  Status read_generation_config(const std::filesystem::path& file);
  Status read_tokenizer_config(const std::filesystem::path& file);

  ModelConfig config_;
  SafetensorsFile weights_;
  std::filesystem::path tokenizer_file_;
  std::optional<std::string> chat_template_;
  std::string bos_token_;
  std::string eos_token_;
  std::vector<int32_t> eos_token_ids_;
};

}  // namespace troupe::gpu
