#include "storage/model_cache.hpp"

#include <algorithm>
#include <tuple>

namespace troupe::storage {

Result<std::vector<CachedVersion>> make_room(std::vector<CachedVersion> cached, ByteCount incoming,
                                             ByteCount capacity) {
  uint64_t held = 0;
  uint64_t in_use = 0;
  for (const CachedVersion& version : cached) {
    held += version.size.value;
    if (version.in_use) in_use += version.size.value;
  }
  if (in_use + incoming.value > capacity.value)
    return fail(Errc::resource_exhausted,
                "the model cache of {} has no room for {}: versions in use take {}; raise --model-cache",
                format_bytes(capacity), format_bytes(incoming), format_bytes({in_use}));
  std::erase_if(cached, [](const CachedVersion& version) { return version.in_use; });
  std::ranges::sort(cached, {}, [](const CachedVersion& version) {
    return std::tuple(!version.partial, version.used, version.model);
  });
  std::vector<CachedVersion> gone;
  for (CachedVersion& version : cached) {
    if (held + incoming.value <= capacity.value) break;
    held -= version.size.value;
    gone.push_back(std::move(version));
  }
  return gone;
}

}  // namespace troupe::storage
