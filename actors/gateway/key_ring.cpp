#include "actors/gateway/key_ring.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "storage/sha256.hpp"

namespace troupe::gateway {
namespace {

constexpr std::chrono::milliseconds come_back{1000};

std::string hash_of(std::string_view key) {
  storage::Sha256 sha;
  sha.update(std::as_bytes(std::span(key)));
  return sha.hex();
}

/// How many requests may come at once after a pause: a second's worth, and at least one.
double burst(const protocol::ApiKey& key) {
  return std::max(1.0, key.rate);
}

}  // namespace

void KeyRing::update(protocol::KeySet keys) {
  const std::lock_guard lock(*mutex_);
  if (is_known_ && std::pair(keys.epoch, keys.revision) <= std::pair(epoch_, revision_)) return;
  is_known_ = true;
  epoch_ = keys.epoch;
  revision_ = keys.revision;
  required_ = keys.required || always_required_;
  std::unordered_map<std::string, Entry> fresh;
  for (protocol::ApiKey& key : keys.keys) {
    Entry entry{key, burst(key), {}, std::make_shared<uint32_t>(0)};
    if (const auto known = keys_.find(key.hash); known != keys_.end()) {
      entry.tokens = std::min(known->second.tokens, burst(key));
      entry.updated = known->second.updated;
      entry.inside = known->second.inside;
    }
    fresh.emplace(key.hash, std::move(entry));
  }
  keys_ = std::move(fresh);
}

bool KeyRing::is_known() const {
  const std::lock_guard lock(*mutex_);
  return is_known_;
}

Error KeyRing::refused(std::string_view reason, const std::string& id, Error error) const {
  if (on_refused_) on_refused_(reason, id);
  return error;
}

/// The hash under which the key is found, empty where none is needed. Finding it by its hash tells a guesser nothing by
/// the time it takes: how far two hashes agree says nothing of how far the keys do.
Result<std::string> KeyRing::identify(std::optional<std::string_view> key, WallTime wall) const {
  if (!is_known_) {
    return fail(Error{Errc::unavailable, "this gateway has not heard yet which keys there are", {}, come_back});
  }
  if (!key) {
    if (!required_) return std::string();
    return fail(refused(
        "missing", {},
        {Errc::unauthenticated, "an API key is needed: send 'Authorization: Bearer KEY' or 'x-api-key: KEY'", {}, {}}));
  }
  std::string hash = key->size() <= key_bytes_max ? hash_of(*key) : std::string();
  const auto found = keys_.find(hash);
  if (found == keys_.end()) {
    if (!required_) return std::string();  // Clients that must send some key send any.
    return fail(refused("unknown", {}, {Errc::unauthenticated, "the API key is wrong, or has been revoked", {}, {}}));
  }
  const protocol::ApiKey& known = found->second.key;
  if (known.expires_unix_us != 0 && unix_microseconds(wall) >= known.expires_unix_us) {
    return fail(refused("expired", known.id,
                        {Errc::unauthenticated,
                         fmt::format("the API key {} expired at {}", known.id,
                                     to_iso8601(wall_time_from_unix_microseconds(known.expires_unix_us))),
                         {},
                         {}}));
  }
  return hash;
}

Result<KeyPass> KeyRing::admit(std::optional<std::string_view> key, std::string_view model, Time now, WallTime wall) {
  const std::lock_guard lock(*mutex_);
  TROUPE_TRY(const std::string hash, identify(key, wall));
  if (hash.empty()) return KeyPass{};
  Entry& entry = keys_.at(hash);
  const protocol::ApiKey& known = entry.key;
  if (!may_use(known.models, model)) {
    return fail(refused("scope", known.id,
                        {Errc::permission_denied,
                         fmt::format("the API key {} may not use {}; it may use {}", known.id, model.substr(0, 200),
                                     fmt::join(known.models, ", ")),
                         "model",
                         {}}));
  }
  if (known.concurrent > 0 && *entry.inside >= known.concurrent) {
    return fail(refused("quota", known.id,
                        {Errc::overloaded,
                         fmt::format("the API key {} has {} requests here, as many as it may", known.id, *entry.inside),
                         {},
                         come_back}));
  }
  if (known.rate > 0) {
    entry.tokens = tokens_at(entry, now);
    entry.updated = now;
    if (entry.tokens < 1) {
      const std::chrono::duration<double> wait((1 - entry.tokens) / known.rate);
      return fail(refused("quota", known.id,
                          {Errc::overloaded,
                           fmt::format("the API key {} may send {:.3g} requests a second here", known.id, known.rate),
                           {},
                           std::chrono::ceil<std::chrono::milliseconds>(wait)}));
    }
    entry.tokens -= 1;
  }
  ++*entry.inside;
  return KeyPass(entry.inside.get(), [mutex = mutex_, inside = entry.inside](const void*) {
    const std::lock_guard guard(*mutex);
    --*inside;
  });
}

double KeyRing::tokens_at(const Entry& entry, Time now) {
  if (entry.updated == Time{}) return entry.tokens;
  const double elapsed = std::max(0.0, std::chrono::duration<double>(now - entry.updated).count());
  return std::min(burst(entry.key), entry.tokens + elapsed * entry.key.rate);
}

std::optional<RequestQuota> KeyRing::quota_of(std::optional<std::string_view> key, Time now) const {
  if (!key || key->size() > key_bytes_max) return std::nullopt;
  const std::lock_guard lock(*mutex_);
  const auto found = keys_.find(hash_of(*key));
  if (found == keys_.end() || found->second.key.rate <= 0) return std::nullopt;
  const Entry& entry = found->second;
  const double left = std::max(0.0, tokens_at(entry, now) - 1);
  const std::chrono::duration<double> until_full((burst(entry.key) - left) / entry.key.rate);
  return RequestQuota{static_cast<uint64_t>(burst(entry.key)), static_cast<uint64_t>(left),
                      std::chrono::ceil<std::chrono::milliseconds>(until_full)};
}

std::string KeyRing::id_of(std::optional<std::string_view> key) const {
  if (!key || key->size() > key_bytes_max) return {};
  const std::lock_guard lock(*mutex_);
  const auto found = keys_.find(hash_of(*key));
  return found == keys_.end() ? std::string() : found->second.key.id;
}

Result<std::string> KeyRing::may_load(std::optional<std::string_view> key, std::string_view model,
                                      WallTime wall) const {
  const std::lock_guard lock(*mutex_);
  TROUPE_TRY(const std::string hash, identify(key, wall));
  if (hash.empty())
    return fail(
        refused("missing", {},
                {Errc::unauthenticated,
                 "loading and unloading need an API key that may: `troupe key create --may-load` makes one, and "
                 "it is sent as 'Authorization: Bearer KEY'",
                 {},
                 {}}));
  const protocol::ApiKey& known = keys_.at(hash).key;
  if (!known.may_load || !may_use(known.models, model))
    return fail(refused("scope", known.id,
                        {Errc::permission_denied,
                         fmt::format("the API key {} may not load or unload {}", known.id, model.substr(0, 200)),
                         {},
                         {}}));
  return known.id;
}

Result<std::vector<std::string>> KeyRing::models_of(std::optional<std::string_view> key, WallTime wall) const {
  const std::lock_guard lock(*mutex_);
  TROUPE_TRY(const std::string hash, identify(key, wall));
  if (hash.empty()) return std::vector<std::string>{};
  return keys_.at(hash).key.models;
}

bool may_use(const std::vector<std::string>& models, std::string_view model) {
  return models.empty() || std::ranges::find(models, model) != models.end();
}

}  // namespace troupe::gateway
