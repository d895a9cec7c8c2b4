#pragma once
// Trust: who may join and who has joined. Pure: it says what is to be stored, and is told when that is done; `now` is
// an argument.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/spec/join_token.hpp"
#include "cluster/spec/trust_records.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::cluster {

inline constexpr size_t tokens_max = 1000;
inline constexpr Duration token_lifetime_max = std::chrono::hours{24 * 365};

struct TokenWish {
  Duration lifetime = std::chrono::hours{24};
  uint32_t uses_max = 0;  ///< 0 = any number.
  std::string created_by;
};

/// What a join asks for.
struct JoinClaim {
  NodeId node;
  std::string name;
  std::string key;    ///< Public; the connection proved it.
  std::string token;  ///< May be empty.
};

/// What is to be stored before the node is let in; nothing where it is a member already.
struct Admission {
  std::optional<NodeRecord> node;
  std::optional<TokenRecord> token;
};

class Trust {
 public:
  /// `head_key` is the head's public key, which new tokens name.
  Trust(NodeId head, std::string head_key) : head_(head), head_key_(std::move(head_key)) {}

  /// A new token of `id` and `secret`, which must be random. invalid_argument where the lifetime is 0 or more than
  /// token_lifetime_max; resource_exhausted past tokens_max.
  Result<std::pair<TokenRecord, JoinToken>> issue(const TokenWish& wish, uint64_t id, std::string secret,
                                                  WallTime now) const;
  /// unauthenticated: no token, a wrong, expired, revoked or used up one; permission_denied: the key was revoked;
  /// failed_precondition: the node is a member under another key. The texts are for the one who joins.
  Result<Admission> admit(const JoinClaim& claim, WallTime now) const;

  /// As it will be; `name` is token_name(). not_found.
  Result<TokenRecord> revoke_token(std::string_view name) const;
  /// Every member of that name or id, as it will be. not_found; invalid_argument for the head itself.
  Result<std::vector<NodeRecord>> revoke_node(const std::string& name) const;
  /// `node` as it will be when it may use `offered` beside the key that it uses now. not_found: it is no member;
  /// invalid_argument: that is no key, or somebody else's, or a revoked one.
  Result<NodeRecord> offer_key(NodeId node, const std::string& in_use, const std::string& offered) const;
  /// `node` as it will be when it may use its newest key alone, where that is the one that it uses; else nothing.
  std::optional<NodeRecord> retire_keys(NodeId node, const std::string& in_use) const;
  /// Tokens that nobody can use any more, for so long that nobody asks about them: to be deleted.
  std::vector<TokenRecord> leftovers(WallTime now) const;

  /// It is stored.
  void apply(const TokenRecord& record);
  void apply(const NodeRecord& record);
  void forget_token(uint64_t id) { tokens_.erase(id); }

  /// Members and their keys, the head's among them.
  std::vector<std::pair<NodeId, std::string>> allowed() const;
  /// Keys that may not even ask.
  std::vector<std::string> denied() const;
  bool is_member(NodeId node, const std::string& key) const;
  /// Of a member that is not the head; empty where it is none.
  std::vector<std::string> keys_of(NodeId node) const;
  const std::map<uint64_t, TokenRecord>& tokens() const noexcept { return tokens_; }
  const std::map<NodeId, NodeRecord>& nodes() const noexcept { return nodes_; }

 private:
  NodeId head_;
  std::string head_key_;
  std::map<uint64_t, TokenRecord> tokens_;
  std::map<NodeId, NodeRecord> nodes_;
};

/// "valid", "expired", "revoked" or "used up".
std::string_view state_of(const TokenRecord& token, WallTime now);

}  // namespace troupe::cluster
