// Any bytes as a model's config.json: refused with a reason, or a shape that the engine can compute.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "gpu/model/model_config.hpp"
#include "runtime/base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace troupe;
  const int file = memfd_create("config.json", 0);
  TROUPE_ASSERT(file >= 0 && write(file, data, size) == static_cast<ssize_t>(size));
  const auto object = gpu::read_json_object("/proc/self/fd/" + std::to_string(file), size);
  close(file);
  if (!object) {
    TROUPE_ASSERT(!object.error().message.empty());
    return 0;
  }
  const auto config = gpu::read_model_config({"config.json", *object});
  if (!config) {
    TROUPE_ASSERT(!config.error().message.empty());
    return 0;
  }
  TROUPE_ASSERT(config->hidden_size > 0 && config->intermediate_size > 0 && config->num_layers > 0);
  TROUPE_ASSERT(config->num_kv_heads > 0 && config->num_heads % config->num_kv_heads == 0);
  TROUPE_ASSERT(config->head_dim > 0 && config->head_dim % 2 == 0);
  TROUPE_ASSERT(config->vocab_size > 0 && config->max_positions > 0);
  return 0;
}
