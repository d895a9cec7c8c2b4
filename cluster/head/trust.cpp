#include "cluster/head/trust.hpp"

#include <algorithm>

#include "runtime/base/nearest.hpp"
#include "runtime/base/units.hpp"
#include "runtime/bus/zmq/curve.hpp"

namespace troupe::cluster {
namespace {

/// How long a dead token is listed, so that a refused node finds out why.
constexpr Duration listed_after_end = std::chrono::hours{24 * 7};

bool contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

std::string_view state_of(const TokenRecord& token, WallTime now) {
  if (token.revoked) return "revoked";
  if (unix_microseconds(now) >= token.expires_unix_us) return "expired";
  if (token.uses_max != 0 && token.uses >= token.uses_max) return "used up";
  return "valid";
}

Result<std::pair<TokenRecord, JoinToken>> Trust::issue(const TokenWish& wish, uint64_t id, std::string secret,
                                                       WallTime now) const {
  if (wish.lifetime < std::chrono::seconds{1} || wish.lifetime > token_lifetime_max)
    return fail_field("ttl", "a token cannot live {}; give it 1s to {}", format_duration(wish.lifetime),
                      format_duration(token_lifetime_max));
  if (tokens_.size() >= tokens_max)
    return fail(Errc::resource_exhausted, "there are {} join tokens already; wait until some are a week past their end",
                tokens_.size());
  TokenRecord record;
  record.id = id;
  record.secret_hash = hash_of_secret(secret);
  record.created_unix_us = unix_microseconds(now);
  record.expires_unix_us =
      record.created_unix_us + std::chrono::duration_cast<std::chrono::microseconds>(wish.lifetime).count();
  record.uses_max = wish.uses_max;
  record.created_by = wish.created_by;
  return std::pair{record, JoinToken{head_key_, id, std::move(secret), record.expires_unix_us / 1'000'000}};
}

Result<Admission> Trust::admit(const JoinClaim& claim, WallTime now) const {
  if (is_member(claim.node, claim.key)) return Admission{};
  const auto known = nodes_.find(claim.node);
  for (const auto& [id, node] : nodes_)
    if (contains(node.revoked_keys, claim.key))
      return fail(Errc::permission_denied, "the key of node {} was revoked", claim.name);
  if (known != nodes_.end() && !known->second.revoked)
    return fail(Errc::failed_precondition,
                "node {} ({}) is in the cluster with another key; if it lost its key, first say: troupe node revoke {}",
                known->second.name, claim.node, claim.node);
  if (claim.token.empty())
    return fail(Errc::unauthenticated,
                "node {} is not in this cluster and shows no join token; start it with --token=TOKEN, which `troupe "
                "token create` prints",
                claim.name);
  const auto token = parse_join_token(claim.token);
  if (!token) return fail(Errc::unauthenticated, "{}", token.error().message);
  const auto kept = tokens_.find(token->id);
  // A wrong secret must not learn whether there is such a token.
  const std::string hash = hash_of_secret(token->secret);
  if (!equal_in_constant_time(hash, kept == tokens_.end() ? std::string(hash.size(), '0') : kept->second.secret_hash))
    return fail(Errc::unauthenticated, "the join token is wrong: this cluster has not issued it, or it ended long ago");
  const TokenRecord& record = kept->second;
  const std::string_view state = state_of(record, now);
  if (state == "expired")
    return fail(Errc::unauthenticated, "the join token {} expired at {}; make another with: troupe token create",
                token_name(record.id), to_iso8601(wall_time_from_unix_microseconds(record.expires_unix_us)));
  if (state == "revoked") return fail(Errc::unauthenticated, "the join token {} was revoked", token_name(record.id));
  if (state == "used up")
    return fail(Errc::unauthenticated, "the join token {} has let in {} nodes, as many as it may",
                token_name(record.id), record.uses);

  Admission admission;
  admission.node.emplace();
  if (known != nodes_.end()) admission.node->revoked_keys = known->second.revoked_keys;
  admission.node->id = claim.node;
  admission.node->name = claim.name;
  admission.node->keys = {claim.key};
  admission.node->joined_unix_us = unix_microseconds(now);
  admission.node->token = record.id;
  admission.token = record;
  ++admission.token->uses;
  return admission;
}

Result<TokenRecord> Trust::revoke_token(std::string_view name) const {
  for (const auto& [id, token] : tokens_)
    if (token_name(id) == name) {
      TokenRecord revoked = token;
      revoked.revoked = true;
      return revoked;
    }
  std::vector<std::string> names;
  for (const auto& [id, token] : tokens_) names.push_back(token_name(id));
  return fail(Errc::not_found, "there is no join token {}{}", name, did_you_mean(name, names));
}

Result<std::vector<NodeRecord>> Trust::revoke_node(const std::string& name) const {
  if (name == head_.str()) return fail_field("name", "{} is the head itself, which cannot be revoked", name);
  std::vector<NodeRecord> revoked;
  std::vector<std::string> names;
  for (const auto& [id, node] : nodes_) {
    if (node.revoked) continue;
    names.push_back(node.name);
    if (node.name != name && id.str() != name) continue;
    NodeRecord& record = revoked.emplace_back(node);
    record.revoked_keys.insert(record.revoked_keys.end(), record.keys.begin(), record.keys.end());
    record.keys.clear();
    record.revoked = true;
  }
  if (revoked.empty())
    return fail(Errc::not_found, "no node named {} is on the list of this cluster's nodes{}", name,
                did_you_mean(name, names));
  return revoked;
}

Result<NodeRecord> Trust::offer_key(NodeId node, const std::string& in_use, const std::string& offered) const {
  const auto known = nodes_.find(node);
  if (known == nodes_.end() || known->second.revoked || !contains(known->second.keys, in_use))
    return fail(Errc::not_found, "node {} is not on the list of this cluster's nodes with the key that it uses", node);
  if (!bus::is_curve_key(offered)) return fail_field("key", "what it offers is no key");
  for (const auto& [id, other] : nodes_) {
    const bool is_taken = id != node && contains(other.keys, offered);
    if (offered == head_key_ || offered == in_use || is_taken || contains(other.revoked_keys, offered))
      return fail_field("key", "the key that it offers has been used already");
  }
  NodeRecord record = known->second;
  record.keys = {in_use, offered};
  return record;
}

std::optional<NodeRecord> Trust::retire_keys(NodeId node, const std::string& in_use) const {
  const auto known = nodes_.find(node);
  if (known == nodes_.end() || known->second.keys.size() < 2 || known->second.keys.back() != in_use)
    return std::nullopt;
  NodeRecord record = known->second;
  record.keys = {in_use};
  return record;
}

std::vector<TokenRecord> Trust::leftovers(WallTime now) const {
  std::vector<TokenRecord> old;
  for (const auto& [id, token] : tokens_)
    if (unix_microseconds(now - listed_after_end) >= token.expires_unix_us) old.push_back(token);
  return old;
}

void Trust::apply(const TokenRecord& record) {
  tokens_[record.id] = record;
}

void Trust::apply(const NodeRecord& record) {
  nodes_[record.id] = record;
}

std::vector<std::pair<NodeId, std::string>> Trust::allowed() const {
  std::vector<std::pair<NodeId, std::string>> list{{head_, head_key_}};
  for (const auto& [id, node] : nodes_)
    for (const std::string& key : node.keys) list.emplace_back(id, key);
  return list;
}

std::vector<std::string> Trust::denied() const {
  std::vector<std::string> keys;
  for (const auto& [id, node] : nodes_) keys.insert(keys.end(), node.revoked_keys.begin(), node.revoked_keys.end());
  return keys;
}

std::vector<std::string> Trust::keys_of(NodeId node) const {
  const auto known = nodes_.find(node);
  return known == nodes_.end() ? std::vector<std::string>{} : known->second.keys;
}

bool Trust::is_member(NodeId node, const std::string& key) const {
  if (node == head_) return key == head_key_;
  const auto known = nodes_.find(node);
  return known != nodes_.end() && contains(known->second.keys, key);
}

}  // namespace troupe::cluster
