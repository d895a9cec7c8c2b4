#pragma once
// RequestKey: what a client's Idempotency-Key names. Pure.

#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

inline constexpr size_t idempotency_key_bytes_max = 255;
/// `field` of the errors that are about it.
inline constexpr std::string_view idempotency_field = "idempotency-key";

/// One request of one client, however often it is sent.
struct RequestKey {
  std::string scope;        ///< Id of the API key, so that nobody meets another's keys; empty where none is asked for.
  std::string key;          ///< The client's.
  std::string fingerprint;  ///< Of the request: the same key must not stand for another.

  /// Under which it is kept.
  std::string name() const { return scope + '\0' + key; }
};

/// invalid_argument unless it has 1 to 255 visible ASCII characters.
Status check_idempotency_key(std::string_view key);

/// SHA-256, in hex, of what decides the answer, the same whatever door it came by: model, version and unit as they were
/// asked for, inputs and parameters. Not of the request id, the deadline, or whether the answer is streamed.
std::string fingerprint_of(const protocol::ServeRequest& request);

/// Samples what names no seed by one of its key, so that the request draws the same tokens if it must run again.
std::shared_ptr<const protocol::ServeRequest> with_seed_of(const RequestKey& key,
                                                           std::shared_ptr<const protocol::ServeRequest> request);

}  // namespace troupe::gateway
