#pragma once
// ModelFolder: one model version as a folder in the layout of Hugging Face transformers.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/loader/json_fields.hpp"
#include "gpu/loader/weight_files.hpp"
#include "runtime/base/dtype.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// A tensor of a model: row-major, little-endian, aligned for its elements.
struct ModelTensor {
  DType dtype;  ///< f32, bf16 or f16.
  std::span<const std::byte> data;
  std::shared_ptr<const void> owner;  ///< Keeps `data` mapped.
};

/// Knows files, not what is computed from them: each family of models reads its own configuration from config() and
/// asks for its tensors by name. Immutable after opening; const methods are thread-safe.
///
/// Needs config.json, weights (see WeightFiles) and tokenizer.json. Reads, where present: generation_config.json (end
/// tokens), tokenizer_config.json (chat templates, texts of the bos and eos tokens) and chat_template.jinja (goes
/// before those in tokenizer_config.json).
class ModelFolder {
 public:
  /// Errors: not_found naming the missing file, or those of the parts.
  static Result<ModelFolder> open(const std::filesystem::path& folder);

  /// config.json; valid as long as this folder.
  JsonFields config() const;
  /// "LlamaForCausalLM": what `architectures` of config.json names; empty where it is absent. This or model_type() is
  /// there.
  const std::string& architecture() const noexcept { return architecture_; }
  /// "llama": `model_type` of config.json; empty where it is absent.
  const std::string& model_type() const noexcept { return model_type_; }
  /// `vocab_size` of config.json; token ids are below it.
  int64_t vocab_size() const noexcept { return vocab_size_; }

  /// For gpu::Tokenizer::from_file(); known to exist, not yet read.
  const std::filesystem::path& tokenizer_file() const noexcept { return tokenizer_file_; }
  /// Source for gpu::ChatTemplate::parse(); none for a model that is no chat model.
  const std::optional<std::string>& chat_template() const noexcept { return chat_template_; }
  /// The one for conversations with tools, where the folder has it apart; else none.
  const std::optional<std::string>& tool_template() const noexcept { return tool_template_; }
  /// Texts that chat templates write; empty if the folder names none.
  const std::string& bos_token() const noexcept { return bos_token_; }
  const std::string& eos_token() const noexcept { return eos_token_; }
  /// Ids that end a generation: generation_config.json's, or else config.json's.
  const std::vector<int32_t>& eos_token_ids() const noexcept { return eos_token_ids_; }

  bool has_tensor(std::string_view name) const { return weights_.find(name).info != nullptr; }
  /// The F32, BF16 or F16 tensor `name`. Errors: not_found, or invalid_argument with file, tensor, found and expected.
  Result<ModelTensor> tensor(std::string_view name, std::span<const int64_t> expected_shape) const;

 private:
  ModelFolder() = default;

  Status read_config(const std::filesystem::path& file);
  Status read_generation_config(const std::filesystem::path& file);
  Status read_tokenizer_config(const std::filesystem::path& file);

  std::string config_file_;
  std::shared_ptr<const nlohmann::json> config_;
  std::string architecture_;
  std::string model_type_;
  int64_t vocab_size_ = 0;
  WeightFiles weights_;
  std::filesystem::path tokenizer_file_;
  std::optional<std::string> chat_template_;
  std::optional<std::string> tool_template_;
  std::string bos_token_;
  std::string eos_token_;
  std::vector<int32_t> eos_token_ids_;
};

}  // namespace troupe::gpu
