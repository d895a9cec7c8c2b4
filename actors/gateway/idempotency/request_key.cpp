#include "actors/gateway/idempotency/request_key.hpp"

#include <algorithm>
#include <charconv>

#include "runtime/wire/schema.hpp"
#include "storage/sha256.hpp"

namespace troupe::gateway {
namespace {

/// With its length before it, so that two lists of texts never read alike.
void add(storage::Sha256& hash, std::string_view bytes) {
  const std::string size = std::to_string(bytes.size()) + ':';
  hash.update(std::as_bytes(std::span(size)));
  hash.update(std::as_bytes(std::span(bytes)));
}

}  // namespace

Status check_idempotency_key(std::string_view key) {
  const bool is_visible = std::ranges::all_of(key, [](char c) { return c > ' ' && c <= '~'; });
  if (!key.empty() && key.size() <= idempotency_key_bytes_max && is_visible) return {};
  return fail_field(std::string(idempotency_field), "{} must have 1 to {} visible ASCII characters, found {}{}",
                    idempotency_field, idempotency_key_bytes_max, key.size(),
                    is_visible ? "" : ", some of them others");
}

std::string fingerprint_of(const protocol::ServeRequest& request) {
  protocol::ServeRequest canonical = request;
  canonical.request_id.clear();
  // What experiments ask for may be other at the next try, and changes no answer.
  canonical.key.clear();
  canonical.features.clear();
  if (auto* generate = std::get_if<protocol::Generate>(&canonical.work)) generate->stream = false;
  const wire::Body body = wire::encode_body(canonical);
  storage::Sha256 hash;
  add(hash, body.data.view());
  for (const Bytes& attachment : body.attachments) add(hash, attachment.view());
  return hash.hex();
}

std::shared_ptr<const protocol::ServeRequest> with_seed_of(const RequestKey& key,
                                                           std::shared_ptr<const protocol::ServeRequest> request) {
  const auto* generate = std::get_if<protocol::Generate>(&request->work);
  if (generate == nullptr || generate->sampling.seed || generate->sampling.temperature <= 0) return request;
  storage::Sha256 hash;
  for (const std::string& part : {key.scope, key.key, key.fingerprint}) add(hash, part);
  const std::string digest = hash.hex();
  uint64_t seed = 0;
  std::from_chars(digest.data(), digest.data() + 16, seed, 16);
  auto seeded = std::make_shared<protocol::ServeRequest>(*request);
  std::get<protocol::Generate>(seeded->work).sampling.seed = seed;
  return seeded;
}

}  // namespace troupe::gateway
