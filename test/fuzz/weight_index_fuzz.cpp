// Any bytes as an index of weights in several files: refused with a reason, or plain names of files.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "gpu/loader/weight_index.hpp"
#include "runtime/base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace troupe;
  const int file = memfd_create("model.safetensors.index.json", 0);
  TROUPE_ASSERT(file >= 0 && write(file, data, size) == static_cast<ssize_t>(size));
  const auto index = gpu::read_weight_index("/proc/self/fd/" + std::to_string(file));
  close(file);
  if (!index) {
    TROUPE_ASSERT(!index.error().message.empty() && index.error().message.size() < 1000);
    return 0;
  }
  TROUPE_ASSERT(!index->empty());
  for (const auto& [tensor, name] : *index) {
    TROUPE_ASSERT(!name.empty() && name.front() != '.' && name.find('/') == name.npos);
  }
  return 0;
}
