#pragma once
// KvCache: keys and values of all sequences and layers, in blocks of kv_block_tokens positions.

#include <vector>

#include "gpu/device/device.hpp"
#include "gpu/model/decoder_description.hpp"

namespace troupe::gpu {

class KvCache {
 public:
  /// What one block takes over all layers.
  static ByteCount block_size(const DecoderDescription& model) noexcept;

  /// Allocates `blocks` blocks; this is all the memory it will ever use. Errors: resource_exhausted.
  static Result<KvCache> create(Device& device, const DecoderDescription& model, int64_t blocks);

  const KvCacheLayer& layer(int64_t index) const { return layers_[static_cast<size_t>(index)]; }
  int64_t blocks() const noexcept { return blocks_; }

 private:
  Buffer memory_;
  std::vector<KvCacheLayer> layers_;
  int64_t blocks_ = 0;
};

}  // namespace troupe::gpu
