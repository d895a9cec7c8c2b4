#include "gpu/engine/kv_block_allocator.hpp"

#include "runtime/base/assert.hpp"

namespace troupe::gpu {

KvBlockAllocator::KvBlockAllocator(uint32_t total) : total_(total) {
  free_.reserve(total);
  for (uint32_t block = total; block > 0; --block) free_.push_back(static_cast<int32_t>(block - 1));
}

bool KvBlockAllocator::allocate(uint32_t count, std::vector<int32_t>& blocks) {
  if (count > free_.size()) return false;
  blocks.insert(blocks.end(), free_.rbegin(), free_.rbegin() + count);
  free_.resize(free_.size() - count);
  return true;
}

void KvBlockAllocator::release(std::vector<int32_t>& blocks) {
  free_.insert(free_.end(), blocks.rbegin(), blocks.rend());
  TROUPE_ASSERT(free_.size() <= total_);
  blocks.clear();
}

}  // namespace troupe::gpu
