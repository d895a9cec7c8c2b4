#pragma once
// KeyRing: the API keys a gateway knows, what each may use, and how much of its quota is left.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/keys.hpp"

namespace troupe::gateway {

/// A request that is inside under a key: counts among the key's concurrent ones for as long as this lives.
using KeyPass = std::shared_ptr<const void>;

/// What a key that has a rate may ask at this gateway.
struct RequestQuota {
  uint64_t limit = 0;                  ///< Requests that may come at once after a pause.
  uint64_t remaining = 0;              ///< Those that may come at once after the present one.
  std::chrono::milliseconds reset{0};  ///< Until it is `limit` again, where none come.
};

/// Thread-safe. The gateway actor updates it; front ends ask it before they hand a request over. Keys stay known when
/// the head is away. `now` and `wall` are of the node's clock.
class KeyRing {
 public:
  /// Longest text taken for a key.
  static constexpr size_t key_bytes_max = 200;

  /// `on_refused` hears of each refusal: "missing", "unknown", "expired", "scope" or "quota", and the key's id where it
  /// has one. Must not block.
  /// `always_required`: whatever the head says.
  explicit KeyRing(std::function<void(std::string_view reason, const std::string& id)> on_refused = {},
                   bool always_required = false)
      : on_refused_(std::move(on_refused)), always_required_(always_required) {}

  /// Ignored where it is older than what is known. Keys that stay keep what is left of their quotas.
  void update(protocol::KeySet keys);
  /// A first KeySet has come. Until then every request is refused: it cannot be known whether keys are required.
  bool is_known() const;

  /// The key's leave for one request of `model`; empty where none is needed.
  ///
  /// unauthenticated where the key is missing, unknown (or revoked) or expired; permission_denied where it may not use
  /// the model; overloaded, with retry_after, where its quota is used up; unavailable before the first KeySet.
  Result<KeyPass> admit(std::optional<std::string_view> key, std::string_view model, Time now, WallTime wall);

  /// As admit() would find it now; none for a key that is not known or has no rate.
  std::optional<RequestQuota> quota_of(std::optional<std::string_view> key, Time now) const;

  /// The id of a key that is known, whether or not one is needed; else empty.
  std::string id_of(std::optional<std::string_view> key) const;

  /// The id of a key that may load and unload `model`. Always needs one, also where requests need none: unauthenticated
  /// where it is missing, unknown or expired, permission_denied where it may not; unavailable before the first KeySet.
  Result<std::string> may_load(std::optional<std::string_view> key, std::string_view model, WallTime wall) const;

  /// Which models the key may see: all where the list is empty. Fails as admit() but takes no quota.
  Result<std::vector<std::string>> models_of(std::optional<std::string_view> key, WallTime wall) const;

 private:
  struct Entry {
    protocol::ApiKey key;
    double tokens = 0;
    Time updated{};
    std::shared_ptr<uint32_t> inside;  ///< Guarded by mutex_, as all here.
  };
  /// Requests that may come at once by `now`.
  static double tokens_at(const Entry& entry, Time now);
  Result<std::string> identify(std::optional<std::string_view> key, WallTime wall) const;
  Error refused(std::string_view reason, const std::string& id, Error error) const;

  const std::function<void(std::string_view, const std::string&)> on_refused_;
  const bool always_required_;
  std::shared_ptr<std::mutex> mutex_ = std::make_shared<std::mutex>();  ///< Passes may outlive the ring.
  bool is_known_ = false;
  Epoch epoch_;
  uint64_t revision_ = 0;
  bool required_ = false;
  std::unordered_map<std::string, Entry> keys_;  ///< By hash.
};

/// Whether a key with this list may use `model`.
bool may_use(const std::vector<std::string>& models, std::string_view model);

}  // namespace troupe::gateway
