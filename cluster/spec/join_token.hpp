#pragma once
// The join token: how a new node knows the head, and how the head knows that the node was invited.

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace troupe::cluster {

inline constexpr size_t token_secret_bytes = 32;

struct JoinToken {
  std::string head_key;  ///< The head's public key, Z85: a new node joins nobody else.
  uint64_t id = 0;       ///< Names it; no secret.
  std::string secret;    ///< token_secret_bytes of them.
  int64_t expires_unix_s = 0;

  bool operator==(const JoinToken&) const = default;
};

/// "troupe-1." and base64url (RFC 4648, without padding) of: head key as text, id and expiry as big-endian 64-bit
/// numbers, secret, and the first 5 bytes of the SHA-256 of all these, which tell a damaged copy.
std::string text_of(const JoinToken& token);
/// invalid_argument where the text is none, is cut or was changed; says which.
Result<JoinToken> parse_join_token(std::string_view text);

/// SHA-256 in hex, which is what the head keeps of a secret. Secrets are random and long, so no salt or stretching is
/// needed.
std::string hash_of_secret(std::string_view secret);
/// In a time that depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

/// "000000000000002a", as tokens are listed and named.
std::string token_name(uint64_t id);

}  // namespace troupe::cluster
