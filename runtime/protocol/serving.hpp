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

/// A call of a function that the model asked for.
struct ToolCall {
  std::string id;  ///< What the answer to it names.
  std::string name;
  std::string arguments;  ///< A JSON object, as the model wrote it; empty = {}.
  bool operator==(const ToolCall&) const = default;
  static constexpr auto fields() { return std::tuple{&ToolCall::id, &ToolCall::name, &ToolCall::arguments}; }
};

struct ChatMessage {
  std::string role;
  std::string content;
  std::string name;                  ///< Who speaks, or which function answers; may be empty.
  std::string tool_call_id;          ///< Of role tool: the call that it answers.
  std::vector<ToolCall> tool_calls;  ///< Of role assistant: what it asked for; content may be empty then.
  bool operator==(const ChatMessage&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ChatMessage::role, &ChatMessage::content, &ChatMessage::name, &ChatMessage::tool_call_id,
                      &ChatMessage::tool_calls};
  }
};

/// A function that the model may call. The client runs it and says what came of it in a message of role tool.
struct Tool {
  std::string name;  ///< Letters, digits, '_' and '-', at most tool_name_bytes_max.
  std::string description;
  std::string parameters;      ///< JSON schema of the arguments, an object; empty = there are none.
  std::optional<bool> strict;  ///< Only told to the model.
  bool operator==(const Tool&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Tool::name, &Tool::description, &Tool::parameters, &Tool::strict};
  }
};

enum class ToolChoice : uint8_t {
  automatic = 0,  ///< The model calls or not, as it likes.
  none = 1,       ///< The model is told of no tools.
  required = 2,   ///< It must call some.
  named = 3,      ///< It must call the one that is named.
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
  std::vector<Tool> tools;
  ToolChoice tool_choice = ToolChoice::automatic;
  std::string tool_name;            ///< Of ToolChoice::named.
  bool parallel_tool_calls = true;  ///< false: the answer ends after the first call.
  bool operator==(const Conversation&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Conversation::messages, &Conversation::tools, &Conversation::tool_choice,
                      &Conversation::tool_name, &Conversation::parallel_tool_calls};
  }
};

/// Several prompts, each answered for itself.
struct PromptList {
  std::vector<std::variant<PlainText, TokenIds>> prompts;
  bool operator==(const PromptList&) const = default;
  static constexpr auto fields() { return std::tuple{&PromptList::prompts}; }
};

/// Is added to the logit of one token.
struct LogitBias {
  int32_t token = 0;
  double bias = 0;  ///< [-100, 100]
  bool operator==(const LogitBias&) const = default;
  static constexpr auto fields() { return std::tuple{&LogitBias::token, &LogitBias::bias}; }
};

/// How the next token is chosen and when the text ends. temperature 0 = greedy.
struct Sampling {
  double temperature = 1.0;       ///< [0, 2]
  double top_p = 1.0;             ///< (0, 1]
  uint32_t top_k = 0;             ///< 0 = off
  std::optional<uint64_t> seed;   ///< none = the gateway draws one
  uint32_t max_tokens = 16;       ///< 0 with Generate::echo only.
  std::vector<std::string> stop;  ///< at most 4, none empty
  double min_p = 0;               ///< [0, 1]: only tokens of at least this share of the likeliest one's probability.
  double frequency_penalty = 0;   ///< [-2, 2]: taken off a token's logit for each time the text so far has it,
  double presence_penalty = 0;    ///< [-2, 2]: and once if it has it at all.
  double repetition_penalty =
      1;  ///< (0, 10]: divides the logits above 0 of tokens in prompt or text, multiplies others.
  std::vector<LogitBias> logit_bias;    ///< at most 1024, no token twice
  uint32_t min_tokens = 0;              ///< No end token before; at most max_tokens.
  std::vector<int32_t> stop_token_ids;  ///< End the text like the model's own; at most 64.
  bool ignore_eos = false;              ///< The model's own end tokens do not end it.
  bool operator==(const Sampling&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Sampling::temperature,
                      &Sampling::top_p,
                      &Sampling::top_k,
                      &Sampling::seed,
                      &Sampling::max_tokens,
                      &Sampling::stop,
                      &Sampling::min_p,
                      &Sampling::frequency_penalty,
                      &Sampling::presence_penalty,
                      &Sampling::repetition_penalty,
                      &Sampling::logit_bias,
                      &Sampling::min_tokens,
                      &Sampling::stop_token_ids,
                      &Sampling::ignore_eos};
  }
};

