#pragma once
// EncoderTexts: any input of an encoder as token ids that the model can take.

#include <cstdint>
#include <string>
#include <vector>

#include "gpu/engine/encode.hpp"
#include "gpu/loader/model_folder.hpp"
#include "gpu/tokenizer/tokenizer.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct EncoderTokens {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;  ///< One of each id.
  bool is_cut = false;
};

/// What a model takes.
struct EncoderBounds {
  int64_t vocabulary = 0;
  int64_t token_types = 0;  ///< 0: none; all types are then 0.
  int64_t max_tokens = 0;
};

/// Immutable; const methods are thread-safe.
class EncoderTexts {
 public:
  /// `prompt` stands before every single text. A tokenizer that cannot be read is no error until a text comes.
  static EncoderTexts open(const ModelFolder& folder, const EncoderBounds& bounds, std::string prompt);

  /// Errors: why it could not be read.
  Result<const Tokenizer*> tokenizer() const;

  /// 1 to max_tokens ids. Errors: invalid_argument (field "input") or those of the tokenizer.
  Result<EncoderTokens> encode(const EncoderInput& input) const;

 private:
  EncoderTexts(Result<Tokenizer> tokenizer, const EncoderBounds& bounds, std::string prompt)
      : tokenizer_(std::move(tokenizer)), bounds_(bounds), prompt_(std::move(prompt)) {}

  Result<EncoderTokens> to_tokens(const std::string& text) const;
  Result<EncoderTokens> to_tokens(const TextPair& pair) const;
  Result<EncoderTokens> to_tokens(const TokenInput& tokens) const;
  /// `encode` is given the tokenizer and the most tokens it may return.
  template <class Encode>
  Result<EncoderTokens> encode_within(const Encode& encode) const;

  Result<Tokenizer> tokenizer_;
  EncoderBounds bounds_;
  std::string prompt_;
};

}  // namespace troupe::gpu
