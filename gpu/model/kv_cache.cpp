#include "gpu/model/kv_cache.hpp"

namespace troupe::gpu {

ByteCount KvCache::block_size(const DecoderDescription& model) noexcept {
  const auto layers = static_cast<int64_t>(model.layers.size());
  const int64_t floats = 2 * layers * model.kv_heads * model.head_dim * kv_block_tokens;
  return {static_cast<uint64_t>(floats) * sizeof(float)};
}

Result<KvCache> KvCache::create(Device& device, const DecoderDescription& model, int64_t blocks) {
  KvCache cache;
  cache.blocks_ = blocks;
  TROUPE_TRY(cache.memory_, device.allocate({block_size(model).value * static_cast<uint64_t>(blocks)}));
  const int64_t rows = blocks * model.kv_heads * kv_block_tokens;
  const int64_t floats = rows * model.head_dim;
  for (int64_t layer = 0; layer < static_cast<int64_t>(model.layers.size()); ++layer) {
    cache.layers_.push_back({cache.memory_.matrix<float>(rows, model.head_dim, 2 * layer * floats),
                             cache.memory_.matrix<float>(rows, model.head_dim, (2 * layer + 1) * floats)});
  }
  return cache;
}

}  // namespace troupe::gpu
