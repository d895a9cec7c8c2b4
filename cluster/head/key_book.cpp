#include "cluster/head/key_book.hpp"

#include <algorithm>

#include "runtime/base/nearest.hpp"
#include "runtime/wire/schema.hpp"
#include "storage/model_ref.hpp"
#include "storage/sha256.hpp"

namespace troupe::cluster {
namespace {

constexpr size_t name_bytes_max = 100;
constexpr size_t models_max = 100;
constexpr size_t id_digits = 12;
constexpr double rate_max = 1e6;
constexpr int64_t lifetime_max_s = 10LL * 366 * 24 * 3600;
constexpr int64_t us_per_s = 1'000'000;

Status check(const KeyWish& wish) {
  if (wish.name.size() > name_bytes_max)
    return fail_field("name", "name has {} bytes; at most {} are kept", wish.name.size(), name_bytes_max);
  if (wish.models.size() > models_max)
    return fail_field("models", "{} models are too many; at most {} may be named", wish.models.size(), models_max);
  for (const std::string& model : wish.models) TROUPE_CHECK(storage::check_model_name(model));
  if (!(wish.rate >= 0 && wish.rate <= rate_max))
    return fail_field("rate", "rate must be from 0 (any) to {} requests a second, found {}", rate_max, wish.rate);
  if (wish.lifetime_s < 0 || wish.lifetime_s > lifetime_max_s)
    return fail_field("ttl_s", "ttl_s must be from 0 (for ever) to {} seconds, found {}", lifetime_max_s,
                      wish.lifetime_s);
  return {};
}

}  // namespace

std::string encode(const KeyRecord& record) {
  return std::string(wire::encode_body(record).data.view());
}

Result<KeyRecord> decode_key(const std::string& key, const std::string& value) {
  auto record = wire::decode_body<KeyRecord>(wire::Body{Bytes::copy(value), {}}, wire::Limits{});
  if (!record)
    return fail(Errc::corrupt_data, "the record '{}' in the control state is damaged: {}", key, record.error().message);
  if (record->schema != 1)
    return fail(Errc::failed_precondition, "the record '{}' has schema {}, but this version of Troupe reads 1", key,
                record->schema);
  return std::move(*record);
}

Result<NewKey> KeyBook::draw(const KeyWish& wish, const std::array<uint64_t, 4>& random, int64_t now_unix_us) const {
  TROUPE_CHECK(check(wish));
  if (records_.size() >= keys_max)
    return fail(Errc::resource_exhausted, "there are {} API keys, as many as are kept", records_.size());
  NewKey made;
  made.secret = "tk_";
  for (const uint64_t bits : random) made.secret += fmt::format("{:016x}", bits);
  protocol::ApiKey& key = made.record.key;
  key.hash = storage::sha256_hex(made.secret);
  key.id = key.hash.substr(0, id_digits);
  key.name = wish.name;
  key.models = wish.models;
  key.rate = wish.rate;
  key.concurrent = wish.concurrent;
  key.created_unix_us = now_unix_us;
  key.may_load = wish.may_load;
  if (wish.lifetime_s > 0) key.expires_unix_us = now_unix_us + wish.lifetime_s * us_per_s;
  return made;
}

Result<KeyRecord> KeyBook::revoked(const std::string& id, int64_t now_unix_us) const {
  const auto found = records_.find(id);
  if (found == records_.end()) {
    std::vector<std::string> ids;
    for (const auto& [known, record] : records_) ids.push_back(known);
    return fail(Errc::not_found, "there is no API key {}{}", id, did_you_mean(id, ids));
  }
  KeyRecord record = found->second;
  if (record.revoked_unix_us == 0) record.revoked_unix_us = now_unix_us;
  return record;
}

Status KeyBook::may_load(const std::string& id, const std::string& model, int64_t now_unix_us) const {
  const auto found = records_.find(id);
  if (found == records_.end()) return fail(Errc::unauthenticated, "there is no API key {}", id);
  const protocol::ApiKey& key = found->second.key;
  if (found->second.revoked_unix_us != 0) return fail(Errc::unauthenticated, "the API key {} has been revoked", id);
  if (key.expires_unix_us != 0 && key.expires_unix_us <= now_unix_us)
    return fail(Errc::unauthenticated, "the API key {} has expired", id);
  if (!key.may_load || (!key.models.empty() && std::ranges::find(key.models, model) == key.models.end()))
    return fail(Errc::permission_denied, "the API key {} may not load or unload {}", id, model);
  return {};
}

void KeyBook::set(KeyRecord record) {
  ++revision_;
  std::string id = record.key.id;
  records_.insert_or_assign(std::move(id), std::move(record));
}

protocol::KeySet KeyBook::key_set(Epoch epoch, int64_t now_unix_us) const {
  protocol::KeySet set{epoch, revision_, always_required_ || !records_.empty(), {}};
  for (const auto& [id, record] : records_) {
    // One that expired a short while ago is still known, so that its owner is told so.
    const bool is_over =
        record.key.expires_unix_us != 0 && record.key.expires_unix_us + 24LL * 3600 * us_per_s < now_unix_us;
    if (record.revoked_unix_us == 0 && !is_over) set.keys.push_back(record.key);
  }
  return set;
}

}  // namespace troupe::cluster
