#pragma once
// OpenAI's completions and chat completions: JSON text <-> what runs inside. Pure; no HTTP.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/gateway/http/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

enum class OpenAiKind : uint8_t { completion, chat };

/// max_tokens of a completion that names none, as with OpenAI.
inline constexpr uint32_t completion_tokens_default = 16;
/// max_tokens of a chat that names none: larger than any context, so that the answer ends with a stop or with the
/// context, whichever comes first.
inline constexpr uint32_t chat_tokens_default = 1u << 20;

struct OpenAiRequest {
  protocol::ServeRequest serve;  ///< work is a Generate; request_id is left empty; unit is `user`.
  std::string model;             ///< As the client wrote it.
  bool include_usage = false;    ///< A last chunk with the usage.
};

/// Refuses what it does not know, by name: a parameter that would be ignored would change the answer in silence.
/// Parameters of OpenAI's that stand at their default are let through. Errors: invalid_argument, or unimplemented where
/// the parameter is OpenAI's but not ours; `field` names it.
Result<OpenAiRequest> parse_openai_request(OpenAiKind kind, std::string_view body, JsonParser& parser);

/// Writes the answer to one request.
class OpenAiAnswer {
 public:
  OpenAiAnswer(OpenAiKind kind, std::string request_id, int64_t created_unix_s, std::string model, bool include_usage);

  /// The whole answer as one object: each choice with its whole text, one of them with the usage.
  std::string whole(std::vector<protocol::TextPart> choices, std::string_view version) const;

  /// The next piece of a stream of server-sent events; with the last one the usage, if asked for, and "[DONE]".
  std::string chunk(const protocol::TextPart& text, std::string_view version, bool last);
  /// What ends a stream that failed: an `error` event.
  static std::string error_event(const Error& error);

 private:
  std::string head(std::string_view object, std::string_view version) const;
  /// What is known of one choice of a stream.
  struct Choice {
    bool has_role = false;
    size_t text_offset = 0;  ///< Bytes of its tokens so far.
  };

  std::string event(std::string_view version, std::string_view choices, std::string_view usage) const;
  std::string choice(uint32_t index, std::string_view delta, std::string_view logprobs,
                     protocol::FinishReason finish) const;
  std::string logprobs(const std::vector<protocol::TokenScores>& scores, size_t& text_offset) const;

  OpenAiKind kind_;
  std::string id_;
  int64_t created_unix_s_;
  std::string model_;
  bool include_usage_;
  std::vector<Choice> choices_;
};

}  // namespace troupe::gateway
