#pragma once
// KeyBook: the API keys of a cluster, as the head keeps them. Pure; the head actor stores what it says.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/protocol/keys.hpp"

namespace troupe::cluster {

/// Written under "key/ID". One that was revoked stays, so that the last one's going does not open the doors.
struct KeyRecord {
  uint32_t schema = 1;
  protocol::ApiKey key;
  int64_t revoked_unix_us = 0;  ///< 0 = not.

  static constexpr auto fields() {
    return std::tuple{&KeyRecord::schema, &KeyRecord::key, &KeyRecord::revoked_unix_us};
  }
};
inline constexpr std::string_view key_prefix = "key/";

/// What `troupe key create` asks for.
struct KeyWish {
  std::string name;
  std::vector<std::string> models;  ///< Empty = all.
  double rate = 0;                  ///< 0 = any.
  uint32_t concurrent = 0;          ///< 0 = any.
  int64_t lifetime_s = 0;           ///< 0 = for ever.
  bool may_load = false;            ///< Load and unload models too.
};

/// A key's text, shown once, and what is kept of it.
struct NewKey {
  std::string secret;  ///< "tk_" and 64 hex digits: 256 random bits.
  KeyRecord record;
};

std::string encode(const KeyRecord& record);
/// corrupt_data names the key; failed_precondition where a newer Troupe wrote it.
Result<KeyRecord> decode_key(const std::string& key, const std::string& value);

class KeyBook {
 public:
  static constexpr size_t keys_max = 1000;  ///< Revoked ones among them.

  /// Makes a key of `random` bits; nothing changes until set(). invalid_argument for a wish that makes no sense,
  /// resource_exhausted where there are too many.
  Result<NewKey> draw(const KeyWish& wish, const std::array<uint64_t, 4>& random, int64_t now_unix_us) const;
  /// The record of a revoked key, for set(). not_found.
  Result<KeyRecord> revoked(const std::string& id, int64_t now_unix_us) const;
  /// Whether the key of this id may load and unload `model` now: permission_denied, or unauthenticated for one that is
  /// unknown, revoked or expired.
  Status may_load(const std::string& id, const std::string& model, int64_t now_unix_us) const;
  /// Adds or replaces; what was stored.
  void set(KeyRecord record);

  /// Keys are required as soon as there has been one, or where `always_required`.
  protocol::KeySet key_set(Epoch epoch, int64_t now_unix_us) const;
  const std::map<std::string, KeyRecord>& records() const noexcept { return records_; }
  uint64_t revision() const noexcept { return revision_; }
  void require_always() { always_required_ = true; }

 private:
  std::map<std::string, KeyRecord> records_;  ///< By id.
  uint64_t revision_ = 1;
  bool always_required_ = false;
};

}  // namespace troupe::cluster
