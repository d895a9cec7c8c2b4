#pragma once
// What the head keeps in the StateStore about who may join and who has joined.

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"

namespace troupe::cluster {

/// Written under "token/ID". The secret itself is kept nowhere.
struct TokenRecord {
  uint32_t schema = 1;
  uint64_t id = 0;
  std::string secret_hash;  ///< hash_of_secret().
  int64_t created_unix_us = 0;
  int64_t expires_unix_us = 0;
  uint32_t uses_max = 0;  ///< Nodes that it may let in; 0 = any number.
  uint32_t uses = 0;
  std::string created_by;  ///< "start" or "admin key".
  bool revoked = false;

  bool operator==(const TokenRecord&) const = default;
  static constexpr auto fields() {
    using T = TokenRecord;
    return std::tuple{&T::schema,   &T::id,   &T::secret_hash, &T::created_unix_us, &T::expires_unix_us,
                      &T::uses_max, &T::uses, &T::created_by,  &T::revoked};
  }
};

/// Written under "node/ID": a node that has joined, and so is on the allow-list until it is revoked.
struct NodeRecord {
  uint32_t schema = 1;
  NodeId id;
  std::string name;
  std::vector<std::string> keys;          ///< Public keys it may use, the newest last.
  std::vector<std::string> revoked_keys;  ///< Those it may never use again.
  int64_t joined_unix_us = 0;
  uint64_t token = 0;  ///< That let it in.
  bool revoked = false;

  bool operator==(const NodeRecord&) const = default;
  static constexpr auto fields() {
    using N = NodeRecord;
    return std::tuple{&N::schema,         &N::id,    &N::name,   &N::keys, &N::revoked_keys,
                      &N::joined_unix_us, &N::token, &N::revoked};
  }
};

inline constexpr std::string_view token_prefix = "token/";
inline constexpr std::string_view node_prefix = "node/";

std::string key_of(const TokenRecord& record);
std::string key_of(const NodeRecord& record);
std::string encode(const TokenRecord& record);
std::string encode(const NodeRecord& record);
/// corrupt_data names the key; failed_precondition where a newer Troupe wrote it.
Result<TokenRecord> decode_token(const std::string& key, const std::string& value);
Result<NodeRecord> decode_node(const std::string& key, const std::string& value);

}  // namespace troupe::cluster
