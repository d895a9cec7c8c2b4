#pragma once
// What goes into an EncoderEngine and what comes out.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/error.hpp"

namespace troupe::gpu {

/// Two texts that are read together: a question and a passage, a premise and a conclusion.
struct TextPair {
  std::string first;
  std::string second;
};

/// Token ids as they are, special tokens included.
struct TokenInput {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;  ///< One of each id; empty = all 0. Ignored by models without token types.
};

enum class EncoderTask : uint8_t {
  embed,     ///< A vector.
  classify,  ///< A score of each label.
};

struct EncoderInput {
  /// Texts are framed with special tokens and cut where they are longer than the model takes, as the model's folder
  /// says; token ids that are longer are refused.
  std::variant<std::string, TextPair, TokenInput> text;
  EncoderTask task = EncoderTask::embed;
  /// Of `embed`: so many of the vector's first values; 0 = all. A vector of unit length has it again after the cut.
  uint32_t dimensions = 0;
};

struct EncoderResult {
  uint64_t id = 0;
  uint32_t tokens = 0;           ///< That were computed.
  bool is_cut = false;           ///< The text was longer than the model takes.
  std::vector<float> embedding;  ///< Of `embed`.
  std::vector<float> logits;     ///< Of `classify`, in the order of EncoderEngine::labels().
  std::vector<float> scores;     ///< The same as probabilities, or as the model's folder says.
  std::optional<Error> error;    ///< Set where the model yields numbers that are not finite; nothing else is then.
};

}  // namespace troupe::gpu
