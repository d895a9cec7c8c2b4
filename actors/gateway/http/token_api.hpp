#pragma once
// Tokenize and detokenize as vLLM has them: JSON <-> what runs inside. Pure; no HTTP.
//
// https://docs.vllm.ai, "OpenAI-Compatible Server", Tokenizer API

#include <string>
#include <string_view>

#include "actors/gateway/http/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

enum class TokenApi : uint8_t { tokenize, detokenize };

struct TokenApiRequest {
  TokenApi api{};
  protocol::ServeRequest serve;  ///< work is a Tokenize; request_id is left empty.
  bool with_strings = false;     ///< Tokens as the vocabulary spells them.
};

/// Refuses what it does not know, by name. Errors: invalid_argument; `field` names the parameter.
///   tokenize    model, prompt or messages, add_special_tokens, return_token_strs
///   detokenize  model, tokens
Result<TokenApiRequest> parse_token_request(TokenApi api, std::string_view body, JsonParser& parser);

/// {"count":…,"max_model_len":…,"tokens":[…],"token_strs":…}, or {"prompt":…}.
std::string format_token_answer(const TokenApiRequest& request, const protocol::TokenizeResult& result);

}  // namespace troupe::gateway
