#include "actors/cache_shard/cache_key.hpp"

#include "runtime/wire/schema.hpp"

namespace troupe::cache_shard {

bool is_cacheable(const protocol::ServeRequest& request) {
  const auto* generate = std::get_if<protocol::Generate>(&request.work);
  return generate == nullptr || (generate->sampling.temperature == 0 && generate->choices == 1);
}

std::string cache_key(const protocol::ServeRequest& request, std::string_view version) {
  protocol::ServeRequest canonical;
  canonical.model = request.model;
  canonical.version = version;
  canonical.work = request.work;
  if (auto* generate = std::get_if<protocol::Generate>(&canonical.work)) {
    generate->stream = false;
    // Greedy decoding ignores how it would have sampled.
    const protocol::Sampling unset;
    generate->sampling.top_p = unset.top_p;
    generate->sampling.top_k = unset.top_k;
    generate->sampling.min_p = unset.min_p;
    generate->sampling.seed = unset.seed;
  }
  const wire::Body body = wire::encode_body(canonical);
  std::string key(body.data.view());
  for (const Bytes& attachment : body.attachments) key += attachment.view();
  return key;
}

}  // namespace troupe::cache_shard
