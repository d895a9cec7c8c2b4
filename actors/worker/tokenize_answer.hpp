#pragma once
// What a native model's tokenizer says of a text. Only for the back ends.

#include "gpu/tokenizer/tokenizer.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::worker {

/// Errors: those of the tokenizer.
inline Result<protocol::TokenizeResult> tokenize_answer(const gpu::Tokenizer& tokenizer, std::vector<int32_t> ids,
                                                        bool writes_special_tokens, uint32_t context_length) {
  protocol::TokenizeResult result;
  TROUPE_TRY(result.text, tokenizer.decode(ids, !writes_special_tokens));
  for (const int32_t id : ids) result.tokens.emplace_back(tokenizer.id_to_token(id).value_or(""));
  result.ids = std::move(ids);
  result.context_length = context_length;
  return result;
}

}  // namespace troupe::worker
