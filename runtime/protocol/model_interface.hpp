#pragma once
// ModelInterface: what a model takes and gives, as its back end declares it once it is warm. Doors show it as metadata.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/base/dtype.hpp"
#include "runtime/base/result.hpp"

namespace troupe::protocol {

/// What may be asked of a model. Values travel on the wire: never renumber, never reuse.
enum class ModelTask : uint8_t {
  generate = 1,  ///< Text after a text: Generate of a text or of tokens.
  chat = 2,      ///< Generate of a conversation.
  vectors = 3,   ///< Embed with EmbedTask::vectors.
  scores = 4,    ///< Embed with EmbedTask::scores.
  infer = 5,     ///< Infer.
  tokenize = 6,  ///< Tokenize.
};

/// "generate", "chat", "embed", "score", "infer", "tokenize".
std::string_view to_string(ModelTask task) noexcept;

/// Extent of an axis that may be of any length.
inline constexpr int64_t any_extent = -1;

struct TensorSpec {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;  ///< any_extent, or the one length that an axis has.
  bool is_optional = false;    ///< An input that may be left out.
  bool operator==(const TensorSpec&) const = default;
  static constexpr auto fields() {
    return std::tuple{&TensorSpec::name, &TensorSpec::dtype, &TensorSpec::shape, &TensorSpec::is_optional};
  }
};

struct ModelInterface {
  std::vector<ModelTask> tasks;     ///< Rising, each once; empty: not declared.
  std::vector<TensorSpec> inputs;   ///< Of Infer; both empty: not declared, or it serves none.
  std::vector<TensorSpec> outputs;  ///< All that it may answer.
  uint32_t context_length = 0;      ///< Tokens of prompt and answer together, or of a text; 0: of no such thing.
  bool operator==(const ModelInterface&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ModelInterface::tasks, &ModelInterface::inputs, &ModelInterface::outputs,
                      &ModelInterface::context_length};
  }

  bool is_declared() const noexcept { return !tasks.empty(); }
};

inline constexpr size_t interface_tensors_max = 64;  ///< Inputs, and as many outputs.
inline constexpr size_t tensor_rank_max = 16;

/// Names of 1 to 256 bytes, each once among the inputs and among the outputs; extents and counts within the bounds
/// above; known types and tasks. The Error says which tensor is wrong.
Status validate(const ModelInterface& interface);

/// nullptr where there is none of that name.
const TensorSpec* find(const std::vector<TensorSpec>& specs, std::string_view name);

}  // namespace troupe::protocol
