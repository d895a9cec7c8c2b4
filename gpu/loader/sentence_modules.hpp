#pragma once
// SentenceModules: what a folder in the layout of sentence-transformers says is to be done with a model's token
// vectors.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gpu/loader/model_folder.hpp"
#include "gpu/tensor/functions.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

/// y = activation(x W^T + b) over a pooled vector.
struct DenseModule {
  int64_t in = 0;
  int64_t out = 0;
  std::optional<Activation> activation;
  std::filesystem::path folder;  ///< Its weights "linear.weight" and, where has_bias, "linear.bias".
  bool has_bias = true;
};

/// Pooling, then the dense layers, then normalisation to unit length.
struct SentenceModules {
  Pooling pooling = Pooling::mean;
  std::vector<DenseModule> dense;
  bool normalize = false;
  std::string prompt;  ///< Stands before every text.
};

/// Reads modules.json and what it names, and config_sentence_transformers.json where present. Without a modules.json
/// the mean of the tokens is it, as in sentence-transformers. None where modules.json has the transformer alone: a
/// cross encoder. What is not here is refused by name (unimplemented): other modules or another order, several poolings
/// at once or weighted ones, prompts left out of the pooling. Pooling and dense layers must fit `width`, that of the
/// model's vectors.
Result<std::optional<SentenceModules>> read_sentence_modules(const std::filesystem::path& folder, int64_t width);

/// True where there is a modules.json.
bool has_sentence_modules(const std::filesystem::path& folder);

/// Most tokens of an input that the folder wants, beside what the model can take: max_seq_length of
/// sentence_bert_config.json, or else model_max_length of tokenizer_config.json; none where neither says so.
Result<std::optional<int64_t>> read_max_tokens(const std::filesystem::path& folder);

/// The dense module's tensor `name`, F32. Errors: those of WeightFiles, invalid_argument for another type or shape.
Result<ModelTensor> read_dense_tensor(const DenseModule& module, std::string_view name,
                                      std::span<const int64_t> expected_shape);

}  // namespace troupe::gpu
