// Any bytes as a safetensors file: an error, or tensors whose bytes lie inside.

#include <cstdint>
#include <memory>
#include <string>

#include "gpu/loader/safetensors.hpp"
#include "runtime/base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace troupe::gpu;
  // A block of its own size: the sanitizer sees a read past the end.
  auto owner = std::make_shared<const std::vector<uint8_t>>(data, data + size);
  auto file = SafetensorsFile::parse("fuzz", {owner, std::as_bytes(std::span(*owner))});
  owner.reset();
  if (!file) {
    TROUPE_ASSERT(!file.error().message.empty());
    return 0;
  }

  size_t total = 0;
  unsigned sum = 0;
  for (const std::string& name : file->names()) {
    const TensorInfo* info = file->find(name);
    total += info->data.size();
    for (const std::byte byte : info->data) sum += std::to_integer<unsigned>(byte);
  }
  TROUPE_ASSERT(total <= size && sum <= 255 * size);
  return 0;
}
