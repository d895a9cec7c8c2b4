#pragma once
// The families of decoder-only models. A new one is a file in families/ with a describe function, and a line here and
// in decoder_families.cpp.

#include <string>

#include "gpu/loader/model_folder.hpp"
#include "gpu/model/decoder_description.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// What the folder's model is made of, by the family that config.json names. Looks at configuration and names of
/// tensors only. Errors: unimplemented naming the architecture and those there are, or another option that cannot be
/// computed; invalid_argument with the key in `field` for a missing, ill-typed or out-of-range value.
Result<DecoderDescription> describe_decoder(const ModelFolder& folder);

/// "GPT2LMHeadModel, LlamaForCausalLM, …"
std::string decoder_architectures();

// By family; callers use describe_decoder().
Result<DecoderDescription> describe_gpt2(const ModelFolder& folder);
Result<DecoderDescription> describe_llama(const ModelFolder& folder);
Result<DecoderDescription> describe_mistral(const ModelFolder& folder);
Result<DecoderDescription> describe_qwen2(const ModelFolder& folder);

}  // namespace troupe::gpu
