#pragma once
// Requests that have an idempotency key, from clients to gateways and between gateways.

#include <string>
#include <tuple>

#include "runtime/base/error.hpp"
#include "runtime/protocol/message_type.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::protocol {

/// Client -> gateway's ZeroMQ door, instead of a ServeRequest: answer this once, however often it comes.
struct KeyedRequest {
  static constexpr auto message_type = MessageType::keyed_request;
  ServeRequest request;
  std::string idempotency_key;  ///< 1 to 255 visible ASCII characters.
  bool operator==(const KeyedRequest&) const = default;
  static constexpr auto fields() { return std::tuple{&KeyedRequest::request, &KeyedRequest::idempotency_key}; }
};

/// Gateway -> the gateway that keeps the key: have it answered there. The answer is that of a ServeRequest.
struct KeptRequest {
  static constexpr auto message_type = MessageType::kept_request;
  ServeRequest request;
  std::string scope;  ///< Id of the client's API key; empty = none was needed.
  std::string key;
  std::string fingerprint;
  bool is_found = false;  ///< The receiver has said that it has an answer, or makes it, though others keep the key now.
  bool operator==(const KeptRequest&) const = default;
  static constexpr auto fields() {
    return std::tuple{&KeptRequest::request, &KeptRequest::scope, &KeptRequest::key, &KeptRequest::fingerprint,
                      &KeptRequest::is_found};
  }
};

/// The gateway that keeps a key -> one that kept it before: have you an answer, or do you make it?
struct FindAnswer {
  static constexpr auto message_type = MessageType::find_answer;
  std::string scope;
  std::string key;
  bool operator==(const FindAnswer&) const = default;
  static constexpr auto fields() { return std::tuple{&FindAnswer::scope, &FindAnswer::key}; }
};

struct AnswerFound {
  static constexpr auto message_type = MessageType::answer_found;
  bool is_found = false;
  bool operator==(const AnswerFound&) const = default;
  static constexpr auto fields() { return std::tuple{&AnswerFound::is_found}; }
};

/// The end of the answer to a KeptRequest that failed there: an error of the call itself is the connection's.
struct AnswerFailed {
  static constexpr auto message_type = MessageType::answer_failed;
  Errc code = Errc::internal;
  std::string message;
  std::string field;
  uint32_t retry_after_ms = 0;
  bool operator==(const AnswerFailed&) const = default;
  static constexpr auto fields() {
    return std::tuple{&AnswerFailed::code, &AnswerFailed::message, &AnswerFailed::field, &AnswerFailed::retry_after_ms};
  }
};

}  // namespace troupe::protocol
