#pragma once
// What a client asks of a model and what comes back. Every door translates to and from these.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/protocol/message_type.hpp"
#include "runtime/protocol/tensor.hpp"

namespace troupe::protocol {

struct ChatMessage {
  std::string role;
  std::string content;
  bool operator==(const ChatMessage&) const = default;
  static constexpr auto fields() { return std::tuple{&ChatMessage::role, &ChatMessage::content}; }
};

struct TokenIds {
  std::vector<int32_t> ids;
  bool operator==(const TokenIds&) const = default;
  static constexpr auto fields() { return std::tuple{&TokenIds::ids}; }
};

struct PlainText {
  std::string text;
  bool operator==(const PlainText&) const = default;
  static constexpr auto fields() { return std::tuple{&PlainText::text}; }
};

struct Conversation {
  std::vector<ChatMessage> messages;
  bool operator==(const Conversation&) const = default;
  static constexpr auto fields() { return std::tuple{&Conversation::messages}; }
};

/// How the next token is chosen. temperature 0 = greedy.
struct Sampling {
  double temperature = 1.0;       ///< [0, 2]
  double top_p = 1.0;             ///< (0, 1]
  uint32_t top_k = 0;             ///< 0 = off
  std::optional<uint64_t> seed;   ///< none = the gateway draws one
  uint32_t max_tokens = 16;       ///< >= 1
  std::vector<std::string> stop;  ///< at most 4, none empty
  bool operator==(const Sampling&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Sampling::temperature, &Sampling::top_p,      &Sampling::top_k,
                      &Sampling::seed,        &Sampling::max_tokens, &Sampling::stop};
  }
};

/// Text from a language model.
struct Generate {
  std::variant<PlainText, Conversation, TokenIds> prompt;
  Sampling sampling;
  bool stream = false;  ///< false: one part with the whole text.
  bool operator==(const Generate&) const = default;
  static constexpr auto fields() { return std::tuple{&Generate::prompt, &Generate::sampling, &Generate::stream}; }
};

/// Named tensors in, named tensors out.
struct Infer {
  std::vector<Tensor> inputs;
  std::vector<std::string> outputs;  ///< The wanted ones; empty = all.
  std::map<std::string, std::string> parameters;
  bool operator==(const Infer&) const = default;
  static constexpr auto fields() { return std::tuple{&Infer::inputs, &Infer::outputs, &Infer::parameters}; }
};

/// One inference, whatever door it came by. The answer is a stream of ResultPart, the last one marked, or an Error.
struct ServeRequest {
  static constexpr auto message_type = MessageType::serve_request;

  std::string request_id;  ///< For logs and the client's header.
  std::string model;       ///< Name without version.
  std::string version;     ///< Empty = the routes decide.
  std::string unit;        ///< What experiments assign (user, session); empty = the request id.
  std::variant<Generate, Infer> work;

  bool operator==(const ServeRequest&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ServeRequest::request_id, &ServeRequest::model, &ServeRequest::version, &ServeRequest::unit,
                      &ServeRequest::work};
  }
};

enum class FinishReason : uint8_t { none = 0, stop = 1, length = 2 };

struct Usage {
  uint32_t prompt_tokens = 0;
  uint32_t completion_tokens = 0;
  bool operator==(const Usage&) const = default;
  static constexpr auto fields() { return std::tuple{&Usage::prompt_tokens, &Usage::completion_tokens}; }
};

/// A piece of generated text: whole UTF-8 characters. The last one has a finish reason and the usage.
struct TextPart {
  std::string text;
  FinishReason finish = FinishReason::none;
  Usage usage;
  bool operator==(const TextPart&) const = default;
  static constexpr auto fields() { return std::tuple{&TextPart::text, &TextPart::finish, &TextPart::usage}; }
};

struct InferResult {
  std::vector<Tensor> outputs;
  bool operator==(const InferResult&) const = default;
  static constexpr auto fields() { return std::tuple{&InferResult::outputs}; }
};

/// How busy the replica is that answers; rides on every last part.
struct LoadReport {
  uint32_t waiting = 0;
  uint32_t running = 0;
  bool operator==(const LoadReport&) const = default;
  static constexpr auto fields() { return std::tuple{&LoadReport::waiting, &LoadReport::running}; }
};

struct ResultPart {
  static constexpr auto message_type = MessageType::result_part;

  std::variant<TextPart, InferResult> content;
  std::string version;  ///< The model version that answers.
  std::optional<LoadReport> load;
  bool cached = false;    ///< Taken from the result cache.
  bool replayed = false;  ///< Kept of an earlier request with the same idempotency key.

  bool operator==(const ResultPart&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ResultPart::content, &ResultPart::version, &ResultPart::load, &ResultPart::cached,
                      &ResultPart::replayed};
  }
};

}  // namespace troupe::protocol
