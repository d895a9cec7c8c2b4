#pragma once
// API keys as the head tells gateways of them. Never the keys themselves: their SHA-256. A key is 256 random bits,
// which nobody finds by trying, so a slow hash as for passwords would only cost every request its time.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/protocol/message_type.hpp"

namespace troupe::protocol {

struct ApiKey {
  std::string id;                   ///< Names it to people: the first 12 digits of `hash`.
  std::string name;                 ///< Whose it is.
  std::string hash;                 ///< SHA-256 of the key's text: 64 hex digits.
  std::vector<std::string> models;  ///< It may use these; empty = all.
  double rate = 0;                  ///< Requests a second at each gateway; 0 = any.
  uint32_t concurrent = 0;          ///< Requests at once at each gateway; 0 = any.
  int64_t created_unix_us = 0;
  int64_t expires_unix_us = 0;  ///< 0 = never.
  bool may_load = false;        ///< It may load and unload models whose deployments load on demand.

  bool operator==(const ApiKey&) const = default;
  static constexpr auto fields() {
    using K = ApiKey;
    return std::tuple{
        &K::id,      &K::name, &K::hash, &K::models, &K::rate, &K::concurrent, &K::created_unix_us, &K::expires_unix_us,
        &K::may_load};
  }
};

/// Head to gateways: all keys that may be used, whole; a newer one replaces it. Answered by KeyAck.
struct KeySet {
  static constexpr auto message_type = MessageType::key_set;

  Epoch epoch;
  uint64_t revision = 0;
  bool required = false;  ///< Without a key nothing is served.
  std::vector<ApiKey> keys;

  bool operator==(const KeySet&) const = default;
  static constexpr auto fields() {
    return std::tuple{&KeySet::epoch, &KeySet::revision, &KeySet::required, &KeySet::keys};
  }
};

struct KeyAck {
  static constexpr auto message_type = MessageType::key_ack;

  Epoch epoch;
  uint64_t revision = 0;

  bool operator==(const KeyAck&) const = default;
  static constexpr auto fields() { return std::tuple{&KeyAck::epoch, &KeyAck::revision}; }
};

}  // namespace troupe::protocol