struct FreeText {
  bool operator==(const FreeText&) const = default;
  static constexpr auto fields() { return std::tuple{}; }
};

/// Any JSON object.
struct JsonObject {
  bool operator==(const JsonObject&) const = default;
  static constexpr auto fields() { return std::tuple{}; }
};

/// A JSON document that satisfies the schema.
struct JsonSchema {
  std::string schema;  ///< JSON text.
  bool operator==(const JsonSchema&) const = default;
  static constexpr auto fields() { return std::tuple{&JsonSchema::schema}; }
};

/// One of these texts.
struct TextChoice {
  std::vector<std::string> texts;
  bool operator==(const TextChoice&) const = default;
  static constexpr auto fields() { return std::tuple{&TextChoice::texts}; }
};

/// What an answer must be.
using AnswerFormat = std::variant<FreeText, JsonObject, JsonSchema, TextChoice>;

/// Text from a language model.
struct Generate {
  std::variant<PlainText, Conversation, TokenIds, PromptList> prompt;
  Sampling sampling;
  bool stream = false;   ///< false: each choice in one part with its whole text.
  uint32_t choices = 1;  ///< Answers to draw to each prompt, each with a seed of its own made of the one that is given.
  std::optional<uint32_t> top_logprobs;  ///< Log-probabilities of the tokens, and of so many others at each place.
  bool echo = false;                     ///< The prompt's text comes first, with top_logprobs its scores as well.
  AnswerFormat answer_format;            ///< Each answer is held to it; only max_tokens or a stop cut it off.
  bool operator==(const Generate&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Generate::prompt,       &Generate::sampling, &Generate::stream,       &Generate::choices,
                      &Generate::top_logprobs, &Generate::echo,     &Generate::answer_format};
  }
};

/// A question and a text that may answer it, say.
struct TextPair {
  std::string first;
  std::string second;
  bool operator==(const TextPair&) const = default;
  static constexpr auto fields() { return std::tuple{&TextPair::first, &TextPair::second}; }
};

enum class EmbedTask : uint8_t {
  vectors = 0,  ///< One for each input.
  scores = 1,   ///< What the model's head says of each: how likely each label is, or how well a pair fits.
};

/// Vectors or scores from an encoder.
struct Embed {
  std::vector<std::variant<PlainText, TokenIds, TextPair>> inputs;
  EmbedTask task = EmbedTask::vectors;
  uint32_t dimensions = 0;  ///< Of the vectors, cut off and of length 1 again; 0 = all.
  bool operator==(const Embed&) const = default;
  static constexpr auto fields() { return std::tuple{&Embed::inputs, &Embed::task, &Embed::dimensions}; }
};

/// What the model's tokenizer makes of a text, of a conversation in the model's template, or of token ids.
struct Tokenize {
  std::variant<PlainText, Conversation, TokenIds> input;
  bool add_special_tokens = true;  ///< Of a text; of ids: whether special tokens are written out.
  bool operator==(const Tokenize&) const = default;
  static constexpr auto fields() { return std::tuple{&Tokenize::input, &Tokenize::add_special_tokens}; }
};

/// Named tensors in, named tensors out.
struct Infer {
  std::vector<Tensor> inputs;
  std::vector<std::string> outputs;  ///< The wanted ones; empty = all.
  std::map<std::string, std::string> parameters;
  bool operator==(const Infer&) const = default;
  static constexpr auto fields() { return std::tuple{&Infer::inputs, &Infer::outputs, &Infer::parameters}; }
};

/// What is wanted of a model.
using Work = std::variant<Generate, Infer, Embed, Tokenize>;

/// One inference, whatever door it came by. The answer is a stream of ResultPart, the last one marked, or an Error.
struct ServeRequest {
  static constexpr auto message_type = MessageType::serve_request;

  std::string request_id;  ///< For logs and the client's header.
  std::string model;       ///< Name without version.
  std::string version;     ///< Empty = the routes decide.
  std::string unit;        ///< The user, whom experiments assign and routes keep to a version; empty = none is named.
  Work work;
  std::string session;                          ///< A unit of its own kind; empty = none is named.
  std::string key;                              ///< Id of the API key, where an experiment asks for it.
  std::map<std::string, std::string> features;  ///< That experiments ask for: "header.x-plan", "group", "region".

