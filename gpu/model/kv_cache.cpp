#include "gpu/model/kv_cache.hpp"

namespace troupe::gpu {

ByteCount KvCache::block_size(const ModelConfig& config) noexcept {
  const int64_t floats = 2 * config.num_layers * config.num_kv_heads * config.head_dim * kv_block_tokens;
  return {static_cast<uint64_t>(floats) * sizeof(float)};
}

Result<KvCache> KvCache::create(Device& device, const ModelConfig& config, int64_t blocks) {
  KvCache cache;
  cache.blocks_ = blocks;
  TROUPE_TRY(cache.memory_, device.allocate({block_size(config).value * static_cast<uint64_t>(blocks)}));
  const int64_t rows = blocks * config.num_kv_heads * kv_block_tokens;
  const int64_t floats = rows * config.head_dim;
  for (int64_t layer = 0; layer < config.num_layers; ++layer) {
    cache.layers_.push_back({cache.memory_.matrix<float>(rows, config.head_dim, 2 * layer * floats),
                             cache.memory_.matrix<float>(rows, config.head_dim, (2 * layer + 1) * floats)});
  }
  return cache;
}

}  // namespace troupe::gpu
