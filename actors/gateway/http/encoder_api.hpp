#pragma once
// What people ask of encoders, as JSON <-> what runs inside: OpenAI's embeddings, and the score, rerank and classify of
// vLLM, Jina and Cohere. Pure; no HTTP.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/http/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

enum class EncoderApi : uint8_t { embeddings, score, rerank, classify };

struct EncoderApiRequest {
  EncoderApi api{};
  protocol::ServeRequest serve;        ///< work is an Embed; request_id is left empty; unit is `user`.
  std::string model;                   ///< As the client wrote it.
  size_t inputs = 0;                   ///< Of the work.
  bool as_base64 = false;              ///< Embeddings: little-endian floats in the place of numbers.
  size_t top_n = SIZE_MAX;             ///< Rerank: so many of the best.
  std::vector<std::string> documents;  ///< Rerank: to be returned; empty where they are not wanted.
};

/// Refuses what it does not know, by name. Errors: invalid_argument or unimplemented; `field` names the parameter.
///   embeddings  model, input (a text, token ids, or a list of either), encoding_format, dimensions, user
///   score       model, text_1, text_2 (one text against many, or as many pairs), user
///   rerank      model, query, documents (texts or {"text": …}), top_n, return_documents, user
///   classify    model, input (a text or a list), user
Result<EncoderApiRequest> parse_encoder_request(EncoderApi api, std::string_view body, JsonParser& parser);

/// Errors: failed_precondition where the model's scores are not what the API shows; internal where the model answered
/// with something else than a row of FP32 for each input.
Result<std::string> format_encoder_answer(const EncoderApiRequest& request, const protocol::EmbedResult& result,
                                          std::string_view request_id, int64_t created_unix_s);

}  // namespace troupe::gateway