  bool operator==(const ServeRequest&) const = default;
  static constexpr auto fields() {
    using S = ServeRequest;
    return std::tuple{&S::request_id, &S::model, &S::version, &S::unit, &S::work, &S::session, &S::key, &S::features};
  }
};

enum class FinishReason : uint8_t {
  none = 0,
  stop = 1,
  length = 2,
  tool_calls = 3,  ///< It stopped, and the client has calls to make.
};

struct Usage {
  uint32_t prompt_tokens = 0;
  uint32_t completion_tokens = 0;
  bool operator==(const Usage&) const = default;
  static constexpr auto fields() { return std::tuple{&Usage::prompt_tokens, &Usage::completion_tokens}; }
};

/// A token and its log-probability, before temperature and penalties.
struct ScoredToken {
  int32_t id = 0;
  Bytes text;                     ///< May end inside a UTF-8 character.
  std::optional<double> logprob;  ///< None of a prompt's first token: nothing stands before it.
  bool operator==(const ScoredToken&) const = default;
  static constexpr auto fields() { return std::tuple{&ScoredToken::id, &ScoredToken::text, &ScoredToken::logprob}; }
};

struct TokenScores {
  ScoredToken chosen;
  std::vector<ScoredToken> top;  ///< The likeliest ones, the likeliest first.
  bool operator==(const TokenScores&) const = default;
  static constexpr auto fields() { return std::tuple{&TokenScores::chosen, &TokenScores::top}; }
};

/// A piece of a call that is being written. The first one has id and name; the arguments of all of them, joined, are
/// the call's.
struct ToolCallPart {
  uint32_t index = 0;  ///< Of the call within its choice, from 0.
  std::string id;
  std::string name;
  std::string arguments;  ///< Whole UTF-8 characters of JSON.
  bool operator==(const ToolCallPart&) const = default;
  static constexpr auto fields() {
    return std::tuple{&ToolCallPart::index, &ToolCallPart::id, &ToolCallPart::name, &ToolCallPart::arguments};
  }
};

/// A piece of generated text: whole UTF-8 characters. The last one of each choice has a finish reason; the last one of
/// all has the usage.
struct TextPart {
  std::string text;
  FinishReason finish = FinishReason::none;
  Usage usage;
  uint32_t choice = 0;              ///< From 0; those to the second prompt of several follow those to the first.
  std::vector<TokenScores> scores;  ///< Of the tokens that came since the part before; the text may lag behind them.
  std::vector<ToolCallPart> tool_calls;  ///< After `text`.
  bool operator==(const TextPart&) const = default;
  static constexpr auto fields() {
    return std::tuple{&TextPart::text,   &TextPart::finish, &TextPart::usage,
                      &TextPart::choice, &TextPart::scores, &TextPart::tool_calls};
  }
};

struct InferResult {
  std::vector<Tensor> outputs;
  bool operator==(const InferResult&) const = default;
  static constexpr auto fields() { return std::tuple{&InferResult::outputs}; }
};

struct EmbedResult {
  Tensor values;                    ///< FP32 [inputs, dimensions], or [inputs, labels].
  std::vector<std::string> labels;  ///< Of scores; empty where the model names none.
  Usage usage;                      ///< prompt_tokens: of all inputs.
  bool operator==(const EmbedResult&) const = default;
  static constexpr auto fields() { return std::tuple{&EmbedResult::values, &EmbedResult::labels, &EmbedResult::usage}; }
};

struct TokenizeResult {
  std::vector<int32_t> ids;
  std::vector<std::string> tokens;  ///< As the vocabulary spells them, one for each id.
  std::string text;                 ///< What the ids stand for.
  uint32_t context_length = 0;      ///< Tokens that the model takes.
  bool operator==(const TokenizeResult&) const = default;
  static constexpr auto fields() {
    return std::tuple{&TokenizeResult::ids, &TokenizeResult::tokens, &TokenizeResult::text,
                      &TokenizeResult::context_length};
  }
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

  std::variant<TextPart, InferResult, EmbedResult, TokenizeResult> content;
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
