// Any text as what comes from outside about models: a manifest to be taken in, a model card, the query of an upload. It
// is refused, or what is taken is safe: paths stay in their folder, a manifest is written again as it was read.

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/head/admin_model_parse.hpp"
#include "runtime/base/assert.hpp"
#include "storage/fetch_plan.hpp"
#include "storage/model_card.hpp"

namespace {

using namespace troupe;

void try_manifest(const std::string& text) {
  const auto begun = cluster::parse_begin_upload(text);
  if (!begun) return;
  const storage::ModelManifest& manifest = begun->manifest;
  for (const storage::ModelFile& file : manifest.files)
    TROUPE_ASSERT(!file.path.starts_with('/') && ("/" + file.path + "/").find("/../") == std::string::npos);
  if (const auto json = storage::to_json(manifest)) {
    const auto again = storage::manifest_from_json(*json, "again");
    TROUPE_ASSERT(again.has_value() && *again == manifest);
  }
  storage::FetchPlan plan(manifest, {.chunk_bytes = 1 << 20, .window = 8});
  for (int i = 0; i < 16 && plan.next(); ++i) continue;
}

void try_card(std::string_view text) {
  for (const auto& [key, value] : storage::model_card_metadata(text))
    TROUPE_ASSERT(!value.empty() && value.size() <= 256 && value.find('\n') == std::string::npos);
}

void try_query(std::string_view text) {
  const auto wish = cluster::parse_read_model("clerk@2", text);
  TROUPE_ASSERT(!wish || wish->size > 0);
  static_cast<void>(cluster::parse_upload_piece("clerk@2", text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 3) {
    case 0:
      try_manifest(std::string(text));
      break;
    case 1:
      try_card(text);
      break;
    default:
      try_query(text);
  }
  return 0;
}
