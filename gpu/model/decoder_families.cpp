#include "gpu/model/decoder_families.hpp"

#include <array>

namespace troupe::gpu {
namespace {

struct Family {
  std::string_view architecture;
  std::string_view model_type;  ///< Counts where config.json names no architecture.
  Result<DecoderDescription> (*describe)(const ModelFolder&);
};

constexpr std::array families = {
    Family{"GPT2LMHeadModel", "gpt2", describe_gpt2},
    Family{"LlamaForCausalLM", "llama", describe_llama},
    Family{"MistralForCausalLM", "mistral", describe_mistral},
    Family{"Qwen2ForCausalLM", "qwen2", describe_qwen2},
};

}  // namespace

Result<DecoderDescription> describe_decoder(const ModelFolder& folder) {
  const JsonFields config = folder.config();
  const bool by_type = folder.architecture().empty();
  for (const Family& family : families) {
    if (by_type ? family.model_type != folder.model_type() : family.architecture != folder.architecture()) continue;
    if (config.has("quantization_config")) return config.unsupported("quantization_config", "null");
    return family.describe(folder);
  }
  return config.unsupported(by_type ? "model_type" : "architectures", decoder_architectures());
}

std::string decoder_architectures() {
  std::string names;
  for (const Family& family : families) {
    if (!names.empty()) names += ", ";
    names += family.architecture;
  }
  return names;
}

}  // namespace troupe::gpu
