// Any bytes as a decoder's config.json: refused with a reason, or a description that the engine can compute.

#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "gpu/model/decoder_families.hpp"
#include "runtime/base/assert.hpp"

namespace {

using namespace troupe::gpu;

void write(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  TROUPE_ASSERT(file.good());
}

/// A folder that lacks nothing but its config.json.
std::filesystem::path make_folder() {
  const auto folder = std::filesystem::temp_directory_path() / ("troupe_config_fuzz_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  write(folder / "tokenizer.json", "{}");
  write(folder / "model.safetensors", std::string_view("\2\0\0\0\0\0\0\0{}", 10));
  return folder;
}

void check(const DecoderDescription& d) {
  TROUPE_ASSERT(d.hidden > 0 && d.inner > 0 && d.vocabulary > 0 && d.max_positions > 0 && !d.layers.empty());
  TROUPE_ASSERT(d.kv_heads > 0 && d.heads % d.kv_heads == 0 && d.head_dim > 0 && d.norm_epsilon > 0);
  for (const DecoderLayerDescription& layer : d.layers) TROUPE_ASSERT(layer.window >= 0);
  if (!d.rotary) return;
  TROUPE_ASSERT(2 * static_cast<int64_t>(d.rotary->frequencies.size()) == d.head_dim);
  TROUPE_ASSERT(std::isfinite(d.rotary->scale));
  for (const float frequency : d.rotary->frequencies) TROUPE_ASSERT(std::isfinite(frequency));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::filesystem::path path = make_folder();
  write(path / "config.json", {reinterpret_cast<const char*>(data), size});
  const auto folder = ModelFolder::open(path);
  const auto decoder = folder ? describe_decoder(*folder) : tl::unexpected<troupe::Error>(folder.error());
  if (decoder) {
    check(*decoder);
  } else {
    TROUPE_ASSERT(!decoder.error().message.empty());
  }
  return 0;
}
