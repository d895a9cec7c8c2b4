#pragma once
// TokenizerData: everything a tokenizer.json says, checked and ready to use. Private to this folder.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gpu/tokenizer/added_tokens.hpp"
#include "gpu/tokenizer/decoder.hpp"
#include "gpu/tokenizer/model.hpp"
#include "gpu/tokenizer/normalizer.hpp"
#include "gpu/tokenizer/post_processor.hpp"
#include "gpu/tokenizer/pre_tokenizer.hpp"
#include "gpu/tokenizer/truncation.hpp"
#include "gpu/tokenizer/vocabulary.hpp"
#include "runtime/base/result.hpp"

namespace troupe::gpu {

struct TokenizerData {
  AddedTokens added;             ///< Matched first, in the text as it came,
  Normalizer normalizer;         ///< then what is left is normalized,
  AddedTokens added_normalized;  ///< and these are matched in that.
  PreTokenizer pre_tokenizer;
  std::unique_ptr<TokenModel> model;
  std::optional<Truncation> truncation;
  PostProcessor post_processor;
  TokenDecoder decoder;

  Vocabulary added_vocabulary;                          ///< Added tokens by their content; goes before the model's.
  std::unordered_map<int32_t, std::string> decoded_as;  ///< Added tokens that normalizing changes: what they are then.
  std::vector<bool> special;                            ///< By id.

  /// Empty where there is no such id.
  std::string_view token(int32_t id) const noexcept {
    const std::string_view added_token = added_vocabulary.token(id);
    return added_token.empty() ? model->vocabulary().token(id) : added_token;
  }
  /// -1 where there is no such token.
  int32_t find(std::string_view text) const noexcept {
    const int32_t id = added_vocabulary.find(text);
    return id < 0 ? model->vocabulary().find(text) : id;
  }
};

/// `file` stands for the path in errors.
Result<TokenizerData> read_tokenizer_json(std::string_view text, const std::string& file);

}  // namespace troupe::gpu
